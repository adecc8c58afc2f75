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
                UPDATE relay_epoch SET epoch = greatest(epoch + 1, \(now.timeline)::int),
                    system_identifier = \(now.system), timeline = \(now.timeline),
                    relation = 'event_log'::regclass::oid, since = pg_current_snapshot(),
                    base_seq = coalesce((SELECT max(seq) FROM event_log), 0)
                RETURNING epoch
                """)
            // Epochs and terms of the history that was lost are not used again: timelines only grow.
            try await transaction.run(
                """
                UPDATE relay_lease SET term = greatest(term + 1, (\(now.timeline)::bigint - 1) * 1000000000),
                    holder = '', expires_at = '-infinity'
                """)
            // Whoever led may have moved it on here, by ticks that are lost: the next ones bear their numbers.
            try await transaction.run(
                """
                UPDATE relay_cursor SET confirmed_seq = 0, confirmed = 0, tick = coalesce(
                    (SELECT t.tick FROM relay_tick t ORDER BY t.epoch DESC, t.tick DESC LIMIT 1), 0)
                """)
            guard let epoch: Int32 = try raised.first?("epoch") else { throw EventLogFault.noEpoch }
            logger.error(
                "history has changed: epoch raised, all events are published again",
                metadata: ["epoch": "\(epoch)", "why": "\(reason)"])
            return Settled(epoch: epoch, raised: reason)
        }
    }

    /// The timeline of what is written now. That of the last checkpoint is the old one for a while after a promotion.
    static let timeline: SQL = "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint"

    private static let unsettled = "history_has_changed"

    /// The epoch that holds now, of `relay_epoch e`; NULL while history has changed and it was not raised yet.
    public static let settled: SQL = "CASE WHEN e.timeline = \(timeline) THEN e.epoch END"

    /// The epoch of an event that is written now, of `relay_epoch e`. After a promotion or restore there is none until
    /// it is raised, and nobody may write: the version would be one that consumers may have from the lost tail, and
    /// they would take it for a duplicate.
    public static let epoch: SQL = """
        CASE WHEN e.timeline = \(timeline) THEN e.epoch ELSE \(SQL.failure(unsettled)) END
        """

    /// Whether something could not be written for that reason; a relay settles it within a moment.
    public static func isUnsettled(_ error: PostgresError) -> Bool {
        error.isFailure(unsettled)
    }

    struct Look: Sendable {
        var epoch: Int32
        var system: String
        var timeline: Int64
        var reason: String?
    }

    private static func look(_ session: any Session) async throws -> Look {
        let rows = try await session.run(
            """
            SELECT e.epoch, e.system_identifier AS known_system, s.system_identifier::text AS system,
                   e.timeline AS known_timeline,
                   \(timeline) AS timeline,
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
        var signs = Signs(
            knownSystem: try row("known_system"), system: look.system, knownTimeline: try row("known_timeline"),
            timeline: look.timeline, isSameTable: try row("same_table"), xmax: UInt64(xmax) ?? .max,
            seen: try row("seen", as: String?.self).flatMap { UInt64($0) })
        if let highest = try row("highest", as: String?.self).flatMap({ UInt64($0) }), highest >= signs.xmax {
            signs.hasFutureEvent = try await hasFutureEvent(session, xmax)
        }
        look.reason = signs.reason
        return look
    }

    /// What a database is recognised by, as it is known and as it is now.
    struct Signs: Sendable {
        var knownSystem: String
        var system: String
        var knownTimeline: Int64
        var timeline: Int64
        var isSameTable: Bool
        /// No transaction of its own has begun from here on.
        var xmax: UInt64
        /// The same of the last tick of this epoch; nil: there is none.
        var seen: UInt64?
        /// An event of this epoch is from such a transaction.
        var hasFutureEvent = false

        /// Why it is not the database that it was: pure. Nil: it is.
        var reason: String? {
            if knownSystem != system { return "another database cluster" }
            if knownTimeline != timeline { return "timeline \(timeline) instead of \(knownTimeline)" }
            if !isSameTable { return "the event log is another table" }
            if let seen, seen > xmax { return "the last tick knows transactions that are still to come" }
            return hasFutureEvent ? "an event is from a transaction that is still to come" : nil
        }
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

}
