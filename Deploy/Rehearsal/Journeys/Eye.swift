import Contracts
import Foundation
import Postgres

/// Reads what happened from the services' tables, as the role `auditor`, which can change nothing. Used to wait, to
/// show and to compare; everything that happens is made to happen over HTTP.
struct Eye: Sendable {
    let database: Database

    /// Where each service's event log ends: what comes later is looked at by `isAtRest`.
    typealias Mark = [ServiceName: Int64]

    func mark() async throws -> Mark {
        var mark: Mark = [:]
        for service in ServiceName.running {
            mark[service] =
                try await database.run(
                    "SELECT coalesce(max(seq), 0)::bigint AS seq FROM \(raw: service.rawValue).event_log"
                ).first?("seq") ?? 0
        }
        return mark
    }

    /// Whether every event since `mark` had its effect at every service that reacts to it, and no timer is due.
    /// What is dead does not move by itself: it counts as rest, and the auditor reports it.
    func isAtRest(since mark: Mark, at now: Moment) async throws -> Bool {
        var checks: [SQL] = []
        for consumer in ServiceName.running {
            checks.append(
                "SELECT 1 AS one FROM \(raw: consumer.rawValue).timers WHERE due_at <= \(now.date) AND error IS NULL")
            for source in ServiceName.running {
                let types = (Catalogue.reactions[consumer] ?? []).map { $0.type }
                    .filter { $0.hasPrefix("\(source.rawValue).") }
                guard !types.isEmpty else { continue }
                checks.append(
                    """
                    SELECT 1 AS one FROM \(raw: source.rawValue).event_log e
                    WHERE e.seq > \(mark[source] ?? 0) AND e.type = ANY(\(types)) AND NOT EXISTS (
                        SELECT FROM \(raw: consumer.rawValue).effect_log f
                        WHERE f.source = \(source.rawValue) AND f.aggregate_type = e.aggregate_type
                          AND f.aggregate_id = e.aggregate_id AND f.version = e.aggregate_version)
                      AND NOT EXISTS (
                        SELECT FROM \(raw: consumer.rawValue).inbox_parked p
                        WHERE p.source = \(source.rawValue) AND p.aggregate_type = e.aggregate_type
                          AND p.aggregate_id = e.aggregate_id AND p.version = e.aggregate_version AND p.state = 'dead')
                    """)
            }
        }
        return try await database.run(SQL(joining: checks, separator: " UNION ALL ") + " LIMIT 1").isEmpty
    }

    /// Names behind the actors of events: officials by name, everybody else by user name.
    func actors() async throws -> [String: String] {
        let rows = try await database.run(
            """
            SELECT a.id::text AS id, coalesce(o.full_name, a.login) AS name
            FROM identity.accounts a LEFT JOIN hr.officials o ON o.person = a.person
            """)
        var names = ["anonymous": "payment gateway"]
        for row in rows { names[try row("id")] = try row("name", as: String.self) }
        return names
    }

    /// The event of each version of a dossier.
    func events(of dossier: String) async throws -> [Int64: String] {
        let rows = try await database.run(
            """
            SELECT aggregate_version AS version, type FROM onestop.event_log
            WHERE aggregate_type = 'dossier' AND aggregate_id = \(dossier)
            """)
        var types: [Int64: String] = [:]
        for row in rows { types[try row("version")] = try row("type", as: String.self) }
        return types
    }

    func count(_ sql: SQL) async throws -> Int { try await database.run(sql).first?("n") ?? 0 }
}

extension SQL {
    static func + (left: SQL, right: String) -> SQL { "\(left)\(raw: right)" }
}
