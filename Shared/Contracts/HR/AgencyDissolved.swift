import Foundation

/// An agency ends with a day; its dossiers keep the old code, work goes on at the successor.
public struct AgencyDissolved: Event {
    public static let type = "hr.agency.dissolved.v1"
    public static let doc =
        "An agency ends with a day; its dossiers keep the old code, work goes on at the successor."
    public var code = AgencyCode.none
    public var validTo = Day.none
    public var successor: AgencyCode?

    public var aggregateID: String { code.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("code", \.code, .agency, "Its code"),
        .init("validTo", \.validTo, .day, "Last day"),
        .init("successor", \.successor, .agency, "The agency that takes over its work"),
    ]
}
