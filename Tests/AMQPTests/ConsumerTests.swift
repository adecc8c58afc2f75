import Contracts
import Foundation
import Synchronization
import TestKit
import Testing

@testable import AMQP

@Suite(.timeLimit(.minutes(5))) struct ConsumerTests {
    @Test func `headers, properties and a body of many frames arrive as they were sent`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            var sent = message("hồ.sơ", "id-1", body: (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            sent.contentType = "application/octet-stream"
            sent.headers = [
                ("cloudEvents:source", .string("/onestop/Hà Nội")), ("empty", .string("")), ("least", .integer(.min)),
                ("version", .integer(7)), ("replay", .bool(true)), ("live", .bool(false)),
            ]
            #expect(try await publisher.publish([sent, message("x", body: [])]) == [.confirmed, .confirmed])
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"))
            consumer.start()
            try await eventually("both arrive") { collector.deliveries.count == 2 }
            let got = collector.deliveries[0]
            #expect(got.routingKey == "hồ.sơ" && got.exchange == "events" && got.messageID == "id-1")
            #expect(got.type == "test.v1" && got.appID == "tests" && got.userID == TestBroker.user)
            #expect(got.contentType == "application/octet-stream" && got.timestamp == sent.timestamp)
            #expect(got.headers == Dictionary(uniqueKeysWithValues: sent.headers))
            #expect(got.body == sent.body && !got.redelivered)
            #expect(collector.deliveries[1].body.isEmpty)
            await consumer.close()
            await publisher.close()
        }
    }

    @Test func `headers of other kinds are passed over`() async throws {
        try await withRoom { room in
            try await Topology.declare(room.configuration, exchanges: [], queues: [room.queue("q")])
            try await TestBroker.manage(
                "POST", "exchanges/\(room.vhost)/events/publish",
                #"""
                {"routing_key": "a", "payload": "hello", "payload_encoding": "string", "properties": {"headers":
                {"text": "x", "small": 5, "float": 1.5, "list": [1, 2], "table": {"a": 1}}}}
                """#)
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"))
            consumer.start()
            try await eventually("it arrives") { collector.deliveries.count == 1 }
            #expect(collector.deliveries[0].headers["text"] == .string("x"))
            #expect(collector.deliveries[0].headers["small"] == .integer(5))
            #expect(collector.deliveries[0].headers.count == 2)
            #expect(collector.bodies == ["hello"] && collector.deliveries[0].timestamp == nil)
            await consumer.close()
        }
    }

    @Test func `prefetch bounds what is handed out, acknowledged or not in order`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            _ = try await publisher.publish((0..<100).map { message("a", body: Array("\($0)".utf8)) })
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"), prefetch: 10)
            consumer.start()
            try await eventually("the first ten") { collector.deliveries.count == 10 }
            for delivery in collector.deliveries[5..<10].reversed() { consumer.acknowledge(delivery) }
            try await eventually("five more") { collector.deliveries.count == 15 }
            for delivery in collector.deliveries[0..<5] { consumer.acknowledge(delivery) }
            var next = 10
            try await eventually("all of them") {
                let deliveries = collector.deliveries
                while next < deliveries.count {
                    consumer.acknowledge(deliveries[next])
                    next += 1
                }
                return consumer.metrics.acknowledged == 100
            }
            #expect(collector.bodies == (0..<100).map(String.init))
            #expect(consumer.metrics.stale == 0)
            consumer.acknowledge(collector.deliveries[0])
            try await eventually("a second time is stale") { consumer.metrics.stale == 1 }
            await consumer.close()
            await publisher.close()
        }
    }

    @Test func `after a lost connection: delivered again, and the old acknowledgement is dropped`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            _ = try await publisher.publish([message("a", body: Array("one".utf8))])
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"))
            consumer.start()
            try await eventually("first delivery") { collector.deliveries.count == 1 }
            try await closeConnections(of: room, matching: "consumer")
            try await eventually("second delivery") { collector.deliveries.count == 2 }
            let (old, new) = (collector.deliveries[0], collector.deliveries[1])
            #expect(!old.redelivered && new.redelivered && new.generation == old.generation + 1)
            #expect(old.tag == new.tag, "otherwise this test proves nothing")
            consumer.acknowledge(old)
            try await eventually("dropped") { consumer.metrics.stale == 1 }
            #expect(consumer.metrics.outstanding == 1 && consumer.metrics.acknowledged == 0)
            consumer.acknowledge(new)
            try await eventually("taken") { consumer.metrics.acknowledged == 1 }
            #expect(consumer.metrics.reconnects == 1 && consumer.metrics.redelivered == 1)
            await consumer.close()
            await publisher.close()
        }
    }

    @Test func `a queue deleted under the consumer is made again, bound, and told`() async throws {
        try await withRoom { room in
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q", ["a.#"]))
            consumer.start()
            try await eventually("created at first") { collector.created == 1 && consumer.isConnected }
            try await TestBroker.manage("DELETE", "queues/\(room.vhost)/q")
            try await eventually("created again") { collector.created == 2 && consumer.isConnected }
            let publisher = room.publisher()
            #expect(try await publisher.publish([message("a.b", body: Array("new".utf8))]) == [.confirmed])
            try await eventually("it consumes again") { collector.bodies == ["new"] }
            await consumer.close()
            await publisher.close()
        }
    }

    @Test func `a queue that the broker cannot read any more is made again, bound, and told`() async throws {
        try await withRoom { room in
            try await Topology.declare(room.configuration, exchanges: [room.exchange], queues: [room.queue("q")])
            try room.ruin("q")
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"))
            consumer.start()
            try await eventually("created again", within: .seconds(60)) { collector.created == 1 }
            let publisher = room.publisher()
            #expect(try await publisher.publish([message("a", body: Array("new".utf8))]) == [.confirmed])
            try await eventually("it consumes") { collector.bodies == ["new"] }
            await consumer.close()
            await publisher.close()
        }
    }

    @Test func `a queue that stands is not told as created`() async throws {
        try await withRoom { room in
            try await Topology.declare(room.configuration, exchanges: [room.exchange], queues: [room.queue("q")])
            try await Topology.declare(room.configuration, exchanges: [room.exchange], queues: [room.queue("q")])
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"))
            consumer.start()
            try await eventually("connected") { consumer.isConnected }
            await consumer.close()
            #expect(collector.created == 0 && !consumer.isConnected)
        }
    }

    @Test func `close takes the acknowledgements of what was handed out`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            _ = try await publisher.publish((0..<3).map { _ in message("a") })
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"))
            consumer.start()
            try await eventually("three handed out") { collector.deliveries.count == 3 }
            let closing = Task { await consumer.close() }
            for delivery in collector.deliveries { consumer.acknowledge(delivery) }
            await closing.value
            #expect(consumer.metrics.acknowledged == 3)
            let late = Collector()
            let next = late.consumer(room.configuration, room.queue("q"))
            next.start()
            _ = try await publisher.publish([message("a", body: Array("after".utf8))])
            try await eventually("only the new one is left") { !late.deliveries.isEmpty }
            #expect(late.bodies == ["after"])
            await next.close()
            await publisher.close()
        }
    }

    @Test func `of two consumers one is active, the other takes over`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            let (one, two) = (Collector(), Collector())
            let first = one.consumer(room.configuration, room.queue("q"))
            first.start()
            try await eventually("the first is there") { first.isConnected }
            let second = two.consumer(room.configuration, room.queue("q"))
            second.start()
            try await eventually("the second is there") { second.isConnected }
            _ = try await publisher.publish([message("a")])
            try await eventually("the first gets it") { one.deliveries.count == 1 }
            #expect(two.deliveries.isEmpty)
            one.deliveries.forEach(first.acknowledge)
            await first.close()
            _ = try await publisher.publish([message("a")])
            try await eventually("the second gets the next") { two.deliveries.count == 1 }
            await second.close()
            await publisher.close()
        }
    }

    private struct Connection: Decodable {
        struct Client: Decodable { let connection_name: String? }
        let name: String
        let client_properties: Client?
    }

    /// Lets the broker close the connections of the room whose own name contains the word.
    private func closeConnections(of room: Room, matching word: String) async throws {
        var found: [Connection] = []
        // The management plugin learns of a connection with its next statistics.
        try await eventually("the broker lists the connection") {
            let data = try await TestBroker.manage("GET", "vhosts/\(room.vhost)/connections")
            found = try JSONDecoder().decode([Connection].self, from: data)
                .filter { $0.client_properties?.connection_name?.contains(word) == true }
            return !found.isEmpty
        }
        for connection in found {
            let name = connection.name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            try await TestBroker.manage("DELETE", "connections/\(name)")
        }
    }
}
