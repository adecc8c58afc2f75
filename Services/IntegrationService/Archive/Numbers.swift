import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit

/// Gives archived events their positions: dense, without gaps, in the order in which they became visible.
///
/// What a new snapshot sees and the last one did not is numbered by id, in the statement whose snapshot that is (as the
/// relay opens its ticks). No position is given twice, whoever else numbers: the head's row is locked before, and is
/// still the one that the statement began with.
struct Numbers: Sendable {
    let database: Database

    /// What got positions. `events`: those, in order; none when they were too many to be kept.
    struct Given: Sendable {
        let count: Int
        /// The last position of all, whoever gave it.
        let head: Int64
        let events: [ArchivedEvent]

        fileprivate init(_ rows: Rows) throws {
            guard let first = rows.first else { throw ExchangeFault.noHead }
            count = try first("count")
            head = try first("head")
            let position: Int64? = try first("position")
            events = position == nil ? [] : try rows.map { try ArchivedEvent($0) }
        }
    }

    /// Numbers what is new. Nothing is written when there is nothing, and when meanwhile somebody else has numbered or
    /// history has changed.
    func give() async throws -> Given {
        let heads = try await database.run(
            """
            SELECT h.seen::text AS seen, h.epoch = e.epoch AS same, \(EventLogStart.epoch) AS epoch
            FROM archive_head h CROSS JOIN relay_epoch e
            """)
        guard let head = heads.first else { throw ExchangeFault.noHead }
        let statement = try Self.statement(from: head)
        let given = try await database.transaction { transaction -> Given in
            let given = try Given(try await transaction.run(statement))
            if given.count > 0 { KillPoint.pass(.beforeArchiveNumbers) }
            return given
        }
        if given.count > 0 { KillPoint.pass(.afterArchiveNumbers) }
        return given
    }

    private static func fresh(_ seen: String, same: Bool) throws -> SQL {
        let columns: SQL = "a.id, a.occurred_at, octet_length(a.payload) AS bytes"
        guard same else {
            // The history was restored or promoted: transaction ids may mean nothing any more.
            return """
                SELECT \(columns) FROM archive_events a
                WHERE NOT EXISTS (SELECT FROM archive_order o WHERE o.entry = a.id)
                """
        }
        let parts = seen.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { throw ExchangeFault.unreadable(seen) }
        let inProgress = parts[2].split(separator: ",").map(String.init)
        // As the relay looks: whatever began after it, and what was in progress; the bound keeps to the index on xid.
        return """
            SELECT \(columns) FROM archive_events a
            WHERE a.xid >= \(parts[1])::xid8 AND a.xid < '9223372036854775807'::xid8
            UNION ALL SELECT \(columns) FROM archive_events a WHERE a.xid = ANY(\(inProgress)::xid8[])
            """
    }

    /// One row at least. The events come back with it, so that nobody has to read them; each by its id, because a join
    /// would walk the archive.
    private static func statement(from head: Row) throws -> SQL {
        let (seen, same): (String, Bool) = (try head("seen"), try head("same"))
        let epoch: Int32 = try head("epoch")
        var statement: SQL = """
            WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS cur),
            fresh AS MATERIALIZED (\(try fresh(seen, same: same))),
            head AS MATERIALIZED (
                SELECT h.position, h.latest_at FROM archive_head h CROSS JOIN relay_epoch e
                WHERE h.seen::text = \(seen) AND \(EventLogStart.settled) = \(epoch) AND EXISTS (SELECT FROM fresh)
                FOR UPDATE OF h),
            numbered AS (
                INSERT INTO archive_order (position, entry, latest_at)
                SELECT h.position + row_number() OVER w, f.id, greatest(h.latest_at, max(f.occurred_at) OVER w)
                FROM fresh f CROSS JOIN head h
                WINDOW w AS (ORDER BY f.id ROWS UNBOUNDED PRECEDING)
                RETURNING position, entry, latest_at),
            last AS MATERIALIZED (
                SELECT max(position) AS position, max(latest_at) AS latest_at, count(*) AS count,
                    count(*) <= \(Int64(Limits.Integration.batch))
                        AND (SELECT sum(bytes) FROM fresh) <= \(Int64(Limits.Integration.batchBytes)) AS fits
                FROM numbered),
            moved AS (
                UPDATE archive_head h
                SET position = l.position, latest_at = l.latest_at, seen = now.cur, epoch = \(epoch)
                FROM last l CROSS JOIN now WHERE l.count > 0)
            SELECT l.count, coalesce(l.position, (SELECT position FROM archive_head)) AS head, \(ArchivedEvent.columns)
            FROM last l LEFT JOIN (
                numbered o CROSS JOIN LATERAL (
                    SELECT * FROM archive_events WHERE id = o.entry AND (SELECT fits FROM last) OFFSET 0) a) ON true
            ORDER BY o.position
            """
        // After a restore it looks over the whole archive: as the planner likes.
        statement.isPlannedOnce = same
        return statement
    }
}

enum ExchangeFault: Error, Sendable, Equatable {
    case noHead
    case unreadable(String)
    /// Another process leads, or somebody else moved a subscription on: look again.
    case overtaken
}
