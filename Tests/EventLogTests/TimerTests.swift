import Contracts
import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct TimerTests {
    private static let now = Date(timeIntervalSince1970: 1_612_839_600)
    private static let pace = TimerPace(
        look: .milliseconds(30), retryFirst: .milliseconds(200), retryMost: .milliseconds(200))

    /// Writes its key into `effects`.
    private static let note: TimerLoop.Fire = { key, payload, transaction in
        try await transaction.run("INSERT INTO effects (aggregate, version, payload) VALUES (\(key), 1, \(payload))")
    }

    private func loop(
        _ database: Database, _ tasks: [String: TimerLoop.Fire] = ["note": note],
        now: @escaping @Sendable () -> Date = { now }
    ) -> TimerLoop {
        TimerLoop(database: database, tasks: tasks, now: now, pace: Self.pace, logger: quiet)
    }

    private func fired(_ database: Database) async throws -> [String] {
        try await database.run("SELECT aggregate FROM effects ORDER BY n").map { try $0("aggregate") }
    }

    @Test func `fires by business time, the soonest first, and not before`() async throws {
        try await withInboxDatabase { test in
            let clock = Mutex(Self.now)
            for (key, after) in [("late", 50.0), ("second", 20), ("first", 10), ("moved", 5), ("gone", 1)] {
                try await Timers.schedule(kind: "note", key: key, dueAt: Self.now + after, in: test.database)
            }
            try await Timers.schedule(
                kind: "note", key: "moved", dueAt: Self.now + 30, payload: ["n": 2], in: test.database)
            try await Timers.cancel(kind: "note", key: "gone", in: test.database)
            let loop = loop(test.database, now: { clock.withLock { $0 } })
            try await running([loop]) {
                clock.withLock { $0 = Self.now + 40 }
                loop.poke()
                try await eventually("three") { try await fired(test.database) == ["first", "second", "moved"] }
                try await eventually("counted") { loop.metrics.fired == 3 }
                clock.withLock { $0 = Self.now + 60 }
                loop.poke()
                try await eventually("the late one") { try await fired(test.database).last == "late" }
            }
            #expect(try await test.database.run("SELECT 1 AS one FROM timers").isEmpty)
        }
    }

    @Test func `two loops fire each timer once`() async throws {
        try await withInboxDatabase { test in
            let keys = (0..<200).map { "t\($0)" }
            for key in keys { try await Timers.schedule(kind: "note", key: key, dueAt: Self.now, in: test.database) }
            let other = test.open(test.runtime)
            try await running([loop(test.database), loop(other)]) {
                try await eventually("all") { try await fired(test.database).count >= keys.count }
            }
            #expect(try await fired(test.database).sorted() == keys.sorted())
        }
    }

    @Test func `one that fails is rolled back and tried later, others do not wait`() async throws {
        try await withInboxDatabase { test in
            let tasks: [String: TimerLoop.Fire] = [
                "note": Self.note,
                // Until the others have fired, however long that takes.
                "broken": { key, payload, transaction in
                    try await Self.note(key, payload, transaction)
                    let count: Int = try await transaction.run("SELECT count(*) AS n FROM effects")[0]("n")
                    if count < 4 { throw Script.Broken() }
                },
            ]
            try await Timers.schedule(kind: "broken", key: "b", dueAt: Self.now - 10, in: test.database)
            for key in ["1", "2", "3"] {
                try await Timers.schedule(kind: "note", key: key, dueAt: Self.now, in: test.database)
            }
            let loop = loop(test.database, tasks)
            try await running([loop]) {
                try await eventually("all") { try await fired(test.database) == ["1", "2", "3", "b"] }
            }
            #expect(loop.metrics.fired == 4 && loop.metrics.failures >= 1)
        }
    }

    @Test func `one that sets itself anew fires again`() async throws {
        try await withInboxDatabase { test in
            let clock = Mutex(Self.now)
            let tasks: [String: TimerLoop.Fire] = [
                "daily": { key, payload, transaction in
                    try await Self.note(key, payload, transaction)
                    let next = clock.withLock { $0 } + 86_400
                    try await Timers.schedule(kind: "daily", key: key, dueAt: next, in: transaction)
                }
            ]
            try await Timers.schedule(kind: "daily", key: "d", dueAt: Self.now, in: test.database)
            let loop = loop(test.database, tasks, now: { clock.withLock { $0 } })
            try await running([loop]) {
                try await eventually("once") { try await fired(test.database).count == 1 }
                clock.withLock { $0 += 86_400 }
                try await eventually("twice") { try await fired(test.database).count == 2 }
            }
        }
    }

    /// A process that dies in the middle has fired nothing; the next one does.
    @Test func `after a crash it fires once`() async throws {
        try await withInboxDatabase { test in
            try await Timers.schedule(kind: "note", key: "k", dueAt: Self.now, in: test.database)
            let begun = Mutex(false)
            let dying = test.open(test.runtime)
            let crash: TimerLoop.Fire = { key, payload, transaction in
                try await Self.note(key, payload, transaction)
                begun.withLock { $0 = true }
                while true { try await transaction.run("SELECT pg_sleep(0.01)") }
            }
            let task = Task { try await loop(dying, ["note": crash]).run() }
            try await eventually("in the middle") { begun.withLock { $0 } }
            let administrator = test.open(test.administrator)
            try await running([loop(test.database)]) {
                // The connection ends as with SIGKILL; its loop is told to stop so that it does not try again.
                task.cancel()
                try await administrator.run(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND pid <> pg_backend_pid()
                    """)
                try await eventually("the other fires it") { try await fired(test.database) == ["k"] }
            }
            _ = await task.result
            #expect(try await fired(test.database) == ["k"])
        }
    }
}
