import Contracts
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Publishes to one exchange over a connection and thread of its own: persistent, mandatory, confirmed, with a window
/// of unconfirmed messages. The broker may be away at any time; batches wait for it as long as their patience.
public final class Publisher: Service {
    private let configuration: AMQPConfiguration
    private let exchange: String
    private let window: Int
    private let patience: Duration
    private let declaring: [QueueTopology]
    private let handedOver: @Sendable () -> Void
    private let logger: Logger
    private let control = Control()
    private let mailbox = PublishMailbox()

    /// - Parameters:
    ///   - window: unconfirmed messages at most, 1 ... `Limits.AMQP.window`.
    ///   - patience: how long a batch may make no progress before it fails.
    ///   - declaring: queues (with their exchanges and bindings) declared on every connection before the first publish.
    ///   - handedOver: called on the publisher's thread after messages were sent, before their answers are read.
    public init(
        _ configuration: AMQPConfiguration, exchange: String, window: Int = Limits.AMQP.window,
        patience: Duration = Limits.AMQP.patience, declaring: [QueueTopology] = [],
        handedOver: @escaping @Sendable () -> Void = {}, logger: Logger
    ) {
        self.configuration = configuration
        self.exchange = exchange
        self.window = min(max(1, window), Limits.AMQP.window)
        self.patience = patience
        self.declaring = declaring
        self.handedOver = handedOver
        self.logger = logger
    }

    deinit { control.requestEnd() }

    public var isConnected: Bool { control.isConnected }

    /// For tests: how often the thread looked.
    var turns: Int { control.turns }

    public var metrics: PublisherMetrics {
        var metrics = mailbox.metrics
        metrics.connected = control.isConnected
        metrics.reconnects = control.reconnects
        return metrics
    }

    /// Starts the thread if it does not run yet; `publish` does so too.
    public func start() {
        guard control.begin() else { return }
        let (configuration, exchange, window, patience) = (configuration, exchange, window, patience)
        let (declaring, handedOver, logger, control, mailbox) = (declaring, handedOver, logger, control, mailbox)
        onOwnThread("amqp-publisher") {
            let encoder = MessageEncoder(exchange: exchange, user: configuration.user)
            let duty = PublishDuty(
                mailbox, control, encoder, window: window, patience: patience, declaring, handedOver: handedOver)
            drive(duty, configuration, name: "publisher", control, logger)
        }
    }

    /// Publishes in order and answers in order, when the broker has answered for every message of the batch.
    /// Throws `connectionLost`, `refused`, `stalled` or `cancelled` with what is certain so far.
    public func publish(_ batch: [OutgoingMessage]) async throws(AMQPError) -> [PublishOutcome] {
        guard !batch.isEmpty else { return [] }
        for message in batch {
            if let defect = message.defect { throw .invalid(reason: defect) }
        }
        start()
        let id = mailbox.nextID()
        let (mailbox, control) = (mailbox, control)
        let result: Result<[PublishOutcome], AMQPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                mailbox.add(PublishRequest(id: id, batch: batch, continuation: continuation), control)
                // The handler may have run before there was something to cancel.
                if Task.isCancelled { mailbox.cancel(id, control) }
            }
        } onCancel: {
            mailbox.cancel(id, control)
        }
        return try result.get()
    }

    /// Runs until the graceful shutdown or cancellation, then drains the window and closes.
    public func run() async throws {
        start()
        // Cancellation is the other way to be told to stop; both end in close().
        do { try await gracefulShutdown() } catch is CancellationError {}
        await close()
    }

    /// Takes nothing more, waits for what is in flight (at most `Limits.AMQP.drain`) and ends the thread.
    public func close() async {
        control.requestEnd()
        await control.ended()
    }
}

/// Counted since the start; latency from the publish to its answer.
public struct PublisherMetrics: Sendable, Equatable {
    public var connected = false
    public var reconnects = 0
    /// Messages in batches that are not finished.
    public var waiting = 0
    public var published = 0
    public var confirmed = 0
    public var nacked = 0
    public var returned = 0
    /// Failed with their outcome unknown.
    public var unknown = 0
    /// Sum over all answers; divided by `answers` it is the mean.
    public var confirmLatency: Duration = .zero
    public var answers: Int { confirmed + nacked + returned }
    /// The broker's reason while it blocks publishing.
    public var blocked: String?
}

struct PublishRequest: Sendable {
    let id: UInt64
    let batch: [OutgoingMessage]
    let continuation: CheckedContinuation<Result<[PublishOutcome], AMQPError>, Never>
    let since = ContinuousClock.now
}

/// What callers hand to the thread and read of it.
final class PublishMailbox: Sendable {
    private struct State {
        var requests: [PublishRequest] = []
        var cancelled: Set<UInt64> = []
        var metrics = PublisherMetrics()
        /// The thread was woken and has not looked since.
        var signalled = false
        var ended = false
    }

    private let state = Mutex(State())
    private let ids = Atomic<UInt64>(0)

    func nextID() -> UInt64 { ids.wrappingAdd(1, ordering: .relaxed).newValue }
    var metrics: PublisherMetrics { state.withLock(\.metrics) }

    func add(_ request: PublishRequest, _ control: Control) {
        let closing = control.closing != nil
        let (refused, wake) = state.withLock { state -> (AMQPError?, Bool) in
            if closing || state.ended { return (.closed, false) }
            if state.metrics.waiting >= Limits.AMQP.waiting { return (.mailboxFull(limit: Limits.AMQP.waiting), false) }
            state.requests.append(request)
            state.metrics.waiting += request.batch.count
            defer { state.signalled = true }
            return (nil, !state.signalled)
        }
        if let refused { request.continuation.resume(returning: .failure(refused)) }
        if wake { control.wakeup.signal() }
    }

    func cancel(_ id: UInt64, _ control: Control) {
        state.withLock { _ = $0.cancelled.insert(id) }
        control.wakeup.signal()
    }

    /// Everything new, and what became of the counters meanwhile.
    func take(_ report: (inout PublisherMetrics) -> Void) -> (requests: [PublishRequest], cancelled: Set<UInt64>) {
        state.withLock { state in
            report(&state.metrics)
            defer {
                state.requests = []
                state.cancelled = []
                state.signalled = false
            }
            return (state.requests, state.cancelled)
        }
    }

    /// The last look: nothing can be added afterwards.
    func end() -> [PublishRequest] {
        state.withLock { state in
            state.ended = true
            defer { state.requests = [] }
            return state.requests
        }
    }
}
