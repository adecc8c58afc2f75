import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit

/// Gives archived events their positions: dense, without gaps, in the order in which they became visible.
///
/// What a new snapshot sees and the last one did not is numbered by id, in the statement whose snapshot that is (as the
/// relay opens its ticks). No position is given twice, whoever else numbers: the head's row is locked before.
struct Numbers: Sendable {
    let database: Database

    /// Numbers what is new; how many that were, and the last position of all.
    func give() async throws -> (count: Int, head: Int64) {
        let before = try await look()
        guard before.hasNews else { return (0, before.head) }
        KillPoint.pass(.beforeArchiveNumbers)
        let given = try await database.transaction { transaction -> (Int, Int64) in
            let rows = try await transaction.run(
                """
                SELECT h.seen::text AS seen, h.epoch = \(EventLogStart.epoch) AS same
                FROM archive_head h CROSS JOIN relay_epoch e FOR UPDATE OF h
                """)
            guard let row = rows.first else { throw ExchangeFault.noHead }
            let numbered = try await transaction.run(Self.statement(fresh: Self.fresh(row)))
            guard let last = numbered.first else { return (0, before.head) }
            return (try last("count"), try last("position"))
        }
        KillPoint.pass(.afterArchiveNumbers)
        return given
    }

    /// Without locks and without writing anything: almost always there is nothing.
    private func look() async throws -> (hasNews: Bool, head: Int64) {
        let rows = try await database.run(
            """
            SELECT h.position, h.seen::text AS seen, h.epoch = e.epoch AS same
            FROM archive_head h CROSS JOIN relay_epoch e
            """)
        guard let row = rows.first else { throw ExchangeFault.noHead }
        // Counted: for one that exists the planner would begin to walk the archive, in the hope of an early one.
        let found = try await database.run("SELECT count(*) > 0 AS found FROM (\(Self.fresh(row))) f")
        return (try found.first?("found") ?? false, try row("position"))
    }

    private static func fresh(_ row: Row) throws -> SQL {
        let same: Bool = try row("same")
        guard same else {
            // The history was restored or promoted: transaction ids may mean nothing any more.
            return """
                SELECT a.id, a.occurred_at FROM archive_events a
                WHERE NOT EXISTS (SELECT FROM archive_order o WHERE o.entry = a.id)
                """
        }
        let seen: String = try row("seen")
        let parts = seen.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { throw ExchangeFault.unreadable(seen) }
        let inProgress = parts[2].split(separator: ",").map(String.init)
        // As the relay looks: whatever began after it, and what was in progress; the bound keeps to the index on xid.
        return """
            SELECT a.id, a.occurred_at FROM archive_events a
            WHERE a.xid >= \(parts[1])::xid8 AND a.xid < '9223372036854775807'::xid8
            UNION ALL SELECT a.id, a.occurred_at FROM archive_events a WHERE a.xid = ANY(\(inProgress)::xid8[])
            """
    }

    private static func statement(fresh: SQL) -> SQL {
        """
        WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS cur),
        fresh AS MATERIALIZED (\(fresh)),
        numbered AS (
            INSERT INTO archive_order (position, entry, latest_at)
            SELECT h.position + row_number() OVER w, f.id, greatest(h.latest_at, max(f.occurred_at) OVER w)
            FROM fresh f CROSS JOIN archive_head h
            WINDOW w AS (ORDER BY f.id ROWS UNBOUNDED PRECEDING)
            RETURNING position, latest_at)
        UPDATE archive_head h SET position = n.last, latest_at = n.latest, seen = now.cur, epoch = e.epoch
        FROM (SELECT max(position) AS last, max(latest_at) AS latest, count(*) AS count FROM numbered) n
            CROSS JOIN now CROSS JOIN relay_epoch e
        WHERE n.count > 0 RETURNING n.count, h.position
        """
    }
}

enum ExchangeFault: Error, Sendable, Equatable {
    case noHead
    case unreadable(String)
    /// Another process leads, or somebody else moved a subscription on: look again.
    case overtaken
}
