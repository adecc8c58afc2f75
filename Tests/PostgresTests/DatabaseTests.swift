import Contracts
import Foundation
import Synchronization
import TestKit
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5))) struct DatabaseTests {
    private let tables: KeyValuePairs<String, [Migration]> = [
        "test": [
            Migration(
                1, "t",
                """
                CREATE TABLE t (id int PRIMARY KEY, name text CONSTRAINT name_known CHECK (name <> 'bad'),
                    parent int CONSTRAINT parent_known REFERENCES t DEFERRABLE INITIALLY DEFERRED);
                """)
        ]
    ]

    private func fault(_ session: any Session, _ sql: SQL) async -> PostgresError? {
        await #expect(throws: PostgresError.self) { try await session.run(sql) }
    }

    @Test func `a refusal names its state and constraint, and never a value`() async throws {
        try await withDatabase(tables) { room in
            let database = room.database
            try await database.run("INSERT INTO t VALUES (\(1), \("secret-word"))")
            let twice = await fault(database, "INSERT INTO t VALUES (\(1), \("secret-word"))")
            #expect(twice?.kind == .server && twice?.sqlState == "23505" && twice?.constraint == "t_pkey")
            #expect(twice?.attempting == "INSERT INTO t VALUES ($1, $2)")
            #expect(!"\(twice as Any)".contains("secret-word"))
            let check = await fault(database, "INSERT INTO t VALUES (2, 'bad')")
            #expect(check?.sqlState == "23514" && check?.constraint == "name_known")
            #expect(await fault(database, "SELEKT 1")?.sqlState == "42601")
            #expect(await fault(database, "SELECT \(1), 1/0")?.sqlState == "22012")
            let rows = try await database.run("SELECT count(*) AS n FROM t")
            #expect(try rows.first?("n") == 1)
        }
    }

    @Test func `a constraint that fails at the commit is told although the rows had come`() async throws {
        try await withDatabase(tables) { room in
            let late = await fault(room.database, "INSERT INTO t VALUES (1, 'a', 9) RETURNING id")
            #expect(late?.sqlState == "23503" && late?.constraint == "parent_known")
            let rows = try await room.database.run("SELECT 1 AS one FROM t")
            #expect(rows.isEmpty)
        }
    }

    @Test func `one that fails in a pipeline does not hurt its neighbours`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            let results = await withTaskGroup(of: (Int, String?).self) { group in
                for number in 0..<300 {
                    group.addTask {
                        do throws(PostgresError) {
                            let name = number.isMultiple(of: 3) ? "bad" : "good"
                            try await database.run("INSERT INTO t VALUES (\(number), \(name))")
                            return (number, nil)
                        } catch { return (number, error.sqlState) }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(results.count == 100 && results.allSatisfy { $0.key.isMultiple(of: 3) && $0.value == "23514" })
            let rows = try await database.run("SELECT count(*) AS n FROM t")
            #expect(try rows.first?("n") == 200)
        }
    }

    @Test func `10,000 statements at once over 8 connections, each with its own answer`() async throws {
        try await withDatabase(tables, connections: 8) { room in
            let database = room.database
            // So few at a time that none waits too long, however slow the machine is.
            let places = Gate(1_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10_000 {
                    group.addTask {
                        await places.enter()
                        let rows = try await database.run(
                            number.isMultiple(of: 10)
                                ? "INSERT INTO t VALUES (\(number)) RETURNING id" : "SELECT \(number) AS id")
                        #expect(try rows.first?("id") == number)
                        await places.leave()
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await database.run("SELECT count(*) AS n FROM t")
            #expect(try rows.first?("n") == 1_000)
            #expect(database.metrics.connected <= 8 && database.metrics.connected > 1)
        }
    }

    @Test func `the queue has an end, and nothing that it refuses is run`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            let holding = Task { try await database.run("SELECT pg_sleep(1)") }
            try await eventually("it runs") { database.metrics.inFlight == 1 }
            let kinds = await withTaskGroup(of: PostgresError.Kind?.self) { group in
                for number in 0..<(Limits.Postgres.queue + 200) {
                    group.addTask {
                        do throws(PostgresError) {
                            try await database.run("INSERT INTO t VALUES (\(number))")
                            return nil
                        } catch { return error.kind }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            _ = try await holding.value
            let refused = kinds.filter { $0 == .queueFull }.count
            #expect(refused > 0 && kinds.allSatisfy { $0 == nil || $0 == .queueFull })
            let rows = try await database.run("SELECT count(*) AS n FROM t")
            #expect(try rows.first?("n") == kinds.count - refused)
        }
    }

    @Test func `a plan that a change of the table made stale is made anew`() async throws {
        try await withDatabase(connections: 2) { room in
            let (database, owner) = (room.database, room.open(room.owner))
            try await owner.run("CREATE TABLE d (a int)")
            try await owner.run("GRANT ALL ON d TO \(raw: room.runtime.user)")
            try await database.run("INSERT INTO d VALUES (1)")
            for column in ["b", "c"] {
                for _ in 0..<8 { #expect(try await database.run("SELECT * FROM d").count == 1) }
                try await owner.run("ALTER TABLE d ADD COLUMN \(raw: column) text DEFAULT 'x'")
                let text = try await database.run("SELECT * FROM d").first?(column, as: String.self)
                #expect(text == "x")
            }
            // In a transaction the whole of it is run again.
            var runs = 0
            let value = try await database.transaction { transaction in
                runs += 1
                _ = try await transaction.run("SELECT * FROM d")
                if runs == 1 {
                    try await transaction.run("SELECT 1")
                    throw PostgresError(.server, "as the server says it", sqlState: "0A000")
                }
                return try await transaction.run("SELECT * FROM d").first?("c", as: String.self)
            }
            #expect(value == "x" && runs == 2)
        }
    }

    @Test func `a statement that runs too long is ended by the server`() async throws {
        try await withDatabase { room in
            var configuration = room.runtime
            configuration.statementTimeout = .milliseconds(200)
            let database = room.open(configuration)
            let late = await fault(database, "SELECT pg_sleep(20)")
            #expect(late?.kind == .timeout && late?.sqlState == "57014" && late?.isTransient == true)
            let rows = try await database.run("SELECT 1 AS one")
            #expect(rows.count == 1)
        }
    }

    @Test func `of several servers the one that answers and takes writes`() async throws {
        try await withDatabase(tables) { room in
            var configuration = room.runtime
            let there = PostgresAddress(host: configuration.host, port: configuration.port)
            configuration.port = 1
            configuration.further = [there, PostgresAddress(host: "127.0.0.1", port: 2)]
            let database = room.open(configuration)
            for number in 0..<5 { try await database.run("INSERT INTO t VALUES (\(number))") }
            #expect(configuration.description.contains("127.0.0.1:1,\(there),127.0.0.1:2"))
            // A server that only reads will not do, though it answers.
            let administrator = room.open(room.administrator)
            try await administrator.run(
                """
                ALTER ROLE \(raw: room.owner.user) IN DATABASE \(raw: room.name) \
                SET default_transaction_read_only = on
                """
            )
            var reading = room.owner
            (reading.port, reading.further) = (1, [there])
            #expect(await fault(room.open(reading), "SELECT 1")?.isTransient == true)
            reading.target = .primary
            #expect(try await room.open(reading).run("SELECT 1 AS one").count == 1)
        }
    }

    @Test func `nobody listens: an error in time, and recovery is nobody else's work`() async throws {
        var configuration = TestPostgres.administrator()
        configuration.port = 1
        let database = Database(configuration, logger: quiet)
        let lost = await fault(database, "SELECT 1")
        #expect(lost?.kind == .timeout && lost?.isTransient == true)
        let none = await #expect(throws: PostgresError.self) {
            try await database.transaction { _ = try await $0.run("SELECT 1") }
        }
        #expect(none?.kind == .timeout)
        await database.close()
        #expect(await fault(database, "SELECT 1")?.kind == .closed)
    }

    @Test func `close answers what is in flight and refuses what comes after`() async throws {
        try await withDatabase(tables) { room in
            let database = room.open(room.runtime)
            let running = (0..<20).map { number in
                Task { try await database.run("INSERT INTO t SELECT \(number) FROM pg_sleep(0.3)") }
            }
            try await eventually("they run") { database.metrics.inFlight == 20 }
            await database.close()
            for task in running { #expect(try await task.value.affected == 1) }
            #expect(await fault(database, "SELECT 1")?.kind == .closed)
            await database.close()
            let unused = Database(room.runtime, logger: quiet)
            await unused.close()
            #expect(await fault(unused, "SELECT 1")?.kind == .closed)
        }
    }

    @Test func `a database that is dropped without close leaves no session behind`() async throws {
        try await withDatabase { room in
            func sessions() async throws -> Int {
                let rows = try await room.database.run(
                    """
                    SELECT count(*) AS n FROM pg_stat_activity
                    WHERE datname = \(room.name) AND pid <> pg_backend_pid()
                    """
                )
                return try rows.first?("n") ?? -1
            }
            func use() async throws {
                let dropped = Database(room.owner, logger: quiet)
                try await dropped.run("SELECT 1")
            }
            let before = try await sessions()
            for _ in 0..<5 { try await use() }
            try await eventually("their sessions are gone") { try await sessions() <= before }
        }
    }
}
