import Foundation

/// An absence ended before its last day.
public struct AbsenceEnded: Event {
    public static let type = "hr.absence.ended.v1"
    public static let doc =
        "An absence ended before its last day."
    public var absence = AbsenceID()
    public var person = PersonID()
    public var agency = AgencyCode.none
    public var validTo = Day.none

    public var aggregateID: String { absence.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("absence", \.absence, .id, "The absence"),
        .init("person", \.person, .id, "Who was away"),
        .init("agency", \.agency, .agency, "The agency of the post"),
        .init("validTo", \.validTo, .day, "Last day; before the first day where it never began"),
    ]
}
