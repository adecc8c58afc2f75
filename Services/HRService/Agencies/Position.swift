import Contracts
import ServiceKit

/// A position (vị trí việc làm; Decree 62/2020/NĐ-CP): what an agency may fill, and with how many officials at once. A
/// post fills a seat of it. What its work is (the job description of that decree) is kept as far as it decides rights:
/// the role, and the fields of procedures.
struct Position: Record, Dated {
    var agency = AgencyCode.none
    var unit = ""
    var code = ""
    var role = PostRole.officer
    var title = ""
    var titleEn = ""
    var seats = 1
    var validFrom = Day.none
    var validTo: Day?
    /// Codes of the fields of procedures (lĩnh vực) that a post in it is limited to; none: all.
    var procedureFields: [String] = []

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency"),
        .init("unit", \.unit, .text(1...60), "Unit in the agency"),
        .init("code", \.code, .text(1...Limits.Personnel.positionCode), "Code, unique in the unit"),
        .init("role", \.role, .choice, "What a post in it entitles to"),
        .init("title", \.title, .text(1...Limits.Personnel.title), "Title in Vietnamese"),
        .init("titleEn", \.titleEn, .text(1...Limits.Personnel.title), "Title in English"),
        .init("seats", \.seats, .integer(1...Limits.Personnel.seats), "How many officials may hold it at once"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day, when known"),
        .init(
            "fields", \.procedureFields, .procedureFields,
            "Fields of procedures that a post in it is limited to; none: all"),
    ]

    init() {}

    init(_ row: Row) throws {
        agency = try row("agency")
        unit = try row("unit")
        code = try row("code")
        role = PostRole(rawValue: try row("role")) ?? .officer
        title = try row("title")
        titleEn = try row("title_en")
        seats = try row("seats")
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
        procedureFields = try row("fields")
    }

    /// Inside a transaction: nobody else gives a seat of it away before the end of it.
    static func hold(
        _ code: String, of unit: String, at agency: AgencyCode, in work: Work
    ) async throws -> Position? {
        try await work.run(
            """
            SELECT * FROM positions WHERE agency = \(agency) AND unit = \(unit) AND code = \(code) FOR NO KEY UPDATE
            """
        ).first.map(Position.init)
    }
}

extension Kind where Value == [String] {
    /// Codes of fields of procedures, as the procedures have them.
    static let procedureFields = Kind.list(.text(1...Limits.OneStop.field), 0...Limits.Personnel.fields)
}
