import Contracts
import Foundation
import Postgres
import Receipts

/// Ticks that one statement is to cover: neighbours of one epoch.
struct SealRun: Sendable, Equatable {
    var epoch: Int32
    var firstTick: Int64
    var lastTick: Int64
    /// Read by their ranges of seqs; otherwise it is a single tick.
    var isDense: Bool
}

/// The statements over `event_log`, `relay_tick` and `receipt_seal` that seal. Records and trees are hashed where the
/// rows are, in the database: carrying every row into the service again would cost it several times as much. What
/// checks (`Receipt`, `ReceiptAudit`) does it by itself, with other code.
struct ReceiptStore: Sendable {
    let database: Database
    var mostEvents = Limits.Receipts.sealEvents
    var mostTicks = Limits.Receipts.sealTicks

    /// `l`'s columns as `EventRecord` describes them.
    static let record: SQL = """
        record_send(ROW(l.seq, l.xid, l.epoch, l.id, l.aggregate_type, l.aggregate_id, l.aggregate_version, l.type, \
        l.agency, l.actor, l.traceparent, l.occurred_at, l.payload))
        """

    /// The last statement; nil before the first.
    func last() async throws -> Seal? {
        let rows = try await database.run("SELECT statement FROM receipt_seal ORDER BY number DESC LIMIT 1")
        guard let row = rows.first else { return nil }
        guard let seal = Seal(try row("statement", as: String.self)) else { throw SealingFault.unreadable }
        return seal
    }

    /// The ticks after a statement that the next one covers; nil when there are none.
    func next(after last: Seal?) async throws -> SealRun? {
        let rows = try await database.run(
            """
            WITH pending AS (
                SELECT t.epoch, t.tick, t.count,
                       t.raised OR t.through_seq - t.after_seq <= t.count::bigint * 16 + 1000 AS dense
                FROM relay_tick t WHERE (t.epoch, t.tick) > (\(last?.epoch ?? 0), \(last?.lastTick ?? 0))
                ORDER BY t.epoch, t.tick LIMIT \(Int64(mostTicks))),
            run AS (
                SELECT *, row_number() OVER w AS place, first_value(epoch) OVER w AS first_epoch,
                       bool_and(dense) OVER w AS all_dense, sum(count) OVER w AS events
                FROM pending WINDOW w AS (ORDER BY epoch, tick ROWS UNBOUNDED PRECEDING))
            SELECT epoch, min(tick) AS first, max(tick) AS last, count(*) AS ticks, bool_and(dense) AS dense FROM run
            WHERE place = 1 OR (epoch = first_epoch AND all_dense AND events <= \(Int64(mostEvents))) GROUP BY epoch
            """)
        guard let row = rows.first else { return nil }
        let run = SealRun(
            epoch: try row("epoch"), firstTick: try row("first"), lastTick: try row("last"), isDense: try row("dense"))
        guard run.firstTick == (last?.lastTick ?? 0) + 1, run.lastTick - run.firstTick + 1 == (try row("ticks")) else {
            throw SealingFault.ticksMissing(after: last?.lastTick ?? 0)
        }
        return run
    }

    /// What is sealed with a run of ticks.
    struct Sealed: Sendable, Equatable {
        var counts: [Int32]
        var leaves: [UInt8]
        var root: Hash
    }

    /// Hashes the records of the ticks and the trees over them (`Merkle`).
    ///
    /// - Throws: `SealingFault.changedTick` when a tick has not the events that it was recorded with.
    func hash(_ run: SealRun) async throws -> Sealed {
        let rows = try await database.run(
            """
            WITH RECURSIVE leaf AS MATERIALIZED (\(try await members(run))),
            tree AS (
                SELECT tick, count(*) OVER (PARTITION BY tick) AS size, i,
                       count(*) OVER (PARTITION BY tick) AS n, hash FROM leaf
                UNION ALL \(Self.above("tree", by: "tick, size"))),
            root AS (
                SELECT tick, size::int AS size, sha256('\\x00'::bytea || int4send(\(run.epoch)) || int8send(tick)
                    || int4send(size::int) || hash) AS hash FROM tree WHERE n = 1),
            top AS (
                SELECT 0 AS one, tick - \(run.firstTick) AS i, count(*) OVER () AS n, hash FROM root
                UNION ALL \(Self.above("top", by: "one")))
            SELECT (SELECT string_agg(hash, ''::bytea ORDER BY tick, i) FROM leaf) AS leaves,
                   (SELECT array_agg(size ORDER BY tick) FROM root) AS counts,
                   (SELECT hash FROM top WHERE n = 1) AS root,
                   (SELECT array_agg(coalesce(r.size, 0) = t.count ORDER BY t.tick)
                    FROM relay_tick t LEFT JOIN root r USING (tick)
                    WHERE t.epoch = \(run.epoch) AND t.tick BETWEEN \(run.firstTick) AND \(run.lastTick)) AS whole
            """)
        guard let row = rows.first, let whole: [Bool] = try row("whole") else { throw SealingFault.unreadable }
        if let index = whole.firstIndex(of: false) { throw SealingFault.changedTick(run.firstTick + Int64(index)) }
        guard let bytes: [UInt8] = try row("root"), let root = Hash(bytes) else { throw SealingFault.unreadable }
        return Sealed(counts: try row("counts"), leaves: try row("leaves"), root: root)
    }

    /// One level of trees from the one below: `name` has `i`, the place from 0, `n`, the nodes of its level, and
    /// `hash`.
    private static func above(_ name: String, by key: String) -> SQL {
        """
        SELECT \(raw: key), i / 2, (n + 1) / 2,
               CASE WHEN beside IS NULL THEN hash ELSE sha256('\\x01'::bytea || hash || beside) END
        FROM (SELECT *, lead(hash) OVER (PARTITION BY \(raw: key) ORDER BY i) AS beside
              FROM \(raw: name) WHERE n > 1) level
        WHERE i % 2 = 0
        """
    }

    /// `tick`, `i` from 0, and the leaf's hash.
    private func members(_ run: SealRun) async throws -> SQL {
        let columns: SQL = """
            row_number() OVER (ORDER BY l.seq) - 1 AS i, sha256('\\x00'::bytea || \(Self.record)) AS hash
            """
        guard run.isDense else {
            let tick = try await Self.tick(run.epoch, run.firstTick, in: database)
            return """
                SELECT \(tick.number)::bigint AS tick, \(columns) FROM \(TickRow.members(of: tick)) l
                """
        }
        return """
            SELECT t.tick, e.* FROM relay_tick t CROSS JOIN LATERAL (
                SELECT \(columns) FROM event_log l
                WHERE l.seq > t.after_seq AND l.seq <= t.through_seq
                    AND (t.raised OR pg_visible_in_snapshot(l.xid, t.cur) AND NOT pg_visible_in_snapshot(l.xid, t.prev))
            ) e
            WHERE t.epoch = \(run.epoch) AND t.tick BETWEEN \(run.firstTick) AND \(run.lastTick)
            """
    }

    static func tick(_ epoch: Int32, _ number: Int64, in session: any Session) async throws -> Tick {
        let rows = try await session.run(
            "SELECT \(TickRow.columns) FROM relay_tick t WHERE t.epoch = \(epoch) AND t.tick = \(number)")
        guard let row = rows.first else { throw SealingFault.ticksMissing(after: number - 1) }
        return try TickRow.tick(row)
    }

    /// Writes a statement as the next one. False when there is one of this number already: somebody else was first.
    func write(_ signed: SignedSeal, _ seal: Seal, _ sealed: Sealed) async throws(PostgresError) -> Bool {
        try await database.run(
            """
            INSERT INTO receipt_seal (number, epoch, first_tick, last_tick, counts, leaves, statement, signature)
            SELECT \(seal.number), \(seal.epoch), \(seal.firstTick), \(seal.lastTick), \(sealed.counts),
                   \(sealed.leaves), \(signed.statement), \(signed.signature)
            WHERE NOT EXISTS (SELECT FROM receipt_seal WHERE number >= \(seal.number))
            ON CONFLICT DO NOTHING
            """
        ).affected == 1
    }

    /// Remembers a public key for good.
    func introduce(_ key: SealKey) async throws(PostgresError) {
        try await database.run(
            "INSERT INTO receipt_key (key, public) VALUES (\(key.id), \(key.raw)) ON CONFLICT DO NOTHING")
    }
}

/// Why nothing can be sealed: history is not what was recorded. Nothing more is signed until it is.
public enum SealingFault: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable
    case ticksMissing(after: Int64)
    case changedTick(Int64)

    public var description: String {
        switch self {
        case .unreadable: "the last signed statement or what was hashed cannot be read"
        case .ticksMissing(let tick): "a tick after \(tick) is missing"
        case .changedTick(let tick): "tick \(tick) has not the events that it was recorded with"
        }
    }
}
