import Contracts
import FakeBroker
import Foundation
import Glibc
import TestKit
import Testing

@testable import AMQP

extension FakeBroker {
    func configuration(heartbeat: Duration = .seconds(10)) -> AMQPConfiguration {
        AMQPConfiguration(port: port, vhost: "/", user: "tester", password: "any", heartbeat: heartbeat)
    }

    func publisher(heartbeat: Duration = .seconds(10), patience: Duration = .seconds(20)) -> Publisher {
        Publisher(configuration(heartbeat: heartbeat), exchange: "events", patience: patience, logger: quiet)
    }

    func consumer(_ collector: Collector, heartbeat: Duration = .seconds(10), prefetch: Int = 256) -> Consumer {
        let queue = QueueTopology(name: "q", exchange: Exchange("events"), bindings: ["#"])
        return collector.consumer(configuration(heartbeat: heartbeat), queue, prefetch: prefetch)
    }

    /// Sockets of this process whose other end is this broker, also those that only a duplicate keeps open.
    var clientSockets: Int {
        (0..<4_096).count { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getpeername(Int32(descriptor), $0, &length) == 0
                }
            }
            return isConnected && address.sin_family == sa_family_t(AF_INET)
                && Int(UInt16(bigEndian: address.sin_port)) == port
        }
    }
}

extension Collector {
    /// Acknowledges what came, so that the consumer need not wait for it, and closes.
    func end(_ consumer: Consumer) async {
        deliveries.forEach(consumer.acknowledge)
        await consumer.close()
    }
}

/// A broker while `body` runs.
func withFakeBroker<T: Sendable>(
    _ change: (inout Behaviour) -> Void = { _ in }, _ body: (FakeBroker) async throws -> T
) async throws -> T {
    var behaviour = Behaviour()
    change(&behaviour)
    let broker = try FakeBroker(behaviour)
    defer { broker.close() }
    return try await body(broker)
}

/// Messages m1 … with their numbers as bodies.
func numbered(_ range: ClosedRange<Int>) -> [OutgoingMessage] {
    range.map { message("a.b", "m\($0)", body: Array("\($0)".utf8)) }
}

func number(_ content: Content) -> Int { Int(String(decoding: content.body, as: UTF8.self)) ?? 0 }
