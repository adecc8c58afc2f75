import Contracts
import FakeBroker
import TestKit
import Testing

@testable import AMQP

@Suite(.timeLimit(.minutes(5))) struct FrameSizeTests {
    /// Around the payload of one frame of 4096, around several of them, and a mebibyte.
    private static let sizes = [0, 1, 4_087, 4_088, 4_089, 8_176, 8_177, 40_880, 1_048_576]

    private static func body(_ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    /// 1 is less than the protocol allows: the least allowed is used.
    @Test(arguments: [UInt32(4_096), 5_000, 131_072, 0, 1])
    func `bodies of every size travel whole in frames as agreed`(_ frameMax: UInt32) async throws {
        try await withFakeBroker {
            $0.frameMax = frameMax
            $0.keeps = true
        } _: { broker async throws in
            let publisher = broker.publisher()
            let batch = Self.sizes.map { message("a", "size \($0)", body: Self.body($0)) }
            #expect(try await publisher.publish(batch).allSatisfy { $0 == .confirmed })
            let most = max(4_096, frameMax == 0 ? 131_072 : Int(frameMax)) - Frame.overhead
            #expect(broker.record.published.flatMap(\.pieces).allSatisfy { $0 <= most })
            #expect(broker.record.published.map(\.content.body) == batch.map(\.body))
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("all come back") { collector.deliveries.count == batch.count }
            #expect(collector.deliveries.map(\.body) == batch.map(\.body))
            #expect(collector.deliveries.map(\.messageID) == batch.map(\.messageID))
            #expect(broker.record.violations == [])
            await collector.end(consumer)
            await publisher.close()
        }
    }

    /// The library holds the last frame of such a body back (MSG_MORE) until something follows or the kernel's patience
    /// of 200 ms ends; it must not wait for longer.
    @Test func `a body that fills its last frame exactly is confirmed too`() async throws {
        try await withFakeBroker {
            $0.frameMax = 4_096
        } _: { broker async throws in
            let publisher = broker.publisher(patience: .seconds(5))
            for count in 1...3 {
                #expect(try await publisher.publish([message("a", body: Self.body(4_088 * count))]) == [.confirmed])
            }
            await publisher.close()
        }
    }

    @Test func `headers that no frame of the broker can hold are refused, and the connection stays`() async throws {
        try await withFakeBroker {
            $0.frameMax = 4_096
        } _: { broker async throws in
            let publisher = broker.publisher()
            var large = message("a", "large")
            large.headers = [("h", .string(String(repeating: "x", count: 5_000)))]
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish([message("a"), large]) }
            guard case .invalid(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("large") && reason.contains("4096"))
            // The largest that fits: nothing was counted too small.
            let rest = MessageEncoder(exchange: "events", user: "tester").headerFrame(message("a", "fits")) + 2 + 1 + 4
            var fits = message("a", "fits")
            fits.headers = [("h", .string(String(repeating: "x", count: 4_096 - rest)))]
            #expect(try await publisher.publish([fits]) == [.confirmed])
            fits.headers = [("h", .string(String(repeating: "x", count: 4_096 - rest + 1)))]
            await #expect(throws: AMQPError.self) { try await publisher.publish([fits]) }
            #expect(broker.record.published.map(\.content.messageID) == ["fits"])
            #expect(broker.record.accepted.count == 1)
            try await eventually("nothing waits") { publisher.metrics.waiting == 0 }
            await publisher.close()
        }
    }

    @Test func `a delivery in frames of one octet and segments of three arrives whole`() async throws {
        try await withFakeBroker {
            $0.segment = 3
            $0.frameBytes = 9
        } _: { broker async throws in
            let bodies = [Self.body(700), [], Self.body(1)]
            broker.enqueue(
                bodies.map { Content(routingKey: "a", messageID: "m", headers: [("n", .integer(7))], body: $0) })
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("all arrive") { collector.deliveries.count == 3 }
            #expect(collector.deliveries.map(\.body) == bodies)
            #expect(collector.deliveries.allSatisfy { $0.headers == ["n": .integer(7)] && $0.messageID == "m" })
            await collector.end(consumer)
        }
    }
}
