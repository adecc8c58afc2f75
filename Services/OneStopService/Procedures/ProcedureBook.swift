import Contracts
import Postgres
import ServiceKit
import Synchronization

/// What a submission needs to know without asking the database each time: published procedures and the kinds of
/// agencies, kept for `Limits.OneStop.bookKept`. What is published never changes, so what is kept can only be too
/// few, never wrong.
final class ProcedureBook: Sendable {
    private let database: Database
    private let kept = Mutex<Kept>(Kept())

    private struct Kept {
        var versions: [String: (versions: [Procedure], until: ContinuousClock.Instant)] = [:]
        var agencies: [AgencyCode: (agency: Listed, until: ContinuousClock.Instant)] = [:]
    }

    /// An agency as the directory lists it.
    private struct Listed {
        var kind: AgencyKind
        var from: Day
        var to: Day?
        var successor: AgencyCode?

        func kind(on day: Day) -> AgencyKind? { from <= day && !hasEnded(on: day) ? kind : nil }

        func hasEnded(on day: Day) -> Bool { to.map { $0 < day } ?? false }
    }

    init(_ database: Database) { self.database = database }

    /// The version in force on `day`; nil when none is. A later version takes the place of an earlier one for good.
    func inForce(_ code: String, on day: Day) async throws -> Procedure? {
        try await versions(code).last { $0.validFrom <= day }.flatMap { $0.isInForce(on: day) ? $0 : nil }
    }

    /// The version that a dossier keeps.
    func version(_ code: String, _ number: Int) async throws -> Procedure {
        if let found = try await versions(code).first(where: { $0.number == number }) { return found }
        forget(code)
        guard let found = try await versions(code).first(where: { $0.number == number }) else {
            throw Refused.procedureUnknown
        }
        return found
    }

    /// The Vietnamese name of a version; nil when there is none.
    func name(_ code: String, _ number: Int) async throws -> String? {
        try await versions(code).first { $0.number == number }?.definition.name
    }

    /// The nature of an agency; nil when the directory does not know it or it is not in force on `day`.
    func kind(of agency: AgencyCode, on day: Day) async throws -> AgencyKind? {
        try await listed(agency)?.kind(on: day)
    }

    /// Whether the last day of an agency is over.
    func hasEnded(_ agency: AgencyCode, on day: Day) async throws -> Bool {
        try await listed(agency)?.hasEnded(on: day) ?? false
    }

    /// Who is in charge of the work of an agency on `day`: itself, or once it has ended the last of those that
    /// succeeded one another (os-304); nil when nobody is, or the directory does not know it.
    /// `Session.successor` from what is kept.
    func inCharge(of agency: AgencyCode, on day: Day) async throws -> AgencyCode? {
        var here = agency
        for _ in 0...Limits.Successions.line {
            guard let listed = try await listed(here) else { return nil }
            if listed.kind(on: day) != nil { return here }
            guard listed.hasEnded(on: day), let next = listed.successor else { return nil }
            here = next
        }
        return nil
    }

    private func listed(_ agency: AgencyCode) async throws -> Listed? {
        let now = ContinuousClock.now
        if let known = kept.withLock({ $0.agencies[agency] }), known.until > now { return known.agency }
        let rows = try await database.run(
            "SELECT kind, valid_from, valid_to, successor FROM directory_agencies WHERE code = \(agency)")
        guard let row = rows.first, let kind = AgencyKind(rawValue: try row("kind")) else { return nil }
        let listed = Listed(
            kind: kind, from: try row("valid_from"), to: try row("valid_to"), successor: try row("successor"))
        kept.withLock { kept in
            if kept.agencies.count >= Limits.OneStop.bookEntries { kept.agencies.removeAll() }
            kept.agencies[agency] = (listed, now + Limits.OneStop.bookKept)
        }
        return listed
    }

    /// An agency ended, or its end got a successor. Reactions call this inside their transaction; the short life of
    /// what is kept covers a read that raced the commit.
    func forgetAgencies() { kept.withLock { $0.agencies.removeAll() } }

    func forget(_ code: String) { kept.withLock { _ = $0.versions.removeValue(forKey: code) } }

    private func versions(_ code: String) async throws -> [Procedure] {
        let now = ContinuousClock.now
        if let known = kept.withLock({ $0.versions[code] }), known.until > now { return known.versions }
        let rows = try await database.run(
            """
            SELECT code, number, state, valid_from, valid_to, published_at, definition FROM procedures
            WHERE code = \(code) AND state = 'published' ORDER BY number
            """)
        let versions = try rows.map(Procedure.init)
        guard !versions.isEmpty else { return [] }
        kept.withLock { kept in
            if kept.versions.count >= Limits.OneStop.bookEntries { kept.versions.removeAll() }
            kept.versions[code] = (versions, now + Limits.OneStop.bookKept)
        }
        return versions
    }
}

extension Call {
    /// The version of the procedure that a dossier keeps.
    func procedure(of dossier: Dossier) async throws -> Procedure {
        try await resource(ProcedureBook.self).version(of: dossier)
    }
}

extension Work {
    /// The version of the procedure that a dossier keeps.
    func procedure(of dossier: Dossier) async throws -> Procedure {
        try await resource(ProcedureBook.self).version(of: dossier)
    }
}

extension Refused {
    static let procedureUnknown = Refused(
        "onestop.procedure-unknown", 422, vi: "Không có thủ tục này đang có hiệu lực.",
        en: "There is no such procedure in force.", field: "procedure")
}
