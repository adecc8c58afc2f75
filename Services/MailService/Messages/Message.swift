import Contracts
import ServiceKit

/// A message as it lies in its reader's mailbox.
struct Message: Record {
    /// Written by an official, or made from another service's event.
    enum Kind: String, CaseIterable, Sendable { case letter, notification }

    var message = MessageID()
    var thread = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    var kind = Kind.letter
    var folder = ""
    var isRead = false
    var fromName = ""
    var fromAddress: String?
    var to: [String] = []
    var subject = ""
    var body: String?
    var sentAt = Date(timeIntervalSince1970: 0)
    var version = 1

    static let fields: [Field<Self>] = [
        .init("message", \.message, .id, "Its id in this mailbox"),
        .init("thread", \.thread, .uuid, "Messages that belong together; notifications of one dossier do"),
        .init("kind", \.kind, .choice, "A letter from an official, or a notification"),
        .init("folder", \.folder, .text(1...36), "Where it lies"),
        .init("isRead", \.isRead, .bool, "Whether it was marked as read"),
        .init("fromName", \.fromName, .text(1...Limits.nameLength), "Who sent it"),
        .init(
            "fromAddress", \.fromAddress, .text(3...Limits.Mail.addressLength),
            "The sender's address; notifications have none"),
        .init("to", \.to, .list(.text(3...Limits.Mail.addressLength), 0...Limits.Mail.recipients), "Who received it"),
        .init("subject", \.subject, .text(1...Limits.Mail.subjectLength), "Subject"),
        .init("body", \.body, .text(1...Limits.Mail.bodyLength), "Text; lists leave it out"),
        .init("sentAt", \.sentAt, .instant, "When it was sent"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    /// From a row of `selection`.
    init(_ row: Row, _ language: Language, withBody: Bool) throws {
        message = try row("id")
        thread = try row("thread")
        folder = try row("folder")
        isRead = try row("is_read")
        to = try row("recipients")
        sentAt = try row("sent_at")
        version = try row("version")
        if let template: String = try row("template") {
            let facts: JSON = try row("facts")
            let words = try Notice(template, facts: Facts(decoding: facts, unknown: .ignore)).words(language)
            kind = .notification
            fromName = language == .english ? "Dossier system" : "Hệ thống một cửa điện tử"
            (subject, body) = (words.subject, withBody ? words.body : nil)
        } else {
            fromName = try row("from_name")
            fromAddress = try row("from_address")
            subject = try row("subject")
            body = withBody ? try row("body") : nil
        }
    }

    /// The columns of a copy with its message and sender; a condition on `c` follows.
    static let selection: SQL = """
        SELECT c.id, c.folder, c.version, c.read_at IS NOT NULL AS is_read, m.thread, m.recipients, m.subject, m.body,
               m.template, m.facts, m.sent_at, s.full_name AS from_name, s.address AS from_address
        FROM copies c JOIN messages m ON m.id = c.message LEFT JOIN mailboxes s ON s.id = m.sender
        """
}

extension Call {
    /// A message in this mailbox; another's is not found.
    func message(_ id: MessageID, in mailbox: Mailbox, withBody: Bool = true) async throws -> Message {
        let rows = try await run("\(Message.selection) WHERE c.id = \(id) AND c.mailbox = \(mailbox.id)")
        guard let row = rows.first else { throw Refused.notFound }
        return try Message(row, language, withBody: withBody)
    }
}

/// The path of what is done with one message.
struct MessagePath: Record {
    var message = MessageID()
    static let fields: [Field<Self>] = [.init("message", \.message, .id, "The message", in: .path)]
}
