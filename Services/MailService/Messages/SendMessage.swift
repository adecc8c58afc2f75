import Contracts
import ServiceKit

/// `POST /messages`: a letter to other officials, in all their mailboxes or in none.
enum SendMessage: Endpoint {
    static let route = Route.post("/messages", success: 201)
    static let summary = "Send a message to other officials"
    static let access = Access.signedIn
    static let refusals = [
        Refused.noMailbox, .mailboxClosed, .recipientUnknown, .recipientClosed, .recipientRepeated, .replyUnknown,
    ]

    struct Input: Record {
        var to: [String] = []
        var subject = ""
        var body = ""
        var replyTo: MessageID?

        static let fields: [Field<Self>] = [
            .init(
                "to", \.to, .list(.text(3...Limits.Mail.addressLength), 1...Limits.Mail.recipients),
                "Addresses of official mailboxes"),
            .init("subject", \.subject, .text(1...Limits.Mail.subjectLength), "Subject"),
            .init("body", \.body, .text(1...Limits.Mail.bodyLength), "Text"),
            .init("replyTo", \.replyTo, .id, "The message in your mailbox that it answers"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Message> {
        let sender = try await call.ownMailbox()
        let addresses = input.to.map { $0.lowercased() }
        let thread = try await thread(input.replyTo, sender, call)
        var sent = Message()
        (sent.message, sent.folder, sent.isRead) = (MessageID.new(), GivenFolder.sent.rawValue, true)
        (sent.fromName, sent.fromAddress, sent.to) = (sender.fullName, sender.address, addresses)
        (sent.subject, sent.body, sent.sentAt) = (input.subject, input.body, call.now)
        sent.thread = thread ?? sent.message.uuid
        let letter = sent
        return try await call.transaction { work in
            // Held until the commit, so that none of them is closed in between.
            let rows = try await work.run(
                "SELECT * FROM mailboxes WHERE address = ANY(\(addresses)) ORDER BY id FOR SHARE")
            let recipients = try decide(addresses, known: rows.map(Mailbox.init))
            try await write(letter, from: sender, to: recipients, work)
            return Reply(letter, version: 1, location: "/messages/\(letter.message)")
        }
    }

    /// The thread of the message that is answered; it must lie in the sender's mailbox.
    private static func thread(_ answered: MessageID?, _ sender: Mailbox, _ call: Call) async throws -> UUID? {
        guard let answered else { return nil }
        do { return try await call.message(answered, in: sender, withBody: false).thread } catch let refused as Refused
            where refused == .notFound
        { throw Refused.replyUnknown }
    }

    /// The mailboxes of the addresses, in their order.
    static func decide(_ addresses: [String], known: [Mailbox]) throws(Refused) -> [Mailbox] {
        guard Set(addresses).count == addresses.count else { throw .recipientRepeated }
        let byAddress = Dictionary(known.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        var found: [Mailbox] = []
        for address in addresses {
            guard let mailbox = byAddress[address] else { throw .recipientUnknown }
            guard mailbox.state == .open else { throw .recipientClosed }
            found.append(mailbox)
        }
        return found
    }

    private static func write(_ sent: Message, from sender: Mailbox, to recipients: [Mailbox], _ work: Work)
        async throws
    {
        let letter = MessageID.new()
        let ids = recipients.map { _ in MessageID.new() }
        try await work.run(
            """
            INSERT INTO messages (id, thread, sender, recipients, subject, body, sent_at)
            VALUES (\(letter), \(sent.thread), \(sender.id), \(sent.to), \(sent.subject), \(sent.body), \(sent.sentAt))
            """)
        try await work.run(
            """
            INSERT INTO copies (id, mailbox, folder, message, read_at, version)
            SELECT \(sent.message), \(sender.id), 'sent', \(letter), \(sent.sentAt), 1
            UNION ALL
            SELECT r.id, r.mailbox, 'inbox', \(letter), NULL, 1
            FROM unnest(\(ids), \(recipients.map(\.id))) AS r (id, mailbox)
            """)
    }
}

extension Refused {
    static let recipientUnknown = Refused(
        "mail.recipient-unknown", 422, vi: "Có địa chỉ không phải hộp thư công vụ ở đây.",
        en: "An address is no official mailbox here.", field: "to")
    static let recipientClosed = Refused(
        "mail.recipient-closed", 422, vi: "Có hộp thư đã đóng, người dùng đã thôi việc.",
        en: "A mailbox is closed: its owner left the service.", field: "to")
    static let recipientRepeated = Refused(
        "mail.recipient-repeated", 422, vi: "Có địa chỉ được nêu hai lần.", en: "An address stands there twice.",
        field: "to")
    static let replyUnknown = Refused(
        "mail.reply-unknown", 422, vi: "Thư được trả lời không có trong hộp thư.",
        en: "The message answered is not in your mailbox.", field: "replyTo")
}
