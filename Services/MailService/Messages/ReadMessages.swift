import Contracts
import ServiceKit

/// `GET /folders/{folder}/messages`: a folder of one's own mailbox, newest first.
enum ListMessages: Endpoint {
    static let route = Route.get("/folders/{folder}/messages")
    static let summary = "The messages of a folder, newest first, without their texts"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed]

    struct Input: Record {
        var folder = ""
        var unread = false
        var thread: UUID?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("folder", \.folder, .text(1...36), "inbox, sent, archive, trash, or the id of your own", in: .path),
            .init("unread", \.unread, .bool, default: false, "Only what is not read yet", in: .query),
            .init("thread", \.thread, .uuid, "Only what belongs together", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var unread = 0
        var messages: [Message] = []
        static let fields: [Field<Self>] = [
            .init("unread", \.unread, .integer(0...Int.max), "How much of the whole folder is not read yet"),
            .init("messages", \.messages, .list(.record, 0...Limits.pageMaximum), "The messages"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let mailbox = try await call.ownMailbox()
        let folder = try await call.run(
            """
            SELECT (SELECT count(*) FROM copies c
                    WHERE c.mailbox = f.mailbox AND c.folder = f.key AND c.read_at IS NULL) AS unread
            FROM folders f WHERE f.mailbox = \(mailbox.id) AND f.key = \(input.folder)
            """)
        guard let unread: Int = try folder.first?("unread") else { throw Refused.notFound }
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try MessageID(cursor)
        let rows = try await call.run(
            """
            \(Message.selection)
            WHERE c.mailbox = \(mailbox.id) AND c.folder = \(input.folder)
              AND (\(before)::uuid IS NULL OR c.id < \(before)) AND (NOT \(input.unread) OR c.read_at IS NULL)
              AND (\(input.thread)::uuid IS NULL OR m.thread = \(input.thread))
            ORDER BY c.id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.unread = unread
        output.messages = try rows.prefix(input.limit).map { try Message($0, call.language, withBody: false) }
        guard rows.count > input.limit, let last = output.messages.last else { return Reply(output) }
        var next = "/folders/\(input.folder)/messages?unread=\(input.unread)&limit=\(input.limit)"
        if let thread = input.thread { next += "&thread=\(thread.text)" }
        return Reply(output, next: "\(next)&cursor=\(Cursor(text: last.message.text))")
    }
}

/// `GET /messages/{message}`: the whole text. Reading does not mark it as read: the reader's program says so.
enum ReadMessage: Endpoint {
    static let route = Route.get("/messages/{message}")
    static let summary = "Read a message of your mailbox"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed]

    static func handle(_ input: MessagePath, _ call: Call) async throws -> Reply<Message> {
        let message = try await call.message(input.message, in: call.ownMailbox())
        return Reply(message, version: Int64(message.version))
    }
}
