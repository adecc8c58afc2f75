import Contracts
import Foundation
import TestKit
import Testing

@testable import AMQP

@Suite(.timeLimit(.minutes(5))) struct PublisherTests {
    @Test func `a batch is confirmed, in order, in the queue`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            let batch = (0..<1000).map { message("a.b", body: Array("\($0)".utf8)) }
            #expect(try await publisher.publish(batch) == Array(repeating: .confirmed, count: 1000))
            let collector = Collector()
            let consumer = collector.consumer(room.configuration, room.queue("q"), prefetch: 1000)
            consumer.start()
            try await eventually("all delivered") { collector.deliveries.count == 1000 }
            #expect(collector.bodies == (0..<1000).map(String.init))
            await publisher.close()
            await consumer.close()
            let metrics = publisher.metrics
            #expect(metrics.published == 1000 && metrics.confirmed == 1000 && metrics.waiting == 0)
            #expect(metrics.confirmLatency > .zero && metrics.reconnects == 0 && !metrics.connected)
        }
    }

    @Test func `of several nodes any that answers will do, for declaring, publishing and consuming`() async throws {
        try await withRoom { room in
            var configuration = room.configuration
            configuration.further = [AMQPAddress(host: "127.0.0.1", port: configuration.port)]
            configuration.port = 1
            configuration.further.append(AMQPAddress(host: "127.0.0.1", port: 2))
            try await Topology.declare(configuration, exchanges: [room.exchange], queues: [room.queue("q")])
            let publisher = Publisher(configuration, exchange: room.exchange.name, logger: quiet)
            #expect(try await publisher.publish([message("a.b")]) == [.confirmed])
            let collector = Collector()
            let consumer = collector.consumer(configuration, room.queue("q"))
            consumer.start()
            try await eventually("it is delivered") { collector.deliveries.count == 1 }
            collector.deliveries.forEach { consumer.acknowledge($0) }
            await publisher.close()
            await consumer.close()
        }
    }

    @Test func `what nobody is bound for comes back as returned, its neighbours are confirmed`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q", ["known.#"])])
            let keys = ["known.1", "unknown.1", "known.2", "unknown.2", "unknown.3"]
            let outcomes = try await publisher.publish(keys.map { message($0) })
            let back = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
            #expect(outcomes == [.confirmed, back, .confirmed, back, back])
            // Counted with the next turn of the publisher's thread.
            try await eventually("three are counted") { publisher.metrics.returned == 3 }
            await publisher.close()
        }
    }

    @Test func `concurrent batches share the window and each gets its own answers`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q", ["known.#"])])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        let keys = (0..<50).map { ($0 + number).isMultiple(of: 3) ? "known" : "unknown" }
                        let outcomes = try await publisher.publish(keys.map { message($0) })
                        #expect(outcomes.map { $0 == .confirmed } == keys.map { $0 == "known" })
                    }
                }
                try await group.waitForAll()
            }
            await publisher.close()
        }
    }

    @Test func `a forged user id is refused by the broker and the publisher goes on`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            var forged = message("a")
            forged.userID = "someone-else"
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish([forged]) }
            guard case .refused(406, let text, _, let settled) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(text.contains("user_id") && settled == [nil])
            let again = try await publisher.publish([message("a")])
            #expect(again == [.confirmed] && publisher.metrics.reconnects == 1)
            await publisher.close()
        }
    }

    @Test func `a topic outside the service's own is refused with its reason`() async throws {
        try await withRoom { room in
            try await Topology.declare(room.configuration, exchanges: [], queues: [room.queue("q")])
            let user = "hr-\(room.vhost)"
            try await room.allow(user, topics: "^hr[.]")
            var configuration = room.configuration
            (configuration.user, configuration.password) = (user, user)
            let publisher = Publisher(configuration, exchange: "events", logger: quiet)
            #expect(try await publisher.publish([message("hr.agency")]) == [.confirmed])
            let error = await #expect(throws: AMQPError.self) {
                try await publisher.publish([message("hr.unit"), message("mail.box")])
            }
            guard case .refused(403, let text, _, let settled) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(text.contains("ACCESS_REFUSED") && settled.count == 2 && settled[1] == nil)
            #expect(try await publisher.publish([message("hr.post")]) == [.confirmed])
            await publisher.close()
            try await TestBroker.manage("DELETE", "users/\(user)")
        }
    }

    @Test func `a wrong password is told, again and again, until the patience ends`() async throws {
        try await withRoom { room in
            var configuration = room.configuration
            configuration.password = "wrong"
            let publisher = Publisher(configuration, exchange: "events", patience: .milliseconds(500), logger: quiet)
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish([message("a")]) }
            guard case .unreachable(let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("403") && !reason.contains("wrong"))
            await publisher.close()
        }
    }

    @Test func `an exchange that does not exist is a refusal`() async throws {
        try await withRoom { room in
            let publisher = Publisher(room.configuration, exchange: "nowhere", logger: quiet)
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish([message("a")]) }
            guard case .refused(404, _, _, [nil]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await publisher.close()
        }
    }

    @Test func `a message that does not fit is refused before anything is sent`() async throws {
        let publisher = Publisher(AMQPConfiguration(port: 1, user: "u", password: "p"), exchange: "e", logger: quiet)
        var long = message(String(repeating: "k", count: 256))
        await #expect(throws: AMQPError.self) { try await publisher.publish([long]) }
        long = message("k")
        long.headers = [("h", .string(String(repeating: "x", count: Limits.AMQP.headerBytes)))]
        await #expect(throws: AMQPError.self) { try await publisher.publish([message("k"), long]) }
        #expect(publisher.metrics == PublisherMetrics())
        #expect(try await publisher.publish([]) == [])
        await publisher.close()
        await #expect(throws: AMQPError.closed) { try await publisher.publish([message("k")]) }
    }

    @Test func `a cancelled task gets its batch back`() async throws {
        // Nobody listens on port 1.
        let publisher = Publisher(AMQPConfiguration(port: 1, user: "u", password: "p"), exchange: "e", logger: quiet)
        let task = Task { try await publisher.publish([message("a")]) }
        try await eventually("the batch waits") { publisher.metrics.waiting == 1 }
        task.cancel()
        await #expect(throws: AMQPError.cancelled(settled: [nil])) { try await task.value }
        try await eventually("the batch is gone") { publisher.metrics.waiting == 0 }
        await publisher.close()
    }

    @Test func `a cancelled batch takes those behind it in its chain along, and no others`() async throws {
        let publisher = Publisher(AMQPConfiguration(port: 1, user: "u", password: "p"), exchange: "e", logger: quiet)
        let chain = PublishChain()
        let before = publisher.submit([message("a")], in: chain)
        let cancelled = publisher.submit([message("b")], in: chain)
        let (beside, behind) = (publisher.submit([message("c")]), publisher.submit([message("d")], in: chain))
        let task = Task { try await cancelled.outcomes() }
        task.cancel()
        await #expect(throws: AMQPError.cancelled(settled: [nil])) { try await task.value }
        await #expect(throws: AMQPError.unreachable(reason: PublishChain.reason)) { try await behind.outcomes() }
        try await eventually("the others wait") { publisher.metrics.waiting == 2 }
        await publisher.close()
        for submission in [before, beside] {
            await #expect(throws: AMQPError.self) { try await submission.outcomes() }
        }
    }

    @Test func `close drains what is in flight`() async throws {
        try await withRoom { room in
            let publisher = room.publisher(declaring: [room.queue("q")])
            let task = Task { try await publisher.publish((0..<2000).map { _ in message("a") }) }
            try await eventually("it has begun") { publisher.metrics.published > 0 }
            await publisher.close()
            #expect(try await task.value == Array(repeating: .confirmed, count: 2000))
        }
    }

    @Test func `configurations never print their password`() {
        let configuration = AMQPConfiguration(user: "hr", password: "secret-word")
        #expect(!"\(configuration)\(String(reflecting: configuration))".contains("secret-word"))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("secret-word"))
    }
}
