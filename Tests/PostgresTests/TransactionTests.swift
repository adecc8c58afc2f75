import Contracts
import Foundation
import TestKit
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5))) struct TransactionTests {
    private let tables: KeyValuePairs<String, [Migration]> = [
        "test": [Migration(1, "t", "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)")]
    ]
    private struct Changed: Error {}

    @Test func `all of it or nothing of it`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            try await database.transaction { transaction in
                try await transaction.run("INSERT INTO t VALUES (1)")
                try await transaction.run("INSERT INTO t VALUES (2)")
                let seen = try await ids(database)
                #expect(seen == [])
            }
            #expect(try await ids(database) == [1, 2])
            await #expect(throws: Changed.self) {
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (3)")
                    throw Changed()
                }
            }
            let refused = await fault {
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (4)")
                    try await transaction.run("INSERT INTO t VALUES (1)")
                }
            }
            #expect(refused?.sqlState == "23505")
            #expect(try await ids(database) == [1, 2] && database.metrics.borrowed == 0)
            try await database.transaction { _ in }
        }
    }

    @Test func `a failure that the body swallowed cannot look like a commit`() async throws {
        try await withDatabase(tables) { room in
            let swallowed = await fault {
                try await room.database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (1)")
                    _ = try? await transaction.run("INSERT INTO t VALUES (1)")
                }
            }
            #expect(swallowed?.sqlState == "25P02")
            // Also when it is the statement that carries BEGIN.
            let first = await fault {
                try await room.database.transaction { transaction in
                    _ = try? await transaction.run("SELECT 1/0")
                    _ = try? await transaction.run("INSERT INTO t VALUES (7)")
                }
            }
            #expect(first?.sqlState == "25P02")
            let kept = try await ids(room.database)
            #expect(kept == [])
        }
    }

    @Test func `when BEGIN fails, the statement behind it is not run on its own`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            let transaction = Transaction(database: database, lease: 1, begin: "BEGIN NONSENSE")
            let refused = await fault { try await transaction.run("INSERT INTO t VALUES (1)") }
            database.giveBack(1)
            let kept = try await ids(database)
            #expect(refused?.sqlState == "42601" && kept == [])
        }
    }

    @Test func `isolation and access are what was asked for`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            let refused = await fault {
                try await database.transaction(readOnly: true) { try await $0.run("INSERT INTO t VALUES (1)") }
            }
            #expect(refused?.sqlState == "25006")
            let level = try await database.transaction(.serializable, readOnly: true) { transaction in
                let rows = try await transaction.run(
                    "SELECT current_setting('transaction_isolation') || current_setting('transaction_read_only') AS l")
                return try rows.first?("l", as: String.self)
            }
            let kept = try await ids(database)
            #expect(level == "serializableon" && kept == [])
        }
    }

    /// Two transactions that are certain to meet: each does `first`, waits until the other has, then does `second`.
    /// Answers how often the bodies ran in all.
    private func meet(
        _ database: Database, _ isolation: Isolation, first: @escaping @Sendable (Int, Transaction) async throws -> Int,
        second: @escaping @Sendable (Int, Int, Transaction) async throws -> Void
    ) async throws -> Int {
        let runs = Kept([0, 0])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for side in 0..<2 {
                group.addTask {
                    try await database.transaction(isolation) { transaction in
                        let found = try await first(side, transaction)
                        runs.change { $0[side] += 1 }
                        try await eventually("the other has begun") { !runs.value.contains(0) }
                        try await second(side, found, transaction)
                    }
                }
            }
            try await group.waitForAll()
        }
        return runs.value.reduce(0, +)
    }

    @Test func `a serialization failure is run again as a whole`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            try await database.run("INSERT INTO t VALUES (1)")
            let runs = try await meet(database, .serializable) { _, transaction in
                try await transaction.run("SELECT n FROM t WHERE id = 1").first?("n") ?? 0
            } second: { _, found, transaction in
                try await transaction.run("UPDATE t SET n = \(found + 1) WHERE id = 1")
            }
            let n = try await database.run("SELECT n FROM t").first?("n", as: Int.self)
            #expect(n == 2 && runs >= 3)
        }
    }

    @Test func `a deadlock is run again as a whole`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            try await database.run("INSERT INTO t VALUES (0), (1)")
            let runs = try await meet(database, .readCommitted) { side, transaction in
                try await transaction.run("UPDATE t SET n = n + 1 WHERE id = \(side)").affected
            } second: { side, _, transaction in
                try await transaction.run("UPDATE t SET n = n + 1 WHERE id = \(1 - side)")
            }
            let sum = try await database.run("SELECT sum(n) AS n FROM t").first?("n", as: Int.self)
            #expect(sum == 4 && runs >= 3)
        }
    }

    @Test func `savepoints nest, and each failure undoes only its own`() async throws {
        try await withDatabase(tables) { room in
            try await room.database.transaction { transaction in
                try await transaction.run("INSERT INTO t VALUES (1)")
                try? await transaction.savepoint { inner in
                    try await inner.run("INSERT INTO t VALUES (2)")
                    try? await inner.savepoint { innermost in
                        try await innermost.run("INSERT INTO t VALUES (3)")
                        try await innermost.run("INSERT INTO t VALUES (1)")
                    }
                    try await inner.savepoint { try await $0.run("INSERT INTO t VALUES (4)") }
                    throw Changed()
                }
                try await transaction.savepoint { try await $0.run("INSERT INTO t VALUES (5)") }
            }
            #expect(try await ids(room.database) == [1, 5])
        }
    }

    @Test func `when all connections are lent, the next transaction waits, and not for ever`() async throws {
        try await withDatabase(tables, connections: 4) { room in
            let database = room.database
            let release = Kept(false)
            let holders = (0..<2).map { number in
                Task {
                    try await database.transaction { transaction in
                        try await transaction.run("INSERT INTO t VALUES (\(number))")
                        try await eventually("released") { release.value }
                    }
                }
            }
            try await eventually("both are lent") { database.metrics.borrowed == 2 }
            let late = await fault { try await database.transaction { _ = try await $0.run("SELECT 1") } }
            #expect(late?.kind == .timeout)
            // Single statements still have their reserve.
            #expect(try await ids(database) == [])
            let cancelled = Task { try await database.transaction { _ = try await $0.run("SELECT 1") } }
            try await eventually("it waits") { database.metrics.waiting == 1 }
            cancelled.cancel()
            let end = await fault { try await cancelled.value }
            #expect(end?.kind == .cancelled)
            release.set(true)
            for holder in holders { try await holder.value }
            #expect(try await ids(database) == [0, 1])
        }
    }

    @Test func `a busy pool does not starve transactions`() async throws {
        try await withDatabase(tables, connections: 3) { room in
            let database = room.database
            let (stop, read) = (Kept(false), Kept(0))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        while !stop.value {
                            try await database.run("SELECT pg_sleep(0.005)")
                            read.change { $0 += 1 }
                        }
                    }
                }
                try await eventually("all are connected") { database.metrics.connected == 3 }
                for number in 0..<10 {
                    let before = read.value
                    try await eventually("each connection has its share") { read.value > before + 60 }
                    try await database.transaction { transaction in
                        try await transaction.run("INSERT INTO t VALUES (\(number))")
                    }
                }
                stop.set(true)
                try await group.waitForAll()
            }
            #expect(try await ids(database).count == 10)
        }
    }
}
