import Contracts
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Durable timers: set and withdrawn in the transaction of what they belong to.
public enum Timers {
    /// Sets the timer `key` of this kind, or sets it anew. `dueAt` is business time.
    public static func schedule(
        kind: String, key: String, dueAt: Date, payload: JSON = [:], in session: any Session
    ) async throws {
        try await session.post(set(kind: kind, key: key, dueAt: dueAt, payload: payload))
    }

    /// The same as a statement.
    /// - Parameter source: what it selects from, as a step of a flight does (`change`).
    public static func set(
        kind: String, key: String, dueAt: Date, payload: JSON = [:], from source: SQL? = nil
    ) -> SQL {
        let origin: SQL = source.map { "FROM \($0)" } ?? ""
        return """
            INSERT INTO timers (kind, key, due_at, payload)
            SELECT \(kind), \(key), \(dueAt), \(payload) \(origin)
            ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,
                attempts = 0, retry_at = NULL, error = NULL
            """
    }

    /// Withdraws a timer; nothing happens when it has fired or was never set.
    public static func cancel(kind: String, key: String, in session: any Session) async throws {
        try await session.post("DELETE FROM timers WHERE kind = \(kind) AND key = \(key)")
    }
}

/// Counted since the start.
public struct TimerMetrics: Sendable, Equatable {
    public var fired = 0
    public var failures = 0
}

/// Fires timers that are due by business time, the soonest due first. A timer leaves in the transaction of its effect,
/// so it fires once, also with several processes; one that fails is tried again later in real time, and others do not
/// wait.
public final class TimerLoop: Service {
    public typealias Fire = @Sendable (String, JSON, Transaction) async throws -> Void

    private let database: Database
    private let tasks: [String: Fire]
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let pace: TimerPace
    private let bell = Bell()
    private let counted = Mutex(TimerMetrics())

    /// - Parameters:
    ///   - tasks: what happens, by the timer's kind; gets key and payload.
    ///   - now: business time.
    public convenience init(
        database: Database, tasks: [String: Fire], now: @escaping @Sendable () -> Date, logger: Logger
    ) {
        self.init(database: database, tasks: tasks, now: now, pace: TimerPace(), logger: logger)
    }

    init(
        database: Database, tasks: [String: Fire], now: @escaping @Sendable () -> Date, pace: TimerPace, logger: Logger
    ) {
        self.database = database
        self.tasks = tasks
        self.now = now
        self.pace = pace
        self.logger = logger
    }

    public var metrics: TimerMetrics { counted.withLock { $0 } }

    /// Business time moved, or a timer was set that is due soon: looks at once instead of within a second.
    public func poke() { bell.ring() }

    public func run() async throws {
        guard !tasks.isEmpty else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            await self.reportOrphans()
            await self.loop()
        }
    }

    /// A timer whose kind no release knows any more would wait for ever, unseen.
    private func reportOrphans() async {
        let known = tasks.keys.sorted()
        do {
            for row in try await database.run(
                "SELECT kind, count(*) AS n FROM timers WHERE kind <> ALL(\(known)) GROUP BY kind")
            {
                let (kind, count): (String, Int) = (try row("kind"), try row("n"))
                logger.error("timers of an unknown kind", metadata: ["kind": "\(kind)", "count": "\(count)"])
            }
        } catch { logger.warning("timers not checked", metadata: ["error": "\(error)"]) }
    }

    private func loop() async {
        var machine = TimerMachine(pace)
        while !Task.isCancelled {
            var outcome = TimerMachine.Outcome.away
            do {
                // A process that is told to stop finishes the timer that it is firing.
                outcome = try await Task(operation: { try await self.fireOne() }).value
            } catch {
                if !machine.isAway { logger.warning("timers must wait", metadata: ["error": "\(error)"]) }
            }
            if let wait = machine.next(outcome, jitter: .random(in: 0...1)) { await bell.wait(atMost: wait) }
        }
    }

    private struct Due: Sendable {
        let kind: String
        let key: String
        let dueAt: Date
        let attempts: Int
    }

    private func fireOne() async throws -> TimerMachine.Outcome {
        var due: Due?
        do {
            let fired = try await database.transaction { transaction in
                due = nil
                guard let row = try await take(in: transaction) else { return false }
                let (kind, key): (String, String) = (try row("kind"), try row("key"))
                due = Due(kind: kind, key: key, dueAt: try row("due_at"), attempts: try row("attempts"))
                guard let task = tasks[kind] else { preconditionFailure("the query names only known kinds") }
                try await task(key, try row("payload"), transaction)
                KillPoint.pass(.beforeTimerCommit)
                return true
            }
            if fired {
                KillPoint.pass(.afterTimerCommit)
                counted.withLock { $0.fired += 1 }
            }
            return fired ? .fired : .nothingDue
        } catch {
            guard let due, !isAway(error) else { throw error }
            try await putOff(due, after: error)
            return .putOff
        }
    }

    /// The soonest due timer that nobody else is firing. It is gone when this transaction commits.
    private func take(in transaction: Transaction) async throws -> Row? {
        try await transaction.run(
            """
            WITH due AS (
                SELECT kind, key FROM timers
                WHERE due_at <= \(now()) AND kind = ANY(\(tasks.keys.sorted()))
                    AND (retry_at IS NULL OR retry_at <= clock_timestamp())
                ORDER BY due_at, kind, key LIMIT 1 FOR UPDATE SKIP LOCKED)
            DELETE FROM timers t USING due WHERE t.kind = due.kind AND t.key = due.key
            RETURNING t.kind, t.key, t.due_at, t.payload, t.attempts
            """
        ).first
    }

    /// Its effect was rolled back; it is tried again later, unless it was set anew in the meantime.
    private func putOff(_ due: Due, after error: any Error) async throws {
        let wait = TimerMachine(pace).retry(due.attempts, jitter: .random(in: 0...1))
        let text = ErrorText.of(error)
        counted.withLock { $0.failures += 1 }
        logger.error(
            "timer failed",
            metadata: [
                "kind": "\(due.kind)", "key": "\(due.key)", "attempts": "\(due.attempts + 1)", "error": "\(text)",
            ])
        try await database.run(
            """
            UPDATE timers SET attempts = attempts + 1, error = \(text),
                retry_at = clock_timestamp() + make_interval(secs => \(wait.secondsValue))
            WHERE kind = \(due.kind) AND key = \(due.key) AND due_at = \(due.dueAt) AND attempts = \(due.attempts)
            """)
    }
}
