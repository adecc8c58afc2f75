import AMQP
import Contracts
import FakeBroker
import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import EventLog

/// Relay and inbox over a real PostgreSQL and a broker that misbehaves: what the database says was published or done is
/// so, whatever the broker said in between.
@Suite(.timeLimit(.minutes(5))) struct FakeBrokerTests {
    private static let events = 120

    private static func configuration(_ broker: FakeBroker, user: String) -> AMQPConfiguration {
        AMQPConfiguration(port: broker.port, vhost: "/", user: user, password: "any", heartbeat: .seconds(2))
    }

    private func withRelay(
        _ broker: FakeBroker, patience: Duration = .seconds(20), _ body: (TestDatabase, Relay) async throws -> Void
    ) async throws {
        let publisher = Publisher(
            Self.configuration(broker, user: announcer), exchange: "events", patience: patience, logger: quiet)
        try await withAnnouncer { test async throws in
            let relay = Relay(
                database: test.database, publisher: publisher, source: announcer, isConsumed: { _ in true },
                mostOfTick: 16,
                logger: quiet)
            try await running([relay]) { try await body(test, relay) }
        }
        await publisher.close()
    }

    private func confirmed(_ test: TestDatabase) async throws -> Int {
        try await test.database.number(
            """
            SELECT count(*)::int8 AS n FROM event_log l, relay_cursor c WHERE l.seq <= c.confirmed_seq
            """)
    }

    /// The broker nacks, returns, cuts and closes now and then, and answers out of order.
    @Test(arguments: [Order.each, .shuffled(8, seed: 3), .multiple(5), .reversed(4)])
    func `what the cursor calls confirmed was acked, and everything is in the end`(_ order: Order) async throws {
        var behaviour = Behaviour()
        behaviour.order = order
        let acked = Mutex<Set<String>>([])
        let count = Mutex(0)
        behaviour.verdict = { content, _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            // The same events again and again: each fault hits another one.
            switch number {
            case let number where number.isMultiple(of: 41): return .cut
            case let number where number.isMultiple(of: 37): return .nack
            case let number where number.isMultiple(of: 31): return .returned(code: 312, text: "NO_ROUTE")
            case let number where number.isMultiple(of: 67):
                return .closeChannel(code: 406, text: "PRECONDITION_FAILED")
            default:
                acked.withLock { _ = $0.insert(content.messageID) }
                return .ack
            }
        }
        let broker = try FakeBroker(behaviour)
        defer { broker.close() }
        try await withRelay(broker) { test, relay async throws in
            for number in 0..<Self.events {
                try await test.database.change("thing \(number % 7)")
            }
            let read: SQL = "SELECT l.id::text AS id FROM event_log l, relay_cursor c WHERE l.seq <= c.confirmed_seq"
            try await eventually("all are confirmed", within: .seconds(60)) {
                let ids: [String] = try await test.database.run(read).map { try $0("id") }
                #expect(acked.withLock { $0.isSuperset(of: ids) }, "confirmed, but never acked")
                return ids.count == Self.events
            }
            try expectOrder(broker)
        }
        #expect(broker.record.violations == [])
    }

    /// Each version of a thing was taken for the first time after the one before it.
    private func expectOrder(_ broker: FakeBroker) throws {
        var last: [String: Int] = [:]
        var seen: Set<String> = []
        for publication in broker.record.published where seen.insert(publication.content.messageID).inserted {
            let thing = try #require(try JSON(parsing: publication.content.body)["thing"]?.text)
            last[thing, default: 0] += 1
        }
        #expect(last.values.reduce(0, +) == Self.events)
    }

    @Test func `what is never confirmed stays unpublished, and is published again`() async throws {
        var behaviour = Behaviour()
        behaviour.verdict = { _, _ in .silence }
        let broker = try FakeBroker(behaviour)
        defer { broker.close() }
        try await withRelay(broker, patience: .milliseconds(500)) { test, relay async throws in
            try await test.database.change("a")
            try await eventually("published, several times") { broker.record.published.count >= 3 }
            #expect(try await confirmed(test) == 0)
            #expect(Set(broker.record.published.map(\.content.messageID)).count == 1, "always the same event")
            broker.behave { $0.verdict = { _, _ in .ack } }
            try await eventually("confirmed at last") { try await confirmed(test) == 1 }
        }
    }

    @Test func `a broker that blocks holds events back and loses none`() async throws {
        let broker = try FakeBroker()
        defer { broker.close() }
        try await withRelay(broker) { test, relay async throws in
            try await test.database.change("a")
            try await eventually("the first") { try await confirmed(test) == 1 }
            broker.perform(.block("disk"))
            for _ in 0..<20 { try await test.database.change("a") }
            let heard = broker.record.heartbeats
            try await eventually("time goes by") { broker.record.heartbeats >= heard + 2 }
            #expect(try await confirmed(test) <= broker.record.published.count)
            broker.perform(.unblock)
            try await eventually("all") { try await confirmed(test) == 21 }
        }
    }

    // MARK: - Inbox

    /// Each delivery twice, connections cut, and broken octets in between.
    @Test func `effects happen once and in order, and nothing is acknowledged before it is committed`() async throws {
        var behaviour = Behaviour()
        behaviour.keeps = true
        behaviour.copies = 2
        let broker = try FakeBroker(behaviour)
        defer { broker.close() }
        let source = Publisher(Self.configuration(broker, user: feeder), exchange: "events", logger: quiet)
        let (feed, script) = (FakeFeed(), Script())
        let events = (1...Self.events).map { number -> Envelope in
            event("thing \(number % 4)", Int64((number - 1) / 4 + 1), tick: Int64(number))
        }
        var ids: [String: String] = [:]
        for event in events { ids[event.id.text] = "\(event.aggregateID) \(event.version)" }
        let names = ids
        feed.add(events)
        try await withInboxDatabase { test async throws in
            let inbox = Inbox(
                database: test.database, configuration: Self.configuration(broker, user: "taker"), service: "taker",
                exchange: "events", bindings: ["feeder.thing.#"], reactions: [script.reaction],
                consumed: [(feeder, "thing")], fetch: feed.fetch, pace: hurried, logger: quiet)
            let effects = Effects(database: test.database)
            try await running([inbox]) {
                for (index, event) in events.enumerated() {
                    try await publish(WireFormat.message(event), source)
                    if index % 30 == 20 { broker.perform(.cut) }
                    if index % 30 == 10 { broker.perform(.raw(Frame.bytes(1, 1, [1, 2, 3], end: 0))) }
                }
                try await eventually("all effects", within: .seconds(60)) {
                    // Read in this order: what is acknowledged by now is committed by now.
                    let acknowledged = broker.record.acknowledged.compactMap { names[$0] }
                    let done = Set(try await effects.all() + (try await parked(test)))
                    #expect(Set(acknowledged).subtracting(done) == [], "acknowledged, but not committed")
                    return try await effects.all().count == Self.events
                }
                try await eventually("the queue is empty") { Set(broker.record.acknowledged).count == Self.events }
            }
            for thing in 0..<4 {
                let versions = try await effects.versions("thing \(thing)")
                #expect(versions == Array(1...Int64(Self.events / 4)), "thing \(thing)")
            }
        }
        await source.close()
    }

    /// Until it is confirmed: the source's connection is cut too, and it does then as a relay does.
    private func publish(_ message: OutgoingMessage, _ source: Publisher) async throws {
        try await eventually("it is confirmed") {
            do { return try await source.publish([message]) == [.confirmed] } catch { return false }
        }
    }

    private func parked(_ test: TestDatabase) async throws -> [String] {
        try await test.database.run("SELECT aggregate_id || ' ' || version AS n FROM inbox_parked").map { try $0("n") }
    }
}
