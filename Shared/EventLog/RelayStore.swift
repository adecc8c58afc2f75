import AMQP
import Contracts
import Foundation
import Postgres

/// The events of one tick that are still to be published, ready for the broker.
struct Batch: Sendable {
    let tick: Tick
    /// The place of the first of them in the tick, from 1.
    let firstOrdinal: Int
    let seqs: [Int64]
    let messages: [OutgoingMessage]
    /// When the first of them was written, by its id.
    let oldest: Date?
}

/// What a leader finds: the ticks that are recorded and not wholly published, and where to go on from there.
struct RelayStanding: Sendable, Equatable {
    var frontier: Frontier
    var cursor: RelayCursor
    var unfinished: [Tick]
}

enum RelayFault: Error, Sendable, Equatable {
    /// Another relay leads.
    case notLeading(term: Int64)
    /// A recorded tick has not the events that it was recorded with: somebody changed the log or the table.
    case changedTick(Int64, expected: Int, found: Int)
    case unreadable(String)
}

/// The relay's statements. Every bound of a snapshot is a parameter: as sub-selects the planner walks the table.
struct RelayStore: Sendable {
    let database: Database
    let source: String
    /// Events of one tick at most.
    let most: Int

    // MARK: - Leadership

    /// Takes the lease when it is free, ours, or expired; answers the term.
    func claim(holder: String) async throws(PostgresError) -> Int64? {
        try await database.run(
            """
            UPDATE relay_lease SET term = term + 1, holder = \(holder),
                expires_at = clock_timestamp() + make_interval(secs => \(Limits.Relay.lease.secondsValue))
            WHERE expires_at <= clock_timestamp() OR holder = \(holder)
            RETURNING term
            """
        ).first.map { row throws(PostgresError) in try row("term") }
    }

    /// False: another leads, or this is not the database any more that the term is of.
    func renew(term: Int64) async throws(PostgresError) -> Bool {
        try await database.run(
            """
            WITH quick AS (\(SQL.lazily))
            UPDATE relay_lease
            SET expires_at = clock_timestamp() + make_interval(secs => \(Limits.Relay.lease.secondsValue))
            FROM quick, relay_epoch e WHERE term = \(term) AND e.timeline = \(EventLogStart.timeline)
            """
        ).affected == 1
    }

    func release(term: Int64) async throws(PostgresError) {
        try await database.run("UPDATE relay_lease SET expires_at = '-infinity', holder = '' WHERE term = \(term)")
    }

    // MARK: - Ticks

    func standing() async throws -> RelayStanding {
        let rows = try await database.run(
            """
            SELECT e.epoch, e.base_seq, e.since::text AS since, c.tick, c.confirmed_seq, c.confirmed,
                   coalesce(
                       (SELECT t.tick FROM relay_tick t ORDER BY t.epoch DESC, t.tick DESC LIMIT 1), 0) AS last_tick
            FROM relay_epoch e CROSS JOIN relay_cursor c
            """)
        guard let row = rows.first else { throw EventLogFault.noEpoch }
        let cursor = RelayCursor(tick: try row("tick"), seq: try row("confirmed_seq"), confirmed: try row("confirmed"))
        var frontier = Frontier(epoch: try row("epoch"), base: try row("base_seq"))
        frontier.since = try Self.snapshot(try row("since"))
        frontier.lastNumber = try row("last_tick")
        // The cursor's tick is there too: it is the last one when everything is published.
        let ticks = try await database.run(
            """
            SELECT \(TickRow.columns) FROM relay_tick t
            WHERE (t.epoch, t.tick) >= (\(frontier.epoch), \(cursor.tick)) ORDER BY t.epoch, t.tick
            """
        ).map(TickRow.tick)
        frontier.last = ticks.last
        let unfinished = ticks.filter { $0.number > cursor.tick || cursor.confirmed < $0.count }
        return RelayStanding(frontier: frontier, cursor: cursor, unfinished: unfinished)
    }

    /// Looks for events and records them as the next tick, in one flight: the tick row commits before anybody sees it.
    /// Nil, and nothing written, when there is nothing new. Only the leader of `term` may: the lease's row stays locked
    /// until the commit, so that nobody takes over in between.
    func open(_ frontier: Frontier, term: Int64, in session: (any Session)? = nil) async throws -> Batch? {
        let next = frontier.next
        var opening = opening(next, frontier, term)
        opening.isPlannedOnce = true
        let rows = try await (session ?? database).run(opening)
        guard let first = rows.first else {
            guard next.isKnown else { return nil }
            throw RelayFault.changedTick(frontier.lastNumber + 1, expected: 1, found: 0)
        }
        guard let through: Int64 = try first("through_seq") else { throw RelayFault.notLeading(term: term) }
        let cur = try Self.snapshot(try first("cur"))
        let (prev, raised) =
            switch next {
            case .fresh(let prev, _): (prev, false)
            case .range(let prev, _, let raised, _, _): (prev, raised)
            }
        let tick = Tick(
            epoch: frontier.epoch, number: frontier.lastNumber + 1, prev: prev, cur: cur, raised: raised,
            afterSeq: try first("after_seq"), throughSeq: through, untilSeq: try first("until_seq"), count: rows.count)
        return try batch(tick, rows, after: 0)
    }

    /// The events of a recorded tick after the first `confirmed`.
    func read(_ tick: Tick, after cursor: RelayCursor) async throws -> Batch {
        let confirmed = cursor.tick == tick.number ? cursor.confirmed : 0
        let rows = try await database.run(
            """
            WITH n AS MATERIALIZED (SELECT \(EventRow.columns) FROM \(TickRow.members(of: tick)) l
                ORDER BY l.seq + 0)
            SELECT \(EventRow.answered) FROM n ORDER BY \(TickOrder.ofPublishing.sql) OFFSET \(Int64(confirmed))
            """)
        guard rows.count == tick.count - confirmed else {
            throw RelayFault.changedTick(tick.number, expected: tick.count - confirmed, found: rows.count)
        }
        return try batch(tick, rows, after: confirmed)
    }

    /// Never backwards, and only while `term` leads: an older leader may know ticks of a history that was lost.
    func move(_ cursor: RelayCursor, term: Int64) async throws(PostgresError) {
        try await database.run(
            """
            WITH quick AS (\(SQL.lazily))
            UPDATE relay_cursor
            SET tick = \(cursor.tick), confirmed_seq = \(cursor.seq), confirmed = \(Int64(cursor.confirmed))
            FROM quick, relay_lease l
            WHERE l.term = \(term) AND (tick, confirmed) < (\(cursor.tick), \(Int64(cursor.confirmed)))
            """)
    }

    private func batch(_ tick: Tick, _ rows: Rows, after confirmed: Int) throws -> Batch {
        var seqs: [Int64] = []
        var messages: [OutgoingMessage] = []
        seqs.reserveCapacity(rows.count)
        messages.reserveCapacity(rows.count)
        var ordinal = Int32(confirmed)
        for row in rows {
            ordinal += 1
            seqs.append(try row("seq"))
            let position = Position(epoch: tick.epoch, tick: tick.number, ordinal: ordinal)
            messages.append(try EventRow.message(row, source: source, at: position))
        }
        let oldest = try rows.first.map { try $0("id", as: UUID.self) }?.writtenAt
        return Batch(tick: tick, firstOrdinal: confirmed + 1, seqs: seqs, messages: messages, oldest: oldest)
    }

    static func snapshot(_ text: String) throws(RelayFault) -> Snapshot {
        guard let snapshot = Snapshot(text) else { throw .unreadable("no snapshot: \(text)") }
        return snapshot
    }
}

extension RelayStore {
    /// `fresh`: at most one event more than a tick may have. Its own statement's snapshot is what `cur` will be, so
    /// what it sees is what `cur` sees; the upper bound on xid and `seq + 0` only keep the planner at the index on xid.
    func opening(_ next: NextTick, _ frontier: Frontier, _ term: Int64) -> SQL {
        let bound = Int64(most + 1)
        let members: SQL
        let (prev, cur, until, raised): (Snapshot, SQL, SQL, Bool)
        switch next {
        case .fresh(let before, let base):
            members = """
                SELECT \(EventRow.columns) FROM \(TickRow.since(before, below: "9223372036854775807")) l
                WHERE l.seq + 0 > \(base) ORDER BY l.seq + 0 LIMIT \(bound)
                """
            (prev, cur, until, raised) = (
                before, "pg_current_snapshot()", "(SELECT max(seq) FROM event_log)", false
            )
        case .range(let before, let known, let isRaised, let after, let end):
            let visible: SQL = isRaised ? "" : " AND \(TickRow.visible(prev: before, cur: known))"
            members = """
                SELECT \(EventRow.columns) FROM event_log l WHERE l.seq > \(after) AND l.seq <= \(end)\(visible)
                ORDER BY l.seq LIMIT \(bound)
                """
            (prev, cur, until, raised) = (before, "\(known.text)::pg_snapshot", "\(end)::bigint", isRaised)
        }
        return """
            WITH fresh AS MATERIALIZED (\(members)),
            n AS MATERIALIZED (
                SELECT *, ordinal = 1 OR ordinal <= \(Int64(most)) AND bytes <= \(Limits.Relay.tickBytes) AS fits
                FROM (
                    SELECT *, row_number() OVER w AS ordinal, sum(octet_length(payload::text)) OVER w AS bytes
                    FROM fresh WINDOW w AS (ORDER BY seq ROWS UNBOUNDED PRECEDING)) m),
            size AS (
                SELECT count(*) FILTER (WHERE fits)::int AS count, min(seq) - 1 AS after_seq,
                       max(seq) FILTER (WHERE fits) AS through_seq, coalesce(bool_or(NOT fits), false) AS more
                FROM n),
            leader AS (
                SELECT l.term FROM relay_lease l CROSS JOIN size s WHERE s.count > 0 AND l.term = \(term)
                FOR UPDATE OF l),
            opened AS (
                INSERT INTO relay_tick
                    (epoch, tick, term, prev, cur, raised, after_seq, through_seq, until_seq, count)
                SELECT \(frontier.epoch), \(frontier.lastNumber + 1), l.term, \(prev.text)::pg_snapshot, \(cur),
                       \(raised), s.after_seq, s.through_seq,
                       CASE WHEN s.more THEN \(until) ELSE s.through_seq END, s.count
                FROM size s CROSS JOIN leader l
                RETURNING cur::text AS cur, after_seq, through_seq, until_seq)
            SELECT \(EventRow.answered), o.cur, o.after_seq, o.through_seq, o.until_seq
            FROM n LEFT JOIN opened o ON \(TickOrder.ofPublishing.hasTick) WHERE n.fits
            ORDER BY \(TickOrder.ofPublishing.sql)
            """
    }
}

/// Rows of `relay_tick`, and which events belong to one.
enum TickRow {
    static let columns: SQL = """
        t.epoch, t.tick, t.prev::text AS prev, t.cur::text AS cur, t.raised, t.after_seq, t.through_seq, t.until_seq,
        t.count
        """

    static func tick(_ row: Row) throws -> Tick {
        Tick(
            epoch: try row("epoch"), number: try row("tick"), prev: try RelayStore.snapshot(try row("prev")),
            cur: try RelayStore.snapshot(try row("cur")), raised: try row("raised"), afterSeq: try row("after_seq"),
            throughSeq: try row("through_seq"), untilSeq: try row("until_seq"), count: try row("count"))
    }

    /// A relation, the same set whichever way it is found: a dense tick by its range of seqs, another by the index on
    /// xid.
    static func members(of tick: Tick) -> SQL {
        let seq: SQL = tick.isDense ? "l.seq" : "l.seq + 0"
        let range: SQL = "\(seq) > \(tick.afterSeq) AND \(seq) <= \(tick.throughSeq)"
        if tick.raised { return "(SELECT l.* FROM event_log l WHERE \(range))" }
        let log: SQL = tick.isDense ? "event_log" : since(tick.prev, below: tick.cur.xmax)
        return "(SELECT l.* FROM \(log) l WHERE \(range) AND \(visible(prev: tick.prev, cur: tick.cur)))"
    }

    static func visible(prev: Snapshot, cur: Snapshot) -> SQL {
        """
        pg_visible_in_snapshot(l.xid, \(cur.text)::pg_snapshot) \
        AND NOT pg_visible_in_snapshot(l.xid, \(prev.text)::pg_snapshot)
        """
    }

    /// A relation: what `prev` did not see, by the index on xid. Whatever began after it, and what was in progress: two
    /// looks, since for an alternative of the two the planner walks a table that was small when the plan was made.
    static func since(_ prev: Snapshot, below xmax: String) -> SQL {
        """
        (SELECT l.* FROM event_log l WHERE l.xid >= \(prev.xmax)::xid8 AND l.xid < \(xmax)::xid8 \
        UNION ALL SELECT l.* FROM event_log l WHERE l.xid = ANY(\(prev.inProgress)::xid8[]))
        """
    }
}

extension UUID {
    /// When a version 7 identifier was made, to the millisecond; nil for other versions.
    var writtenAt: Date? {
        guard uuid.6 >> 4 == 7 else { return nil }
        let bytes = [uuid.0, uuid.1, uuid.2, uuid.3, uuid.4, uuid.5]
        return Date(timeIntervalSince1970: Double(bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) / 1_000)
    }
}
