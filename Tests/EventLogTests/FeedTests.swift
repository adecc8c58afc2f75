import AMQP
import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct FeedTests {
    let feed = Feed(source: announcer)

    /// Everything after a position, page by page; the pages' ends only grow.
    private func everything(
        after start: Position = .start, limit: Int, aggregates: [String]? = nil, _ session: any Session
    ) async throws -> [Envelope] {
        var events: [Envelope] = []
        var at = start
        while true {
            let page = try await feed.page(after: at, aggregates: aggregates, limit: limit, in: session)
            events += page.events
            #expect(page.through >= at && page.events.count <= limit)
            #expect(page.through > at || page.isLast)
            at = page.through
            if page.isLast { return events }
        }
    }

    @Test func `the feed is what was published, whatever the size of its pages`() async throws {
        try await withRelayBench { bench in
            let late = bench.test.open(bench.test.runtime)
            let relay = bench.relay(most: 9)
            try await running([relay]) {
                try await late.transaction { transaction in
                    try await transaction.change("late")
                    for index in 0..<30 {
                        try await bench.database.change("\(index % 4)", agency: AgencyCode("H19.30"))
                    }
                    try await bench.database.announceMany(1_500, prefix: "other", type: "announcer.other.done.v1")
                    try await bench.arrives(1_530)
                }
                try await bench.database.change("0")
                try await bench.arrives(1_532)
            }
            let published = try bench.collector.envelopes
            for limit in [7, 100, 1_000] {
                let isSame = try await everything(limit: limit, bench.database) == published
                #expect(isSame, "in pages of \(limit)")
            }
            // From any place in the middle.
            for index in [0, 5, 28, 700, 1_530, 1_531] {
                let rest = try await everything(after: published[index].position, limit: 300, bench.database)
                let isSame = rest == Array(published[(index + 1)...])
                #expect(isSame, "after \(published[index].position)")
            }
            // The late commit made a tick whose few events lie far apart: it is read by the other way.
            #expect(try await bench.store.standing().frontier.last.map { $0.isDense || $0.count > 1 } == true)
        }
    }

    @Test func `only the types and aggregates asked for, and the end of what was looked through`() async throws {
        try await withAnnouncer { test in
            try await test.database.announceMany(20, prefix: "x", type: "announcer.other.done.v1")
            try await test.database.change("a")
            try await test.database.run(
                """
                INSERT INTO event_log
                    (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor, occurred_at, payload)
                VALUES (1, gen_random_uuid(), 'plant', 'p', 1, 'announcer.plant.grown.v1', 't', now(), '{}')
                """)
            let store = RelayStore(database: test.database, source: announcer, most: 100)
            let term = try #require(try await store.claim(holder: "test"))
            _ = try await store.open(try await store.standing().frontier, term: term)
            // Committed, and in no tick yet: not in the feed.
            try await test.database.change("a")
            let page = try await feed.page(after: .start, types: [ThingDone.type], in: test.database)
            #expect(page.events.map(\.aggregateID) == ["a"] && page.isLast)
            #expect(page.events[0].position == Position(epoch: 1, tick: 1, ordinal: 21))
            #expect(page.through == Position(epoch: 1, tick: 1, ordinal: 22))
            let plants = FeedRequest.after(.start, source: announcer, aggregates: ["plant"])
            #expect(try await feed.answer(plants, in: test.database).events.map(\.aggregateID) == ["p"])
            let nothing = try await feed.page(after: page.through, in: test.database)
            #expect(nothing == FeedPage(events: [], through: page.through, isLast: true))
        }
    }

    @Test func `missing versions of one aggregate, also before their tick`() async throws {
        try await withAnnouncer { test in
            for _ in 0..<6 { try await test.database.change("a") }
            try await test.database.change("b")
            let page = try await feed.versions(3...5, of: "thing", "a", in: test.database)
            #expect(page.events.map(\.version) == [3, 4, 5] && page.isLast)
            #expect(page.events.allSatisfy { $0.position == Position(epoch: 1, tick: 0, ordinal: 0) })
            let key = AggregateKey(source: announcer, type: "thing", id: "a")
            let some = try await feed.answer(.aggregate(key, from: 4), limit: 2, in: test.database)
            #expect(some.events.map(\.version) == [4, 5] && !some.isLast)
        }
    }

    /// `PlanTests` says that it is found by the index.
    @Test func `a late tick of a long log is read`() async throws {
        try await withAnnouncer { test in
            let late = test.open(test.runtime)
            let store = RelayStore(database: test.database, source: announcer, most: 4_096)
            let term = try #require(try await store.claim(holder: "test"))
            var frontier = try await store.standing().frontier
            try await late.transaction { transaction in
                try await transaction.change("late")
                try await test.database.announceMany(100_000)
                while let batch = try await store.open(frontier, term: term) { frontier.recorded(batch.tick) }
                try await test.database.change("new")
            }
            let batch = try #require(try await store.open(frontier, term: term))
            #expect(batch.messages.count == 2 && !batch.tick.isDense)
            let before = Position(epoch: 1, tick: frontier.lastNumber, ordinal: Int32(frontier.last?.count ?? 0))
            let page = try await feed.page(after: before, in: test.database)
            #expect(page.events.map(\.aggregateID) == ["late", "new"])
        }
    }
}
