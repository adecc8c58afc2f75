import Contracts
import FakeBroker
import TestKit
import Testing

@testable import AMQP

@Suite(.timeLimit(.minutes(5))) struct DeliveryMisbehaviourTests {
    private static func contents(_ range: ClosedRange<Int>) -> [Content] {
        range.map { Content(routingKey: "a", messageID: "m\($0)", body: Array("\($0)".utf8)) }
    }

    @Test func `exactly what was acknowledged is acknowledged to the broker`() async throws {
        try await withFakeBroker { broker async throws in
            broker.enqueue(Self.contents(1...20))
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("all arrive") { collector.deliveries.count == 20 }
            for index in [4, 2, 11] { consumer.acknowledge(collector.deliveries[index]) }
            try await eventually("three") { broker.record.acknowledged.count == 3 }
            #expect(Set(broker.record.acknowledged) == ["m5", "m3", "m12"])
            for index in [0, 1] { consumer.acknowledge(collector.deliveries[index]) }
            try await eventually("five") { broker.record.acknowledged.count == 5 }
            #expect(Set(broker.record.acknowledged) == ["m5", "m3", "m12", "m1", "m2"])
            broker.perform(.cut)
            try await eventually("the rest comes again") { collector.deliveries.count == 35 }
            let again = collector.deliveries[20...]
            #expect(again.allSatisfy(\.redelivered) && again.map(\.messageID) == again.map { "m\(number($0.body))" })
            #expect(Set(again.map(\.messageID)).isDisjoint(with: broker.record.acknowledged))
            // Acknowledgements of the old connection must not reach the new one.
            for delivery in collector.deliveries[..<20] { consumer.acknowledge(delivery) }
            try await eventually("stale") { consumer.metrics.stale == 20 }
            #expect(broker.record.acknowledged.count == 5 && broker.record.violations == [])
            await collector.end(consumer)
        }
    }

    private func number(_ body: [UInt8]) -> Int { Int(String(decoding: body, as: UTF8.self)) ?? 0 }

    @Test func `what is handed out twice has two tags, and each is acknowledged for itself`() async throws {
        try await withFakeBroker {
            $0.copies = 2
        } _: { broker async throws in
            broker.enqueue(Self.contents(1...10))
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("all arrive") { collector.deliveries.count == 20 }
            #expect(Set(collector.deliveries.map(\.tag)).count == 20)
            collector.deliveries.forEach(consumer.acknowledge)
            try await eventually("acknowledged") { broker.record.acknowledged.count == 10 }
            try await eventually("counted") { consumer.metrics.acknowledged == 20 }
            #expect(broker.record.violations == [])
            await collector.end(consumer)
        }
    }

    @Test func `a cancelled consumer is told that it may have missed something, and consumes again`() async throws {
        try await withFakeBroker { broker async throws in
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("it consumes") { consumer.isConnected && broker.record.consumers == 1 }
            #expect(collector.created == 0)
            broker.perform(.cancelConsumer)
            try await eventually("told") { collector.created == 1 && consumer.isConnected }
            broker.enqueue(Self.contents(1...1))
            try await eventually("it consumes again") { collector.deliveries.count == 1 }
            await collector.end(consumer)
        }
    }

    @Test(arguments: [Method.queueDeclare, .queueBind, .basicQos, .basicConsume])
    func `a consumer that is refused goes on asking`(_ method: Method) async throws {
        try await withFakeBroker {
            $0.refused[method] = (406, "PRECONDITION_FAILED")
        } _: { broker async throws in
            broker.enqueue(Self.contents(1...1))
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("it asked several times") { broker.record.accepted.count >= 3 }
            #expect(!consumer.isConnected && collector.deliveries.isEmpty)
            broker.behave { $0.refused = [:] }
            try await eventually("it is let in") { collector.deliveries.count == 1 }
            await collector.end(consumer)
        }
    }

    @Test func `many lost connections leave no socket and no thread's work behind`() async throws {
        try await withFakeBroker { broker async throws in
            let publisher = broker.publisher()
            for round in 1...12 {
                broker.behave { $0.verdict = { _, _ in .cut } }
                await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(round...round)) }
                #expect(broker.clientSockets <= 2, "one connection, and the watchdog's name for it")
            }
            broker.behave { $0.verdict = { _, _ in .ack } }
            #expect(try await publisher.publish(numbered(1...1)) == [.confirmed])
            await publisher.close()
            try await eventually("no socket is left") { broker.clientSockets == 0 }
            #expect(publisher.metrics.waiting == 0 && publisher.metrics.reconnects == 12)
        }
    }
}
