import Contracts
import Foundation
import TestKit
import Testing

@testable import Postgres

/// What is posted goes out with the next statement or the commit, and fails with it.
@Suite(.timeLimit(.minutes(5))) struct PostTests {
    private let tables: KeyValuePairs<String, [Migration]> = [
        "test": [
            Migration(
                1, "t", "CREATE TABLE t (id int PRIMARY KEY)")
        ]
    ]

    @Test func `what is posted commits with the rest, in its order`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            let seen = try await database.transaction { transaction in
                try await transaction.post("INSERT INTO t VALUES (1)")
                try await transaction.post("UPDATE t SET id = id + 10")
                let rows = try await transaction.run("SELECT id FROM t")
                try await transaction.post("INSERT INTO t VALUES (2)")
                return try rows.map { try $0("id", as: Int.self) }
            }
            #expect(seen == [11])
            #expect(try await ids(database) == [2, 11])
        }
    }

    @Test func `a transaction may consist of nothing else, also more than go out at once`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let count = 3 * Limits.Postgres.pipeline
            try await room.database.transaction { transaction in
                for id in 1...count { try await transaction.post("INSERT INTO t VALUES (\(Int32(id)))") }
            }
            #expect(try await ids(room.database).count == count)
        }
    }

    @Test func `when it fails, the commit fails by its name and nothing is kept`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            try await database.run("INSERT INTO t VALUES (1)")
            for _ in 1...3 {
                let refused = await fault {
                    try await database.transaction { transaction in
                        try await transaction.run("INSERT INTO t VALUES (2)")
                        try await transaction.post("INSERT INTO t VALUES (1)")
                        try await transaction.post("INSERT INTO t VALUES (3)")
                    }
                }
                #expect(refused?.sqlState == "23505" && refused?.attempting == "INSERT INTO t VALUES (1)")
            }
            let kept = try await ids(database)
            #expect(kept == [1] && database.metrics.borrowed == 0 && database.metrics.reconnects == 0)
        }
    }

    @Test func `when it fails, the statement that it goes with is not done`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            let refused = await fault {
                try await database.transaction { transaction in
                    try await transaction.post("SELECT \(SQL.failure("of_the_test"))")
                    try await transaction.run("INSERT INTO t VALUES (1)")
                }
            }
            let kept = try await ids(database)
            #expect(refused?.isFailure("of_the_test") == true && refused?.isFailure("of_the") == false)
            #expect(kept == [] && database.metrics.reconnects == 0)
        }
    }

    @Test func `a savepoint takes what was posted within it back`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            try await database.transaction { transaction in
                try await transaction.post("INSERT INTO t VALUES (1)")
                let refused = await fault {
                    try await transaction.savepoint { inner in
                        try await inner.post("INSERT INTO t VALUES (2)")
                        try await inner.post("INSERT INTO t VALUES (1)")
                    }
                }
                #expect(refused?.sqlState == "23505")
                try await transaction.post("INSERT INTO t VALUES (3)")
            }
            #expect(try await ids(database) == [1, 3])
        }
    }

    @Test func `what a savepoint's body posted before it threw is not sent; the transaction goes on`() async throws {
        struct Changed: Error {}
        try await withDatabase(tables) { room in
            try await room.database.transaction { transaction in
                try await transaction.run("INSERT INTO t VALUES (1)")
                await #expect(throws: Changed.self) {
                    try await transaction.savepoint { inner in
                        try await inner.post("INSERT INTO t VALUES (1)")
                        throw Changed()
                    }
                }
                try await transaction.run("INSERT INTO t VALUES (2)")
            }
            #expect(try await ids(room.database) == [1, 2])
        }
    }

    @Test func `what was posted is not lost with a statement that cannot be sent`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            try await database.transaction { transaction in
                try await transaction.run("INSERT INTO t VALUES (1)")
                try await transaction.post("INSERT INTO t VALUES (2)")
                var many: SQL = "SELECT 1"
                many.binds = Array(repeating: Int32(1).bind, count: Int(UInt16.max) + 1)
                let tooMany = many
                let refused = await fault { try await transaction.run(tooMany) }
                #expect(refused?.sqlState == "54000")
            }
            #expect(try await ids(database) == [1, 2])
            let lost = await fault {
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (3)")
                    try await transaction.post("INSERT INTO t VALUES (4)")
                    let given = Task { try await transaction.run("INSERT INTO t VALUES (5)") }
                    given.cancel()
                    _ = await given.result
                }
            }
            let kept = try await ids(database)
            #expect(lost == nil ? kept == [1, 2, 3, 4, 5] : lost?.kind == .cancelled && kept == [1, 2], "\(kept)")
            #expect(database.metrics.borrowed == 0)
        }
    }

    @Test func `a body that throws takes it back`() async throws {
        try await withDatabase(tables) { room in
            for hasRun in [false, true] {
                _ = await fault {
                    try await room.database.transaction { transaction in
                        try await transaction.post("INSERT INTO t VALUES (1)")
                        if hasRun { try await transaction.run("SELECT 1") }
                        throw CancellationError()
                    }
                }
            }
            let kept = try await ids(room.database)
            #expect(kept == [] && room.database.metrics.borrowed == 0)
        }
    }

    @Test func `what is posted is heard of when it announces`() async throws {
        try await withDatabase(tables) { room in
            let heard = Kept(0)
            room.database.onAnnouncement { heard.change { $0 += 1 } }
            var sql: SQL = "INSERT INTO t VALUES (1)"
            sql.announces = true
            let announcing = sql
            try await room.database.transaction { try await $0.post(announcing) }
            #expect(heard.value == 1)
        }
    }

    @Test func `a statement that is planned once keeps its plan, in and outside of a transaction`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            try await database.run("INSERT INTO t SELECT generate_series(1, 20000)")
            // One row is much cheaper than however many: left alone, PostgreSQL plans it each time.
            func sql(_ isPlannedOnce: Bool) -> SQL {
                var sql: SQL = "SELECT id AS planned FROM t ORDER BY id LIMIT \(Int64(1))"
                if isPlannedOnce { sql = "\(sql) OFFSET 0" }
                sql.isPlannedOnce = isPlannedOnce
                return sql
            }
            for _ in 1...12 {
                for isPlannedOnce in [false, true] { try await database.run(sql(isPlannedOnce)) }
                try await database.transaction { try await $0.run(sql(true)) }
            }
            let plans = try await database.run(
                """
                SELECT custom_plans::int AS custom, generic_plans::int AS generic FROM pg_prepared_statements
                WHERE statement LIKE 'SELECT id AS planned%' ORDER BY statement LIKE '%OFFSET 0'
                """
            ).map { [try $0("custom", as: Int.self), try $0("generic", as: Int.self)] }
            #expect(plans == [[12, 0], [0, 24]])
            let mode = try await database.run("SHOW plan_cache_mode").first?("plan_cache_mode", as: String.self)
            #expect(mode == "auto")
        }
    }
}
