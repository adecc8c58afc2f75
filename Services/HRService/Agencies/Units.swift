import Contracts
import ServiceKit

/// A unit inside an agency (phòng, bộ phận).
struct Unit: Record, Dated {
    var agency = AgencyCode.none
    var code = ""
    var name = ""
    var nameEn = ""
    var validFrom = Day.none
    var validTo: Day?

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency"),
        .init("code", \.code, .text(1...60, pattern: "^[a-z0-9-]+$"), "Code, unique in the agency"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day, when known"),
    ]

    init() {}

    init(_ row: Row) throws {
        agency = try row("agency")
        code = try row("code")
        name = try row("name")
        nameEn = try row("name_en")
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
    }

    static func find(_ code: String, at agency: AgencyCode, in session: any Session) async throws -> Unit? {
        try await session.run("SELECT * FROM units WHERE agency = \(agency) AND code = \(code)").first.map(Unit.init)
    }
}

/// `POST /agencies/{agency}/units`.
enum EstablishUnit: Endpoint {
    static let route = Route.post("/agencies/{agency}/units", success: 201)
    static let summary = "Establish a unit in an agency"
    static let access = Access.official(.personnelWrite)
    static let refusals = [Refused.unitExists, .agencyNotInForce, .lastDayBeforeFirst]

    struct Input: Record {
        var unit = Unit()
        static let fields: [Field<Self>] = [
            .init("agency", \.unit.agency, .agency, "The agency", in: .path),
            .init("code", \.unit.code, .text(1...60, pattern: "^[a-z0-9-]+$"), "Code, unique in the agency"),
            .init("name", \.unit.name, .text(1...Limits.nameLength), "Vietnamese name"),
            .init("nameEn", \.unit.nameEn, .text(1...Limits.nameLength), "English name"),
            .init("validFrom", \.unit.validFrom, .day, "First day"),
            .init("validTo", \.unit.validTo, .day, "Last day, when already known"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Unit> {
        let unit = input.unit
        try await call.require(.personnelWrite, at: unit.agency)
        guard let agency = try await Agency.find(unit.agency, in: call.runtime.database) else {
            throw Refused.notFound
        }
        try decide(unit, at: agency)
        var event = UnitEstablished()
        (event.agency, event.code, event.name) = (unit.agency, unit.code, unit.name)
        (event.nameEn, event.validFrom, event.validTo) = (unit.nameEn, unit.validFrom, unit.validTo)
        do {
            return try await call.flight(
                """
                INSERT INTO units (agency, code, name, name_en, valid_from, valid_to, version)
                VALUES (\(unit.agency), \(unit.code), \(unit.name), \(unit.nameEn), \(unit.validFrom),
                        \(unit.validTo), 1)
                RETURNING version
                """,
                announcing: [(event, unit.agency)], reply: Reply(unit, version: 1))
        } catch let error as PostgresError where error.constraint == "units_pkey" { throw Refused.unitExists }
    }

    static func decide(_ unit: Unit, at agency: Agency) throws(Refused) {
        if let validTo = unit.validTo, validTo < unit.validFrom { throw .lastDayBeforeFirst }
        guard agency.exists(on: unit.validFrom), agency.outlives(unit.validTo) else { throw .agencyNotInForce }
    }
}

/// `GET /agencies/{agency}/units`: all of them; an agency has few.
enum ListUnits: Endpoint {
    static let route = Route.get("/agencies/{agency}/units")
    static let summary = "List the units of an agency"
    static let access = Access.signedIn

    struct Input: Record {
        var agency = AgencyCode.none
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path)
        ]
    }

    struct Output: Record {
        var units: [Unit] = []
        static let fields: [Field<Self>] = [
            .init("units", \.units, .list(.record, 0...Limits.pageMaximum), "The units")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard try await Agency.find(input.agency, in: call.runtime.database) != nil else { throw Refused.notFound }
        let rows = try await call.run(
            "SELECT * FROM units WHERE agency = \(input.agency) ORDER BY code LIMIT \(Limits.pageMaximum)")
        var output = Output()
        output.units = try rows.map(Unit.init)
        return Reply(output)
    }
}

extension Refused {
    static let unitExists = Refused(
        "hr.unit-exists", vi: "Mã đơn vị này đã có.", en: "This unit code is taken.", field: "code")
    static let unitUnknown = Refused(
        "hr.unit-unknown", 422, vi: "Cơ quan không có đơn vị này vào ngày này.",
        en: "The agency has no such unit on that day.", field: "unit")
}
