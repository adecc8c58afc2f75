import AMQP
import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct RelayTests {
    @Test func `events are published in order, with positions that count up`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay()
            try await running([relay]) {
                for thing in ["a", "b", "a", "a", "b"] {
                    try await bench.database.change(thing, agency: AgencyCode("H19.30"))
                }
                try await bench.arrives(5)
            }
            #expect(try bench.collector.arrived == ["a 1", "b 1", "a 2", "a 3", "b 2"])
            let positions = try bench.collector.positions
            #expect(positions == positions.sorted() && Set(positions).count == 5)
            #expect(bench.collector.deliveries.allSatisfy { $0.routingKey == "announcer.thing.done.v1.H19.30" })
            #expect(relay.metrics.published == 5 && relay.metrics.held == nil && relay.metrics.lag == 0)
        }
    }

    @Test func `nothing is written while there is nothing new`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay()
            try await running([relay]) {
                try await bench.database.change("a")
                try await bench.arrives(1)
                try await eventually("the cursor stands") {
                    try await bench.database.number("SELECT confirmed AS n FROM relay_cursor") == 1
                }
                let written: SQL = "SELECT tick::int8 + confirmed AS n FROM relay_cursor"
                let before = try await bench.database.number(written)
                for _ in 0..<20 {
                    #expect(try await bench.store.open(try await bench.store.standing().frontier, term: 1) == nil)
                }
                #expect(try await bench.database.number(written) == before)
                #expect(try await bench.database.number("SELECT count(*) AS n FROM relay_tick") == 1)
            }
        }
    }

    /// The experiment that tells relays apart: T2 holds a low xid and a low seq, T1 commits first, T2 then takes the
    /// next version of the same aggregate.
    @Test func `a late commit is neither lost nor reordered`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay()
            let late = bench.test.open(bench.test.runtime)
            try await running([relay]) {
                try await late.transaction { transaction in
                    try await transaction.change("early")
                    try await bench.database.change("a")
                    // What T1 committed is not held up by T2, whose seq is lower.
                    try await bench.arrives(1)
                    #expect(try bench.collector.arrived == ["a 1"])
                    try await transaction.change("a")
                }
                try await bench.arrives(3)
                try await bench.database.change("a")
                try await bench.arrives(4)
            }
            #expect(try bench.collector.arrived == ["a 1", "early 1", "a 2", "a 3"])
        }
    }

    @Test func `many writers at once lose nothing and every aggregate keeps its order`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay(most: 7)
            try await running([relay]) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<6 {
                        group.addTask {
                            for step in 0..<40 {
                                try await bench.database.transaction { transaction in
                                    try await transaction.change("\((writer + step) % 5)")
                                    if step.isMultiple(of: 3) { try await transaction.change("own \(writer)") }
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let count = try await bench.database.number("SELECT count(*) AS n FROM event_log")
                try await bench.arrives(count)
                var versions: [String: Int64] = [:]
                for event in try bench.collector.envelopes {
                    #expect(event.version == versions[event.aggregateID, default: 0] + 1)
                    versions[event.aggregateID] = event.version
                }
                #expect(bench.collector.deliveries.count == count)
                let positions = try bench.collector.positions
                #expect(positions == positions.sorted())
            }
        }
    }

    @Test func `a foreign writer in another database withholds nothing`() async throws {
        try await withDatabase { foreign in
            try await foreign.database.run("CREATE TABLE t (n int)")
            try await withRelayBench { bench in
                let relay = bench.relay()
                try await foreign.database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (1)")
                    try await running([relay]) {
                        for _ in 0..<3 {
                            try await bench.database.change("a")
                        }
                        try await bench.arrives(3)
                    }
                }
                #expect(try bench.collector.arrived == ["a 1", "a 2", "a 3"])
            }
        }
    }

    @Test func `a backlog is cut into ticks and nothing of it is read twice`() async throws {
        try await withRelayBench { bench in
            try await bench.database.announceMany(1_000)
            let late = bench.test.open(bench.test.runtime)
            let relay = bench.relay(most: 64)
            try await late.transaction { transaction in
                try await transaction.change("late")
                try await running([relay]) {
                    try await bench.database.announceMany(500, prefix: "more")
                    try await bench.arrives(1_500)
                }
            }
            try await running([bench.relay(most: 64)]) { try await bench.arrives(1_501) }
            #expect(Set(try bench.collector.arrived).count == 1_501 && bench.collector.deliveries.count == 1_501)
            let positions = try bench.collector.positions
            #expect(positions == positions.sorted() && Set(positions).count == 1_501)
            #expect(try await bench.database.number("SELECT max(count) AS n FROM relay_tick") == 64)
            #expect(try await bench.database.number("SELECT sum(count)::int8 AS n FROM relay_tick") == 1_501)
        }
    }

    @Test func `large events make small ticks`() async throws {
        try await withAnnouncer { test in
            let large = Limits.Relay.tickBytes
            try await test.database.run(
                """
                INSERT INTO event_log
                    (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor, occurred_at, payload)
                SELECT 1, gen_random_uuid(), 'thing', g::text, 1, \(ThingDone.type), 't', now(),
                    json_build_object('pad', repeat('x', \(Int32(large)) / CASE g WHEN 4 THEN 1 ELSE 3 END))
                FROM generate_series(1, 6) g
                """)
            let store = RelayStore(database: test.database, source: announcer, most: 100)
            let term = try #require(try await store.claim(holder: "test"))
            var frontier = try await store.standing().frontier
            var counts: [Int] = []
            while let batch = try await store.open(frontier, term: term) {
                frontier.recorded(batch.tick)
                counts.append(batch.messages.count)
                let again = try await store.read(batch.tick, after: .start)
                #expect(again.messages == batch.messages)
            }
            #expect(counts == [2, 1, 1, 2])
        }
    }

    @Test func `a type that nobody consumes passes, and is counted`() async throws {
        try await withRelayBench(bindings: ["announcer.thing.#"]) { bench in
            let relay = bench.relay(isConsumed: { $0 == ThingDone.type })
            try await running([relay]) {
                try await bench.database.announceMany(2, prefix: "lonely", type: "announcer.other.done.v1")
                try await bench.database.change("a")
                try await bench.arrives(1)
                try await eventually("all is published") { relay.metrics.published == 3 }
            }
            #expect(relay.metrics.returnedUnconsumed == 2 && relay.metrics.held == nil)
            #expect(try bench.collector.arrived == ["a 1"])
        }
    }

    @Test func `a consumed type without a queue holds everything until the queue is there`() async throws {
        try await withRelayBench(queue: false) { bench in
            let relay = bench.relay()
            try await running([relay]) {
                for _ in 0..<3 { try await bench.database.change("a") }
                try await eventually("an alert") { relay.metrics.held != nil }
                #expect(relay.metrics.published == 0 && relay.metrics.lag > 0)
                #expect(try await bench.database.number("SELECT confirmed AS n FROM relay_cursor") == 0)
                let consumer = bench.collector.consumer(bench.room.configuration, bench.room.queue("all"))
                consumer.start()
                try await eventually("it flows") { relay.metrics.held == nil && relay.metrics.published == 3 }
                try await bench.arrives(3)
                await consumer.close()
            }
            #expect(try Array(bench.collector.arrived.suffix(3)) == ["a 1", "a 2", "a 3"])
        }
    }

    @Test func `an event from the wrong service never leaves, and stops what is behind it`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay()
            try await running([relay]) {
                try await bench.database.change("a")
                try await bench.database.announceMany(1, prefix: "forged", type: "onestop.dossier.accepted.v1")
                try await eventually("an alert") { relay.metrics.held?.contains("403") == true }
                try await eventually("the one before it arrives") { try bench.collector.arrived.contains("a 1") }
            }
            #expect(try Set(bench.collector.arrived) == ["a 1"])
        }
    }

    @Test func `the log is only added to`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay()
            try await running([relay]) {
                for _ in 0..<50 { try await bench.database.change("a") }
                try await bench.arrives(50)
            }
            let administrator = bench.test.open(bench.test.administrator)
            for statement in ["UPDATE event_log SET actor = 'x'", "DELETE FROM event_log", "DELETE FROM relay_tick"] {
                let error = await #expect(throws: PostgresError.self) {
                    try await bench.database.run(SQL(stringLiteral: statement))
                }
                #expect(error?.sqlState == "42501")
            }
            try await eventually("statistics are in") {
                try await administrator.number(
                    "SELECT n_tup_ins AS n FROM pg_stat_user_tables WHERE relname = 'event_log'") == 50
            }
            #expect(
                try await administrator.number(
                    "SELECT n_tup_upd + n_tup_del AS n FROM pg_stat_user_tables WHERE relname = 'event_log'") == 0)
        }
    }
}
