import Contracts
import FakeBroker
import TestKit
import Testing

@testable import AMQP

/// Brokers that say too little, and what that costs. The times are bounds that hold on any machine, not figures.
@Suite(.timeLimit(.minutes(5))) struct SilentBrokerTests {
    /// Heartbeats go on, but nothing is read: the client's buffers fill, and a publish blocks inside the library.
    @Test func `no publish is blocked longer than twice the heartbeat`() async throws {
        try await withFakeBroker { broker async throws in
            // Long, so that what a busy machine adds stays small beside it.
            let heartbeat = Duration.seconds(8)
            let publisher = broker.publisher(heartbeat: heartbeat, patience: .seconds(60))
            _ = try await publisher.publish(numbered(1...1))
            broker.behave { $0.reads = false }
            let large = (0..<64).map { message("a", "large \($0)", body: [UInt8](repeating: 1, count: 1 << 20)) }
            let start = ContinuousClock.now
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(large) }
            let took = ContinuousClock.now - start
            #expect(took <= heartbeat * 2, "blocked for \(took)")
            guard case .connectionLost(_, let settled) = error, settled.allSatisfy({ $0 == nil }) else {
                Issue.record("\(String(describing: error))")
                return
            }
            broker.behave { $0.reads = true }
            #expect(try await publisher.publish(numbered(2...3)) == [.confirmed, .confirmed])
            await publisher.close()
        }
    }

    @Test func `a broker without heartbeats is left after two of them`() async throws {
        try await withFakeBroker {
            $0.sendsHeartbeats = false
            $0.verdict = { _, _ in .silence }
        } _: { broker async throws in
            let publisher = broker.publisher(heartbeat: .seconds(1), patience: .seconds(60))
            let collector = Collector()
            let consumer = broker.consumer(collector, heartbeat: .seconds(1))
            consumer.start()
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(1...1)) }
            guard case .connectionLost(_, [nil]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await eventually("both came again", within: .seconds(10)) { broker.record.accepted.count >= 4 }
            await publisher.close()
            await consumer.close()
        }
    }

    @Test func `a heartbeat that the broker wants shorter than ours is kept`() async throws {
        try await withFakeBroker {
            $0.heartbeat = 1
        } _: { broker async throws in
            let publisher = broker.publisher(heartbeat: .seconds(60))
            publisher.start()
            try await eventually("several heartbeats came") { broker.record.heartbeats >= 5 }
            #expect(broker.record.longestSilence < .milliseconds(1_500))
            #expect(broker.record.accepted.count == 1)
            await publisher.close()
        }
    }

    @Test func `while the broker blocks us nothing is sent, and everything afterwards`() async throws {
        try await withFakeBroker { broker async throws in
            let publisher = broker.publisher(heartbeat: .seconds(1))
            _ = try await publisher.publish(numbered(1...1))
            broker.perform(.block("low on memory"))
            try await eventually("heard") { publisher.metrics.blocked == "low on memory" }
            let waiting = Task { try await publisher.publish(numbered(2...50)) }
            let heard = broker.record.heartbeats
            try await eventually("time goes by") { broker.record.heartbeats >= heard + 4 }
            #expect(broker.record.published.count == 1 && publisher.isConnected)
            broker.perform(.unblock)
            #expect(try await waiting.value.allSatisfy { $0 == .confirmed })
            #expect(broker.record.published.count == 50 && publisher.metrics.blocked == nil)
            await publisher.close()
        }
    }

    @Test func `a batch that the broker blocks for too long was not sent`() async throws {
        try await withFakeBroker { broker async throws in
            let publisher = broker.publisher(heartbeat: .seconds(1), patience: .milliseconds(300))
            _ = try await publisher.publish(numbered(1...1))
            broker.perform(.block("low on disk"))
            try await eventually("heard") { publisher.metrics.blocked != nil }
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(2...3)) }
            guard case .unreachable(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("low on disk") && broker.record.published.count == 1)
            await publisher.close()
        }
    }

    /// Idle, blocked, with half a frame in the buffer, and with a confirm that does not come.
    @Test func `a thread that waits does not turn`() async throws {
        try await withFakeBroker { broker async throws in
            let publisher = broker.publisher(heartbeat: .seconds(1), patience: .seconds(60))
            let collector = Collector()
            let consumer = broker.consumer(collector, heartbeat: .seconds(1))
            consumer.start()
            _ = try await publisher.publish(numbered(1...1))
            try await eventually("it consumes") { consumer.isConnected }
            func quietly(_ what: Comment) async throws {
                let (before, heard) = (publisher.turns + consumer.turns, broker.record.heartbeats)
                try await eventually(what) { broker.record.heartbeats >= heard + 6 }
                let turns = publisher.turns + consumer.turns - before
                #expect(turns < 60, "\(turns) turns, \(what)")
            }
            try await quietly("idle")
            broker.behave { $0.verdict = { _, _ in .silence } }
            let waiting = Task { try await publisher.publish(numbered(2...2)) }
            try await eventually("it is there") { broker.record.published.count == 2 }
            try await quietly("a confirm is missing")
            broker.perform(.block("for ever"))
            try await quietly("blocked")
            broker.behave { $0.sendsHeartbeats = false }
            broker.perform(.raw([1, 0, 1, 0, 0, 0, 40, 0, 60]))
            let (before, ended) = (publisher.turns + consumer.turns, broker.record.ended.count)
            try await eventually("given up", within: .seconds(10)) { broker.record.ended.count >= ended + 2 }
            #expect(publisher.turns + consumer.turns - before < 120, "half a frame")
            waiting.cancel()
            await #expect(throws: AMQPError.self) { try await waiting.value }
            await publisher.close()
            await consumer.close()
        }
    }
}
