import Contracts
import ServiceKit

/// `GET /mailbox`: the caller's own mailbox with its folders and what is unread in each.
enum ReadMailbox: Endpoint {
    static let route = Route.get("/mailbox")
    static let summary = "Your mailbox: its address, folders, and how much is unread"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed]

    struct Output: Record {
        var mailbox = MailboxID()
        var address = ""
        var folders: [Folder] = []

        static let fields: [Field<Self>] = [
            .init("mailbox", \.mailbox, .id, "The mailbox"),
            .init("address", \.address, .text(3...Limits.Mail.addressLength), "Its address"),
            .init(
                "folders", \.folders, .list(.record, 4...Limits.Mail.folders), "The given four, then its own by name"),
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        let mailbox = try await call.ownMailbox()
        let rows = try await call.run(
            """
            SELECT f.key, f.name, f.version,
                   (SELECT count(*) FROM copies c WHERE c.mailbox = f.mailbox AND c.folder = f.key) AS messages,
                   (SELECT count(*) FROM copies c
                    WHERE c.mailbox = f.mailbox AND c.folder = f.key AND c.read_at IS NULL) AS unread
            FROM folders f WHERE f.mailbox = \(mailbox.id)
            ORDER BY array_position(\(GivenFolder.allCases.map(\.rawValue)), f.key), lower(f.name)
            """)
        var output = Output()
        (output.mailbox, output.address) = (mailbox.id, mailbox.address)
        output.folders = try rows.map { try Folder($0, call.language) }
        return Reply(output, version: mailbox.version)
    }
}
