import Contracts
import Foundation
import TestKit
import Testing

@testable import Postgres

/// Statements of several callers in one commit: each is answered as if it had been alone.
@Suite(.timeLimit(.minutes(5))) struct SharingTests {
    private let tables: KeyValuePairs<String, [Migration]> = [
        "test": [
            Migration(
                1, "t",
                """
                CREATE TABLE t (id int PRIMARY KEY, n int UNIQUE DEFERRABLE INITIALLY DEFERRED, xid xid8 NOT NULL
                    DEFAULT pg_current_xact_id())
                """)
        ]
    ]

    private func insert(_ id: Int, _ n: Int) -> SQL { "INSERT INTO t (id, n) VALUES (\(id), \(n))" }

    /// What became of each statement, by its number; nil: it succeeded.
    private func all(_ statements: [SQL], in database: Database) async -> [PostgresError?] {
        await withTaskGroup(of: (Int, PostgresError?).self) { group in
            for (index, sql) in statements.enumerated() {
                group.addTask {
                    do throws(PostgresError) { try await database.run(sharing: sql) } catch { return (index, error) }
                    return (index, nil)
                }
            }
            var faults = [PostgresError?](repeating: nil, count: statements.count)
            for await (index, fault) in group { faults[index] = fault }
            return faults
        }
    }

    @Test func `they commit together`() async throws {
        try await withDatabase(tables, connections: 4) { room in
            try await room.database.run(sharing: insert(0, 0))
            let faults = await all((1...300).map { insert($0, $0) }, in: room.database)
            #expect(faults.allSatisfy { $0 == nil })
            let rows = try await room.database.run("SELECT count(*) AS n, count(DISTINCT xid) AS commits FROM t")
            let count: Int? = try rows.first?("n")
            let commits: Int = try rows.first?("commits") ?? 0
            #expect(count == 301)
            #expect(commits > 0 && commits < 100, "every statement had a commit of its own")
        }
    }

    @Test func `one that fails, at once or at the commit, fails alone`() async throws {
        try await withDatabase(tables, connections: 4) { room in
            try await room.database.run(sharing: insert(0, 0))
            // Every tenth repeats a key; every tenth repeats a number that is looked at when it commits.
            let faults = await all(
                (1...200).map { $0 % 10 == 3 ? insert(0, $0) : $0 % 10 == 7 ? insert($0, 0) : insert($0, $0) },
                in: room.database)
            for (index, fault) in faults.enumerated() {
                let isWrong = [3, 7].contains((index + 1) % 10)
                #expect((fault?.sqlState == "23505") == isWrong, "\(index + 1): \(fault as Any)")
                #expect((fault == nil) != isWrong)
            }
            let rows = try await room.database.run("SELECT id FROM t ORDER BY id")
            let kept = try rows.map { row in try row("id", as: Int.self) }
            #expect(kept == [0] + (1...200).filter { ![3, 7].contains($0 % 10) })
        }
    }

    @Test func `one that waits for a lock does not hold up those that come after it`() async throws {
        try await withDatabase(tables, connections: 4) { room in
            let database = room.database
            try await database.run(sharing: insert(1, 1))
            let (isDone, observer) = (Kept(false), room.open(room.runtime))
            let stuck = try await database.transaction { transaction in
                try await transaction.run("SELECT 1 AS one FROM t WHERE id = 1 FOR UPDATE")
                let stuck = Task {
                    try await database.run(sharing: "UPDATE t SET n = 2 WHERE id = 1")
                    isDone.set(true)
                }
                try await eventually("the update waits") {
                    try await !observer.run(
                        "SELECT 1 AS one FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
                    ).isEmpty
                }
                let faults = await all((2...20).map { insert($0, $0 + 100) }, in: database)
                #expect(faults.allSatisfy { $0 == nil })
                #expect(!isDone.value)
                return stuck
            }
            try await stuck.value
            #expect(isDone.value)
        }
    }

    @Test func `a caller who gives up takes nobody along`() async throws {
        try await withDatabase(tables, connections: 2) { room in
            let database = room.database
            for warm in 0..<2 { try await database.run(sharing: insert(-1 - warm, -1 - warm)) }
            let impatient = (0..<20).map { number in
                Task { try await database.run(sharing: insert(1_000 + number, 1_000 + number)) }
            }
            async let patient = all((1...100).map { insert($0, $0) }, in: database)
            impatient.forEach { $0.cancel() }
            #expect(await patient.allSatisfy { $0 == nil })
            for task in impatient {
                do { _ = try await task.value } catch let error as PostgresError { #expect(error.kind == .cancelled) }
            }
            let rows = try await database.run("SELECT count(*) AS n FROM t WHERE id BETWEEN 1 AND 100")
            #expect(try rows.first?("n", as: Int.self) == 100)
        }
    }
}
