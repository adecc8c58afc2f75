import Contracts
import Postgres
import ServiceKit
import Synchronization

/// The counts beside an inbox. A page is one short index range, its counts are thousands of index entries, and they
/// stay what they are until something is written: so they are kept until this process writes, and at most
/// `Limits.OneStop.countsKept`, after which the writes of other processes are seen too.
final class InboxCounts: Sendable {
    private typealias Counting = Task<[StatusCount], any Error>

    private struct Entry {
        var counting: Counting
        /// Writes of this process before the counting began.
        var writes: Int
        var until: ContinuousClock.Instant
        /// Business time, which decides what is overdue.
        var now: Date
    }

    private let database: Database
    private let kept = Mutex<[Inbox.Holder: Entry]>([:])

    init(_ database: Database) { self.database = database }

    /// Several who ask at once are answered by one counting.
    func of(_ holder: Inbox.Holder, now: Date) async throws -> [StatusCount] {
        let counting = kept.withLock { kept -> Counting in
            let (writes, instant) = (database.writes, ContinuousClock.now)
            if let entry = kept[holder], entry.writes == writes, entry.until > instant,
                abs(now.timeIntervalSince(entry.now)) < Limits.OneStop.countsApart
            {
                return entry.counting
            }
            if kept.count >= Limits.OneStop.countsHolders { kept.removeAll() }
            let counting = Task { [database] in
                try StatusCount.read(await database.run(Inbox.counts(of: holder, now: now)))
            }
            kept[holder] = Entry(
                counting: counting, writes: writes, until: instant + Limits.OneStop.countsKept, now: now)
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
