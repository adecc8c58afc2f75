import Contracts
import Foundation
import TestKit
import Testing

@testable import Postgres

/// Lost connections and given-up callers: every answer is true, and nothing waits for ever.
@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    private let tables: KeyValuePairs<String, [Migration]> = [
        "test": [Migration(1, "t", "CREATE TABLE t (id int PRIMARY KEY, n int)")]
    ]

    /// Ends every session of the runtime role, as an operator or a restart would.
    private func terminate(_ room: TestDatabase, _ killer: Database) async throws -> Int {
        try await killer.run(
            """
            SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
            WHERE datname = \(room.name) AND usename = \(room.runtime.user)
            """
        ).count
    }

    @Test func `connections killed under writers: certain answers are true, the rest is called unknown`() async throws {
        try await withDatabase(tables, connections: 6) { room in
            let (database, killer) = (room.database, room.open(room.administrator))
            let stop = Kept(false)
            let next = Kept(0)
            let outcomes = Kept([Int: PostgresError?]())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<40 {
                    group.addTask {
                        while !stop.value {
                            let number = next.change { value in
                                value += 1
                                return value
                            }
                            var fault: PostgresError?
                            do {
                                if writer.isMultiple(of: 4) {
                                    try await database.transaction { transaction in
                                        try await transaction.run("INSERT INTO t VALUES (\(number))")
                                        try await transaction.run("UPDATE t SET n = 1 WHERE id = \(number)")
                                    }
                                } else if writer.isMultiple(of: 2) {
                                    try await database.run("INSERT INTO t VALUES (\(number), 1)")
                                } else {
                                    try await database.run(sharing: "INSERT INTO t VALUES (\(number), 1)")
                                }
                            } catch { fault = error as? PostgresError }
                            outcomes.change { $0[number] = fault }
                        }
                    }
                }
                var killed = 0
                for _ in 0..<40 {
                    killed += try await terminate(room, killer)
                    let written = outcomes.value.count
                    try await eventually("writing goes on") { outcomes.value.count > written + 50 }
                }
                stop.set(true)
                try await group.waitForAll()
                #expect(killed > 40)
            }
            let rows = try await database.run("SELECT id, n FROM t")
            let kept = Set(try rows.map { row in try row("id", as: Int.self) })
            #expect(try rows.allSatisfy { row in try row("n", as: Int.self) == 1 })
            var (succeeded, unknown) = (0, 0)
            for (number, fault) in outcomes.value {
                switch fault?.kind {
                case nil:
                    succeeded += 1
                    #expect(kept.contains(number), "said to be written, is not")
                case .unknownOutcome: unknown += 1
                case .connection, .server:
                    #expect(!kept.contains(number), "said not to be written, is: \(fault as Any)")
                    #expect(fault?.isTransient == true)
                default: Issue.record("\(fault as Any)")
                }
            }
            #expect(succeeded > 1_000 && unknown < succeeded)
            #expect(database.metrics.reconnects > 40 && database.metrics.borrowed == 0)
        }
    }

    @Test func `reads survive the loss of their connection without being noticed`() async throws {
        try await withDatabase(tables, connections: 4) { room in
            let (database, killer) = (room.database, room.open(room.administrator))
            let stop = Kept(false)
            let read = Kept(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        while !stop.value {
                            let rows = try await database.run("SELECT 1 AS one FROM pg_sleep(0.001)")
                            #expect(rows.count == 1)
                            read.change { $0 += 1 }
                        }
                    }
                }
                for _ in 0..<15 {
                    _ = try await terminate(room, killer)
                    let before = read.value
                    try await eventually("reading goes on") { read.value > before + 200 }
                }
                stop.set(true)
                try await group.waitForAll()
            }
            #expect(database.metrics.reconnects >= 15)
        }
    }

    @Test func `a connection that dies under a transaction spoils that transaction and no other`() async throws {
        try await withDatabase(tables) { room in
            let (database, killer) = (room.database, room.open(room.administrator))
            let error = await #expect(throws: PostgresError.self) {
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (1)")
                    _ = try await terminate(room, killer)
                    try await eventually("the loss is noticed") { database.metrics.reconnects > 0 }
                    // On a new connection this would be committed on its own.
                    try await transaction.run("INSERT INTO t VALUES (2)")
                }
            }
            #expect(error?.kind == .connection && error?.isTransient == true)
            try await database.transaction { try await $0.run("INSERT INTO t VALUES (3)") }
            let rows = try await database.run("SELECT id FROM t")
            #expect(try rows.map { row in try row("id", as: Int.self) } == [3])
            #expect(database.metrics.borrowed == 0)
        }
    }

    @Test func `a cancelled task ends its statement on the server, and only that`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            for round in 0..<10 {
                let victim = Task { try await database.run("INSERT INTO t SELECT -1, 0 FROM pg_sleep(30)") }
                try await eventually("it runs") { database.metrics.inFlight == 1 }
                // Behind it on the same connection: one more that is given up, and one that is wanted.
                let second = Task { try await database.run("INSERT INTO t SELECT -2, 0 FROM pg_sleep(30)") }
                let wanted = Task { try await database.run("INSERT INTO t VALUES (\(round), 0)") }
                try await eventually("all are sent") { database.metrics.inFlight == 3 }
                second.cancel()
                victim.cancel()
                for task in [victim, second] {
                    let error = await #expect(throws: PostgresError.self) { try await task.value }
                    #expect(error?.kind == .cancelled)
                }
                #expect(try await wanted.value.affected == 1)
            }
            let rows = try await database.run("SELECT count(*) AS n, min(id) AS least FROM t")
            #expect(try rows.first?("n") == 10 && rows.first?("least") == 0)
        }
    }

    @Test func `a request to cancel that comes too late does not hurt the next statement`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            let late = Kept(0)
            for round in 0..<150 {
                let victim = Task { try await database.run("SELECT pg_sleep(0.001)") }
                let wanted = Task { try await database.run("INSERT INTO t SELECT \(round) FROM pg_sleep(0.004)") }
                try await eventually("both are sent or done") { database.metrics.statements >= 2 * round + 2 }
                for _ in 0..<Int.random(in: 0..<400) { await Task.yield() }
                victim.cancel()
                #expect(try await wanted.value.affected == 1)
                if (try? await victim.value) != nil { late.change { $0 += 1 } }
            }
            let rows = try await database.run("SELECT count(*) AS n FROM t")
            #expect(try rows.first?("n") == 150)
        }
    }

    @Test func `a task that is cancelled while it submits does not run on`() async throws {
        try await withDatabase(connections: 8) { room in
            let database = room.database
            try await database.run("SELECT 1")
            let began = ContinuousClock.now
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3_000 {
                    group.addTask {
                        let task = Task { try await database.run("SELECT pg_sleep(25)") }
                        for _ in 0..<Int.random(in: 0..<3) { await Task.yield() }
                        task.cancel()
                        _ = try? await task.value
                    }
                }
            }
            // Had they not been cancelled: 3,000 times 25 seconds over four connections.
            #expect(ContinuousClock.now - began < .seconds(60))
        }
    }

    @Test func `cancelled while it waits in the queue, or before: it is never sent`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            // The only connection is lent, so that the others wait.
            try await database.transaction { transaction in
                try await transaction.run("SELECT 1")
                let queued = Task { try await database.run("INSERT INTO t VALUES (1)") }
                try await eventually("it waits") { database.metrics.waiting == 1 }
                queued.cancel()
                let error = await #expect(throws: PostgresError.self) { try await queued.value }
                #expect(error?.kind == .cancelled && error?.message.contains("before it was sent") == true)
                try await eventually("it is gone") { database.metrics.waiting == 0 }
            }
            let early = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await database.run("INSERT INTO t VALUES (2)")
            }
            let error = await #expect(throws: PostgresError.self) { try await early.value }
            #expect(error?.kind == .cancelled)
            let rows = try await database.run("SELECT id FROM t")
            #expect(rows.isEmpty)
        }
    }

    @Test func `a transaction whose task is cancelled rolls back and leaves a clean connection`() async throws {
        try await withDatabase(tables, connections: 1) { room in
            let database = room.database
            let task = Task {
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO t VALUES (1)")
                    try await transaction.run("SELECT pg_sleep(30)")
                }
            }
            try await eventually("it sleeps") { database.metrics.borrowed == 1 && database.metrics.inFlight == 1 }
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            let rows = try await database.run("SELECT id FROM t")
            #expect(rows.isEmpty && database.metrics.reconnects == 0)
        }
    }

    @Test func `cancelling at any moment: every caller is answered, and what was answered is true`() async throws {
        try await withDatabase(tables, connections: 3) { room in
            let database = room.database
            let outcomes = Kept([Int: PostgresError.Kind?]())
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<2_000 {
                    group.addTask {
                        let task = Task {
                            if number.isMultiple(of: 5) {
                                try await database.transaction { try await $0.run("INSERT INTO t VALUES (\(number))") }
                            } else {
                                try await database.run("INSERT INTO t VALUES (\(number))")
                            }
                        }
                        for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
                        task.cancel()
                        do {
                            _ = try await task.value
                            outcomes.change { $0[number] = .some(nil) }
                        } catch { outcomes.change { $0[number] = (error as? PostgresError)?.kind } }
                    }
                }
            }
            let all = outcomes.value
            let rows = try await database.run("SELECT id FROM t")
            let kept = Set(try rows.map { row in try row("id", as: Int.self) })
            #expect(all.count == 2_000 && Set(all.compactMapValues { $0 }.values).isSubset(of: [.cancelled]))
            #expect(Set(all.filter { $0.value == nil }.keys) == kept)
            #expect(database.metrics.borrowed == 0 && database.metrics.waiting == 0)
        }
    }
}
