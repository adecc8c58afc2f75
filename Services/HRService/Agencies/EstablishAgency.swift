import Contracts
import ServiceKit

/// `POST /agencies`: an agency is added to the tree.
enum EstablishAgency: Endpoint {
    static let route = Route.post("/agencies", success: 201)
    static let summary = "Establish an agency (thành lập cơ quan) below another"
    static let access = Access.official(.personnelWrite)
    static let refusals = [Refused.agencyExists, .parentUnknown, .codeOutsideParent]

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
        if let parent = input.parent {
            try decide(input, parent: try await Agency.find(parent, in: call.runtime.database))
        } else {
            try decide(input, parent: nil)
        }
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
                VALUES (\(input.code), \(input.name), \(input.nameEn), \(input.kind.rawValue), \(input.parent),
                        \(input.validFrom), \(input.validTo), 1)
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
        guard let wanted = input.parent else { return }
        guard let parent else { throw .parentUnknown }
        guard input.code != wanted, input.code.isWithin(wanted) else { throw .codeOutsideParent }
        guard parent.exists(on: input.validFrom) else { throw .agencyNotInForce.at("parent") }
    }
}

extension Refused {
    static let agencyExists = Refused(
        "hr.agency-exists", vi: "Mã cơ quan này đã có.", en: "This agency code is taken.", field: "code")
    static let parentUnknown = Refused(
        "hr.parent-unknown", 422, vi: "Không có cơ quan cấp trên này.", en: "There is no such parent agency.",
        field: "parent")
    static let codeOutsideParent = Refused(
        "hr.code-outside-parent", 422, vi: "Mã cơ quan phải nằm dưới mã của cơ quan cấp trên.",
        en: "The code must lie below the parent's code (QĐ 20/2020, each group a child of the one before).",
        field: "code")
    static let lastDayBeforeFirst = Refused(
        "hr.last-day-before-first", 422, vi: "Ngày cuối không được trước ngày đầu.",
        en: "The last day must not be before the first.", field: "validTo")
}
