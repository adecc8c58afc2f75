import Contracts
import Postgres
import ServiceKit
import Synchronization

/// The counts beside an inbox and those by step. A page is one short index range, its counts are thousands of index
/// entries, and they stay what they are until a dossier changes: so they are kept until this process announces
/// something, and at most `Limits.OneStop.countsKept`, after which the writes of other processes are seen too. Where
/// much is written they are still good for `Limits.OneStop.countsShared`; but who asks sees what he or she did before,
/// at once.
final class InboxCounts: Sendable {
    let statuses: Kept<[StatusCount]>
    let groups: Kept<[CountInbox.Group]>

    init(_ database: Database) {
        statuses = Kept(database) { holder, now in
            try StatusCount.read(await database.run(Inbox.counts(of: holder, now: now)))
        }
        groups = Kept(database) { holder, now in
            try await database.run(CountInbox.groups(of: holder, now: now)).map(CountInbox.Group.init)
        }
    }

    final class Kept<Counts: Sendable>: Sendable {
        private typealias Counting = Task<Counts, any Error>

        private struct Entry {
            var counting: Counting
            var begun: ContinuousClock.Instant
            /// What this process had announced before the counting began.
            var announced: Int
            /// Business time, which decides what is overdue.
            var now: Date
        }

        private let count: @Sendable (Inbox.Holder, Date) async throws -> Counts
        private let announced = Counter()
        private let kept = Mutex<[Inbox.Holder: Entry]>([:])

        private final class Counter: Sendable {
            let count = Atomic(0)
        }

        init(_ database: Database, count: @escaping @Sendable (Inbox.Holder, Date) async throws -> Counts) {
            self.count = count
            database.onAnnouncement { [announced] in announced.count.wrappingAdd(1, ordering: .releasing) }
        }

        /// Several who ask at once are answered by one counting.
        /// - Parameter acted: when whoever asks last changed something here.
        func of(_ holder: Inbox.Holder, now: Date, after acted: ContinuousClock.Instant?) async throws -> Counts {
            let counting = kept.withLock { kept -> Counting in
                let (announced, instant) = (announced.count.load(ordering: .acquiring), ContinuousClock.now)
                if let entry = kept[holder], abs(now.timeIntervalSince(entry.now)) < Limits.OneStop.countsApart,
                    acted.map({ $0 <= entry.begun }) ?? true
                {
                    let age = instant - entry.begun
                    let most = entry.announced == announced ? Limits.OneStop.countsKept : Limits.OneStop.countsShared
                    if age < most { return entry.counting }
                }
                if kept.count >= Limits.OneStop.countsHolders { kept.removeAll() }
                let counting = Task { [count] in try await count(holder, now) }
                kept[holder] = Entry(counting: counting, begun: instant, announced: announced, now: now)
                return counting
            }
            do { return try await counting.value } catch {
                kept.withLock { kept in
                    if kept[holder]?.counting == counting { kept[holder] = nil }
                }
                throw error
            }
        }
    }
}
