import Foundation

/// An official has a mailbox.
public struct MailboxOpened: Event {
    public static let type = "mail.mailbox.opened.v1"
    public static let doc =
        "An official has a mailbox."
    public var mailbox = MailboxID()
    public var person = PersonID()
    public var address = ""

    public var aggregateID: String { mailbox.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("mailbox", \.mailbox, .id, "The mailbox"),
        .init("person", \.person, .id, "The official (công chức, viên chức)"),
        .init("address", \.address, .text(1...254), "Its address"),
    ]
}
