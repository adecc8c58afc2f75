import Contracts
import Foundation
import TestKit
import Testing

@testable import EventLog
@testable import Postgres

/// The relay's statements must find their events by index, however large the log is: with fresh statistics and with
/// none, planned for the values at hand and for any.
@Suite(.timeLimit(.minutes(5))) struct PlanTests {
    private func plan(_ sql: SQL, isGeneric: Bool, _ session: any Session) async throws -> String {
        var explained: SQL = "EXPLAIN \(sql)"
        if isGeneric {
            let types = try await session.run(
                """
                SELECT string_agg(coalesce(nullif(format_type(oid, NULL), '-'), 'unknown'), ', ' ORDER BY place)
                    AS types
                FROM unnest(\(sql.binds.map { Int64($0.oid) })::oid[]) WITH ORDINALITY b (oid, place)
                """)[0]("types", as: String.self)
            let none = Array(repeating: "NULL", count: sql.binds.count).joined(separator: ", ")
            try await session.run("SET LOCAL plan_cache_mode = force_generic_plan")
            try await session.run("SET LOCAL enable_seqscan = off")
            try await session.run("PREPARE planned (\(raw: types)) AS \(raw: sql.text)")
            explained = "EXPLAIN EXECUTE planned (\(raw: none))"
        }
        let plan = try await session.run(explained).map { try $0("QUERY PLAN", as: String.self) }
        if isGeneric { try await session.run("DEALLOCATE planned") }
        return plan.joined(separator: "\n")
    }

    private func expectLooksByXid(
        _ test: TestDatabase, through: Int64, isGeneric: Bool, feedToo: Bool = true
    ) async throws {
        let store = RelayStore(database: test.database, source: announcer, most: 100)
        func now() async throws -> Snapshot {
            try RelayStore.snapshot(try await test.database.run("SELECT pg_current_snapshot()::text AS s")[0]("s"))
        }
        let prev = try await now()
        try await test.database.change("new")
        let cur = try await now()
        let sparse = Tick(
            epoch: 1, number: 1, prev: prev, cur: cur, raised: false, afterSeq: 5, throughSeq: through,
            untilSeq: through, count: 2)
        try await test.database.transaction { transaction in
            let opening = store.opening(.fresh(prev: prev, base: 0), Frontier(epoch: 1), 1)
            let feed = Feed.events(of: [sparse], after: .start, types: nil, aggregates: nil, most: 10)
            for sql in feedToo ? [opening, feed] : [opening] {
                let plan = try await plan(sql, isGeneric: isGeneric, transaction)
                #expect(plan.contains("event_log_xid") && !plan.contains("Seq Scan on event_log"), "\(plan)")
                #expect(!plan.contains("Index Cond: ((seq"), "\(plan)")
            }
        }
    }

    @Test(arguments: [true, false], [true, false])
    func `a look at a large log goes by the index on xid`(_ analysed: Bool, _ isGeneric: Bool) async throws {
        try await withAnnouncer { test in
            try await test.database.announceMany(60_000)
            try await test.database.announceMany(60_000, prefix: "more")
            if analysed { try await test.open(test.owner).run("ANALYZE event_log") }
            try await expectLooksByXid(test, through: 120_001, isGeneric: isGeneric)
        }
    }

    /// A plan that was made then stays, however large the log grows.
    @Test func `a look at a log that never held anything goes by the index on xid`() async throws {
        try await withAnnouncer { try await expectLooksByXid($0, through: 120_001, isGeneric: true) }
    }

    @Test func `a look at a log of one page goes by the index on xid`() async throws {
        try await withAnnouncer { test in
            try await test.database.announceMany(20)
            try await test.open(test.owner).run("ANALYZE event_log")
            try await expectLooksByXid(test, through: 21, isGeneric: true, feedToo: false)
        }
    }

    @Test func `an empty look at a large log touches few pages`() async throws {
        try await withAnnouncer { test in
            try await test.database.announceMany(100_000)
            let store = RelayStore(database: test.database, source: announcer, most: 4_096)
            let term = try #require(try await store.claim(holder: "test"))
            var frontier = try await store.standing().frontier
            while let batch = try await store.open(frontier, term: term) { frontier.recorded(batch.tick) }
            #expect(frontier.lastNumber == 25)
            let nothing = try await store.open(frontier, term: term)
            #expect(nothing == nil)
            let sql: SQL = "EXPLAIN (ANALYZE, BUFFERS, COSTS off) \(store.opening(frontier.next, frontier, term))"
            let lines = try await test.database.run(sql).map { try $0("QUERY PLAN", as: String.self) }
            let touched = lines.compactMap { $0.firstMatch(of: /shared hit=(\d+)/)?.1 }
            let pages = try #require(Int(touched.first ?? ""))
            #expect(pages < 100, "\(lines.joined(separator: "\n"))")
        }
    }
}
