import Contracts
import Foundation
import Postgres

/// What the event logs promise against what the effect tables show, counted from outside of every service.
struct AuditReport: Sendable, Equatable {
    /// Dossiers known to the one-stop service.
    var dossiers = 0
    /// Events that the broker has confirmed to the relays.
    var eventsPublished = 0
    /// Effects of reactions, over all services.
    var effects = 0
    var duplicatesAbsorbed = 0
    /// Events with a catalogued reaction and no effect, neither waiting nor dead.
    var lost = 0
    var twice = 0
    var outOfOrder = 0
    /// Events on their way or parked; zero once the system is at rest.
    var pending = 0
    /// Events whose reaction failed for good and wait for an operator.
    var dead = 0
    /// Events that an operator left out, with name and reason.
    var skipped = 0
    /// Enough to find each fault: what, consumer, event.
    var findings: [String] = []

    var isAtRest: Bool { pending == 0 }
}

/// Compares event logs with effect tables. It shares no code with relay and inbox: only their tables.
struct Audit: Sendable {
    let database: Database
    let services: [ServiceName]

    func run() async throws -> AuditReport {
        var report = AuditReport()
        for service in services {
            let schema = service.rawValue
            try await published(by: service, &report)
            report.effects += try await count("SELECT count(*) AS n FROM \(raw: schema).effect_log")
            report.duplicatesAbsorbed += try await count(
                "SELECT coalesce(sum(duplicates), 0)::bigint AS n FROM \(raw: schema).inbox_counter")
            report.dead += try await count(
                "SELECT count(*) AS n FROM \(raw: schema).inbox_parked WHERE state = 'dead'")
            try await orderAndRepetition(of: service, &report)
            for source in services { try await missing(from: source, at: service, &report) }
        }
        if services.contains(.onestop) {
            report.dossiers = try await count("SELECT count(*) AS n FROM onestop.dossiers")
        }
        return report
    }

    /// What is written and not confirmed by the broker is on its way. The present epoch's ticks hold everything: a new
    /// epoch begins by publishing all that was written before it again.
    private func published(by service: ServiceName, _ report: inout AuditReport) async throws {
        let schema = service.rawValue
        let written = try await count("SELECT count(*) AS n FROM \(raw: schema).event_log")
        let confirmed = try await count(
            """
            SELECT (c.confirmed + coalesce((SELECT sum(t.count) FROM \(raw: schema).relay_tick t
                    WHERE t.epoch = e.epoch AND t.tick < c.tick), 0))::bigint AS n
            FROM \(raw: schema).relay_epoch e, \(raw: schema).relay_cursor c
            """)
        report.eventsPublished += min(written, confirmed)
        report.pending += max(0, written - confirmed)
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await database.run(sql).first.map { try $0("n") } ?? 0
    }

    private func missing(from source: ServiceName, at consumer: ServiceName, _ report: inout AuditReport) async throws {
        let types = (Catalogue.reactions[consumer] ?? []).map { $0.type }.filter { $0.hasPrefix("\(source.rawValue).") }
        guard !types.isEmpty else { return }
        let rows = try await database.run(
            """
            SELECT e.type, e.aggregate_id, e.aggregate_version, p.state,
                   coalesce(q.last_version, 0) >= e.aggregate_version AS passed,
                   EXISTS (
                       SELECT FROM \(raw: consumer.rawValue).dead_letter_audit a
                       WHERE a.what = 'skipped' AND a.source = \(source.rawValue)
                           AND a.aggregate_type = e.aggregate_type AND a.aggregate_id = e.aggregate_id
                           AND a.version = e.aggregate_version) AS skipped
            FROM \(raw: source.rawValue).event_log e
            LEFT JOIN \(raw: consumer.rawValue).effect_log f
                ON f.source = \(source.rawValue) AND f.aggregate_type = e.aggregate_type
                AND f.aggregate_id = e.aggregate_id AND f.version = e.aggregate_version
            LEFT JOIN \(raw: consumer.rawValue).inbox_parked p
                ON p.source = \(source.rawValue) AND p.aggregate_type = e.aggregate_type
                AND p.aggregate_id = e.aggregate_id AND p.version = e.aggregate_version AND p.epoch = e.epoch
            LEFT JOIN \(raw: consumer.rawValue).inbox_position q
                ON q.source = \(source.rawValue) AND q.aggregate_type = e.aggregate_type
                AND q.aggregate_id = e.aggregate_id
            WHERE e.type = ANY(\(types)) AND f.id IS NULL
            ORDER BY e.seq
            """)
        for row in rows {
            let state: String? = try row("state")
            let passed: Bool = try row("passed")
            if state == "dead" { continue }
            if try row("skipped") {
                report.skipped += 1
                continue
            }
            if state != nil || !passed {
                report.pending += 1
                continue
            }
            report.lost += 1
            try report.note("lost", consumer, row)
        }
    }

    private func orderAndRepetition(of consumer: ServiceName, _ report: inout AuditReport) async throws {
        let repeated = try await database.run(
            """
            SELECT type, aggregate_id, version AS aggregate_version, count(*) - 1 AS extra
            FROM \(raw: consumer.rawValue).effect_log
            GROUP BY reaction, source, aggregate_type, aggregate_id, version, type HAVING count(*) > 1
            """)
        for row in repeated {
            report.twice += try row("extra", as: Int.self)
            try report.note("twice", consumer, row)
        }
        let swapped = try await database.run(
            """
            SELECT type, aggregate_id, version AS aggregate_version FROM (
                SELECT *, max(version) OVER (
                    PARTITION BY reaction, source, aggregate_type, aggregate_id ORDER BY id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                FROM \(raw: consumer.rawValue).effect_log) e
            WHERE version < before
            """)
        for row in swapped {
            report.outOfOrder += 1
            try report.note("out of order", consumer, row)
        }
    }
}

extension AuditReport {
    mutating func note(_ what: String, _ consumer: ServiceName, _ row: Row) throws {
        guard findings.count < Limits.auditFindings else { return }
        let type: String = try row("type")
        let id: String = try row("aggregate_id")
        let version: Int64 = try row("aggregate_version")
        findings.append("\(what): \(consumer.rawValue), \(type) \(id) v\(version)")
    }

    /// The one line that ends a demonstration.
    func line(journeys: Int, elapsed: Duration) -> String {
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let json: JSON = [
            "journeys": .integer(Int64(journeys)), "dossiers": .integer(Int64(dossiers)),
            "events_published": .integer(Int64(eventsPublished)), "effects": .integer(Int64(effects)),
            "duplicates_absorbed": .integer(Int64(duplicatesAbsorbed)), "lost": .integer(Int64(lost)),
            "twice": .integer(Int64(twice)), "out_of_order": .integer(Int64(outOfOrder)),
            "pending": .integer(Int64(pending)), "dead": .integer(Int64(dead)),
            "skipped": .integer(Int64(skipped)),
            "elapsed_s": .number(String(format: "%.1f", seconds)),
        ]
        return json.description
    }
}
