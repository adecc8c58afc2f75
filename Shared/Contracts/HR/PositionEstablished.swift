import Foundation

/// A position (vị trí việc làm) exists from a day on: what an agency may fill, and with how many at once.
public struct PositionEstablished: Event {
    public static let type = "hr.position.established.v1"
    public static let doc =
        "A position (vị trí việc làm) exists from a day on: what an agency may fill, and with how many at once."
    public var agency = AgencyCode.none
    public var unit = ""
    public var code = ""
    public var role: PostRole = .officer
    public var title = ""
    public var titleEn = ""
    public var seats = 1
    public var validFrom = Day.none
    public var validTo: Day?
    /// Nil: all fields.
    public var procedureFields: [String]?

    public var aggregateID: String { "\(agency.text)/\(unit)/\(code)" }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency"),
        .init("unit", \.unit, .text(1...60), "Unit inside the agency"),
        .init("code", \.code, .text(1...Limits.Personnel.positionCode), "Code, unique in the unit"),
        .init("role", \.role, .choice, "What a post in it entitles to"),
        .init("title", \.title, .text(1...200), "Title in Vietnamese"),
        .init("titleEn", \.titleEn, .text(1...200), "Title in English"),
        .init("seats", \.seats, .integer(1...9999), "How many officials may hold it at once"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; absent while there is none"),
        .init(
            "fields", \.procedureFields, .list(.text(1...Limits.OneStop.field), 1...Limits.Personnel.fields),
            "Codes of the fields of procedures (lĩnh vực) that a post in it is limited to; absent: all"),
    ]
}
