import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// A reaction of a group to one type of event. What it does through the transaction commits together with the group's
/// position. It also runs for events that came before their turn or came again, and may run again after it threw or
/// lost its connection: of all this nothing is kept but what it did through the transaction in the end, so it must have
/// no effect beside it.
public struct AnyReaction: Sendable {
    public typealias Handle = @Sendable (Envelope, Transaction) async throws -> Void

    /// In place of a type: whatever arrives, also types that this release does not know.
    public static let everything = "*"

    public let group: String
    public let eventType: String
    public let handle: Handle

    public init(group: String, eventType: String, handle: @escaping Handle) {
        self.group = group
        self.eventType = eventType
        self.handle = handle
    }
}

/// How an inbox stands. Counters count since the start of the process.
public struct InboxMetrics: Sendable {
    public var isConnected = false
    /// How long ago the oldest event that is being worked on arrived.
    public var lag: Duration = .zero
    /// Delivered by the broker and not acknowledged.
    public var outstanding = 0
    /// Connections to the broker that were lost.
    public var reconnects = 0
    /// Parked events that the inbox will take up by itself, and dead ones, as last counted in the database.
    public var parked = 0
    public var dead = 0
    /// Events with effects, events that only moved a position on, events that came again.
    public var taken = 0
    public var passed = 0
    public var duplicates = 0
    /// Messages that are no events of ours, and events of a replaced history: each is an alarm.
    public var refused = 0
    public var conflicts = 0
    /// Gaps filled from a feed, and events that a tail check found first.
    public var gapsRepaired = 0
    public var tailRepairs = 0
}

/// Takes the events of other services, each once and those of one aggregate in order, into one group of reactions.
///
/// An event's effects, the position of its aggregate and its effect row commit together; the broker hears of it after
/// that. What cannot be taken yet is parked in PostgreSQL and acknowledged. Missing versions are read from the source's
/// feed, and so is, from time to time, everything after the position below which nothing can be missing.
public final class Inbox: Service {
    let consumed: [(source: String, aggregate: String)]
    let fetch: FeedFetch
    let worker: InboxWorker
    let lanes = InboxLanes(Limits.Inbox.lanes)
    let lookBell = Bell()
    let tailBells: [String: Bell]
    let gaps = GapDesk()
    private let consumer: Consumer
    private let wakesHeard = Atomic<Int>(0)
    /// Calls of `wake` in this process: a hint that there may be something to take up.
    private static let wakes = Atomic<Int>(0)

    /// - Parameters:
    ///   - service: the queue's name, and the group when there are no reactions.
    ///   - commands: what the queue is bound to at the exchange of commands.
    ///   - reactions: all of one group; several for one type run in one transaction, in this order.
    ///   - consumed: the aggregates whose events arrive here, whole.
    public convenience init(
        database: Database, configuration: AMQPConfiguration, service: String, bindings: [String],
        commands: [String] = [], reactions: [AnyReaction], consumed: [(source: String, aggregate: String)],
        fetch: @escaping FeedFetch, logger: Logger
    ) {
        self.init(
            database: database, configuration: configuration, service: service, exchange: Limits.exchange,
            bindings: bindings, commands: commands, reactions: reactions, consumed: consumed, fetch: fetch,
            pace: InboxPace(), logger: logger)
    }

    init(
        database: Database, configuration: AMQPConfiguration, service: String, exchange: String, bindings: [String],
        commands: [String] = [], reactions: [AnyReaction], consumed: [(source: String, aggregate: String)],
        fetch: @escaping FeedFetch, pace: InboxPace, logger: Logger
    ) {
        let group = reactions.first?.group ?? service
        precondition(reactions.allSatisfy { $0.group == group }, "the reactions of one inbox are one group")
        self.consumed = consumed
        self.fetch = fetch
        worker = InboxWorker(database: database, group: group, reactions: reactions, pace: pace, log: logger)
        let bells = Dictionary(uniqueKeysWithValues: Set(consumed.map(\.source)).map { ($0, Bell()) })
        tailBells = bells
        let lanes = lanes
        consumer = Consumer(
            configuration,
            topology: QueueTopology(
                name: service, exchange: Exchange(exchange), bindings: bindings,
                further: commands.isEmpty
                    ? [] : [.init(exchange: Exchange(Limits.commandExchange), keys: commands)]), logger: logger,
            onQueueCreated: { bells.values.forEach { $0.ring() } },
            handler: { delivery in
                do { lanes.put(.deliver(delivery, try WireFormat.envelope(delivery))) } catch {
                    lanes.put(.refuse(delivery, Refusal(delivery, reason: "\(error)")))
                }
            })
    }

    public var metrics: InboxMetrics {
        var metrics = worker.counts.metrics
        let broker = consumer.metrics
        metrics.isConnected = broker.connected
        metrics.outstanding = broker.outstanding
        metrics.reconnects = broker.reconnects
        return metrics
    }

    /// Takes events until the graceful shutdown; then those that were handed out are finished. Cancellation leaves
    /// them: the broker delivers them again.
    public func run() async throws {
        await withTaskExecutorPreference(worker.database.executor) { await work() }
    }

    private func work() async {
        await withDiscardingTaskGroup { working in
            for (number, lane) in lanes.lanes.enumerated() { working.addTask { await self.work(number, lane) } }
            await withDiscardingTaskGroup { looking in
                looking.addTask { await self.lookAtParked() }
                for (source, bell) in self.tailBells { looking.addTask { await self.checkTail(of: source, bell) } }
                for _ in 0..<Limits.Inbox.repairs { looking.addTask { await self.repairGaps() } }
                self.consumer.start()
                // Cancellation is the other way to be told to stop.
                do { try await gracefulShutdown() } catch {}
                await self.consumer.close()
                self.worker.end()
                looking.cancelAll()
                self.gaps.finish()
            }
            lanes.finish()
        }
    }

    /// To be called after a transaction that may have called `wake`: looks at once instead of within a second.
    public func poke() {
        let wakes = Self.wakes.load(ordering: .relaxed)
        if wakesHeard.exchange(wakes, ordering: .relaxed) != wakes { lookBell.ring() }
    }

    /// Releases events that wait for `key`, in the transaction that makes it known; they are taken up after its commit.
    /// Transactions that wake the same key wait for each other, so wake late in the transaction.
    public static func wake(_ key: String, in session: any Session) async throws {
        // A statement of its own: the next one must see what was parked while this one waited.
        try await session.post(InboxStore.lock(key: key))
        try await session.post(
            """
            UPDATE inbox_parked SET state = 'waiting', wait_key = NULL, due_at = clock_timestamp()
            WHERE state = 'unknown' AND wait_key = \(key)
            """)
        hint()
    }

    /// The next `poke` looks.
    static func hint() { wakes.add(1, ordering: .relaxed) }

    // MARK: - A lane

    private func work(_ number: Int, _ lane: InboxLanes.Lane) async {
        for await (job, since) in lane {
            worker.counts.works(number, since: since)
            switch job {
            case .deliver(let delivery, let event): await deliver(delivery, event)
            case .refuse(let delivery, let refusal):
                if await worker.refuse(refusal) != nil { acknowledge(delivery) }
            case .fed(let event, let latch): latch.count(await arrive(event))
            case .resume(let key):
                lanes.begins(key)
                await resume(key)
            }
            worker.counts.works(number, since: nil)
        }
    }

    private func deliver(_ delivery: Delivery, _ event: Envelope) async {
        for step in DeliveryStep.all {
            switch step {
            case .persist: guard await arrive(event) != nil else { return }
            case .acknowledge: acknowledge(delivery)
            }
        }
    }

    private func acknowledge(_ delivery: Delivery) {
        KillPoint.pass(.beforeAcknowledge)
        consumer.acknowledge(delivery)
        KillPoint.pass(.afterAcknowledge)
    }

    /// What became of it once that is in the database; nil when the process ends first.
    private func arrive(_ event: Envelope) async -> Arrival? {
        guard isConsumed(event) else { return .duplicate }
        let wakes = Self.wakes.load(ordering: .relaxed)
        guard let arrival = await worker.take(event) else { return nil }
        // It may be this event that wakes. Another lane may have heard of that before it was committed.
        if Self.wakes.load(ordering: .relaxed) != wakes { lookBell.ring() }
        switch arrival {
        case .taken(followed: true), .parked(.again): await resume(event.aggregate)
        case .parked(.repair(let from, let before)): gaps.report(event.aggregate, from: from, before: before)
        case .unstorable(let reason): if await worker.refuse(Refusal(event, reason: reason)) == nil { return nil }
        case .taken, .duplicate, .parked: break
        }
        poke()
        return arrival
    }

    /// A binding that was left over from an earlier release brings what nobody here consumes any more.
    private func isConsumed(_ event: Envelope) -> Bool {
        consumed.contains { $0.aggregate == event.aggregateType && $0.source == event.source }
    }

    private func resume(_ key: AggregateKey) async {
        for _ in 0..<Limits.Inbox.resumed {
            switch await worker.resume(key) {
            case .onward: poke()
            case .repair(let from, let before): return gaps.report(key, from: from, before: before)
            case .halted, nil: return
            }
        }
        lanes.put(.resume(key))
    }
}
