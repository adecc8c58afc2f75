import Foundation

/// A unit inside an agency (phòng, bộ phận).
public struct UnitEstablished: Event {
    public static let type = "hr.unit.established.v1"
    public static let doc =
        "A unit inside an agency (phòng, bộ phận)."
    public var agency = AgencyCode.none
    public var code = ""
    public var name = ""
    public var nameEn = ""
    public var validFrom = Day.none
    public var validTo: Day?

    public var aggregateID: String { "\(agency.text)/\(code)" }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency"),
        .init("code", \.code, .text(1...60), "Code, unique in the agency"),
        .init("name", \.name, .text(1...300), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...300), "English name"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; absent while there is none"),
    ]
}
