import Contracts
import ServiceKit

/// `POST /messages/{message}/read`.
enum MarkRead: Endpoint {
    static let route = Route.post("/messages/{message}/read")
    static let summary = "Mark a message as read"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed]

    static func handle(_ input: MessagePath, _ call: Call) async throws -> Reply<Message> {
        try await call.mark(input.message, read: true)
    }
}

/// `POST /messages/{message}/unread`.
enum MarkUnread: Endpoint {
    static let route = Route.post("/messages/{message}/unread")
    static let summary = "Mark a message as not read"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed]

    static func handle(_ input: MessagePath, _ call: Call) async throws -> Reply<Message> {
        try await call.mark(input.message, read: false)
    }
}

extension Call {
    /// Marking what is marked already changes nothing and is no fault: two windows may show one mailbox.
    fileprivate func mark(_ id: MessageID, read: Bool) async throws -> Reply<Message> {
        let mailbox = try await ownMailbox()
        var message = try await self.message(id, in: mailbox, withBody: false)
        try check(Int64(message.version))
        guard message.isRead != read else { return Reply(message, version: Int64(message.version)) }
        let version = message.version
        (message.isRead, message.version) = (read, version + 1)
        return try await flight(
            """
            UPDATE copies SET read_at = \(read ? now : nil), version = version + 1
            WHERE id = \(id) AND mailbox = \(mailbox.id) AND version = \(version) RETURNING version
            """, announcing: [], reply: Reply(message, version: Int64(version + 1)))
    }
}
