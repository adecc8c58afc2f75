import Foundation

/// An official will be away, or is, from one day to another (vắng mặt).
public struct AbsenceDecided: Event {
    public static let type = "hr.absence.decided.v1"
    public static let doc =
        "An official will be away, or is, from one day to another (vắng mặt)."
    public var absence = AbsenceID()
    public var person = PersonID()
    public var agency = AgencyCode.none
    public var validFrom = Day.none
    public var validTo = Day.none

    public var aggregateID: String { absence.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("absence", \.absence, .id, "The absence"),
        .init("person", \.person, .id, "Who is away"),
        .init("agency", \.agency, .agency, "The agency of the post"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day"),
    ]
}
