import AMQP
import Contracts
import Foundation
import Postgres
import ServiceLifecycle
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct RelayTakeoverTests {
    /// Where a leader dies: after the tick row, half-way through publishing, after publishing, after a cursor half-way,
    /// after the whole cursor; and whether it had recorded the next tick already.
    struct Death: Sendable, CustomTestStringConvertible {
        var published: Int
        var confirmed: Int
        var ahead = false
        var testDescription: String { "\(published) published, \(confirmed) confirmed, ahead: \(ahead)" }
    }

    @Test(arguments: [
        Death(published: 0, confirmed: 0), Death(published: 4, confirmed: 0), Death(published: 10, confirmed: 0),
        Death(published: 10, confirmed: 6), Death(published: 10, confirmed: 10),
        Death(published: 3, confirmed: 2, ahead: true), Death(published: 10, confirmed: 10, ahead: true),
    ])
    func `the next leader finishes what the last one recorded`(_ death: Death) async throws {
        try await withRelayBench { bench in
            for _ in 0..<15 { try await bench.database.change("a") }
            let (store, term) = try await bench.dyingLeader(most: 10)
            var frontier = try await store.standing().frontier
            let batch = try #require(try await store.open(frontier, term: term))
            frontier.recorded(batch.tick)
            if death.ahead { #expect(try await store.open(frontier, term: term)?.messages.count == 5) }
            _ = try await bench.publisher.publish(Array(batch.messages[..<death.published]))
            if death.confirmed > 0 {
                try await store.move(
                    RelayCursor(tick: 1, seq: batch.seqs[death.confirmed - 1], confirmed: death.confirmed), term: term)
            }
            try await bench.expireLease()
            // Written between two leaders, and no part of what is recorded.
            try await bench.database.change("b")
            let relay = bench.relay(most: 10)
            try await running([relay]) {
                let expected = 16 + death.published - death.confirmed
                try await bench.arrives(expected)
                try await eventually("the cursor is at the end") {
                    try await bench.store.standing().unfinished.isEmpty
                        && relay.metrics.published == 16 - death.confirmed
                }
                #expect(bench.collector.deliveries.count == expected)
            }
            var positions: [String: Set<Position>] = [:]
            for event in try bench.collector.envelopes {
                positions["\(event.aggregateID) \(event.version)", default: []].insert(event.position)
            }
            #expect(positions.count == 16 && positions.values.allSatisfy { $0.count == 1 })
            for version in 1...10 {
                #expect(positions["a \(version)"] == [Position(epoch: 1, tick: 1, ordinal: Int32(version))])
            }
            // First arrivals are in order.
            var seen: Set<String> = []
            let first = try bench.collector.arrived.filter { seen.insert($0).inserted && $0.hasPrefix("a") }
            #expect(first == (1...15).map { "a \($0)" })
        }
    }

    @Test func `who has lost the lease opens no tick`() async throws {
        try await withRelayBench { bench in
            try await bench.database.change("a")
            let (store, old) = try await bench.dyingLeader()
            let frontier = try await store.standing().frontier
            try await bench.expireLease()
            let new = try #require(try await bench.store.claim(holder: "new"))
            #expect(new == old + 1)
            await #expect(throws: RelayFault.notLeading(term: old)) { try await store.open(frontier, term: old) }
            #expect(try await bench.database.number("SELECT count(*) AS n FROM relay_tick") == 0)
            #expect(try await store.renew(term: old) == false)
            #expect(try await store.open(frontier, term: new)?.messages.count == 1)
            // The same tick cannot be recorded a second time either.
            await #expect(throws: PostgresError.self) { try await store.open(frontier, term: new) }
        }
    }

    @Test func `a takeover while a tick is being opened comes before or after it`() async throws {
        try await withRelayBench { bench in
            try await bench.database.change("a")
            let (store, old) = try await bench.dyingLeader()
            let frontier = try await store.standing().frontier
            let (other, watcher) = (bench.test.open(bench.test.runtime), bench.test.open(bench.test.runtime))
            let opening = try await other.transaction { taking in
                try await taking.run("UPDATE relay_lease SET term = term + 1, holder = 'new'")
                let opening = Task { try await store.open(frontier, term: old) }
                try await eventually("the old leader waits for the lease") {
                    try await watcher.number(
                        """
                        SELECT count(*) AS n FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND datname = current_database()
                        """) > 0
                }
                return opening
            }
            await #expect(throws: RelayFault.notLeading(term: old)) { try await opening.value }
            #expect(try await bench.database.number("SELECT count(*) AS n FROM relay_tick") == 0)
        }
    }

    @Test func `an older leader cannot move the cursor back`() async throws {
        try await withAnnouncer { test in
            let store = RelayStore(database: test.database, source: announcer, most: 10)
            let old = try #require(try await store.claim(holder: "a"))
            let term = try #require(try await store.claim(holder: "a"))
            try await store.move(RelayCursor(tick: 2, seq: 30, confirmed: 10), term: term)
            try await store.move(RelayCursor(tick: 1, seq: 20, confirmed: 10), term: term)
            try await store.move(RelayCursor(tick: 2, seq: 25, confirmed: 5), term: term)
            // Nor on: the ticks that it knows may be of a history that was lost.
            try await store.move(RelayCursor(tick: 9, seq: 90, confirmed: 5), term: old)
            #expect(try await store.standing().cursor == RelayCursor(tick: 2, seq: 30, confirmed: 10))
        }
    }

    @Test func `two relays, one leads, and after a clean end the other leads within a second`() async throws {
        try await withRelayBench { bench in
            let (one, two) = (bench.relay(), bench.relay())
            try await running([one]) {
                try await eventually("one leads") { one.metrics.isLeader }
                let second = Task { try await two.run() }
                for _ in 0..<20 {
                    try await bench.database.change("a")
                }
                try await bench.arrives(20)
                #expect(one.metrics.isLeader && !two.metrics.isLeader)
                second.cancel()
                try await second.value
            }
            #expect(!one.metrics.isLeader)
            let follower = bench.relay()
            try await running([follower]) {
                try await eventually("the other leads", within: .seconds(1)) { follower.metrics.isLeader }
                try await bench.database.change("a")
                try await bench.arrives(21)
            }
            #expect(bench.collector.deliveries.count == 21)
        }
    }

    @Test func `a leader whose lease is taken stops, and the new one goes on`() async throws {
        try await withRelayBench { bench in
            let relay = bench.relay()
            try await running([relay]) {
                try await eventually("it leads") { relay.metrics.isLeader }
                try await bench.database.run(
                    """
                    UPDATE relay_lease SET term = term + 1, holder = 'other',
                        expires_at = clock_timestamp() + interval '1 hour'
                    """)
                try await eventually("it follows") { !relay.metrics.isLeader }
                try await bench.database.change("a")
                try await bench.expireLease()
                try await eventually("it leads again") { relay.metrics.isLeader }
                try await bench.arrives(1)
            }
        }
    }

    @Test func `who leads no more reports no held tick and no lag`() async throws {
        try await withRelayBench(queue: false) { bench in
            let relay = bench.relay()
            try await running([relay]) {
                try await bench.database.change("a")
                try await eventually("an alert") { relay.metrics.held != nil && relay.metrics.lag > 0 }
                try await bench.database.run(
                    """
                    UPDATE relay_lease SET term = term + 1, holder = 'other',
                        expires_at = clock_timestamp() + interval '1 hour'
                    """)
                try await eventually("it follows") { !relay.metrics.isLeader }
                #expect(relay.metrics.held == nil && relay.metrics.lag == 0)
            }
        }
    }

    @Test func `a log that was tampered with is not published`() async throws {
        try await withRelayBench { bench in
            for _ in 0..<3 { try await bench.database.change("a") }
            let (store, term) = try await bench.dyingLeader()
            let batch = try #require(try await store.open(try await store.standing().frontier, term: term))
            try await bench.test.open(bench.test.owner).run("DELETE FROM event_log WHERE aggregate_version = 2")
            await #expect(throws: RelayFault.changedTick(1, expected: 3, found: 2)) {
                try await store.read(batch.tick, after: .start)
            }
        }
    }
}
