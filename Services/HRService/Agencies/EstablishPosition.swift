import Contracts
import ServiceKit

/// `POST /agencies/{agency}/positions`: what an agency may fill from a day on.
enum EstablishPosition: Endpoint {
    static let route = Route.post("/agencies/{agency}/positions", success: 201)
    static let summary = "Establish a position (vị trí việc làm) in a unit, with its seats"
    static let access = Access.official(.personnelWrite)
    static let refusals = [
        Refused.positionExists, .unitUnknown, .agencyNotInForce, .lastDayBeforeFirst, .fieldTwice,
        .administratorLimited,
    ]

    struct Input: Record {
        var position = Position()
        static let fields: [Field<Self>] = [
            .init("agency", \.position.agency, .agency, "The agency", in: .path),
            .init("unit", \.position.unit, .text(1...60), "Unit in the agency"),
            .init(
                "code", \.position.code, .text(1...Limits.Personnel.positionCode, pattern: "^[a-z0-9-]+$"),
                "Code, unique in the unit"),
            .init("role", \.position.role, .choice, "What a post in it entitles to"),
            .init("title", \.position.title, .text(1...Limits.Personnel.title), "Title in Vietnamese"),
            .init("titleEn", \.position.titleEn, .text(1...Limits.Personnel.title), "Title in English"),
            .init(
                "seats", \.position.seats, .integer(1...Limits.Personnel.seats),
                "How many officials may hold it at once"),
            .init("validFrom", \.position.validFrom, .day, "First day"),
            .init("validTo", \.position.validTo, .day, "Last day, when already known"),
            .init(
                "fields", \.position.procedureFields, .procedureFields, default: [],
                "Codes of the fields of procedures (lĩnh vực) that a post in it is limited to; none: all"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Position> {
        let position = input.position
        try await call.require(.personnelWrite, at: position.agency)
        // Nobody makes a place for what they may not do themselves.
        if position.role == .administrator { try await call.require(.systemOperate, at: position.agency) }
        guard let agency = try await Agency.find(position.agency, in: call.runtime.database) else {
            throw Refused.notFound
        }
        // A unit never changes; an agency dissolved meanwhile ends with its positions in it, as if just after.
        let unit = try await Unit.find(position.unit, at: position.agency, in: call.runtime.database)
        try decide(position, at: agency, in: unit)
        var event = PositionEstablished()
        (event.agency, event.unit, event.code, event.role) = (
            position.agency, position.unit, position.code, position.role
        )
        (event.title, event.titleEn, event.seats) = (position.title, position.titleEn, position.seats)
        (event.validFrom, event.validTo) = (position.validFrom, position.validTo)
        event.procedureFields = position.procedureFields.isEmpty ? nil : position.procedureFields
        do {
            return try await call.flight(
                """
                INSERT INTO positions
                    (agency, unit, code, role, title, title_en, seats, valid_from, valid_to, fields, version)
                VALUES (\(position.agency), \(position.unit), \(position.code), \(position.role.rawValue),
                        \(position.title), \(position.titleEn), \(Int32(position.seats)), \(position.validFrom),
                        \(position.validTo), \(position.procedureFields), 1)
                RETURNING version
                """,
                announcing: [(event, position.agency)], reply: Reply(position, version: 1))
        } catch let error as PostgresError where error.constraint == "positions_pkey" {
            throw Refused.positionExists
        }
    }

    static func decide(_ position: Position, at agency: Agency, in unit: Unit?) throws(Refused) {
        if let validTo = position.validTo, validTo < position.validFrom { throw .lastDayBeforeFirst }
        let fields = position.procedureFields
        guard Set(fields).count == fields.count else { throw .fieldTwice }
        // An administrator stands in for everybody.
        guard fields.isEmpty || position.role != .administrator else { throw .administratorLimited }
        guard agency.exists(on: position.validFrom), agency.outlives(position.validTo) else {
            throw .agencyNotInForce
        }
        guard let unit, unit.exists(on: position.validFrom), unit.outlives(position.validTo) else {
            throw .unitUnknown
        }
    }
}

extension Refused {
    static let positionExists = Refused(
        "hr.position-exists", vi: "Mã vị trí việc làm này đã có trong đơn vị.",
        en: "This position code is taken in the unit.", field: "code")
    static let fieldTwice = Refused(
        "hr.field-twice", 422, vi: "Có mã lĩnh vực bị lặp lại.", en: "A field of procedures stands twice.",
        field: "fields")
    static let administratorLimited = Refused(
        "hr.administrator-limited", 422, vi: "Vị trí quản trị không giới hạn theo lĩnh vực.",
        en: "The position of an administrator is not limited to fields.", field: "fields")
}
