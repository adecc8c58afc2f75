import Contracts
import ServiceKit

/// `POST /agencies/{agency}/dissolve`: an agency ends with a day. What is open there goes to the successor
/// (os-300), and what is closed keeps the old code.
enum DissolveAgency: Endpoint {
    static let route = Route.post("/agencies/{agency}/dissolve")
    static let summary = "Dissolve an agency (giải thể, sáp nhập) with its last day and successor"
    static let access = Access.official(.personnelWrite)
    static let refusals = [
        Refused.alreadyDissolved, .agencyStillStaffed, .agencyStillAbove, .successorUnfit, .lastDayBeforeFirst,
    ]

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

    /// What stands on the agency after its last day.
    struct Standing {
        var isStaffed = false
        var isAbove = false
        /// Whether those that succeed one another from the successor on lead back to the agency.
        var isCircle = false
        var successor: Agency?
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Agency> {
        try await call.require(.personnelWrite, at: input.agency)
        return try await call.transaction { work in
            // Locked, so that nobody is appointed to it and nothing established below it between the look and the end.
            let rows = try await work.run("SELECT * FROM agencies WHERE code = \(input.agency) FOR UPDATE")
            guard var agency = try rows.first.map(Agency.init) else { throw Refused.notFound }
            try call.check(Int64(agency.version))
            try decide(agency, input, try await standing(input, work))
            (agency.validTo, agency.successor) = (input.validTo, input.successor)
            agency.version += 1
            try await work.run(
                """
                UPDATE agencies SET valid_to = \(input.validTo), successor = \(input.successor),
                    version = \(agency.version)
                WHERE code = \(input.agency)
                """)
            var event = AgencyDissolved()
            (event.code, event.validTo, event.successor) = (input.agency, input.validTo, input.successor)
            try await work.announce(event, version: Int64(agency.version), to: input.agency)
            return Reply(agency, version: Int64(agency.version))
        }
    }

    /// Posts count that are held after the last day, unless a waiting decision ends them by then; and those that a
    /// waiting decision brings.
    private static func standing(_ input: Input, _ work: Work) async throws -> Standing {
        let after = input.validTo.next
        let rows = try await work.run(
            """
            SELECT EXISTS (
                SELECT 1 FROM posts p WHERE p.agency = \(input.agency)
                    AND (p.valid_to IS NULL OR p.valid_to > \(input.validTo))
                    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.person = p.person AND d.effective_at IS NULL
                                    AND d.effective_from <= \(after))
                UNION ALL
                SELECT 1 FROM decisions WHERE agency = \(input.agency) AND effective_at IS NULL) AS staffed,
              EXISTS (SELECT 1 FROM agencies
                      WHERE parent = \(input.agency) AND (valid_to IS NULL OR valid_to > \(input.validTo))) AS above,
              EXISTS (
                WITH RECURSIVE line (code) AS (
                    SELECT \(input.successor)::text
                    UNION SELECT a.successor FROM line JOIN agencies a ON a.code = line.code)
                SELECT FROM line WHERE code = \(input.agency)) AS circle
            """)
        var standing = Standing()
        standing.isStaffed = try rows.first?("staffed") ?? false
        standing.isAbove = try rows.first?("above") ?? false
        standing.isCircle = try rows.first?("circle") ?? false
        if let successor = input.successor { standing.successor = try await Agency.hold(successor, in: work) }
        return standing
    }

    static func decide(_ agency: Agency, _ input: Input, _ standing: Standing) throws(Refused) {
        let isNews = agency.validTo.map { input.validTo < $0 || input.validTo == $0 && input.successor != nil } ?? true
        guard agency.successor == nil, isNews else { throw .alreadyDissolved }
        guard input.validTo >= agency.validFrom else { throw .lastDayBeforeFirst }
        if let code = input.successor {
            guard code != agency.code, !standing.isCircle, let successor = standing.successor,
                successor.exists(on: input.validTo.next)
            else {
                throw .successorUnfit
            }
        }
        guard !standing.isAbove else { throw .agencyStillAbove }
        guard !standing.isStaffed else { throw .agencyStillStaffed }
    }
}

extension Refused {
    static let alreadyDissolved = Refused(
        "hr.agency-dissolved", vi: "Cơ quan đã có ngày kết thúc.", en: "The agency has its last day already.")
    static let agencyStillStaffed = Refused(
        "hr.agency-staffed", vi: "Còn người giữ chức vụ sau ngày này; hãy điều động trước.",
        en: "Posts are held after that day; transfer their holders first.")
    static let agencyStillAbove = Refused(
        "hr.agency-above-others", vi: "Còn cơ quan trực thuộc sau ngày này.",
        en: "Agencies below it exist after that day.")
    static let successorUnfit = Refused(
        "hr.successor-unfit", 422,
        vi: "Cơ quan kế thừa phải là cơ quan khác, tồn tại vào ngày hôm sau và không do chính cơ quan này kế thừa.",
        en: "The successor must be another agency that exists on the day after, and not succeeded by this one.",
        field: "successor")
}
