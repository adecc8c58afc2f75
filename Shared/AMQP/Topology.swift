import CRabbitMQ
import Contracts
import Foundation

/// A durable exchange.
public struct Exchange: Sendable, Equatable {
    public var name: String
    /// topic, fanout, direct …
    public var kind: String

    public init(_ name: String, kind: String = "topic") {
        self.name = name
        self.kind = kind
    }
}

/// A durable queue and what it is bound to.
public struct QueueTopology: Sendable, Equatable {
    /// Routing keys at a further exchange.
    public struct Bindings: Sendable, Equatable {
        public var exchange: Exchange
        public var keys: [String]

        public init(exchange: Exchange, keys: [String]) {
            self.exchange = exchange
            self.keys = keys
        }
    }

    public var name: String
    public var exchange: Exchange
    /// Routing keys, with `*` and `#` on a topic exchange.
    public var bindings: [String]
    /// What else it is bound to.
    public var further: [Bindings] = []
    public var arguments: [String: HeaderValue]

    /// A quorum queue with a single active consumer: order survives several instances of one service.
    public static let ordered: [String: HeaderValue] = [
        "x-queue-type": .string("quorum"), "x-single-active-consumer": .bool(true),
    ]

    public init(
        name: String, exchange: Exchange, bindings: [String],
        further: [Bindings] = [], arguments: [String: HeaderValue] = QueueTopology.ordered
    ) {
        self.name = name
        self.exchange = exchange
        self.bindings = bindings
        self.further = further
        self.arguments = arguments
    }
}

/// What waits in a queue, and who consumes it.
struct QueueStanding: Equatable {
    var messages: UInt32
    var consumers: UInt32

    static let empty = QueueStanding(messages: 0, consumers: 0)
}

/// Exchanges, queues and bindings at the broker.
public enum Topology {
    /// Declares everything on a connection of its own, once; idempotent. A queue that stands with other arguments is
    /// refused with 406. Exchanges of the queues need not be listed twice.
    public static func declare(
        _ configuration: AMQPConfiguration, exchanges: [Exchange], queues: [QueueTopology]
    ) async throws(AMQPError) {
        let result: Result<Void, AMQPError> = await withCheckedContinuation { continuation in
            onOwnThread("amqp-topology") {
                let lifeline = Lifeline(limit: configuration.heartbeat * 2)
                Watchdog.shared.watch(lifeline)
                defer { Watchdog.shared.forget(lifeline) }
                continuation.resume(
                    returning: Result { () throws(AMQPError) in
                        let link = try open(configuration, lifeline)
                        try link.declare(exchanges: exchanges, queues: queues)
                        link.close()
                    })
            }
        }
        try result.get()
    }

    /// At the first node that answers.
    private static func open(_ configuration: AMQPConfiguration, _ lifeline: Lifeline) throws(AMQPError) -> Link {
        for number in configuration.addresses.indices.dropLast() {
            do { return try Link(configuration.attempt(number), name: "topology", lifeline: lifeline) } catch {
                guard case .unreachable = error else { throw error }
            }
        }
        return try Link(
            configuration.attempt(configuration.addresses.count - 1), name: "topology", lifeline: lifeline)
    }
}

/// A thread that lives as long as `body`; blocking C calls belong on none of the shared ones.
func onOwnThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.start()
}

extension Link {
    func declare(exchanges: [Exchange], queues: [QueueTopology]) throws(AMQPError) {
        for exchange in exchanges { try ensure(exchange) }
        for queue in queues {
            if !exchanges.contains(queue.exchange) { try ensure(queue.exchange) }
            try declare(queue)
            try bind(queue)
        }
    }

    /// Declares the exchange only when it does not stand: looking needs no right to configure it.
    func ensure(_ exchange: Exchange) throws(AMQPError) {
        do { try declare(exchange, passive: true) } catch {
            guard case .refused(404, _, _, _) = error else { throw error }
            try reopenChannel()
            try declare(exchange, passive: false)
        }
    }

    private func declare(_ exchange: Exchange, passive: Bool) throws(AMQPError) {
        try ask("declare exchange \(exchange.name)") {
            withBytes(exchange.name) { name in
                withBytes(exchange.kind) { kind in
                    _ = amqp_exchange_declare(
                        state, Self.channel, name, kind, passive ? 1 : 0, 1, 0, 0, amqp_empty_table)
                }
            }
        }
    }

    /// With what is in it.
    func delete(_ queue: QueueTopology) throws(AMQPError) {
        try ask("delete queue \(queue.name)") {
            withBytes(queue.name) { _ = amqp_queue_delete(state, Self.channel, $0, 0, 0) }
        }
    }

    /// What a queue holds, as far as the broker can tell; nil: no such queue. The channel is usable again afterwards.
    func standing(_ queue: QueueTopology) throws(AMQPError) -> QueueStanding? {
        var standing = QueueStanding.empty
        do {
            try ask("look for queue \(queue.name)") {
                let found = withBytes(queue.name) {
                    amqp_queue_declare(state, Self.channel, $0, 1, 1, 0, 0, amqp_empty_table)
                }
                guard let found = found?.pointee else { return }
                standing = QueueStanding(messages: found.message_count, consumers: found.consumer_count)
            }
            return standing
        } catch {
            guard case .refused(404, _, _, _) = error else { throw error }
            try reopenChannel()
            return nil
        }
    }

    func declare(_ queue: QueueTopology) throws(AMQPError) {
        try ask("declare queue \(queue.name)") {
            withBytes(queue.name) { name in
                withTable(queue.arguments) { table in
                    _ = amqp_queue_declare(state, Self.channel, name, 0, 1, 0, 0, table)
                }
            }
        }
    }

    func bind(_ queue: QueueTopology) throws(AMQPError) {
        try bind(queue.name, to: queue.exchange, queue.bindings)
        for more in queue.further {
            try ensure(more.exchange)
            try bind(queue.name, to: more.exchange, more.keys)
        }
    }

    private func bind(_ queue: String, to exchange: Exchange, _ keys: [String]) throws(AMQPError) {
        for key in keys {
            try ask("bind queue \(queue) to \(key) of \(exchange.name)") {
                withBytes(queue) { name in
                    withBytes(exchange.name) { exchange in
                        withBytes(key) {
                            _ = amqp_queue_bind(state, Self.channel, name, exchange, $0, amqp_empty_table)
                        }
                    }
                }
            }
        }
    }
}

/// A table for one call; everything it points at is freed when the call returns.
private func withTable(_ values: [String: HeaderValue], _ body: (amqp_table_t) -> Void) {
    var copies: [amqp_bytes_t] = []
    defer { for copy in copies { amqp_bytes_free(copy) } }
    func copy(_ text: String) -> amqp_bytes_t {
        copies.append(withBytes(text) { amqp_bytes_malloc_dup($0) })
        return copies[copies.count - 1]
    }
    var entries = values.map { name, value in
        var entry = amqp_table_entry_t()
        entry.key = copy(name)
        switch value {
        case .string(let text):
            entry.value.kind = lt_kind_text
            entry.value.value.bytes = copy(text)
        case .integer(let number):
            entry.value.kind = lt_kind_i64
            entry.value.value.i64 = number
        case .bool(let flag):
            entry.value.kind = lt_kind_boolean
            entry.value.value.boolean = flag ? 1 : 0
        }
        return entry
    }
    entries.withUnsafeMutableBufferPointer {
        body(amqp_table_t(num_entries: Int32($0.count), entries: $0.baseAddress))
    }
}
