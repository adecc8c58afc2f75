import Foundation

/// An appointment (bổ nhiệm) took effect.
public struct OfficialAppointed: Event {
    public static let type = "hr.official.appointed.v1"
    public static let doc =
        "An appointment (bổ nhiệm) took effect."
    public var person = PersonID()
    public var fullName = ""
    public var mailbox = ""
    public var post = PostID()
    public var agency = AgencyCode.none
    public var unit = ""
    public var role: PostRole = .officer
    public var title = ""
    public var decisionNumber = ""
    public var effectiveFrom = Day.none
    /// Nil: all fields.
    public var procedureFields: [String]?

    public var aggregateID: String { person.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("person", \.person, .id, "The official (công chức, viên chức)"),
        .init("fullName", \.fullName, .text(1...200), "Full name"),
        .init("mailbox", \.mailbox, .text(1...64), "Local part of the official mail address"),
        .init("post", \.post, .id, "The post held"),
        .init("agency", \.agency, .agency, "The agency of the post"),
        .init("unit", \.unit, .text(1...60), "Unit inside the agency"),
        .init("role", \.role, .choice, "What the post entitles to"),
        .init("title", \.title, .text(1...200), "Title of the post in Vietnamese"),
        .init(
            "decisionNumber", \.decisionNumber, .text(1...60),
            "Number and symbol of the personnel decision, e.g. 12/QĐ-SNV"),
        .init("effectiveFrom", \.effectiveFrom, .day, "First day of effect"),
        .init(
            "fields", \.procedureFields, .list(.text(1...Limits.OneStop.field), 1...Limits.Personnel.fields),
            "Codes of the fields of procedures (lĩnh vực) that the post is limited to; absent: all"),
    ]
}
