import Contracts
import Foundation
import Logging
import Postgres
import Synchronization

/// Gaps that wait for a reader; each aggregate once.
final class GapDesk: Sendable {
    struct Gap: Sendable {
        let key: AggregateKey
        /// The first that is missing still.
        var from: Int64
        let before: Int64

        var isRead: Bool { from >= before }

        /// What a page has of it, in order.
        func events(of page: FeedPage) -> [Envelope] {
            page.events.filter { $0.aggregate == key && $0.version >= from && $0.version < before }
                .sorted { $0.version < $1.version }
        }
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
        var gap = gap
        while !gap.isRead {
            let page = try await fetch(.aggregate(gap.key, from: gap.from))
            let events = gap.events(of: page)
            guard let last = events.last, await feed(events) != nil else { return false }
            gap.from = last.version + 1
            if gap.isRead { try await worker.store.prove(last, before: gap.before, in: worker.database) }
        }
        lanes.put(.resume(gap.key))
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
            var unread = TailStep.begin(aggregates)
            while !unread.isEmpty { unread = try await self.readOn(source, unread) }
        }
    }

    /// One page; returns the aggregates of which there may be more. Those that are behind (consumed anew) go first,
    /// until they have caught up with the others.
    private func readOn(_ source: String, _ aggregates: [String]) async throws -> [String] {
        let database = worker.database
        let timeline = try await worker.store.timeline(in: database)
        let positions = try await worker.store.positions(of: source, aggregates, in: database)
        guard let step = TailStep(positions) else { return [] }
        let page = try await fetch(.after(step.after, source: source, aggregates: step.behind))
        let events = page.events.filter { $0.source == source && step.behind.contains($0.aggregateType) }
        let missing = events.isEmpty ? [] : try await worker.store.missing(events, in: database)
        guard let news = await feed(missing) else { throw CancellationError() }
        worker.counts.add(\.tailRepairs, news)
        let reached = step.reached(page)
        if reached > step.after {
            try await worker.store.reached(reached, of: source, step.behind, timeline: timeline, in: database)
        }
        guard page.isLast || reached > step.after else { throw FeedFault.noProgress(source) }
        return step.unread(of: aggregates, page)
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

/// One page of a tail check: from where, for which aggregates, and what it settles. Pure.
struct TailStep: Sendable, Equatable {
    let after: Position
    /// The aggregates that stand there.
    let behind: [String]
    /// Where the next of the others stands.
    let ahead: Position?

    static func begin(_ aggregates: [String]) -> [String] {
        #if DEBUG
            if Mutant.noTailCheck.isOn { return [] }
        #endif
        return aggregates
    }

    /// Nil when there is nothing to read.
    init?(_ positions: [String: Position]) {
        guard let after = positions.values.min() else { return nil }
        self.after = after
        behind = positions.filter { $0.value == after }.keys.sorted()
        ahead = positions.values.filter { $0 > after }.min()
    }

    /// Up to where everything is here, once the page's events are.
    func reached(_ page: FeedPage) -> Position { min(page.through, ahead ?? page.through) }

    /// Of these the ones of which there may be more.
    func unread(of aggregates: [String], _ page: FeedPage) -> [String] {
        !page.isLast || reached(page) == ahead ? aggregates : aggregates.filter { !behind.contains($0) }
    }
}

/// A feed that does not keep its promise.
enum FeedFault: Error, Sendable, Equatable {
    /// It has more, and does not go on.
    case noProgress(String)
}
