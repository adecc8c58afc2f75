import Contracts
import Postgres

/// Who is in charge of the work of an agency that has ended: every service asks the directory the same way.
extension Session {
    /// Who is in charge on `day` of the work of an agency that has ended: the last of those that succeeded one another.
    /// Nil: it has not ended, nobody is named, or nobody named is there.
    public func successor(of agency: AgencyCode, on day: Day) async throws -> AgencyCode? {
        try await run(
            """
            WITH RECURSIVE line (code, valid_from, valid_to, successor, hops) AS (
                SELECT code, valid_from, valid_to, successor, 0 FROM directory_agencies WHERE code = \(agency)
                UNION ALL
                SELECT a.code, a.valid_from, a.valid_to, a.successor, line.hops + 1
                FROM line JOIN directory_agencies a ON a.code = line.successor
                WHERE line.valid_to < \(day) AND line.hops < \(Limits.Successions.line))
            SELECT code FROM line WHERE hops > 0 AND valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
            ORDER BY hops LIMIT 1
            """
        ).first?("code")
    }

    /// Whether the last day of an agency is over on `day`; nil when the directory does not know it.
    public func hasEnded(_ agency: AgencyCode, on day: Day) async throws -> Bool? {
        let rows = try await run("SELECT valid_to FROM directory_agencies WHERE code = \(agency)")
        guard let row = rows.first else { return nil }
        let last: Day? = try row("valid_to")
        return last.map { $0 < day } ?? false
    }
}

extension Call {
    /// As `require(_:at:)`; the place of an agency that has ended is also that of who is in charge of its work now. Who
    /// stands above it, and administrators, keep what they may there.
    public func require(_ scope: Scope, inChargeOf agency: AgencyCode) async throws {
        guard try await !holds(scope, at: agency),
            let heir = try await runtime.database.successor(of: agency, on: today)
        else { return try await require(scope, at: agency) }
        try await require(scope, at: heir)
    }
}
