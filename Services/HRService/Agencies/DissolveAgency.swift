import Contracts
import ServiceKit

/// `POST /agencies/{agency}/dissolve`: an agency ends with a day; its dossiers keep the old code.
enum DissolveAgency: Endpoint {
    static let route = Route.post("/agencies/{agency}/dissolve")
    static let summary = "Dissolve an agency (giải thể, sáp nhập) with its last day and successor"
    static let access = Access.official(.personnelWrite)
    static let refusals = [Refused.agencyUnknown, .alreadyDissolved, .agencyStillStaffed]

    struct Input: Record {
        var agency = AgencyCode.none
        var validTo = Day.none
        var successor: AgencyCode?

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("validTo", \.validTo, .day, "Its last day"),
            .init("successor", \.successor, .agency, "Who takes over its work"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Agency> {
        try await call.require(.personnelWrite, at: input.agency)
        guard var agency = try await Agency.find(input.agency, in: call.runtime.database) else {
            throw Refused.notFound
        }
        try call.check(Int64(agency.version))
        let staffed = try await call.run(
            """
            SELECT 1 AS one FROM posts
            WHERE agency = \(input.agency) AND (valid_to IS NULL OR valid_to > \(input.validTo)) LIMIT 1
            """)
        if let successor = input.successor, try await Agency.find(successor, in: call.runtime.database) == nil {
            throw Refused.agencyUnknown.at("successor")
        }
        try decide(agency, last: input.validTo, isStaffed: !staffed.isEmpty)
        let version = agency.version
        (agency.validTo, agency.successor, agency.version) = (input.validTo, input.successor, version + 1)
        var event = AgencyDissolved()
        (event.code, event.validTo, event.successor) = (input.agency, input.validTo, input.successor)
        return try await call.flight(
            """
            UPDATE agencies SET valid_to = \(input.validTo), successor = \(input.successor), version = version + 1
            WHERE code = \(input.agency) AND version = \(version) RETURNING version
            """,
            announcing: [(event, input.agency)], reply: Reply(agency, version: Int64(version + 1)))
    }

    static func decide(_ agency: Agency, last: Day, isStaffed: Bool) throws(Refused) {
        guard agency.successor == nil, agency.validTo.map({ last < $0 }) ?? true else { throw .alreadyDissolved }
        guard last >= agency.validFrom else { throw .lastDayBeforeFirst }
        guard !isStaffed else { throw .agencyStillStaffed }
    }
}

extension Refused {
    static let alreadyDissolved = Refused(
        "hr.agency-dissolved", vi: "Cơ quan đã có ngày kết thúc.", en: "The agency has its last day already.")
    static let agencyStillStaffed = Refused(
        "hr.agency-staffed", vi: "Còn người giữ chức vụ sau ngày này; hãy điều động trước.",
        en: "Posts are held after that day; transfer their holders first.")
}
