import Contracts
import Foundation
import Logging
import Postgres

/// What must stand before a process writes its first event.
public enum EventLogStart {
    /// The epoch that holds now, and why it was raised, if it was.
    public struct Settled: Sendable, Equatable {
        public var epoch: Int32
        public var raised: String?
    }

    /// Recognises a database that is not the one it was: restored from a backup, promoted with a lost tail, loaded from
    /// a dump. Then events that were published may be missing here, and transaction ids may mean nothing; so the epoch
    /// is raised, every event is published again (consumers know what they have), and whoever led the relay stops.
    /// Writes nothing when all is as it was.
    public static func settle(_ database: Database, logger: Logger) async throws -> Settled {
        let now = try await look(database)
        guard now.reason != nil else { return Settled(epoch: now.epoch, raised: nil) }
        return try await database.transaction { transaction in
            // Every writer of events reads this table, and holds it until its commit: nobody is between now.
            try await transaction.run("LOCK TABLE relay_epoch IN ACCESS EXCLUSIVE MODE")
            let now = try await look(transaction)
            guard let reason = now.reason else { return Settled(epoch: now.epoch, raised: nil) }
            let raised = try await transaction.run(
                """
                UPDATE relay_epoch SET epoch = epoch + 1, system_identifier = \(now.system), timeline = \(now.timeline),
                    relation = 'event_log'::regclass::oid, since = pg_current_snapshot(),
                    base_seq = coalesce((SELECT max(seq) FROM event_log), 0)
                RETURNING epoch
                """)
            try await transaction.run("UPDATE relay_lease SET term = term + 1, holder = '', expires_at = '-infinity'")
            guard let epoch: Int32 = try raised.first?("epoch") else { throw EventLogFault.noEpoch }
            logger.error(
                "history has changed: epoch raised, all events are published again",
                metadata: ["epoch": "\(epoch)", "why": "\(reason)"])
            return Settled(epoch: epoch, raised: reason)
        }
    }

    struct Look: Sendable {
        var epoch: Int32
        var system: String
        var timeline: Int64
        var reason: String?
    }

    private static func look(_ session: any Session) async throws -> Look {
        // The timeline of the last checkpoint is the old one for a while after a promotion, that of the WAL is not.
        let rows = try await session.run(
            """
            SELECT e.epoch, e.system_identifier AS known_system, s.system_identifier::text AS system,
                   e.timeline AS known_timeline,
                   ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline,
                   e.relation = 'event_log'::regclass::oid AS same_table,
                   pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
                   (SELECT l.xid::text FROM event_log l ORDER BY l.xid DESC LIMIT 1) AS highest,
                   (SELECT pg_snapshot_xmax(t.cur)::text FROM relay_tick t
                    WHERE t.epoch = e.epoch ORDER BY t.tick DESC LIMIT 1) AS seen
            FROM relay_epoch e CROSS JOIN pg_control_system() s
            """)
        guard let row = rows.first else { throw EventLogFault.noEpoch }
        let xmax: String = try row("xmax")
        var look = Look(epoch: try row("epoch"), system: try row("system"), timeline: try row("timeline"))
        let known: Int64 = try row("known_timeline")
        let sameTable: Bool = try row("same_table")
        if try row("known_system") != look.system {
            look.reason = "another database cluster"
        } else if known != look.timeline {
            look.reason = "timeline \(look.timeline) instead of \(known)"
        } else if !sameTable {
            look.reason = "the event log is another table"
        } else if try isAbove(row("seen"), xmax) {
            look.reason = "the last tick knows transactions that are still to come"
        } else if try isAtOrAbove(row("highest"), xmax), try await hasFutureEvent(session, xmax) {
            look.reason = "an event is from a transaction that is still to come"
        }
        return look
    }

    /// Events of this epoch only: those of an earlier one may have any xid.
    private static func hasFutureEvent(_ session: any Session, _ xmax: String) async throws -> Bool {
        let rows = try await session.run(
            """
            SELECT 1 AS one FROM event_log l CROSS JOIN relay_epoch e
            WHERE l.xid >= \(xmax)::xid8 AND l.seq > e.base_seq LIMIT 1
            """)
        return !rows.isEmpty
    }

    private static func isAbove(_ xid: String?, _ xmax: String) -> Bool {
        guard let xid = xid.flatMap({ UInt64($0) }), let xmax = UInt64(xmax) else { return false }
        return xid > xmax
    }

    private static func isAtOrAbove(_ xid: String?, _ xmax: String) -> Bool { isAbove(xid, xmax) || xid == xmax }
}
