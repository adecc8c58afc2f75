import Contracts
import ServiceKit

/// `POST /agencies`: an agency is added to the tree.
enum EstablishAgency: Endpoint {
    static let route = Route.post("/agencies", success: 201)
    static let summary = "Establish an agency (thành lập cơ quan) below another"
    static let access = Access.official(.personnelWrite)
    static let refusals = [
        Refused.agencyExists, .parentUnknown, .parentNeeded, .codeOutsideParent, .lastDayBeforeFirst, .agencyNotInForce,
    ]

    struct Input: Record {
        var code = AgencyCode.none
        var name = ""
        var nameEn = ""
        var kind = AgencyKind.department
        var parent: AgencyCode?
        var validFrom = Day.none
        var validTo: Day?

        static let fields: [Field<Self>] = [
            .init("code", \.code, .agency, "Code of QĐ 20/2020/QĐ-TTg; below its parent's code"),
            .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
            .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
            .init("kind", \.kind, .choice, "Level and nature"),
            .init("parent", \.parent, .agency, "The agency above it; only the province has none"),
            .init("validFrom", \.validFrom, .day, "First day"),
            .init("validTo", \.validTo, .day, "Last day, when already known"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Agency> {
        try await call.require(.personnelWrite, at: input.parent ?? input.code)
        var parent: Agency?
        if let code = input.parent { parent = try await Agency.find(code, in: call.runtime.database) }
        try decide(input, parent: parent)
        var agency = Agency()
        (agency.code, agency.name, agency.nameEn, agency.kind) = (input.code, input.name, input.nameEn, input.kind)
        (agency.parent, agency.validFrom, agency.validTo) = (input.parent, input.validFrom, input.validTo)
        agency.version = 1
        var event = AgencyEstablished()
        (event.code, event.name, event.nameEn, event.kind) = (input.code, input.name, input.nameEn, input.kind)
        (event.parent, event.validFrom, event.validTo) = (input.parent, input.validFrom, input.validTo)
        do {
            return try await call.flight(
                """
                INSERT INTO agencies (code, name, name_en, kind, parent, valid_from, valid_to, version)
                SELECT \(input.code), \(input.name), \(input.nameEn), \(input.kind.rawValue), \(input.parent)::text,
                       \(input.validFrom)::date, \(input.validTo)::date, 1
                WHERE \(input.parent)::text IS NULL OR EXISTS (
                    -- The lock keeps it from being dissolved meanwhile.
                    SELECT 1 FROM agencies WHERE code = \(input.parent) AND version = \(parent?.version) FOR SHARE)
                RETURNING version
                """,
                announcing: [(event, input.code)],
                reply: Reply(agency, version: 1, location: "/agencies/\(input.code.text)"))
        } catch let error as PostgresError where error.constraint == "agencies_pkey" {
            throw Refused.agencyExists
        }
    }

    static func decide(_ input: Input, parent: Agency?) throws(Refused) {
        if let validTo = input.validTo, validTo < input.validFrom {
            throw Refused.lastDayBeforeFirst
        }
        guard let wanted = input.parent else {
            guard input.kind == .province, input.code.level == 1 else { throw .parentNeeded }
            return
        }
        guard let parent else { throw .parentUnknown }
        guard input.code != wanted, input.code.isWithin(wanted) else { throw .codeOutsideParent }
        guard parent.exists(on: input.validFrom), parent.outlives(input.validTo) else {
            throw .agencyNotInForce.at("parent")
        }
    }
}

extension Refused {
    static let agencyExists = Refused(
        "hr.agency-exists", vi: "Mã cơ quan này đã có.", en: "This agency code is taken.", field: "code")
    static let parentUnknown = Refused(
        "hr.parent-unknown", 422, vi: "Không có cơ quan cấp trên này.", en: "There is no such parent agency.",
        field: "parent")
    static let parentNeeded = Refused(
        "hr.parent-needed", 422, vi: "Chỉ Ủy ban nhân dân tỉnh không có cơ quan cấp trên.",
        en: "Only the province has no agency above it.", field: "parent")
    static let codeOutsideParent = Refused(
        "hr.code-outside-parent", 422, vi: "Mã cơ quan phải nằm dưới mã của cơ quan cấp trên.",
        en: "The code must lie below the parent's code (QĐ 20/2020, each group a child of the one before).",
        field: "code")
    static let lastDayBeforeFirst = Refused(
        "hr.last-day-before-first", 422, vi: "Ngày cuối không được trước ngày đầu.",
        en: "The last day must not be before the first.", field: "validTo")
}
