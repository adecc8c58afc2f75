import Foundation

/// The mailbox takes no more mail.
public struct MailboxClosed: Event {
    public static let type = "mail.mailbox.closed.v1"
    public static let doc =
        "The mailbox takes no more mail."
    public var mailbox = MailboxID()
    public var person = PersonID()

    public var aggregateID: String { mailbox.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("mailbox", \.mailbox, .id, "The mailbox"),
        .init("person", \.person, .id, "The official (công chức, viên chức)"),
    ]
}
