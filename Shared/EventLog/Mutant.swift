#if DEBUG
    import Foundation
    import Postgres

    /// A mistake built in on purpose, to prove that the simulator and the tests would notice it: `make mutants`. Chosen
    /// by `LIENTHONG_MUTANT` for a process, or for a task. Absent from release builds, with every place that asks.
    enum Mutant: String, CaseIterable, Sendable {
        /// A tick is what has a higher seq than the last one: loses what commits late.
        case tickBySeq = "tick-by-seq"
        /// The events of a tick go out in the order of their transactions: an aggregate's versions are reordered.
        case orderByXid = "order-by-xid"
        /// The broker hears of an event's end before it is in the database: a crash in between loses it.
        case acknowledgeBeforeCommit = "acknowledge-before-commit"
        /// A version is taken although the one before it is not there.
        case noGapCheck = "no-gap-check"
        /// The feeds are never read for what the broker lost.
        case noTailCheck = "no-tail-check"
        /// Only the last versions of an aggregate are remembered: what comes again after them is taken again.
        case deduplicationExpires = "deduplication-expires"
        /// The cursor moves when a batch is handed to the broker: what is not confirmed is never sent again.
        case cursorBeforeConfirm = "cursor-before-confirm"
        /// A tick is recorded after it was published: another leader makes other ticks of the same events.
        case tickRowAfterPublish = "tick-row-after-publish"

        /// Versions of an aggregate that a deduplication that expires still knows.
        static let remembered: Int64 = 2

        @TaskLocal static var chosen: Mutant?

        var isOn: Bool { (Self.chosen ?? Self.ofProcess) == self }

        private static let ofProcess: Mutant? = ProcessInfo.processInfo.environment["LIENTHONG_MUTANT"].flatMap {
            Mutant(rawValue: $0)
        }
    }

    extension RelayStore {
        private struct Undone: Error {}

        /// What `open` would record, not recorded.
        func look(_ frontier: Frontier, term: Int64) async throws -> Batch? {
            var batch: Batch?
            do {
                try await database.transaction { transaction in
                    batch = try await open(frontier, term: term, in: transaction)
                    throw Undone()
                }
            } catch is Undone {}
            return batch
        }

        func record(_ tick: Tick, term: Int64) async throws {
            let written = try await database.run(
                """
                INSERT INTO relay_tick (epoch, tick, term, prev, cur, raised, after_seq, through_seq, until_seq, count)
                SELECT \(tick.epoch), \(tick.number), term, \(tick.prev.text)::pg_snapshot,
                       \(tick.cur.text)::pg_snapshot, \(tick.raised), \(tick.afterSeq), \(tick.throughSeq),
                       \(tick.untilSeq), \(Int64(tick.count))
                FROM relay_lease WHERE term = \(term)
                """)
            guard written.affected == 1 else { throw RelayFault.notLeading(term: term) }
        }
    }
#endif
