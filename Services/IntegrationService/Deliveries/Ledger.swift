import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit

/// How far a subscription is, as the one who delivers for it last saw it.
struct Standing: Sendable, Equatable {
    var place: Int64
    var numbered: Int64
    var settled: Int64
}

/// The statements of delivering. A subscription's place and number move only from where the caller believes them to be:
/// whoever else moved them makes the caller look again, so no number is given twice and none left out, whoever leads.
/// Nor do they move when history is not that any more which the caller is of: it may have lost what he sent.
struct Ledger: Sendable {
    let database: Database
    let subscription: SubscriptionID
    let version: Int64
    let epoch: Int32

    /// Whether the epoch is still the caller's, of `relay_epoch e`.
    private var isCurrent: SQL { "\(EventLogStart.settled) = \(epoch)" }

    func standing() async throws -> Standing {
        let rows = try await database.run(
            "SELECT place, numbered, settled FROM subscription_progress WHERE subscription = \(subscription)")
        guard let row = rows.first else { throw ExchangeFault.overtaken }
        return Standing(place: try row("place"), numbered: try row("numbered"), settled: try row("settled"))
    }

    /// Gives the next numbers to these events and moves on to `reached`, in one statement that commits before anything
    /// is sent. With a replay it is the replay's place that moves.
    func number(
        _ page: ArchivePage, from standing: Standing, replay: Replay? = nil
    ) async throws -> (Standing, [Delivery]) {
        let count = Int64(page.events.count)
        let to = replay == nil ? page.reached : standing.place
        // Locked before anything moves, so that both places move or neither.
        let job: SQL =
            replay.map { replay in
                """
                SELECT 1 FROM replays
                WHERE id = \(replay.replay) AND place = \(replay.place) AND state = 'running' FOR UPDATE
                """
            } ?? "SELECT 1"
        let replayed: SQL =
            replay.map { replay in
                """
                , replayed AS (
                    UPDATE replays SET place = \(page.reached), sent = sent + \(count),
                        state = CASE WHEN \(page.reached) >= last_position THEN 'done' ELSE state END,
                        ended_at = CASE WHEN \(page.reached) >= last_position THEN clock_timestamp() END
                    FROM moved WHERE id = \(replay.replay))
                """
            } ?? ""
        KillPoint.pass(.beforeNumbering)
        let rows = try await database.run(
            """
            WITH live AS (
                SELECT 1 FROM subscriptions s CROSS JOIN relay_epoch e
                WHERE s.id = \(subscription) AND s.state = 'active' AND s.version = \(version) AND \(isCurrent)
                FOR SHARE OF s),
            job AS (\(job)),
            moved AS (
                UPDATE subscription_progress SET place = \(to), numbered = numbered + \(count)
                FROM live, job
                WHERE subscription = \(subscription) AND place = \(standing.place) AND numbered = \(standing.numbered)
                RETURNING 1)\(replayed),
            noted AS (
                INSERT INTO deliveries (subscription, epoch, number, event, position, replay)
                SELECT \(subscription), \(epoch), \(standing.numbered) + e.n, e.event, e.position, \(replay?.replay)
                FROM moved, unnest(\(page.events.map(\.id)), \(page.events.map(\.position)))
                    WITH ORDINALITY AS e (event, position, n))
            SELECT clock_timestamp() AS now FROM moved
            """)
        guard let row = rows.first else { throw ExchangeFault.overtaken }
        KillPoint.pass(.afterNumbering)
        let now: Date = try row("now")
        let deliveries = page.events.enumerated().map { index, event in
            Delivery(
                subscription: subscription, epoch: epoch, number: standing.numbered + Int64(index) + 1, event: event,
                id: event.id, replay: replay?.replay.uuid, numberedAt: now)
        }
        var after = standing
        (after.place, after.numbered) = (to, standing.numbered + count)
        return (after, deliveries)
    }

    /// Deliveries after a number that are not over, in their order.
    func open(after number: Int64, limit: Int) async throws -> [Delivery] {
        try await Self.read(
            """
            d.subscription = \(subscription) AND d.number > \(number)
                AND NOT EXISTS (
                    SELECT FROM settlements s WHERE s.subscription = d.subscription AND s.last_number >= d.number
                        AND s.first_number <= d.number)
            ORDER BY d.number LIMIT \(Int64(limit))
            """, in: database)
    }

    /// Deliveries with their events.
    static func read(_ condition: SQL, in session: any Session) async throws -> [Delivery] {
        let rows = try await session.run(
            """
            SELECT d.subscription, d.epoch AS era, d.number, d.event AS id, d.replay, d.numbered_at, d.position AS at,
                   f.edited, f.attempts, extract(epoch FROM clock_timestamp() - f.first_at)::float8 AS failing_for,
                   extract(epoch FROM f.due_at - clock_timestamp())::float8 AS due_in, \(ArchivedEvent.columns)
            FROM deliveries d
                LEFT JOIN archive_order o ON o.position = d.position LEFT JOIN archive_events a ON a.id = o.entry
                LEFT JOIN delivery_failures f ON f.subscription = d.subscription AND f.number = d.number
            WHERE \(condition)
            """)
        let now = ContinuousClock.now
        return try rows.map { row in
            let at: Int64? = try row("at")
            var delivery = Delivery(
                subscription: try row("subscription"), epoch: try row("era"), number: try row("number"),
                event: at == nil ? nil : try ArchivedEvent(row), id: try row("id"), replay: try row("replay"),
                numberedAt: try row("numbered_at"))
            delivery.edited = try row("edited")
            delivery.attempts = try row("attempts") ?? 0
            delivery.failedSince = try row("failing_for", as: Double?.self).map { now - .seconds($0) }
            delivery.due = try row("due_in", as: Double?.self).map { now + .seconds($0) }
            return delivery
        }
    }

    /// Numbers that follow each other are over, and with them everything before: for deliveries in order.
    /// Should the database crash at once, they are sent again, under the same numbers.
    func settle(_ standing: Standing, from first: Int64, through last: Int64) async throws -> Standing {
        KillPoint.pass(.beforeSettlement)
        let rows = try await database.run(
            """
            WITH quick AS (\(SQL.lazily)),
            moved AS (
                UPDATE subscription_progress SET settled = \(last) FROM quick, relay_epoch e
                WHERE subscription = \(subscription) AND settled = \(standing.settled) AND \(isCurrent) RETURNING 1)
            INSERT INTO settlements (subscription, first_number, last_number, outcome, attempts)
            SELECT \(subscription), \(first), \(last), 'delivered', 1 FROM moved
            RETURNING 1 AS one
            """)
        guard !rows.isEmpty else { throw ExchangeFault.overtaken }
        KillPoint.pass(.afterSettlement)
        var after = standing
        after.settled = last
        return after
    }

    /// Everything up to this number is over already: operators left out what stood before it.
    func catchUp(_ standing: Standing, settled: Int64) async throws -> Standing {
        let moved = try await database.run(
            """
            UPDATE subscription_progress SET settled = \(settled) FROM relay_epoch e
            WHERE subscription = \(subscription) AND settled < \(settled) AND \(isCurrent)
            """)
        guard moved.affected == 1 else { throw ExchangeFault.overtaken }
        var after = standing
        after.settled = settled
        return after
    }

    /// One number is over; everything up to `settled` is too.
    func settle(_ delivery: Delivery, settled: Int64) async throws {
        KillPoint.pass(.beforeSettlement)
        let rows = try await database.run(
            """
            WITH current AS (SELECT 1 FROM relay_epoch e WHERE \(isCurrent)),
            gone AS (
                DELETE FROM delivery_failures USING current
                WHERE subscription = \(subscription) AND number = \(delivery.number)),
            moved AS (
                UPDATE subscription_progress SET settled = \(settled) FROM current
                WHERE subscription = \(subscription) AND settled < \(settled)),
            noted AS (
                INSERT INTO settlements (subscription, first_number, last_number, outcome, attempts)
                SELECT \(subscription), \(delivery.number), \(delivery.number), 'delivered', \(delivery.attempts + 1)
                FROM current ON CONFLICT DO NOTHING)
            SELECT 1 AS one FROM current
            """)
        guard !rows.isEmpty else { throw ExchangeFault.overtaken }
        KillPoint.pass(.afterSettlement)
    }

    /// It failed and is tried again after so long; with `giveUp` it is dead, and the subscription disabled for this
    /// reason.
    /// Nothing of it when the subscription was changed meanwhile, or the delivery is over: it is looked at again.
    func fail(
        _ delivery: Delivery, _ failure: DeliveryFailure, after wait: Duration, giveUp reason: String?
    ) async throws {
        let state = reason == nil ? "retrying" : "dead"
        try await database.transaction { transaction in
            // Locked in a statement of its own: the next one sees what was committed before.
            let unchanged = try await transaction.run(
                """
                SELECT 1 AS one FROM subscriptions s CROSS JOIN relay_epoch e
                WHERE s.id = \(subscription) AND s.version = \(version) AND \(isCurrent) FOR UPDATE OF s
                """)
            guard !unchanged.isEmpty else { throw ExchangeFault.overtaken }
            let noted = try await transaction.run(
                """
                INSERT INTO delivery_failures AS f (subscription, number, state, attempts, due_at, status, error)
                SELECT \(subscription), \(delivery.number), \(state), \(delivery.attempts + 1),
                       clock_timestamp() + make_interval(secs => \(wait.secondsValue)), \(failure.status),
                       \(failure.text)
                WHERE NOT EXISTS (
                    SELECT FROM settlements t WHERE t.subscription = \(subscription)
                        AND t.last_number >= \(delivery.number) AND t.first_number <= \(delivery.number))
                ON CONFLICT (subscription, number) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
                    due_at = excluded.due_at, status = excluded.status, error = excluded.error
                """)
            guard noted.affected == 1 else { throw ExchangeFault.overtaken }
            if let reason { try await Self.disable(subscription, reason, in: transaction) }
        }
    }

    static func disable(_ subscription: SubscriptionID, _ reason: String, in session: any Session) async throws {
        try await session.run(
            """
            WITH stopped AS (
                UPDATE subscriptions SET state = 'disabled', reason = \(reason), version = version + 1
                WHERE id = \(subscription) AND state IN ('active', 'paused') RETURNING id)
            INSERT INTO subscription_history (subscription, actor, what, note)
            SELECT id, 'integration', 'disabled', \(reason) FROM stopped
            """)
    }
}

/// Why a delivery did not succeed.
struct DeliveryFailure: Error, Sendable, Equatable {
    var status: Int?
    var error: String
    /// The subscriber is gone for good (410).
    var isGone: Bool { status == 410 }

    var text: String { String(error.replacing("\0", with: "").prefix(Limits.Integration.errorLength)) }
}
