import Contracts
import Foundation
import Postgres
import Receipts

/// Hands out what was sealed.
public struct ReceiptReader: Sendable {
    public init() {}

    public enum Answer: Sendable, Equatable {
        case receipt(Receipt)
        /// No event has this id.
        case unknown
        /// It is not under a signed statement yet.
        case notSealed
        /// The row is not what was sealed.
        case altered
    }

    /// The receipt of an event.
    public func receipt(of event: UUID, in session: any Session) async throws -> Answer {
        let rows = try await session.run(
            """
            SELECT l.seq, l.xid::text AS xid, l.epoch, \(ReceiptStore.record) AS record, e.epoch AS now
            FROM event_log l CROSS JOIN relay_epoch e WHERE l.id = \(event) ORDER BY l.seq LIMIT 1
            """)
        guard let row = rows.first else { return .unknown }
        let sought = Sought(seq: try row("seq"), xid: try row("xid"), epoch: try row("epoch"))
        // After a restore the tick that first had it may be gone: then a later epoch has published it again.
        let now: Int32 = try row("now")
        for epoch in sought.epoch...max(sought.epoch, now) {
            guard let (tick, place) = try await find(sought, in: epoch, session) else { continue }
            guard let (sealed, signed) = try await seal(over: tick, in: epoch, session) else { continue }
            let record: [UInt8] = try row("record")
            let leaves = sealed.leaves[Int(tick - sealed.firstTick)]
            guard leaves.indices.contains(place - 1), leaves[place - 1] == Merkle.leaf(record) else { return .altered }
            return .receipt(sealed.receipt(event: record, tick: tick, place: place, signed))
        }
        return .notSealed
    }

    private struct Sought {
        let seq: Int64
        let xid: String
        /// In which it was written.
        let epoch: Int32
    }

    /// The event's tick in an epoch, and its place there: the first tick up to which the event is published, by
    /// halving. Ticks have no index on seq, and their snapshots only grow.
    private func find(_ event: Sought, in epoch: Int32, _ session: any Session) async throws -> (Int64, Int)? {
        let ends = try await session.run(
            "SELECT min(tick) AS first, max(tick) AS last FROM relay_tick WHERE epoch = \(epoch)")
        guard let row = ends.first, var low: Int64 = try row("first"), var high: Int64 = try row("last") else {
            return nil
        }
        guard try await covers(high, epoch, event, session) else { return nil }
        while low < high {
            let middle = low + (high - low) / 2
            if try await covers(middle, epoch, event, session) { high = middle } else { low = middle + 1 }
        }
        let tick = try await ReceiptStore.tick(epoch, low, in: session)
        let rows = try await session.run(
            """
            SELECT count(*) AS place, bool_or(l.seq = \(event.seq)) AS has
            FROM \(TickRow.members(of: tick)) l WHERE l.seq <= \(event.seq)
            """)
        guard let row = rows.first, try row("has", as: Bool?.self) == true else { return nil }
        return (low, try row("place"))
    }

    private func covers(_ tick: Int64, _ epoch: Int32, _ event: Sought, _ session: any Session) async throws -> Bool {
        let rows = try await session.run(
            """
            SELECT raised, through_seq, pg_visible_in_snapshot(\(event.xid)::xid8, prev) AS before,
                   pg_visible_in_snapshot(\(event.xid)::xid8, cur) AS now
            FROM relay_tick WHERE epoch = \(epoch) AND tick = \(tick)
            """)
        guard let row = rows.first else { throw SealingFault.ticksMissing(after: tick - 1) }
        let reaches = event.seq <= (try row("through_seq", as: Int64.self))
        if try row("raised") { return reaches }
        // A later epoch begins with everything that was written before it.
        if event.epoch < epoch { return true }
        let (before, now): (Bool, Bool) = (try row("before"), try row("now"))
        return before || now && reaches
    }

    private func seal(
        over tick: Int64, in epoch: Int32, _ session: any Session
    ) async throws -> (SealedTicks, SignedSeal)? {
        let rows = try await session.run(
            """
            SELECT first_tick, last_tick, counts, leaves, statement, signature FROM receipt_seal
            WHERE epoch = \(epoch) AND first_tick <= \(tick) ORDER BY first_tick DESC LIMIT 1
            """)
        guard let row = rows.first, try row("last_tick") >= tick else { return nil }
        guard
            let sealed = SealedTicks(
                epoch: epoch, firstTick: try row("first_tick"), counts: try row("counts"), leaves: try row("leaves")),
            sealed.leaves.indices.contains(Int(tick - sealed.firstTick))
        else { throw SealingFault.unreadable }
        return (sealed, SignedSeal(statement: try row("statement"), signature: try row("signature")))
    }

    /// Signed statements after a number, oldest first.
    public func statements(
        after number: Int64, limit: Int = Limits.Receipts.page, in session: any Session
    ) async throws -> [SignedSeal] {
        try await session.run(
            """
            SELECT statement, signature FROM receipt_seal WHERE number > \(number)
            ORDER BY number LIMIT \(Int64(min(limit, Limits.Receipts.page)))
            """
        ).map { row in SignedSeal(statement: try row("statement"), signature: try row("signature")) }
    }

    /// Every public key that signed here, the oldest first, and since when.
    public func keys(in session: any Session) async throws -> [(key: SealKey, since: Date)] {
        try await session.run(
            "SELECT public, since FROM receipt_key ORDER BY since, key LIMIT \(Int64(Limits.Receipts.keys))"
        ).compactMap { row in
            try SealKey(raw: try row("public")).map { ($0, try row("since")) }
        }
    }
}
