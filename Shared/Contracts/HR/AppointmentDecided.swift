import Foundation

/// A personnel decision was made; it takes effect later, when one of the events below follows.
public struct AppointmentDecided: Event {
    public static let type = "hr.official.appointment-decided.v1"
    public static let doc =
        "A personnel decision was made; it takes effect later, when one of the events below follows."
    public var person = PersonID()
    public var decisionNumber = ""
    public var kind: DecisionKind = .appoint
    public var effectiveFrom = Day.none
    public var agency: AgencyCode?
    public var unit: String?
    public var role: PostRole?
    public var title: String?

    public var aggregateID: String { person.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("person", \.person, .id, "The official (công chức, viên chức)"),
        .init(
            "decisionNumber", \.decisionNumber, .text(1...60),
            "Number and symbol of the personnel decision, e.g. 12/QĐ-SNV"),
        .init("kind", \.kind, .choice, "Appoint, transfer or end of service"),
        .init("effectiveFrom", \.effectiveFrom, .day, "First day of effect"),
        .init("agency", \.agency, .agency, "The agency of the post"),
        .init("unit", \.unit, .text(1...60), "Unit inside the agency"),
        .init("role", \.role, .choice, "What the post entitles to"),
        .init("title", \.title, .text(1...200), "Title of the post in Vietnamese"),
    ]
}
