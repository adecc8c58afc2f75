import Contracts
import ServiceKit

extension Retention {
    /// Nil: for good.
    var years: Int? {
        switch self {
        case .permanent: nil
        case .years70: 70
        case .years50: 50
        case .years20: 20
        case .years10: 10
        case .years5: 5
        }
    }
}

/// Until when a dossier is kept, decided on the day on which it closes (os-045): to the end of the year that lies as
/// many years after that of its closing as the procedure says, and not less than its result is valid. Of several
/// results the longest counts; where a result has a retention of its own, that of the procedure does not count.
struct Keeping: Record, Hashable {
    var closedOn: Day?
    var retention: Retention?
    var keptUntil: Day?

    static let fields: [Field<Self>] = [
        .init("closedOn", \.closedOn, .day, "When the dossier was closed; absent while it is open"),
        .init("retention", \.retention, .choice, "How long it is kept; absent while it is open, or nobody decided it"),
        .init("keptUntil", \.keptUntil, .day, "Last day on which it must be kept; absent: for good, or not decided"),
    ]

    init() {}

    init(closing dossier: Dossier, on day: Day, _ definition: Definition) {
        closedOn = day
        // What was refused or stopped has no result.
        let results = dossier.finishedAt == nil ? [] : definition.results
        let own = results.compactMap(\.retention)
        retention = own.contains(.permanent) ? .permanent : own.max { $0.years ?? 0 < $1.years ?? 0 }
        retention = retention ?? definition.retention
        guard let years = retention?.years, let end = Day(year: day.year + years, month: 12, day: 31) else { return }
        let finished = dossier.finishedAt.map { Day($0) } ?? day
        let valid = results.compactMap { $0.validUntil(from: finished) }.max()
        keptUntil = max(end, valid ?? end)
    }

    init(_ row: Row) throws {
        closedOn = try row("closed_on")
        let word: String? = try row("retention")
        retention = word.flatMap(Retention.init)
        keptUntil = try row("kept_until")
    }

    /// The statement that keeps it, reading `FROM change`; none while the dossier is open, or was closed before.
    static func lines(
        _ change: Change, from before: Dossier, on day: Day, _ procedure: (Dossier) async throws -> Procedure
    ) async throws -> [(String, SQL)] {
        let dossier = change.dossier
        guard before.status != dossier.status, DossierMoves.isFinal(dossier.status) else { return [] }
        let keeping = Keeping(closing: dossier, on: day, try await procedure(dossier).definition)
        return [
            (
                "keeping",
                """
                INSERT INTO dossier_retention (dossier, closed_on, retention, kept_until)
                SELECT id, \(day), \(keeping.retention?.rawValue), \(keeping.keptUntil) FROM change
                """
            )
        ]
    }
}

extension DossierMoves {
    /// Whether nothing leaves this status.
    static func isFinal(_ status: DossierStatus) -> Bool { lawful[status]?.isEmpty ?? false }
}

/// `GET /dossiers/{dossier}/retention`: until when it is kept, once it is closed.
enum ReadRetention: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/retention")
    static let summary = "Until when a closed dossier is kept"
    static let access = Access.signedIn

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Keeping> {
        let dossier = try await call.readable(input.dossier, purpose: .retention)
        let row = try await call.run("SELECT * FROM dossier_retention WHERE dossier = \(dossier.id)").first
        return Reply(try row.map(Keeping.init) ?? Keeping())
    }
}
