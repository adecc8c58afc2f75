import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@testable import EventLog

/// The relay's statements must find their events by index, however large the log is: with fresh statistics and with
/// none, planned for the values at hand and for any.
@Suite(.timeLimit(.minutes(2))) struct PlanTests {
    private func plan(_ sql: SQL, _ session: any Session) async throws -> String {
        try await session.run("EXPLAIN \(sql)").map { try $0("QUERY PLAN", as: String.self) }.joined(separator: "\n")
    }

    @Test(arguments: [true, false], ["force_custom_plan", "force_generic_plan"])
    func `a look at a large log goes by the index on xid`(_ analysed: Bool, _ mode: String) async throws {
        try await withAnnouncer { test in
            try await test.database.announceMany(60_000)
            try await test.database.announceMany(60_000, prefix: "more")
            if analysed { try await test.open(test.owner).run("ANALYZE event_log") }
            let store = RelayStore(database: test.database, source: announcer, most: 100)
            let now = try RelayStore.snapshot(
                try await test.database.run("SELECT pg_current_snapshot()::text AS s")[0]("s"))
            try await test.database.change("new")
            try await test.database.transaction { transaction in
                try await transaction.run("SET LOCAL plan_cache_mode = '\(raw: mode)'")
                let plan = try await plan(
                    store.opening(.fresh(prev: now, base: 0), Frontier(epoch: 1), 1), transaction)
                #expect(plan.contains("event_log_xid") && !plan.contains("Seq Scan on event_log"), "\(plan)")
                let sparse = Tick(
                    epoch: 1, number: 1, prev: now, cur: now, raised: false, afterSeq: 5, throughSeq: 120_001,
                    untilSeq: 120_001, count: 2)
                let reading = try await self.plan(
                    Feed.events(of: [sparse], after: .start, types: nil, aggregates: nil, most: 10), transaction)
                #expect(reading.contains("event_log_xid") && !reading.contains("Seq Scan on event_log"), "\(reading)")
            }
        }
    }

    @Test func `an empty look at a large log takes no time`() async throws {
        try await withAnnouncer { test in
            try await test.database.announceMany(100_000)
            let store = RelayStore(database: test.database, source: announcer, most: 4_096)
            let term = try #require(try await store.claim(holder: "test"))
            var frontier = try await store.standing().frontier
            while let batch = try await store.open(frontier, term: term) { frontier.recorded(batch.tick) }
            #expect(frontier.lastNumber == 25)
            let clock = ContinuousClock()
            var times: [Duration] = []
            for _ in 0..<20 { times.append(try await clock.measure { _ = try await store.open(frontier, term: term) }) }
            let median = times.sorted()[10]
            #expect(median < .milliseconds(20), "\(median)")
        }
    }
}
