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
        try await submit(batch).outcomes()
    }

    /// Hands a batch over, behind everything that was handed over before; its answers are asked for afterwards.
    /// - Parameter chain: batches that must not overtake each other even when one of them fails.
    public func submit(_ batch: [OutgoingMessage], in chain: PublishChain? = nil) -> Submission {
        let (mailbox, control) = (mailbox, control)
        let id = mailbox.nextID()
        let submission = Submission { mailbox.cancel(id, control) }
        if batch.isEmpty {
            submission.settle(.success([]))
        } else if let defect = batch.lazy.compactMap(\.defect).first {
            chain?.tear()
            submission.settle(.failure(.invalid(reason: defect)))
        } else {
            start()
            mailbox.add(PublishRequest(id: id, batch: batch, chain: chain, submission: submission), control)
        }
        return submission
    }

    /// Messages that lie ready in a queue now, without those that somebody has and did not acknowledge. Throws
    /// `refused` where there is no such queue, and `unreachable` while there is no connection or the broker blocks it.
    public func ready(in queue: String) async throws(AMQPError) -> Int {
        start()
        let answer: Result<Int, AMQPError> = await withCheckedContinuation { continuation in
            mailbox.look(QueueLook(queue: queue) { continuation.resume(returning: $0) }, control)
        }
        return try answer.get()
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

/// Batches that keep their order when one of them fails: those behind it fail too, also those that are handed over
/// later, and wait for whoever publishes the failed one again. A refusal by the broker (nack, return) is no failure.
public final class PublishChain: Sendable {
    private let torn = Atomic<Bool>(false)

    public init() {}

    public var isTorn: Bool { torn.load(ordering: .acquiring) }

    /// True for the one that tore it.
    @discardableResult func tear() -> Bool { !torn.exchange(true, ordering: .acquiringAndReleasing) }

    static let reason = "a batch before it failed"
}

/// A batch that was handed over.
public final class Submission: Sendable {
    typealias Answer = Result<[PublishOutcome], AMQPError>
    private struct State {
        var answer: Answer?
        var waiter: CheckedContinuation<Answer, Never>?
    }

    private let state = Mutex(State())
    private let cancel: @Sendable () -> Void

    init(cancel: @escaping @Sendable () -> Void) { self.cancel = cancel }

    /// What became of the messages, in their order; as `Publisher.publish` answers it. To be called once.
    public func outcomes() async throws(AMQPError) -> [PublishOutcome] {
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state in
                    if state.answer == nil { state.waiter = continuation }
                    return state.answer
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            cancel()
        }
        return try answer.get()
    }

    func settle(_ answer: Answer) {
        let waiter = state.withLock { state in
            state.answer = answer
            return state.waiter.take()
        }
        waiter?.resume(returning: answer)
    }
}

struct PublishRequest: Sendable {
    let id: UInt64
    let batch: [OutgoingMessage]
    let chain: PublishChain?
    let submission: Submission
    let since = ContinuousClock.now
}

/// Somebody wants to know how many messages lie in a queue.
struct QueueLook: Sendable {
    let queue: String
    /// To be called once.
    let answer: @Sendable (Result<Int, AMQPError>) -> Void
}

/// What callers hand to the thread and read of it.
final class PublishMailbox: Sendable {
    private struct State {
        var requests: [PublishRequest] = []
        var looks: [QueueLook] = []
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
            if request.chain?.isTorn == true { return (.unreachable(reason: PublishChain.reason), false) }
            if state.metrics.waiting >= Limits.AMQP.waiting { return (.mailboxFull(limit: Limits.AMQP.waiting), false) }
            state.requests.append(request)
            state.metrics.waiting += request.batch.count
            defer { state.signalled = true }
            return (nil, !state.signalled)
        }
        if let refused {
            request.chain?.tear()
            request.submission.settle(.failure(refused))
        }
        if wake { control.wakeup.signal() }
    }

    func look(_ look: QueueLook, _ control: Control) {
        let isTaken = state.withLock { state in
            if !state.ended { state.looks.append(look) }
            return !state.ended
        }
        guard isTaken else { return look.answer(.failure(.closed)) }
        control.wakeup.signal()
    }

    func takeLooks() -> [QueueLook] {
        state.withLock { state in
            defer { state.looks = [] }
            return state.looks
        }
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
