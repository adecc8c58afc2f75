import Foundation

/// A personnel record was opened. Names and official addresses of officials are public duty data.
public struct OfficialRegistered: Event {
    public static let type = "hr.official.registered.v1"
    public static let doc =
        "A personnel record was opened. Names and official addresses of officials are public duty data."
    public var person = PersonID()
    public var fullName = ""
    public var mailbox = ""

    public var aggregateID: String { person.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("person", \.person, .id, "The official (công chức, viên chức)"),
        .init("fullName", \.fullName, .text(1...200), "Full name"),
        .init("mailbox", \.mailbox, .text(1...64), "Local part of the official mail address"),
    ]
}
