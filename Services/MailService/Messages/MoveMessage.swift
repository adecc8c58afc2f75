import Contracts
import ServiceKit

/// `POST /messages/{message}/move`: into another folder, also back out of the trash.
enum MoveMessage: Endpoint {
    static let route = Route.post("/messages/{message}/move")
    static let summary = "Move a message to another folder"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed, .folderUnknown, .folderForSent]

    struct Input: Record {
        var message = MessageID()
        var folder = ""
        static let fields: [Field<Self>] = [
            .init("message", \.message, .id, "The message", in: .path),
            .init("folder", \.folder, .text(1...36), "inbox, archive, trash, or the id of your own"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Message> {
        let mailbox = try await call.ownMailbox()
        guard input.folder != GivenFolder.sent.rawValue else { throw Refused.folderForSent }
        return try await call.move(input.message, to: input.folder, in: mailbox)
    }
}

/// `DELETE /messages/{message}`: into the trash. Nothing is destroyed: official mail is kept.
enum DeleteMessage: Endpoint {
    static let route = Route.delete("/messages/{message}")
    static let summary = "Move a message to the trash"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed]

    static func handle(_ input: MessagePath, _ call: Call) async throws -> Reply<Message> {
        try await call.move(input.message, to: GivenFolder.trash.rawValue, in: call.ownMailbox())
    }
}

extension Call {
    fileprivate func move(_ id: MessageID, to folder: String, in mailbox: Mailbox) async throws -> Reply<Message> {
        var message = try await self.message(id, in: mailbox, withBody: false)
        try check(Int64(message.version))
        guard message.folder != folder else { return Reply(message, version: Int64(message.version)) }
        let version = message.version
        (message.folder, message.version) = (folder, version + 1)
        do {
            return try await flight(
                """
                UPDATE copies SET folder = \(folder), version = version + 1
                WHERE id = \(id) AND mailbox = \(mailbox.id) AND version = \(version) RETURNING version
                """, announcing: [], reply: Reply(message, version: Int64(version + 1)))
        } catch let error as PostgresError where error.constraint == "copies_folder" {
            throw Refused.folderUnknown
        }
    }
}

extension Refused {
    static let folderUnknown = Refused(
        "mail.folder-unknown", 422, vi: "Hộp thư không có thư mục này.", en: "The mailbox has no such folder.",
        field: "folder")
    static let folderForSent = Refused(
        "mail.folder-for-sent", 422, vi: "Thư mục này chỉ chứa thư đã gửi.", en: "Only what was sent lies there.",
        field: "folder")
}
