import Contracts
import Foundation
import Logging
import Postgres
import Synchronization

/// Gaps that wait for a reader; each aggregate once.
final class GapDesk: Sendable {
    struct Gap: Sendable {
        let key: AggregateKey
        let from: Int64
        let before: Int64
    }

    private let open = Mutex<Set<AggregateKey>>([])
    private let input: AsyncStream<Gap>.Continuation
    let gaps: AsyncStream<Gap>

    init() { (gaps, input) = AsyncStream.makeStream() }

    func report(_ key: AggregateKey, from: Int64, before: Int64) {
        guard open.withLock({ $0.insert(key).inserted }) else { return }
        input.yield(Gap(key: key, from: from, before: before))
    }

    func close(_ gap: Gap) { open.withLock { _ = $0.remove(gap.key) } }
    func finish() { input.finish() }
}

/// What brings events that the broker did not, and events that had to wait.
extension Inbox {
    // MARK: - Parked events

    /// Takes up what is due, when somebody rings and else every second.
    func lookAtParked() async {
        var nextSweep = ContinuousClock.now
        var nextCount = ContinuousClock.now
        await repeatedly("look at parked events", bell: lookBell, pause: worker.pace.look) {
            let database = self.worker.database
            let store = self.worker.store
            if nextSweep <= .now {
                for key in try await store.stuck(in: database) { self.lanes.put(.resume(key)) }
                nextSweep = .now + self.worker.pace.tail
            }
            for key in try await store.due(in: database) { self.lanes.put(.resume(key)) }
            if nextCount <= .now {
                self.worker.counts.set(parked: try await store.parkedByState(in: database))
                nextCount = .now + Limits.Inbox.count
            }
        }
    }

    // MARK: - Gaps

    func repairGaps() async {
        for await gap in gaps.gaps {
            do {
                if try await repair(gap) {
                    worker.counts.add(\.gapsRepaired)
                } else {
                    worker.log.error(
                        "a gap could not be filled: the source's feed does not have it",
                        metadata: ["aggregate": "\(gap.key)", "from": "\(gap.from)", "before": "\(gap.before)"])
                }
            } catch {
                // The parked event behind the gap is looked at again after `gapLook`.
                worker.log.warning("gap not read", metadata: ["aggregate": "\(gap.key)", "error": "\(error)"])
            }
            gaps.close(gap)
        }
    }

    /// Reads the missing versions and takes them like any others; false when the source has not got them all.
    private func repair(_ gap: GapDesk.Gap) async throws -> Bool {
        var next = gap.from
        while next < gap.before {
            let page = try await fetch(.aggregate(gap.key, from: next))
            let events = page.events
                .filter { $0.aggregate == gap.key && ($0.version >= next) && ($0.version < gap.before) }
                .sorted { $0.version < $1.version }
            guard let last = events.last, await feed(events) != nil else { return false }
            next = last.version + 1
        }
        return true
    }

    /// Through the lanes, in this order. How many were new here, once all are in the database; nil when the process
    /// ends first.
    private func feed(_ events: [Envelope]) async -> Int? {
        guard !events.isEmpty else { return 0 }
        let latch = Latch(events.count)
        for event in events { lanes.put(.fed(event, latch)) }
        return await latch.wait()
    }

    // MARK: - Tails

    /// Reads the source's feed from the position below which everything is here: at the start, when the queue was made
    /// anew, and every minute.
    func checkTail(of source: String, _ bell: Bell) async {
        let aggregates = consumed.filter { $0.source == source }.map(\.aggregate)
        await repeatedly("check the tail of \(source)", bell: bell, pause: worker.pace.tail) {
            var unread = aggregates
            while !unread.isEmpty { unread = try await self.readOn(source, unread) }
        }
    }

    /// One page; returns the aggregates of which there may be more. Those that are behind (consumed anew) go first,
    /// until they have caught up with the others.
    private func readOn(_ source: String, _ aggregates: [String]) async throws -> [String] {
        let database = worker.database
        let positions = try await worker.store.positions(of: source, aggregates, in: database)
        guard let after = positions.values.min() else { return [] }
        let behind = positions.filter { $0.value == after }.keys.sorted()
        let ahead = positions.values.filter { $0 > after }.min()
        let page = try await fetch(.after(after, source: source, aggregates: behind))
        let events = page.events.filter { $0.source == source && behind.contains($0.aggregateType) }
        let missing = events.isEmpty ? [] : try await worker.store.missing(events, in: database)
        guard let news = await feed(missing) else { throw CancellationError() }
        worker.counts.add(\.tailRepairs, news)
        let reached = min(page.through, ahead ?? page.through)
        if reached > after { try await worker.store.reached(reached, of: source, behind, in: database) }
        guard page.isLast || reached > after else { throw FeedFault.noProgress(source) }
        return !page.isLast || reached == ahead ? aggregates : aggregates.filter { !behind.contains($0) }
    }

    // MARK: -

    /// `body` until the task is cancelled, `pause` apart or when the bell rings; sooner, with growing waits, after it
    /// failed.
    private func repeatedly(
        _ what: String, bell: Bell, pause: Duration, _ body: () async throws -> Void
    ) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await body()
                failures = 0
            } catch {
                guard !Task.isCancelled else { return }
                if failures == 0 { worker.log.warning("\(what) failed", metadata: ["error": "\(error)"]) }
                failures += 1
            }
            let wait = backoff(
                failures, first: Limits.Inbox.awayFirst, most: Limits.Inbox.awayMost, jitter: .random(in: 0...1))
            await bell.wait(atMost: failures == 0 ? pause : wait)
        }
    }
}

/// A feed that does not keep its promise.
enum FeedFault: Error, Sendable, Equatable {
    /// It has more, and does not go on.
    case noProgress(String)
}
