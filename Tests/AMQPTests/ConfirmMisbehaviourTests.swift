import Contracts
import FakeBroker
import TestKit
import Testing

@testable import AMQP

/// What the publisher reports against what the broker really did, whatever the order in which it said so.
@Suite(.timeLimit(.minutes(5))) struct ConfirmMisbehaviourTests {
    private static func verdict(_ number: Int) -> Verdict {
        switch number {
        case let number where number.isMultiple(of: 5): .nack
        case let number where number.isMultiple(of: 7): .returned(code: 312, text: "NO_ROUTE")
        default: .ack
        }
    }

    private static func outcome(_ number: Int) -> PublishOutcome {
        switch verdict(number) {
        case .nack: .nacked
        case .returned(let code, let text): .returned(code: code, text: text)
        default: .confirmed
        }
    }

    @Test(arguments: [Order.each, .reversed(16), .shuffled(32, seed: 1), .shuffled(200, seed: 2), .multiple(10)])
    func `each message has the outcome that the broker gave it`(_ order: Order) async throws {
        try await withFakeBroker {
            $0.order = order
            $0.verdict = { content, _ in Self.verdict(number(content)) }
        } _: { broker async throws in
            let publisher = broker.publisher()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for batch in 0..<6 {
                    group.addTask {
                        let range = (batch * 100 + 1)...(batch * 100 + 100)
                        let outcomes = try await publisher.publish(numbered(range))
                        #expect(outcomes == range.map(Self.outcome))
                    }
                }
                try await group.waitForAll()
            }
            #expect(Set(broker.record.published.map { number($0.content) }) == Set(1...600))
            #expect(broker.record.published.count == 600 && broker.record.violations == [])
            // Counted by the publisher's thread, a moment after the answers.
            try await eventually("all is counted") { publisher.metrics.nacked == 120 }
            #expect(publisher.metrics.unknown == 0)
            await publisher.close()
        }
    }

    /// A queue that lost its leader is refused by a channel that knows the former one only.
    @Test func `a connection that refuses is given up for another, once for now`() async throws {
        try await withFakeBroker {
            $0.verdict = { _, _ in .nack }
        } _: { broker async throws in
            let publisher = broker.publisher()
            #expect(try await publisher.publish(numbered(1...2)) == [.nacked, .nacked])
            #expect(try await publisher.publish(numbered(3...3)) == [.nacked])
            #expect(try await publisher.publish(numbered(4...4)) == [.nacked])
            #expect(broker.record.published.map(\.connection) == [1, 1, 2, 2])
            await publisher.close()
        }
    }

    @Test func `a connection cut after a message was taken leaves exactly the unanswered unknown`() async throws {
        try await withFakeBroker {
            $0.verdict = { content, _ in number(content) == 40 ? .cut : .ack }
        } _: { broker async throws in
            let publisher = broker.publisher()
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(1...60)) }
            let settled = try #require(error?.settled)
            #expect(settled.count == 60 && settled[39...].allSatisfy { $0 == nil })
            #expect(settled[..<39].allSatisfy { $0 == nil || $0 == .confirmed })
            broker.behave { $0.verdict = { _, _ in .ack } }
            #expect(try await publisher.publish(numbered(61...70)).allSatisfy { $0 == .confirmed })
            #expect(publisher.metrics.reconnects == 1)
            await publisher.close()
        }
    }

    @Test func `what is behind a lost batch in its chain is not sent before it is heard of`() async throws {
        try await withFakeBroker {
            $0.verdict = { content, _ in number(content) == 40 ? .cut : .ack }
        } _: { broker async throws in
            let (publisher, chain) = (broker.publisher(), PublishChain())
            let lost = publisher.submit(numbered(1...300), in: chain)
            let behind = publisher.submit(numbered(301...310), in: chain)
            let beside = publisher.submit(numbered(401...410))
            await #expect(throws: AMQPError.self) { try await lost.outcomes() }
            broker.behave { $0.verdict = { _, _ in .ack } }
            let torn = AMQPError.unreachable(reason: PublishChain.reason)
            await #expect(throws: torn) { try await behind.outcomes() }
            await #expect(throws: torn) { try await publisher.submit(numbered(311...320), in: chain).outcomes() }
            #expect(try await beside.outcomes().allSatisfy { $0 == .confirmed })
            let again = PublishChain()
            let both = [1...300, 301...320].map { publisher.submit(numbered($0), in: again) }
            for submission in both { #expect(try await submission.outcomes().allSatisfy { $0 == .confirmed }) }
            let late = broker.record.published.map { number($0.content) }.filter { (301...320).contains($0) }
            #expect(late == Array(301...320) && chain.isTorn && !again.isTorn)
            await publisher.close()
        }
    }

    @Test func `a confirm that never comes ends with the patience; what was confirmed is told`() async throws {
        try await withFakeBroker {
            $0.verdict = { content, _ in number(content) == 2 ? .silence : .ack }
        } _: { broker async throws in
            let publisher = broker.publisher(patience: .milliseconds(400))
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(1...3)) }
            guard case .stalled(_, [.confirmed, nil, .confirmed]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            // The open message takes a place in the window and nothing more.
            #expect(try await publisher.publish(numbered(4...400)).allSatisfy { $0 == .confirmed })
            #expect(publisher.metrics.reconnects == 0 && broker.record.accepted.count == 1)
            await publisher.close()
        }
    }

    /// As a node does whose queue has lost its leader: heartbeats go on, confirms do not.
    @Test func `who confirms nothing for a while is left for another connection`() async throws {
        try await withFakeBroker {
            $0.verdict = { _, _ in .silence }
        } _: { broker async throws in
            let publisher = broker.publisher(patience: .seconds(60))
            let began = ContinuousClock.now
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(1...2)) }
            guard case .connectionLost(_, [nil, nil]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(ContinuousClock.now - began < Limits.AMQP.confirm * 2)
            broker.behave { $0.verdict = { _, _ in .ack } }
            #expect(try await publisher.publish(numbered(1...2)).allSatisfy { $0 == .confirmed })
            #expect(broker.record.accepted.count == 2)
            await publisher.close()
        }
    }

    @Test func `confirms of messages that were never published change nothing`() async throws {
        try await withFakeBroker { broker async throws in
            let publisher = broker.publisher()
            _ = try await publisher.publish(numbered(1...1))
            broker.behave { $0.verdict = { _, _ in .silence } }
            let waiting = Task { try await publisher.publish(numbered(2...2)) }
            try await eventually("it is there") { broker.record.published.count == 2 }
            for tag: UInt64 in [0, 1, 3, .max] {
                broker.perform(
                    .raw(
                        Frame.method(.basicAck) {
                            $0.longLong(tag)
                            $0.octet(0)
                        }.bytes))
            }
            broker.perform(
                .raw(
                    Frame.method(.basicNack) {
                        $0.longLong(2)
                        $0.octet(0)
                    }.bytes))
            #expect(try await waiting.value == [.nacked])
            await publisher.close()
        }
    }

    @Test(arguments: [(404, "NOT_FOUND"), (406, "PRECONDITION_FAILED"), (403, "ACCESS_REFUSED")])
    func `a channel closed in a batch is a refusal, and the next batch goes out`(_ code: Int, _ text: String)
        async throws
    {
        try await withFakeBroker {
            $0.verdict = { content, _ in number(content) == 5 ? .closeChannel(code: code, text: text) : .ack }
        } _: { broker async throws in
            let publisher = broker.publisher()
            let error = await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(1...9)) }
            guard case .refused(code, text, _, let settled) = error, settled[4...].allSatisfy({ $0 == nil }) else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await publisher.publish(numbered(11...12)) == [.confirmed, .confirmed])
            await publisher.close()
        }
    }

    @Test func `a connection that the broker closes is lost or refused by its code`() async throws {
        try await withFakeBroker { broker async throws in
            let publisher = broker.publisher()
            broker.behave { $0.verdict = { _, _ in .silence } }
            for (code, isRefusal) in [(320, false), (501, true)] {
                let seen = broker.record.published.count
                let waiting = Task { try await publisher.publish(numbered(1...1)) }
                try await eventually("it is there") { broker.record.published.count > seen }
                broker.perform(.closeConnection(code: code, text: "says so"))
                let error = await #expect(throws: AMQPError.self) { try await waiting.value }
                switch error {
                case .refused(code, _, _, [nil]): #expect(isRefusal)
                case .connectionLost(_, [nil]): #expect(!isRefusal)
                default: Issue.record("\(String(describing: error))")
                }
            }
            await publisher.close()
        }
    }
}
