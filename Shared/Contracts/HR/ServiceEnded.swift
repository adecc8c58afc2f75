import Foundation

/// Service ended (thôi việc, nghỉ hưu): every post ended; mailbox and account are closed.
public struct ServiceEnded: Event {
    public static let type = "hr.official.service-ended.v1"
    public static let doc =
        "Service ended (thôi việc, nghỉ hưu): every post ended; mailbox and account are closed."
    public var person = PersonID()
    public var decisionNumber = ""
    public var effectiveFrom = Day.none

    public var aggregateID: String { person.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("person", \.person, .id, "The official (công chức, viên chức)"),
        .init(
            "decisionNumber", \.decisionNumber, .text(1...60),
            "Number and symbol of the personnel decision, e.g. 12/QĐ-SNV"),
        .init("effectiveFrom", \.effectiveFrom, .day, "First day without service"),
    ]
}
