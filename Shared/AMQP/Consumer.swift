import Contracts
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Consumes one queue over a connection and thread of its own. The queue and its bindings are made when they do not
/// stand; deliveries stay unacknowledged until `acknowledge`, at most `prefetch` of them.
public final class Consumer: Service {
    private let configuration: AMQPConfiguration
    private let topology: QueueTopology
    private let prefetch: Int
    private let logger: Logger
    private let onQueueCreated: @Sendable () -> Void
    private let handler: @Sendable (Delivery) -> Void
    private let control = Control()
    private let mailbox = AcknowledgeMailbox()

    /// - Parameters:
    ///   - prefetch: unacknowledged deliveries at most.
    ///   - onQueueCreated: the queue did not stand or was deleted under us: messages may have been missed before now.
    ///     It is bound when this is called. May also be called after a harmless cancel by the broker.
    ///   - handler: called on the consumer's thread, so it must hand the delivery on and return.
    public init(
        _ configuration: AMQPConfiguration, topology: QueueTopology, prefetch: Int = Limits.AMQP.prefetch,
        logger: Logger, onQueueCreated: @escaping @Sendable () -> Void = {},
        handler: @escaping @Sendable (Delivery) -> Void
    ) {
        self.configuration = configuration
        self.topology = topology
        self.prefetch = min(max(1, prefetch), Int(UInt16.max))
        self.logger = logger
        self.onQueueCreated = onQueueCreated
        self.handler = handler
    }

    deinit { control.requestEnd() }

    public var isConnected: Bool { control.isConnected }

    /// For tests: how often the thread looked.
    var turns: Int { control.turns }

    public var metrics: ConsumerMetrics {
        var metrics = mailbox.metrics
        metrics.connected = control.isConnected
        metrics.reconnects = control.reconnects
        return metrics
    }

    /// Starts the thread if it does not run yet; `run` does so too.
    public func start() {
        guard control.begin() else { return }
        let (configuration, topology, prefetch) = (configuration, topology, prefetch)
        let (logger, control, mailbox) = (logger, control, mailbox)
        let (onQueueCreated, handler) = (onQueueCreated, handler)
        onOwnThread("amqp-consumer") {
            let duty = ConsumeDuty(mailbox, control, topology, prefetch, logger, onQueueCreated, handler)
            drive(duty, configuration, name: "consumer of \(topology.name)", control, logger)
        }
    }

    /// The delivery's effects are committed. One from an older connection is dropped: the broker delivers it again.
    public func acknowledge(_ delivery: Delivery) { mailbox.add(delivery, control, most: prefetch / 2) }

    /// Runs until the graceful shutdown or cancellation, then stops as `close` does.
    public func run() async throws {
        start()
        // Cancellation is the other way to be told to stop; both end in close().
        do { try await gracefulShutdown() } catch is CancellationError {}
        await close()
    }

    /// Cancels the subscription, takes acknowledgements of what was handed out (at most `Limits.AMQP.drain`), closes.
    public func close() async {
        control.requestEnd()
        await control.ended()
    }
}

/// Counted since the start.
public struct ConsumerMetrics: Sendable, Equatable {
    public var connected = false
    public var reconnects = 0
    public var delivered = 0
    public var redelivered = 0
    public var acknowledged = 0
    /// Acknowledgements of an older connection, or of the same delivery again.
    public var stale = 0
    /// Handed out and not acknowledged.
    public var outstanding = 0
    public var queuesCreated = 0
}

/// What callers hand to the consumer's thread and read of it.
final class AcknowledgeMailbox: Sendable {
    struct Done {
        let generation: UInt64
        let tag: UInt64
    }

    private struct State {
        var done: [Done] = []
        var metrics = ConsumerMetrics()
    }

    private let state = Mutex(State())
    var metrics: ConsumerMetrics { state.withLock(\.metrics) }

    /// Bounded by prefetch: only what was delivered can be done. The thread hears of the first one, which then waits
    /// for more, and of `most`, which do not.
    func add(_ delivery: Delivery, _ control: Control, most: Int) {
        let count = state.withLock { state in
            state.done.append(Done(generation: delivery.generation, tag: delivery.tag))
            return state.done.count
        }
        if count == 1 || count == most { control.wakeup.signal() }
    }

    /// How many are done.
    func look(_ metrics: ConsumerMetrics) -> Int {
        state.withLock { state in
            state.metrics = metrics
            return state.done.count
        }
    }

    func take(_ metrics: ConsumerMetrics) -> [Done] {
        state.withLock { state in
            state.metrics = metrics
            defer { state.done = [] }
            return state.done
        }
    }
}
