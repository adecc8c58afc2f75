import CRabbitMQ
import Contracts
import Logging

/// The consumer's thread: hands deliveries out and acknowledgements back.
final class ConsumeDuty: Duty {
    private static let consumerTag = "lienthong"

    private let mailbox: AcknowledgeMailbox
    private let control: Control
    private let topology: QueueTopology
    private let prefetch: Int
    private let logger: Logger
    private let onQueueCreated: @Sendable () -> Void
    private let handler: @Sendable (Delivery) -> Void
    private var generation: UInt64 = 0
    private var ledger = AckLedger()
    private var counted = ConsumerMetrics()
    /// The queue was made or lost and the callback has not been told yet; survives a failing connection.
    private var missed = false
    private var stopping = false
    /// The queue stands and could not be consumed, again and again: since when, and when last.
    private var unusable: (since: ContinuousClock.Instant, last: ContinuousClock.Instant)?
    /// When acknowledgements went out last.
    private var acknowledged = ContinuousClock.now

    init(
        _ mailbox: AcknowledgeMailbox, _ control: Control, _ topology: QueueTopology, _ prefetch: Int, _ logger: Logger,
        _ onQueueCreated: @escaping @Sendable () -> Void, _ handler: @escaping @Sendable (Delivery) -> Void
    ) {
        self.mailbox = mailbox
        self.control = control
        self.topology = topology
        self.prefetch = prefetch
        self.logger = logger
        self.onQueueCreated = onQueueCreated
        self.handler = handler
    }

    func begin(_ link: Link) throws(AMQPError) {
        generation += 1
        ledger = AckLedger()
        try link.ensure(topology.exchange)
        var standing = try link.standing(topology)
        if let found = standing, found == .empty, isLost {
            logger.error(
                "a queue was lost at the broker; it is made again, and what was in it is read from the feeds",
                metadata: ["queue": "\(topology.name)"])
            try link.delete(topology)
            standing = nil
        }
        if standing == nil {
            (missed, unusable) = (true, nil)
            try link.declare(topology)
        }
        try link.bind(topology)
        if missed {
            missed = false
            counted.queuesCreated += 1
            onQueueCreated()
        }
        try link.ask("limit the deliveries of \(topology.name)") {
            _ = amqp_basic_qos(link.state, Link.channel, 0, UInt16(prefetch), 0)
        }
        try consume(link)
    }

    private func consume(_ link: Link) throws(AMQPError) {
        do {
            try link.ask("consume \(topology.name)") {
                withBytes(topology.name) { queue in
                    withBytes(Self.consumerTag) {
                        _ = amqp_basic_consume(link.state, Link.channel, queue, $0, 0, 0, 0, amqp_empty_table)
                    }
                }
            }
            unusable = nil
        } catch {
            if error.isInternal {
                let now = ContinuousClock.now
                unusable = (isFailing ? unusable?.since ?? now : now, now)
            }
            throw error
        }
    }

    /// What failed before a pause has nothing to do with now: the broker was away.
    private var isFailing: Bool { unusable.map { .now - $0.last < Limits.AMQP.call } ?? false }

    /// After a crash the broker may know a queue whose log it cannot read.
    private var isLost: Bool { isFailing && unusable.map { $0.last - $0.since > Limits.AMQP.unusable } ?? false }

    func turn(_ link: Link) throws(AMQPError) -> Duration? {
        let more = try receive(link)
        let wait = try acknowledge(link)
        guard let closing = control.closing else { return more ? .zero : wait }
        if !stopping {
            stopping = true
            try link.ask("stop consuming \(topology.name)") {
                withBytes(Self.consumerTag) { _ = amqp_basic_cancel(link.state, Link.channel, $0) }
            }
        }
        let spare = closing + Limits.AMQP.drain - .now
        return ledger.outstanding == 0 || spare <= .zero ? nil : spare
    }

    func fell(_ error: AMQPError) {
        counted.outstanding = 0
        ledger = AckLedger()
    }

    func idle() -> Duration? {
        drop(mailbox.take(counted))
        return control.closing == nil ? .seconds(3600) : nil
    }

    func end() {
        counted.outstanding = 0
        drop(mailbox.take(counted))
    }

    /// True: there may be more to read, but acknowledgements come first.
    private func receive(_ link: Link) throws(AMQPError) -> Bool {
        for _ in 0..<(4 * prefetch) {
            guard let arrival = try link.next() else { return false }
            switch arrival {
            case .delivered(let incoming): try hand(incoming)
            case .consumerCancelled:
                missed = true
                throw .lost("the broker cancelled the consumer: queue \(topology.name) was deleted or moved")
            case .answered, .returned, .internalMatter: break
            }
        }
        return true
    }

    private func hand(_ incoming: Incoming) throws(AMQPError) {
        // After the cancel nothing is begun any more; the broker keeps these for the next consumer.
        guard !stopping else { return }
        guard ledger.delivered(incoming.tag) else { throw .lost("delivery tag \(incoming.tag) out of turn") }
        counted.delivered += 1
        if incoming.redelivered { counted.redelivered += 1 }
        handler(Delivery(incoming, generation: generation))
    }

    /// Answers how long until it has to be asked again.
    private func acknowledge(_ link: Link) throws(AMQPError) -> Duration {
        counted.outstanding = ledger.outstanding
        let done = mailbox.look(counted)
        guard done > 0 else { return .seconds(3600) }
        let wait = Limits.AMQP.acknowledgement - (.now - acknowledged)
        if wait > .zero, done < prefetch / 2, control.closing == nil { return wait }
        acknowledged = .now
        for done in mailbox.take(counted) {
            if done.generation == generation, ledger.done(done.tag) {
                counted.acknowledged += 1
            } else {
                counted.stale += 1
            }
        }
        for frame in ledger.flush() {
            try link.send("acknowledge") {
                amqp_basic_ack(link.state, Link.channel, frame.tag, frame.multiple ? 1 : 0)
            }
        }
        return mailbox.look(counted) > 0 ? Limits.AMQP.acknowledgement : .seconds(3600)
    }

    private func drop(_ done: [AcknowledgeMailbox.Done]) { counted.stale += done.count }
}

extension Delivery {
    init(_ incoming: Incoming, generation: UInt64) {
        let properties = incoming.properties
        self.init(
            routingKey: incoming.routingKey, exchange: incoming.exchange, messageID: properties.messageID,
            type: properties.type, appID: properties.appID, userID: properties.userID,
            contentType: properties.contentType, timestamp: properties.timestamp, headers: properties.headers,
            body: incoming.body, redelivered: incoming.redelivered, tag: incoming.tag, generation: generation)
    }
}
