import Foundation

/// An agency exists from a day on (cơ quan, đơn vị), with its place in the tree.
public struct AgencyEstablished: Event {
    public static let type = "hr.agency.established.v1"
    public static let doc =
        "An agency exists from a day on (cơ quan, đơn vị), with its place in the tree."
    public var code = AgencyCode.none
    public var name = ""
    public var nameEn = ""
    public var kind: AgencyKind = .department
    public var parent: AgencyCode?
    public var validFrom = Day.none
    public var validTo: Day?

    public var aggregateID: String { code.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("code", \.code, .agency, "Its code"),
        .init("name", \.name, .text(1...300), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...300), "English name"),
        .init("kind", \.kind, .choice, "Level and nature"),
        .init("parent", \.parent, .agency, "The agency above it; absent for the province"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day, when already known"),
    ]
}
