import AMQP
import Foundation
import Synchronization

/// A small message for tests of the broker.
public func message(
    _ key: String, _ id: String = UUID().uuidString, body: [UInt8] = Array("{}".utf8)
) -> OutgoingMessage {
    OutgoingMessage(
        routingKey: key, messageID: id, type: "test.v1", appID: "tests",
        timestamp: Date(timeIntervalSince1970: 1_700_000_000), body: body)
}

/// Deliveries and queue creations in the order they came.
public final class Collector: Sendable {
    private let state = Mutex((deliveries: [Delivery](), created: 0))

    public init() {}

    public var deliveries: [Delivery] { state.withLock(\.deliveries) }
    public var bodies: [String] { deliveries.map { String(decoding: $0.body, as: UTF8.self) } }
    public var created: Int { state.withLock(\.created) }

    public func consumer(
        _ configuration: AMQPConfiguration, _ topology: QueueTopology, prefetch: Int = 256
    ) -> Consumer {
        Consumer(
            configuration, topology: topology, prefetch: prefetch, logger: quiet,
            onQueueCreated: { self.state.withLock { $0.created += 1 } },
            handler: { delivery in self.state.withLock { $0.deliveries.append(delivery) } })
    }
}
