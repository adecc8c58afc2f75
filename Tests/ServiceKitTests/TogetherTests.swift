import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@testable import ServiceKit

@Suite struct `Requests that wait for one lock` {
    private struct Unfit: Error {}

    /// A first one holds the key until `others` wait too; then all go on. What became of it and of them.
    private func behindOne(_ database: Database, _ others: [Together.Part]) async throws -> [Together.Outcome] {
        let together = Together()
        let gate = Gate(0)
        return try await withThrowingTaskGroup(of: (Int, Together.Outcome).self) { group in
            group.addTask {
                let first = Self.part { transaction in
                    await gate.enter()
                    try await transaction.run("INSERT INTO numbers (n) VALUES (0)")
                }
                return (-1, await together.commit("key", in: database, first))
            }
            try await eventually("the first one works") { together.gathered("key") == 0 }
            for (index, part) in others.enumerated() {
                group.addTask { (index, await together.commit("key", in: database, part)) }
                try await eventually("number \(index) waits") { together.gathered("key") == index + 1 }
            }
            await gate.leave()
            var outcomes: [Int: Together.Outcome] = [:]
            for try await (index, outcome) in group { outcomes[index] = outcome }
            try await eventually("nobody works for it any more") { together.gathered("key") == nil }
            return outcomes.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private static func part(_ write: @escaping @Sendable (Transaction) async throws -> Void) -> Together.Part {
        Together.Part(take: { "SELECT \($0)::int8 AS last" }, write: { transaction, _ in try await write(transaction) })
    }

    private static func add(_ n: Int) -> Together.Part {
        part { transaction in try await transaction.run("INSERT INTO numbers (n) VALUES (\(n))") }
    }

    private func withNumbers(_ body: (Database) async throws -> Void) async throws {
        try await withDatabase(["numbers": [Migration(1, "numbers", "CREATE TABLE numbers (n int)")]]) { test in
            try await body(test.database)
        }
    }

    /// How many rows each transaction wrote, in the order of their commits.
    private func commits(_ database: Database) async throws -> [Int] {
        try await database.run(
            "SELECT count(*)::int8 AS n FROM numbers GROUP BY xmin::text ORDER BY min(ctid::text)"
        ).map { try $0("n") }
    }

    @Test func `commit together what came while one was on its way, so many at most`() async throws {
        try await withNumbers { database in
            let count = Limits.commitTogether + 3
            let outcomes = try await behindOne(database, (1...count).map { Self.add($0) })
            for outcome in outcomes {
                guard case .committed = outcome else { throw Unfit() }
            }
            #expect(try await commits(database).sorted() == [1, 3, Limits.commitTogether])
        }
    }

    @Test func `take their numbers at once, each its own, in the order in which they came`() async throws {
        try await withNumbers { database in
            let part = Together.Part(take: { "SELECT (100 + \($0))::int8 AS last" }) { transaction, number in
                try await transaction.run("INSERT INTO numbers (n) VALUES (\(number))")
            }
            _ = try await behindOne(database, [part, part, part])
            let numbers = try await database.run("SELECT n::int8 AS n FROM numbers ORDER BY ctid")
            #expect(try numbers.map { try $0("n") } == [0, 101, 102, 103] as [Int64])
        }
    }

    @Test func `have done nothing when what one of them decided on is not what it was`() async throws {
        try await withNumbers { database in
            var stale = Self.add(2)
            stale.hold = "SELECT \(SQL.failure(Work.stale)) AS held"
            for outcome in try await behindOne(database, [Self.add(1), stale]).dropFirst() {
                guard case .alone = outcome else { throw Unfit() }
            }
            #expect(try await commits(database) == [1])
        }
    }

    @Test func `are told to run alone, and have done nothing, when one of several fails`() async throws {
        try await withNumbers { database in
            let parts = [Self.add(1), Self.part { _ in throw Unfit() }, Self.add(3)]
            for outcome in try await behindOne(database, parts).dropFirst() {
                guard case .alone = outcome else { throw Unfit() }
            }
            #expect(try await commits(database) == [1])
        }
    }

    @Test func `hear the fault itself when nobody else is to blame`() async throws {
        try await withNumbers { database in
            let outcomes = try await behindOne(database, [Self.part { _ in throw Unfit() }])
            guard case .failed(let error)? = outcomes.last, error is Unfit else { throw Unfit() }
        }
    }

    /// They would wait as long, a group after the other.
    @Test func `all hear that the database is away, those too that would have come next`() async throws {
        try await withNumbers { database in
            let away = Self.part { _ in throw PostgresError(.connection, "away") }
            let many = (1...Limits.commitTogether).map { Self.add($0) }
            for outcome in try await behindOne(database, [away] + many).dropFirst() {
                guard case .failed(let error as PostgresError) = outcome else { throw Unfit() }
                #expect(error.kind == .connection)
            }
            #expect(try await commits(database) == [1])
        }
    }

    @Test func `do not wait long for somebody else's lock, nor for a statement that hangs`() async throws {
        try await withNumbers { database in
            try await database.run("INSERT INTO numbers (n) VALUES (-1)")
            let lock: SQL = "SELECT 1 FROM numbers WHERE n = -1 FOR UPDATE"
            var locked = Self.add(2)
            locked.hold = lock
            let slow = Self.part { _ in throw PostgresError(.timeout, "slow", sqlState: "57014") }
            try await database.transaction { holder in
                try await holder.run(lock)
                for part in [locked, slow] {
                    for outcome in try await behindOne(database, [Self.add(1), part]).dropFirst() {
                        guard case .alone = outcome else { throw Unfit() }
                    }
                }
            }
        }
    }

    /// Running alone would do twice what may have been done.
    @Test func `all hear that the outcome is not known`() async throws {
        try await withNumbers { database in
            let lost = Self.part { _ in throw PostgresError(.unknownOutcome, "lost") }
            for outcome in try await behindOne(database, [Self.add(1), lost]).dropFirst() {
                guard case .failed(let error as PostgresError) = outcome else { throw Unfit() }
                #expect(error.isUnknownOutcome)
            }
        }
    }

    @Test func `are each answered, also when one of them is refused, and each once`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let answers = await withTaskGroup(of: (Int, Outgoing).self) { group in
                for n in 0..<40 {
                    group.addTask {
                        // Every key twice: the second one meets what the first has kept.
                        let body = n / 2 == 7 ? #"{"refuse":true}"# : "{}"
                        return (
                            n / 2,
                            await desk.ask(
                                "POST", "/numbers", body, token: token, headers: [("idempotency-key", "n\(n / 2)")])
                        )
                    }
                }
                return await group.reduce(into: [Int: [Outgoing]]()) { $0[$1.0, default: []].append($1.1) }
            }
            var numbers: [Int64] = []
            for (n, pair) in answers where n != 7 {
                // Whoever meets a request that still runs is told so.
                let done = pair.filter { $0.status == 200 }
                let isRight = pair.allSatisfy { $0.status == 200 || $0.code == "still-running" } && !done.isEmpty
                #expect(isRight, "\(pair.map(\.json))")
                #expect(Set(done.map(\.body)).count == 1)
                if case .integer(let number)? = done.first?.json["number"] { numbers.append(number) }
            }
            #expect(answers[7]?.allSatisfy { $0.status != 200 } == true)
            #expect(numbers.sorted() == Array(1...19), "no gap, no double")
        }
    }
}
