import AMQP
import Contracts
import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct InboxFaultTests {
    @Test func `a new service catches up from the feed alone, and goes on where it was`() async throws {
        try await withInboxBench { bench in
            bench.feed.add((1...10).map { event("a", $0) })
            let inbox = bench.inbox()
            try await running([inbox]) {
                try await eventually("history") { try await bench.effects.versions("a") == Array(1...10) }
                // Counted after the page is in the database; what a busy machine had to try twice counts as known.
                try await eventually("counted as found by the tail check") { inbox.metrics.tailRepairs > 0 }
            }
            let asked = bench.feed.asked.count
            try await running([bench.inbox()]) {
                try await eventually("asked again") { bench.feed.asked.count > asked }
                let last = Position(epoch: 1, tick: 10, ordinal: 1)
                #expect(bench.feed.asked[asked] == .after(last, source: feeder, aggregates: ["thing"]))
            }
        }
    }

    @Test func `a lost tail is found by the next check, and when the queue was deleted`() async throws {
        try await withInboxBench { bench in
            let inbox = bench.inbox(pace: .slowTail)
            try await running([inbox]) {
                try await bench.announce([event("a", 1)])
                try await eventually("live") { try await bench.effects.versions("a") == [1] }
                // Confirmed to the source, then lost with the queue.
                bench.feed.add([event("a", 2)])
                try await TestBroker.manage("DELETE", "queues/\(bench.room.vhost)/taker")
                try await eventually("found") { try await bench.effects.versions("a") == [1, 2] }
            }
            bench.feed.add([event("a", 3)])
            try await running([bench.inbox()]) {
                bench.feed.add([event("a", 4)])
                try await eventually("by the clock") { try await bench.effects.versions("a") == [1, 2, 3, 4] }
            }
        }
    }

    @Test func `an aggregate that is consumed anew is read from its start`() async throws {
        try await withInboxBench { bench in
            var other = event("x", 1, type: "feeder.other.done.v1", tick: 1)
            other.aggregateType = "other"
            bench.feed.add([other, event("a", 1, tick: 2), event("a", 2, tick: 3)])
            try await running([bench.inbox()]) {
                try await eventually("things") { try await bench.effects.versions("a") == [1, 2] }
            }
            let reaction = AnyReaction(
                group: "taker", eventType: "feeder.other.done.v1", handle: bench.script.reaction.handle)
            let inbox = Inbox(
                database: bench.test.database, configuration: bench.room.configuration, service: "taker",
                exchange: bench.room.exchange.name, bindings: ["feeder.#"],
                reactions: [bench.script.reaction, reaction], consumed: [(feeder, "thing"), (feeder, "other")],
                fetch: bench.feed.fetch, pace: hurried, logger: quiet)
            try await running([inbox]) {
                try await eventually("others") { try await bench.effects.versions("x") == [1] }
                try await eventually("both stand together") {
                    try await bench.test.database.run(
                        "SELECT DISTINCT tick FROM inbox_source WHERE source = 'feeder'"
                    ).count == 1
                }
            }
            #expect(try await bench.effects.versions("a") == [1, 2])
        }
    }

    /// The database goes away in the middle, again and again: everything is taken once, nothing is acknowledged early.
    @Test func `lost connections lose nothing`() async throws {
        try await withInboxBench { bench in
            let names = (0..<8).map { "a\($0)" }
            let killer = bench.test.open(bench.test.administrator)
            try await running([bench.inbox(pace: .slowTail)]) {
                for version in Int64(1)...40 {
                    try await bench.publish(names.map { event($0, version) })
                    if version % 8 == 0 {
                        try await killer.run(
                            """
                            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                            WHERE datname = current_database() AND usename = \(bench.test.runtime.user)
                            """)
                    }
                }
                try await eventually("all taken", within: .seconds(60)) {
                    do { return try await bench.effects.all().count >= names.count * 40 } catch { return false }
                }
            }
            for name in names { #expect(try await bench.effects.versions(name) == Array(1...40)) }
            #expect(try await bench.test.database.run("SELECT 1 AS one FROM inbox_parked").isEmpty)
        }
    }

    /// Until the effect is committed the broker keeps the event: a process that dies before gets it again.
    @Test func `nothing is acknowledged before it is committed`() async throws {
        try await withInboxBench { bench in
            let gate = Mutex(false)
            let blocked = AnyReaction(group: "taker", eventType: "feeder.thing.done.v1") { event, transaction in
                try await bench.script.reaction.handle(event, transaction)
                gate.withLock { $0 = true }
                // Until its process dies.
                while true { try await Task.sleep(for: .seconds(60)) }
            }
            let dying = Task { try await bench.inbox([blocked], pace: .slowTail).run() }
            try await bench.publish([event("a", 1)])
            try await eventually("in the middle of its effects") { gate.withLock { $0 } }
            dying.cancel()
            _ = await dying.result
            #expect(try await bench.effects.all().isEmpty)
            try await running([bench.inbox(pace: .slowTail)]) {
                try await eventually("delivered again") { try await bench.effects.versions("a") == [1] }
            }
        }
    }

    @Test func `what was parked when the process died is taken up by the next`() async throws {
        try await withInboxBench { bench in
            // As if it had died between the effect of 2 and taking up 3.
            let store = InboxStore(group: "taker")
            try await bench.test.database.run(store.advance(event("a", 1), hasEffect: false))
            try await bench.test.database.run(store.advance(event("a", 2), hasEffect: false))
            for version in Int64(3)...4 {
                try await store.park(event("a", version), Parking(state: .waiting), in: bench.test.database)
            }
            try await running([bench.inbox()]) {
                try await eventually("taken up") { try await bench.effects.versions("a") == [3, 4] }
            }
        }
    }

    /// Cancellation in the middle of everything stands for a process that dies: nothing more is committed or
    /// acknowledged.
    @Test func `killed in the middle, the next one ends with every event once and in order`() async throws {
        try await withInboxBench { bench in
            let names = (0..<6).map { "a\($0)" }
            let all = (Int64(1)...30).flatMap { version in
                names.enumerated().map { event($1, version, tick: version * 10 + Int64($0)) }
            }
            for name in names { bench.script.fail(name, 7, Script.Broken(), Script.Broken()) }
            bench.feed.add(all)
            let dying = Task { try await bench.inbox().run() }
            try await bench.publish(all.filter { $0.version % 5 != 0 })
            try await eventually("a third is done") { try await bench.effects.all().count > all.count / 3 }
            dying.cancel()
            _ = await dying.result
            try await running([bench.inbox()]) {
                try await eventually("everything", within: .seconds(60)) {
                    try await bench.effects.all().count >= all.count
                }
                try await eventually("nothing is parked") {
                    try await bench.test.database.run("SELECT 1 AS one FROM inbox_parked").isEmpty
                }
            }
            for name in names {
                #expect(try await bench.effects.versions(name) == Array(1...30))
                #expect(try await bench.effects.logged(name) == Array(1...30))
            }
        }
    }

    /// Shuffled, repeated, partly lost, with reactions that fail at random: every event once, and in order.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func `any stream ends with every event once and in order`(
        _ seed: UInt64
    ) async throws {
        var random = InboxRandom(seed: seed)
        try await withInboxBench { bench in
            var all: [Envelope] = []
            var expected: [String: [Int64]] = [:]
            var tick: Int64 = 0
            for name in (0..<12).map({ "a\($0)" }) {
                for version in 1...Int64.random(in: 1...25, using: &random) {
                    tick += 1
                    let hasEffect = Int.random(in: 0..<5, using: &random) > 0
                    let type = hasEffect ? "feeder.thing.done.v1" : "feeder.thing.noticed.v1"
                    all.append(event(name, version, type: type, tick: tick))
                    if hasEffect { expected[name, default: []].append(version) }
                    for _ in 0..<Int.random(in: 0..<3, using: &random) where Bool.random(using: &random) {
                        bench.script.fail(name, version, Script.Broken())
                    }
                }
            }
            var stream = all.filter { _ in Int.random(in: 0..<6, using: &random) > 0 }
            stream += stream.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            for index in stream.indices {
                let near = min(stream.count - 1, index + Int.random(in: 0..<20, using: &random))
                stream.swapAt(index, near)
            }
            bench.feed.add(all)
            var pace = hurried
            pace.attempts = 10
            let inbox = bench.inbox(pace: pace)
            try await running([inbox]) {
                try await bench.publish(stream)
                let count = expected.values.reduce(0) { $0 + $1.count }
                try await eventually("everything", within: .seconds(60)) {
                    try await bench.effects.all().count >= count
                }
                try await eventually("nothing is parked") {
                    try await bench.test.database.run("SELECT 1 AS one FROM inbox_parked").isEmpty
                }
            }
            #expect(inbox.metrics.reconnects == 0, "the broker was content with every acknowledgement")
            for (name, versions) in expected {
                #expect(try await bench.effects.versions(name) == versions)
                #expect(try await bench.effects.logged(name) == versions)
            }
        }
    }
}

/// SplitMix64: the same stream for a seed, everywhere.
struct InboxRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
