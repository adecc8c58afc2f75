import Contracts
import ServiceKit

/// An agency (cơ quan) as HR keeps it.
struct Agency: Record, Dated {
    var code = AgencyCode.none
    var name = ""
    var nameEn = ""
    var kind = AgencyKind.department
    var parent: AgencyCode?
    var validFrom = Day.none
    var validTo: Day?
    var successor: AgencyCode?
    var version = 0

    static let fields: [Field<Self>] = [
        .init("code", \.code, .agency, "Code of QĐ 20/2020/QĐ-TTg"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("kind", \.kind, .choice, "Level and nature"),
        .init("parent", \.parent, .agency, "The agency above it; the province has none"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day, when known"),
        .init("successor", \.successor, .agency, "Who took over its work"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        code = try row("code")
        name = try row("name")
        nameEn = try row("name_en")
        kind = AgencyKind(rawValue: try row("kind")) ?? .department
        parent = try row("parent")
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
        successor = try row("successor")
        version = try row("version")
    }

    static func find(_ code: AgencyCode, in session: any Session) async throws -> Agency? {
        try await session.run("SELECT * FROM agencies WHERE code = \(code)").first.map(Agency.init)
    }

    /// Inside a transaction: keeps the agency as it is until the end of it.
    static func hold(_ code: AgencyCode, in work: Work) async throws -> Agency? {
        try await work.run("SELECT * FROM agencies WHERE code = \(code) FOR SHARE").first.map(Agency.init)
    }
}

extension Refused {
    static let agencyUnknown = Refused(
        "hr.agency-unknown", 422, vi: "Không có cơ quan này.", en: "There is no such agency.", field: "agency")
    static let agencyNotInForce = Refused(
        "hr.agency-not-in-force", 422, vi: "Cơ quan không tồn tại vào ngày này.",
        en: "The agency does not exist on that day.", field: "agency")
}
