import AMQP
import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct EpochTests {
    static let far = "9000000000000"

    @Test func `a database that is the same settles without a word`() async throws {
        try await withAnnouncer { test in
            try await test.database.change("a")
            let settled = try await EventLogStart.settle(test.database, logger: quiet)
            #expect(settled == EventLogStart.Settled(epoch: 1, raised: nil))
        }
    }

    @Test(arguments: ["system_identifier = 'other'", "timeline = timeline + 1", "relation = 1"])
    func `another cluster, timeline or table raises the epoch once`(_ change: String) async throws {
        try await withAnnouncer { test in
            try await test.open(test.owner).run("UPDATE relay_epoch SET \(raw: change)")
            let settled = try await EventLogStart.settle(test.database, logger: quiet)
            #expect(settled.epoch == 2 && settled.raised != nil)
            #expect(try await EventLogStart.settle(test.database, logger: quiet).raised == nil)
        }
    }

    /// What a logical restore into a younger cluster looks like: events and ticks of transactions still to come.
    private func restore(_ test: TestDatabase) async throws {
        let owner = test.open(test.owner)
        try await owner.run("UPDATE event_log SET xid = (xid::text::bigint + \(Int64(Self.far) ?? 0))::text::xid8")
        try await owner.run(
            """
            UPDATE relay_tick SET prev = '1:1:', cur = (\(Self.far) || ':' || \(Self.far + "9") || ':')::pg_snapshot
            """)
    }

    @Test func `after a logical restore everything is published again, and new events too`() async throws {
        try await withRelayBench { bench in
            for _ in 0..<5 { try await bench.database.change("a") }
            let before = bench.relay()
            try await running([before]) { try await bench.arrives(5) }
            try await bench.database.change("unpublished")
            try await restore(bench.test)
            let settled = try await EventLogStart.settle(bench.database, logger: quiet)
            #expect(settled.epoch == 2 && settled.raised?.contains("still to come") == true)
            try await bench.database.change("a")
            let relay = bench.relay(most: 4)
            try await running([relay]) {
                try await bench.arrives(12)
                try await bench.database.change("b")
                try await bench.arrives(13)
                #expect(relay.metrics.epoch == 2)
            }
            let again = try Array(bench.collector.envelopes.dropFirst(5))
            #expect(
                again.map { "\($0.aggregateID) \($0.version) \($0.epoch)" } == [
                    "a 1 1", "a 2 1", "a 3 1", "a 4 1", "a 5 1", "unpublished 1 1", "a 6 2", "b 1 2",
                ])
            #expect(again.allSatisfy { $0.position.epoch == 2 })
            #expect(try bench.collector.positions == bench.collector.positions.sorted())
            // Settled for good, although the old xids are still there.
            #expect(try await EventLogStart.settle(bench.database, logger: quiet).raised == nil)
        }
    }

    @Test func `the relay itself notices, and stops whoever led before`() async throws {
        try await withRelayBench { bench in
            try await bench.database.change("a")
            let (store, term) = try await bench.dyingLeader()
            let frontier = try await store.standing().frontier
            try await bench.test.open(bench.test.owner).run("UPDATE relay_epoch SET timeline = timeline + 1")
            #expect(try await EventLogStart.settle(bench.database, logger: quiet).epoch == 2)
            await #expect(throws: RelayFault.notLeading(term: term)) { try await store.open(frontier, term: term) }
            try await bench.test.open(bench.test.owner).run("UPDATE relay_epoch SET relation = 1")
            let relay = bench.relay()
            try await running([relay]) {
                try await bench.arrives(1)
                #expect(relay.metrics.epoch == 3)
            }
        }
    }

    /// Found by the simulator: a version that is written again in the epoch that is over looks like a duplicate to who
    /// had it from the lost tail.
    @Test func `after a promotion nobody writes events until the epoch is raised`() async throws {
        try await withAnnouncer { test in
            try await test.database.change("a")
            try await test.open(test.owner).run("UPDATE relay_epoch SET timeline = timeline + 1")
            let refused = await #expect(throws: PostgresError.self) { try await test.database.change("a") }
            #expect(refused.map { EventLogStart.isUnsettled($0) && isAway($0) } == true)
            var event = ThingDone()
            event.thing = "b"
            let announcement = Announcement(
                event: event, agency: nil, actor: "tester", traceparent: nil, occurredAt: Date())
            await #expect(throws: PostgresError.self) {
                try await EventWriter.append(announcement, version: 1, in: test.database)
            }
            #expect(try await test.database.number("SELECT version AS n FROM things") == 1)
            #expect(try await EventLogStart.settle(test.database, logger: quiet).epoch == 2)
            try await test.database.change("a")
            #expect(try await test.database.number("SELECT max(epoch) AS n FROM event_log") == 2)
        }
    }

    @Test func `a leader that slept through a promotion leads no more`() async throws {
        try await withRelayBench { bench in
            try await bench.database.change("a")
            let (store, term) = try await bench.dyingLeader()
            #expect(try await store.renew(term: term))
            try await bench.test.open(bench.test.owner).run("UPDATE relay_epoch SET timeline = timeline + 1")
            #expect(try await !store.renew(term: term))
        }
    }

    /// Found by the simulator: a cursor that is moved on by ticks that were lost passed over the next ones.
    @Test func `a raised epoch begins with its own first tick, wherever the cursor was`() async throws {
        try await withRelayBench { bench in
            try await bench.database.change("a")
            let (store, term) = try await bench.dyingLeader()
            try await store.move(RelayCursor(tick: 9, seq: 90, confirmed: 5), term: term)
            try await bench.test.open(bench.test.owner).run("UPDATE relay_epoch SET timeline = timeline + 1")
            #expect(try await EventLogStart.settle(bench.database, logger: quiet).epoch == 2)
            #expect(try await store.standing().cursor == .start)
            try await store.move(RelayCursor(tick: 9, seq: 90, confirmed: 5), term: term)
            #expect(try await store.standing().cursor == .start)
        }
    }

    /// Found by the simulator: a consumer's own database that is promoted during a tail check may lack what was found
    /// there before.
    @Test func `what a tail check found before a promotion does not count after it`() async throws {
        try await withAnnouncer { test in
            let (store, database) = (InboxStore(group: "readers"), test.database)
            let place = Position(epoch: 1, tick: 7, ordinal: 3)
            let now = try await store.timeline(in: database)
            try await store.reached(place, of: "x", ["thing"], timeline: now - 1, in: database)
            #expect(try await store.positions(of: "x", ["thing"], in: database) == ["thing": .start])
            try await store.reached(place, of: "x", ["thing"], timeline: now, in: database)
            #expect(try await store.positions(of: "x", ["thing"], in: database) == ["thing": place])
        }
    }

    @Test func `raising waits for writers that are under way, so that its set is fixed`() async throws {
        try await withAnnouncer { test in
            let (writer, watcher) = (test.open(test.runtime), test.open(test.runtime))
            let settling = try await writer.transaction { transaction in
                try await transaction.change("a")
                try await test.open(test.owner).run("UPDATE relay_epoch SET timeline = timeline + 1")
                let settling = Task { try await EventLogStart.settle(test.database, logger: quiet) }
                try await eventually("it waits for the writer") {
                    try await watcher.number(
                        """
                        SELECT count(*) AS n FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND datname = current_database()
                        """) > 0
                }
                return settling
            }
            #expect(try await settling.value.epoch == 2)
            #expect(try await test.database.number("SELECT base_seq AS n FROM relay_epoch") == 1)
        }
    }
}
