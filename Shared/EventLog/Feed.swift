import Contracts
import Foundation
import Postgres

/// Reads a service's own event log in the order in which it is published. What a tick has recorded may be read, whether
/// it is published already or not: its positions are final. Positions are not stored with the events but follow from
/// the ticks: the place of an event among those of its tick, by `seq`.
public struct Feed: Sendable {
    /// The service's short name.
    public let source: String

    public init(source: String) { self.source = source }

    /// Answers what an inbox of another service asks.
    public func answer(
        _ request: FeedRequest, limit: Int = Limits.Events.feedPage, in session: any Session
    ) async throws -> FeedPage {
        switch request {
        case .after(let position, _, let aggregates):
            try await page(after: position, aggregates: aggregates, limit: limit, in: session)
        case .aggregate(let key, let version):
            try await versions(version...Int64.max, of: key.type, key.id, limit: limit, in: session)
        }
    }

    /// Events after a position, of these types and kinds of aggregates (nil: all), at most `limit`. One page looks
    /// through a bounded piece of the log, so it may be empty and not the last.
    /// - Parameter hiding: kinds of aggregates that the reader may not see.
    public func page(
        after: Position, types: [String]? = nil, aggregates: [String]? = nil, hiding: [String] = [],
        limit: Int = Limits.Events.feedPage, in session: any Session
    ) async throws -> FeedPage {
        let most = min(max(1, limit), Limits.Events.feedPage)
        // Where nothing is left out, a page of events needs no more than as many ticks.
        let isWhole = types == nil && aggregates == nil && hiding.isEmpty
        let mostTicks = isWhole ? most : Limits.Events.feedTicks
        let ticks = try await session.run(
            """
            SELECT \(TickRow.columns) FROM relay_tick t WHERE (t.epoch, t.tick) >= (\(after.epoch), \(after.tick))
            ORDER BY t.epoch, t.tick LIMIT \(Int64(mostTicks + 1))
            """
        ).map(TickRow.tick)
        let span = FeedSpan(
            ticks, after: after, scan: isWhole ? most : Limits.Events.feedScan, most: mostTicks)
        var events: [Envelope] = []
        for run in span.runs {
            let rows = try await session.run(
                Self.events(
                    of: run, after: after, types: types, aggregates: aggregates, hiding: hiding,
                    most: most - events.count))
            for row in rows {
                let position = Position(epoch: run[0].epoch, tick: try row("tick"), ordinal: try row("ordinal"))
                events.append(try EventRow.envelope(row, source: source, at: position))
            }
            if let last = events.last, events.count == most {
                return FeedPage(events: events, through: last.position, isLast: false)
            }
        }
        return FeedPage(events: events, through: span.through ?? after, isLast: span.isLast)
    }

    /// Versions of one aggregate, in order, at most `limit`: for whoever misses some. These may be read as soon as they
    /// are committed, before any tick has them; so they come without a place in the feed, at `epoch.0.0`, and the page
    /// leads nowhere. Whoever keeps a position must not move it by them.
    public func versions(
        _ versions: ClosedRange<Int64>, of type: String, _ id: String, limit: Int = Limits.Events.feedPage,
        in session: any Session
    ) async throws -> FeedPage {
        let most = min(max(1, limit), Limits.Events.feedPage)
        let rows = try await session.run(
            """
            WITH n AS (
                SELECT \(EventRow.columns) FROM event_log l
                WHERE l.aggregate_type = \(type) AND l.aggregate_id = \(id)
                    AND l.aggregate_version >= \(versions.lowerBound) AND l.aggregate_version <= \(versions.upperBound)
                ORDER BY l.aggregate_version LIMIT \(Int64(most)))
            SELECT \(EventRow.answered) FROM n ORDER BY n.aggregate_version
            """)
        var events: [Envelope] = []
        for row in rows {
            let position = Position(epoch: try row("epoch"), tick: 0, ordinal: 0)
            events.append(try EventRow.envelope(row, source: source, at: position))
        }
        return FeedPage(events: events, through: .start, isLast: rows.count < most)
    }

    /// The events of neighbouring ticks. Dense ticks are read together, each by its range of seqs; a sparse one alone,
    /// its bounds as parameters, by the index on xid.
    static func events(
        of run: [Tick], after: Position, types: [String]?, aggregates: [String]?, hiding: [String] = [], most: Int
    ) -> SQL {
        let (first, last) = (run[0], run[run.count - 1])
        let members: SQL =
            run.count == 1
            ? """
            SELECT \(first.number)::bigint AS tick, row_number() OVER (ORDER BY l.seq)::int AS ordinal,
                \(EventRow.columns)
            FROM \(TickRow.members(of: first)) l
            """
            : """
            SELECT t.tick, e.* FROM relay_tick t CROSS JOIN LATERAL (
                SELECT row_number() OVER (ORDER BY l.seq)::int AS ordinal, \(EventRow.columns) FROM event_log l
                WHERE l.seq > t.after_seq AND l.seq <= t.through_seq
                    AND (t.raised OR pg_visible_in_snapshot(l.xid, t.cur) AND NOT pg_visible_in_snapshot(l.xid, t.prev))
            ) e
            WHERE t.epoch = \(first.epoch) AND t.tick >= \(first.number) AND t.tick <= \(last.number)
            """
        var conditions: [SQL] = []
        if first.epoch == after.epoch, first.number == after.tick {
            conditions.append("(n.tick > \(after.tick) OR n.ordinal > \(after.ordinal))")
        }
        if let types { conditions.append("n.type = ANY(\(types))") }
        if let aggregates { conditions.append("n.aggregate_type = ANY(\(aggregates))") }
        if !hiding.isEmpty { conditions.append("n.aggregate_type <> ALL(\(hiding))") }
        let condition: SQL = conditions.isEmpty ? "" : "WHERE \(SQL(joining: conditions, separator: " AND "))"
        return """
            WITH n AS (\(members))
            SELECT n.tick, n.ordinal, \(EventRow.answered) FROM n \(condition)
            ORDER BY n.tick, n.ordinal LIMIT \(Int64(most))
            """
    }
}

/// Which ticks one page looks through: pure.
struct FeedSpan: Sendable, Equatable {
    /// Ticks that are read together: neighbours that are dense and of one epoch, or a single one.
    private(set) var runs: [[Tick]] = []
    /// The end of the last of them; nil when there is none.
    private(set) var through: Position?
    private(set) var isLast = true

    /// - Parameters:
    ///   - ticks: from the one in which `after` lies, in order, one more than `most` when there are more.
    ///   - scan: events to look through; one tick is always taken.
    init(_ ticks: [Tick], after: Position, scan: Int, most: Int) {
        var left = scan
        for (index, tick) in ticks.enumerated() {
            let passed = tick.epoch == after.epoch && tick.number == after.tick ? Int(after.ordinal) : 0
            guard tick.count > passed else { continue }
            guard index < most, left > 0 else {
                isLast = false
                return
            }
            left -= tick.count - passed
            if tick.isDense, let before = runs.last?.last, before.isDense, before.epoch == tick.epoch {
                runs[runs.count - 1].append(tick)
            } else {
                runs.append([tick])
            }
            through = Position(epoch: tick.epoch, tick: tick.number, ordinal: Int32(tick.count))
        }
    }
}
