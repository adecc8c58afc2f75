import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Publishes the event log: everything once it is committed, in order, each event at least once, and none passed over.
/// Several processes of one service may run it; one leads. What it does is decided by `RelayMachine`; here it is done.
public final class Relay: Service {
    private let store: RelayStore
    private let publisher: Publisher
    private let isConsumed: @Sendable (String) -> Bool
    private let logger: Logger
    private let holder = UUID.v7().text
    private let bell = Bell()
    private let ending = Bell()
    private let stopping = Atomic<Bool>(false)
    private let state = Mutex(RelayMetrics())

    /// - Parameters:
    ///   - source: the service's short name, which is also its user at the broker.
    ///   - isConsumed: whether a type has a catalogued consumer: such an event must reach a queue.
    ///   - mostOfTick: events of one tick at most.
    public init(
        database: Database, publisher: Publisher, source: String, isConsumed: @escaping @Sendable (String) -> Bool,
        mostOfTick: Int = Limits.Relay.tick, logger: Logger
    ) {
        store = RelayStore(database: database, source: source, most: mostOfTick)
        self.publisher = publisher
        self.isConsumed = isConsumed
        self.logger = logger
        // An event has committed: look now.
        database.onAnnouncement { [bell] in
            KillPoint.pass(.beforePoke)
            bell.ring()
            KillPoint.pass(.afterPoke)
        }
    }

    public var metrics: RelayMetrics { state.withLock { $0 } }

    /// Leads whenever it may, until the graceful shutdown or cancellation; then lets go of the lease at once.
    public func run() async throws {
        let work = Task(executorPreference: store.database.executor) { await self.work() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await work.value
            } onGracefulShutdown: {
                self.stop(work)
            }
        } onCancel: {
            work.cancel()
        }
    }

    /// Begins nothing new; what is being published may still be confirmed, for a while.
    private func stop(_ work: Task<Void, Never>) {
        stopping.store(true, ordering: .releasing)
        bell.ring()
        ending.ring()
        Task {
            try? await Task.sleep(for: Limits.Relay.drain)
            work.cancel()
        }
    }

    private var isStopping: Bool { stopping.load(ordering: .acquiring) || Task.isCancelled }

    private func work() async {
        var failures = 0
        var term: Int64?
        while !isStopping {
            do {
                guard let mine = try await store.claim(holder: holder) else {
                    await ending.wait(atMost: Limits.Relay.candidacy)
                    continue
                }
                term = mine
                // A raised epoch ends every term, ours too.
                if try await EventLogStart.settle(store.database, logger: logger).raised != nil { continue }
                let standing = try await store.standing()
                failures = 0
                try await lead(mine, standing)
            } catch {
                follow()
                guard !isStopping else { break }
                logger.warning("relay interrupted", metadata: ["error": "\(error)", "failures": "\(failures)"])
                let pause = backoff(
                    failures, first: Limits.Relay.retryFirst, most: Limits.Relay.retryMost, jitter: .random(in: 0...1))
                failures += 1
                await ending.wait(atMost: pause)
            }
        }
        follow()
        if let term { await release(term) }
    }

    /// What only a leader knows is not reported by who leads no more.
    private func follow() {
        state.withLock { ($0.isLeader, $0.held, $0.oldestUnpublished) = (false, nil, nil) }
    }

    private func lead(_ term: Int64, _ standing: RelayStanding) async throws {
        var machine = RelayMachine(standing, isConsumed: isConsumed)
        let before = state.withLock { metrics in
            (metrics.isLeader, metrics.term, metrics.epoch) = (true, term, standing.frontier.epoch)
            return metrics
        }
        logger.info("relay leads", metadata: ["term": "\(term)", "epoch": "\(standing.frontier.epoch)"])
        try await withThrowingTaskGroup(of: RelayMachine.Event?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await self.keepLease(term)
                return nil
            }
            var chain = PublishChain()
            while true {
                machine.isStopping = isStopping
                // A failure may have torn it; once that is heard, publishing begins anew.
                if chain.isTorn, machine.held != nil { chain = PublishChain() }
                for handover in machine.handovers() {
                    let submission = submit(handover, chain)
                    group.addTask { await self.published(handover.batch.tick.number, submission) }
                }
                for action in machine.actions(jitter: .random(in: 0...1)) {
                    group.addTask { try await self.perform(action, term) }
                }
                note(machine, before)
                if machine.isStopping, machine.isAtRest { return }
                if let event = try await group.next(), let event { machine.apply(event) }
            }
        }
        follow()
    }

    private func perform(_ action: RelayMachine.Action, _ term: Int64) async throws -> RelayMachine.Event {
        switch action {
        case .read(let tick, let cursor): return .read(try await store.read(tick, after: cursor))
        case .listen:
            await bell.wait(atMost: Limits.Relay.look)
            return .heard
        case .open(let frontier):
            KillPoint.pass(.beforeTickRow)
            let batch = try await store.open(frontier, term: term)
            if batch != nil { KillPoint.pass(.afterTickRow) }
            return .opened(batch)
        case .pause(let pause):
            try await Task.sleep(for: pause)
            return .rested
        case .move(let cursor):
            KillPoint.pass(.beforeCursor)
            try await store.move(cursor, term: term)
            KillPoint.pass(.afterCursor)
            if !isStopping { try await Task.sleep(for: Limits.Relay.cursorRest) }
            return .moved(cursor)
        #if DEBUG
            case .look(let frontier): return .opened(try await store.look(frontier, term: term))
            case .record(let tick):
                try await store.record(tick, term: term)
                return .recorded
        #endif
        }
    }

    private func submit(_ handover: RelayMachine.Handover, _ chain: PublishChain) -> Submission {
        let (messages, range) = (handover.batch.messages, handover.range)
        KillPoint.pass(.beforePublish)
        return publisher.submit(range.count == messages.count ? messages : Array(messages[range]), in: chain)
    }

    private func published(_ tick: Int64, _ submission: Submission) async -> RelayMachine.Event {
        do {
            let outcomes = try await submission.outcomes()
            KillPoint.pass(.afterPublish)
            return .published(tick, outcomes, failure: nil)
        } catch { return .published(tick, error.settled, failure: "\(error)") }
    }

    /// Renews until the lease is lost, or could not be renewed for as long as it lasts; then throws.
    private func keepLease(_ term: Int64) async throws {
        var renewed = ContinuousClock.now
        while true {
            try await Task.sleep(for: Limits.Relay.renewal)
            let asked = ContinuousClock.now
            do {
                guard try await store.renew(term: term) else { throw RelayFault.notLeading(term: term) }
                renewed = asked
            } catch let error as PostgresError {
                guard .now - renewed < Limits.Relay.lease else { throw error }
                logger.debug("lease not renewed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func note(_ machine: RelayMachine, _ before: RelayMetrics) {
        let (was, now) = state.withLock { metrics -> (String?, String?) in
            let was = metrics.held
            metrics.held = machine.held
            metrics.published = before.published + machine.published
            metrics.returnedUnconsumed = before.returnedUnconsumed + machine.passedUnconsumed
            metrics.oldestUnpublished = machine.waiting?.oldest
            metrics.tick = machine.frontier.lastNumber
            return (was, machine.held)
        }
        if was == nil, let now {
            logger.error("tick held: nothing is published until it passes", metadata: ["why": "\(now)"])
        } else if let now, was != now {
            logger.warning("tick is still held", metadata: ["why": "\(now)"])
        }
        if was != nil, now == nil { logger.notice("held tick passed") }
    }

    /// So that the next leader need not wait for the lease to expire. Not cancelled with the rest.
    private func release(_ term: Int64) async {
        let (store, logger) = (store, logger)
        await Task {
            do { try await store.release(term: term) } catch {
                logger.warning("lease not released", metadata: ["error": "\(error)"])
            }
        }.value
    }
}

/// How a relay stands; counted since the start of the process.
public struct RelayMetrics: Sendable, Equatable {
    public var isLeader = false
    public var term: Int64 = 0
    public var epoch: Int32 = 0
    /// The number of the last tick.
    public var tick: Int64 = 0
    /// Events confirmed by the broker, or returned and passed.
    public var published = 0
    /// Events that no queue took and nobody is catalogued for.
    public var returnedUnconsumed = 0
    /// Why the first tick in hand does not pass; an alert when there is one. Nil while another leads.
    public var held: String?
    /// When the oldest event in hand was written; nil when all is published, and while another leads.
    public var oldestUnpublished: Date?

    /// Seconds that the oldest unpublished event has waited.
    public var lag: Double { oldestUnpublished.map { max(0, -$0.timeIntervalSinceNow) } ?? 0 }
}
