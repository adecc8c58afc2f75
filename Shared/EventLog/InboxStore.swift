import AMQP
import Contracts
import Foundation
import Postgres

/// The first parked event of an aggregate.
struct ParkedHead: Sendable {
    let id: UUID
    let version: Int64
    let epoch: Int32
    let type: String
    let envelope: JSON
    let parking: Parking
    /// It may be tried now.
    let isReady: Bool

    init(_ row: Row) throws {
        id = try row("id")
        version = try row("version")
        epoch = try row("epoch")
        type = try row("type")
        envelope = try row("envelope")
        let state: String = try row("state")
        parking = Parking(
            state: ParkedState(rawValue: state) ?? .dead, waitKey: try row("wait_key"), attempts: try row("attempts"))
        let due: Bool = try row("due")
        isReady = due && parking.state != .dead
    }
}

/// The inbox's statements, for one group of reactions.
struct InboxStore: Sendable {
    let group: String

    func isOf(_ key: AggregateKey) -> SQL {
        """
        reaction = \(group) AND source = \(key.source) AND aggregate_type = \(key.type) AND aggregate_id = \(key.id)
        """
    }

    private func values(_ key: AggregateKey) -> SQL { "\(group), \(key.source), \(key.type), \(key.id)" }

    private func due(_ after: Duration?) -> SQL {
        "clock_timestamp() + make_interval(secs => \((after?.secondsValue)))"
    }

    private func effect(_ event: Envelope) -> SQL {
        """
        INSERT INTO effect_log (reaction, source, aggregate_type, aggregate_id, version, type, event)
        SELECT \(values(event.aggregate)), \(event.version), \(event.type), \(event.id)
        """
    }

    /// When it is this event's turn the position moves on and the effect is noted, and one row comes back; otherwise
    /// nothing is done. `followed`: a later event of the aggregate is parked.
    func advance(_ event: Envelope, hasEffect: Bool) -> SQL {
        let key = event.aggregate
        let noted: SQL = hasEffect ? ", effect AS (\(effect(event)) FROM advanced)" : ""
        return """
            WITH \(advanced(event, unlessParked: "version <= \(event.version)"))\(noted)
            SELECT EXISTS (SELECT FROM inbox_parked WHERE \(isOf(key)) AND version > \(event.version)) AS followed
            FROM advanced
            """
    }

    /// The usual case, whose answer nobody needs: when it is this event's turn and nothing of its aggregate is parked,
    /// the position moves on and the effect is noted; otherwise it fails (`notItsTurn`).
    func advanceOrFail(_ event: Envelope) -> SQL {
        """
        WITH \(advanced(event, unlessParked: "true")), effect AS (\(effect(event)) FROM advanced)
        SELECT coalesce((SELECT 1 FROM advanced), \(SQL.failure(Self.notItsTurn)))
        """
    }

    static let notItsTurn = "not_its_turn"

    private func advanced(_ event: Envelope, unlessParked versions: SQL) -> SQL {
        let key = event.aggregate
        return """
            advanced AS (
                INSERT INTO inbox_position AS p (reaction, source, aggregate_type, aggregate_id, epoch, last_version)
                SELECT \(values(key)), \(event.epoch), \(event.version)
                WHERE (\(Self.mayBeFirst(event.version)) OR EXISTS (SELECT FROM inbox_position WHERE \(isOf(key))))
                    AND NOT EXISTS (
                        SELECT FROM inbox_parked WHERE \(isOf(key)) AND \(versions))
                ON CONFLICT (reaction, source, aggregate_type, aggregate_id) DO UPDATE
                    SET epoch = excluded.epoch, last_version = excluded.last_version
                    WHERE \(Self.isNext) AND (p.epoch = excluded.epoch OR p.last_version = 0)
                RETURNING 1
            )
            """
    }

    /// `InboxDecision.isNext` of the position `p` and the event `excluded`.
    private static var isNext: SQL {
        #if DEBUG
            if Mutant.noGapCheck.isOn { return "p.last_version < excluded.last_version" }
            if Mutant.deduplicationExpires.isOn {
                return "(p.last_version = excluded.last_version - 1 OR excluded.last_version + 2 <= p.last_version)"
            }
        #endif
        return "p.last_version = excluded.last_version - 1"
    }

    /// Of an aggregate of which nothing was taken yet.
    private static func mayBeFirst(_ version: Int64) -> SQL {
        #if DEBUG
            if Mutant.noGapCheck.isOn { return "true" }
        #endif
        return "\(version) = 1::bigint"
    }

    /// Locks the aggregate for this group, and says up to where it was taken.
    func lock(_ key: AggregateKey, in session: any Session) async throws -> Standing {
        let rows = try await session.run(
            """
            INSERT INTO inbox_position AS p (reaction, source, aggregate_type, aggregate_id, epoch, last_version)
            VALUES (\(values(key)), 0, 0)
            ON CONFLICT (reaction, source, aggregate_type, aggregate_id) DO UPDATE SET last_version = p.last_version
            RETURNING p.epoch, p.last_version
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "an upsert of a position gave no row") }
        return Standing(epoch: try row("epoch"), version: try row("last_version"))
    }

    /// Locks the aggregate, and says where it stands for this event.
    func standing(_ event: Envelope, in session: any Session) async throws -> Standing {
        var standing = try await lock(event.aggregate, in: session)
        let rows = try await session.run(
            """
            SELECT coalesce(bool_or(epoch = \(event.epoch) AND version = \(event.version)), false) AS itself,
                   coalesce(bool_or(epoch <> \(event.epoch) OR version < \(event.version)), false) AS ahead
            FROM inbox_parked WHERE \(isOf(event.aggregate)) AND version <= \(event.version)
            """)
        if let row = rows.first {
            standing.parkedItself = try row("itself")
            standing.parkedAhead = try row("ahead")
        }
        return standing
    }

    func countDuplicate(in session: any Session) async throws {
        try await session.run(
            """
            INSERT INTO inbox_counter AS c (reaction, duplicates) VALUES (\(group), 1)
            ON CONFLICT (reaction) DO UPDATE SET duplicates = c.duplicates + 1
            """)
    }

    func park(_ event: Envelope, _ parking: Parking, in session: any Session) async throws {
        try await session.run(
            """
            INSERT INTO inbox_parked (
                id, reaction, source, aggregate_type, aggregate_id, version, epoch, type, envelope, state, wait_key,
                attempts, error, due_at)
            VALUES (\(UUID.v7()), \(values(event.aggregate)), \(event.version), \(event.epoch), \(event.type),
                    \(event.json), \(parking.state.rawValue), \(parking.waitKey), \(parking.attempts),
                    \(parking.error), \(due(parking.due)))
            ON CONFLICT DO NOTHING
            """)
    }

    /// The first parked event of an aggregate whose position is locked.
    func head(of key: AggregateKey, in session: any Session) async throws -> ParkedHead? {
        try await session.run(
            """
            SELECT id, version, epoch, type, envelope, state, wait_key, attempts,
                   due_at IS NULL OR due_at <= clock_timestamp() AS due
            FROM inbox_parked WHERE \(isOf(key)) ORDER BY version, epoch LIMIT 1 FOR UPDATE
            """
        ).first.map { try ParkedHead($0) }
    }

    /// A parked event's turn: it leaves, the position moves on, the effect is noted.
    func advance(_ head: ParkedHead, _ event: Envelope, hasEffect: Bool, in session: any Session) async throws {
        let noted: SQL = hasEffect ? ", effect AS (\(effect(event)) FROM gone)" : ""
        try await session.run(
            """
            WITH gone AS (DELETE FROM inbox_parked WHERE id = \(head.id) RETURNING 1)\(noted)
            UPDATE inbox_position SET epoch = \(event.epoch), last_version = \(event.version)
            FROM gone WHERE \(isOf(event.aggregate))
            """)
    }

    func remove(_ head: ParkedHead, in session: any Session) async throws {
        try await session.run("DELETE FROM inbox_parked WHERE id = \(head.id)")
    }

    /// Parks again, unless somebody (a wake, an operator) changed it since it was read.
    func repark(_ head: ParkedHead, _ parking: Parking, in session: any Session) async throws {
        try await session.run(
            """
            UPDATE inbox_parked SET state = \(parking.state.rawValue), wait_key = \(parking.waitKey),
                attempts = \(parking.attempts), error = coalesce(\(parking.error), error), due_at = \(due(parking.due))
            WHERE id = \(head.id) AND state = \(head.parking.state.rawValue)
                AND wait_key IS NOT DISTINCT FROM \(head.parking.waitKey)
            """)
    }

    /// What stands behind a parked event is not looked at by itself.
    func silence(behind head: ParkedHead, of key: AggregateKey, in session: any Session) async throws {
        try await session.run(
            """
            UPDATE inbox_parked SET due_at = NULL
            WHERE \(isOf(key)) AND id <> \(head.id) AND due_at IS NOT NULL
            """)
    }

    /// Nobody parks for this key and nobody wakes it while a transaction holds this lock. By schema: services share a
    /// database.
    static func lock(key: String) -> SQL {
        "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ' || \(key), 11))"
    }
}

extension InboxStore {
    /// Aggregates with a parked event that is due, the longest due first.
    func due(in session: any Session) async throws -> [AggregateKey] {
        try await session.run(
            """
            SELECT source, aggregate_type, aggregate_id FROM inbox_parked
            WHERE due_at <= clock_timestamp() AND reaction = \(group) ORDER BY due_at LIMIT \(Limits.Inbox.looked)
            """
        ).map { try AggregateKey($0) }
    }

    /// Aggregates whose first parked event only waits for its turn, which has come: the process died before it went on.
    func stuck(in session: any Session) async throws -> [AggregateKey] {
        try await session.run(
            """
            SELECT source, aggregate_type, aggregate_id FROM (
                SELECT DISTINCT ON (source, aggregate_type, aggregate_id)
                       source, aggregate_type, aggregate_id, state, due_at
                FROM inbox_parked WHERE reaction = \(group)
                ORDER BY source, aggregate_type, aggregate_id, version, epoch) heads
            WHERE state <> 'dead' AND due_at IS NULL LIMIT \(Limits.Inbox.looked)
            """
        ).map { try AggregateKey($0) }
    }

    /// Of these events the ones that were neither taken nor parked, in their order.
    func missing(_ events: [Envelope], in session: any Session) async throws -> [Envelope] {
        let rows = try await session.run(
            """
            SELECT e.n FROM unnest(\(events.map(\.source)), \(events.map(\.aggregateType)),
                                   \(events.map(\.aggregateID)), \(events.map(\.version)), \(events.map(\.epoch)))
                WITH ORDINALITY AS e (source, aggregate_type, aggregate_id, version, epoch, n)
            WHERE NOT EXISTS (
                    SELECT FROM inbox_position p
                    WHERE p.reaction = \(group) AND p.source = e.source AND p.aggregate_type = e.aggregate_type
                        AND p.aggregate_id = e.aggregate_id AND p.last_version >= e.version AND p.epoch >= e.epoch)
                AND NOT EXISTS (
                    SELECT FROM inbox_parked q
                    WHERE q.reaction = \(group) AND q.source = e.source AND q.aggregate_type = e.aggregate_type
                        AND q.aggregate_id = e.aggregate_id AND q.version = e.version AND q.epoch = e.epoch)
            ORDER BY e.n
            """)
        return try rows.map { events[try $0("n", as: Int.self) - 1] }
    }

    /// Up to where everything of each of these aggregates is here.
    func positions(of source: String, _ aggregates: [String], in session: any Session) async throws
        -> [String: Position]
    {
        let rows = try await session.run(
            """
            SELECT aggregate_type, epoch, tick, ordinal FROM inbox_source
            WHERE reaction = \(group) AND source = \(source)
            """)
        var positions = Dictionary(uniqueKeysWithValues: aggregates.map { ($0, Position.start) })
        for row in rows {
            let aggregate: String = try row("aggregate_type")
            guard positions[aggregate] != nil else { continue }
            positions[aggregate] = Position(
                epoch: try row("epoch"), tick: try row("tick"), ordinal: try row("ordinal"))
        }
        return positions
    }

    /// The source's feed has this version, of no newer epoch: so it is the one that was taken, and the history of the
    /// next, which is parked, goes on from there. Nothing when another version was taken last.
    func prove(_ event: Envelope, before version: Int64, in session: any Session) async throws {
        let key = event.aggregate
        try await session.run(
            """
            WITH newer AS (
                SELECT max(epoch) AS epoch FROM inbox_parked WHERE \(isOf(key)) AND version = \(version)),
            proven AS (
                UPDATE inbox_position p SET epoch = n.epoch FROM newer n
                WHERE \(isOf(key)) AND p.last_version = \(event.version) AND p.epoch >= \(event.epoch)
                    AND p.epoch < n.epoch
                RETURNING 1)
            UPDATE inbox_parked SET due_at = clock_timestamp()
            WHERE \(isOf(key)) AND version = \(version) AND state = 'waiting' AND EXISTS (SELECT FROM proven)
            """)
    }

    /// Which incarnation of this database it is: a promotion and a restore begin another.
    func timeline(in session: any Session) async throws -> Int64 {
        guard let row = try await session.run("SELECT \(EventLogStart.timeline) AS timeline").first else {
            throw PostgresError(.decoding, "a timeline gave no row")
        }
        return try row("timeline")
    }

    /// Only in the incarnation in which all of it was found here: another may have lost it again.
    func reached(
        _ position: Position, of source: String, _ aggregates: [String], timeline: Int64, in session: any Session
    ) async throws {
        try await session.run(
            """
            INSERT INTO inbox_source AS s (reaction, source, aggregate_type, epoch, tick, ordinal)
            SELECT \(group), \(source), a, \(position.epoch), \(position.tick), \(position.ordinal)
            FROM unnest(\(aggregates)) a WHERE \(EventLogStart.timeline) = \(timeline)
            ON CONFLICT (reaction, source, aggregate_type) DO UPDATE
                SET epoch = excluded.epoch, tick = excluded.tick, ordinal = excluded.ordinal
                WHERE (s.epoch, s.tick, s.ordinal) < (excluded.epoch, excluded.tick, excluded.ordinal)
            """)
    }

    func parkedByState(in session: any Session) async throws -> [String: Int] {
        let rows = try await session.run(
            "SELECT state, count(*) AS n FROM inbox_parked WHERE reaction = \(group) GROUP BY state")
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0("state"), try $0("n", as: Int.self)) })
    }

    /// A message that is no event of ours is kept for operators before it is acknowledged.
    func refuse(_ message: Refusal, in session: any Session) async throws {
        try await session.run(
            """
            INSERT INTO inbox_refused (id, reaction, routing_key, message, sender, reason, body, body_bytes)
            VALUES (\(UUID.v7()), \(group), \(message.routingKey.storable), \(message.id.storable),
                    \(message.sender.storable), \(message.reason.storable),
                    \(Array(message.body.prefix(Limits.Inbox.refusedBytes))), \(message.body.count))
            """)
    }
}

/// What is kept of a message that is no event of ours, or one that PostgreSQL cannot store (U+0000 in a text).
struct Refusal: Sendable {
    let routingKey: String
    let id: String
    let sender: String
    let reason: String
    let body: [UInt8]

    init(_ delivery: Delivery, reason: String) {
        routingKey = delivery.routingKey
        id = delivery.messageID
        sender = delivery.userID
        body = delivery.body
        self.reason = reason
    }

    init(_ event: Envelope, reason: String) {
        routingKey = event.type
        id = event.id.text
        sender = event.source
        body = event.payload
        self.reason = reason
    }
}

extension AggregateKey {
    init(_ row: Row) throws {
        self.init(
            source: try row("source"), type: try row("aggregate_type"), id: try row("aggregate_id"))
    }
}

extension String {
    /// PostgreSQL keeps no NUL.
    fileprivate var storable: String { String(replacing("\0", with: "\u{FFFD}").prefix(Limits.Inbox.errorLength)) }
}
