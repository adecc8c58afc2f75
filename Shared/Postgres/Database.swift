import Contracts
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Where statements go: the pool, or one transaction.
public protocol Session: Sendable {
    @discardableResult
    func run(_ sql: SQL) async throws(PostgresError) -> Rows

    /// A statement whose answer nobody needs. In a transaction it is sent with the next one that is run, or with the
    /// commit, which saves a round trip; when it fails, that one fails. Elsewhere it is run.
    func post(_ sql: SQL) async throws(PostgresError)
}

public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

/// A pool of pipelined connections. Single statements share connections; a transaction borrows one.
public final class Database: Session, Service {
    private let reactor: Reactor
    private let ids = Atomic<UInt64>(1 << 32)
    public let configuration: PostgresConfiguration

    public init(_ configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        reactor = Reactor(configuration, log: logger)
    }

    /// The thread of this database's connections, for tasks that do little but ask it: an answer resumes them, and
    /// their next statement is sent, without a change of threads. They must not block or compute for long.
    public var executor: any TaskExecutor { reactor }

    public var metrics: PoolMetrics { reactor.metrics.withLock { $0 } }

    /// When a statement that `announces` has committed, alone or with its transaction: `action` runs on the thread of
    /// the connections, before the caller hears of it. It must be short.
    public func onAnnouncement(_ action: @escaping @Sendable () -> Void) {
        reactor.announced.withLock { $0.append(action) }
    }

    /// A database that nobody holds any more closes its connections and its thread by itself.
    deinit { _ = reactor.submit(.close({})) }

    /// Keeps the pool until shutdown, then drains it.
    public func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    /// Waits for what is in flight (bounded), then ends every connection and the thread.
    public func close() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            if !reactor.submit(.close({ done.resume() })) { done.resume() }
        }
    }

    /// One statement on its own, autocommitted. Answered when the commit is certain.
    ///
    /// A statement that begins with SELECT is taken to only read, and is sent again when its connection was lost: a
    /// function that writes is called from an INSERT, an UPDATE or a WITH, or in a transaction.
    ///
    /// - Throws: `.unknownOutcome` when the connection was lost after a statement that may write was sent; `.cancelled`
    ///   when the task was cancelled before it was done.
    @discardableResult
    public func run(_ sql: SQL) async throws(PostgresError) -> Rows { try await fly(sql, lease: nil) }

    /// The same for a statement that may commit together with those of other callers, which saves each of them a
    /// commit. When one of them fails all are undone and each runs again on its own, so nobody sees a neighbour's
    /// failure; but locks are held until all are done, so it must not wait for what a caller does later.
    @discardableResult
    public func run(sharing sql: SQL) async throws(PostgresError) -> Rows {
        try await fly(sql, lease: nil, sharing: true)
    }

    public func post(_ sql: SQL) async throws(PostgresError) { try await run(sql) }

    @discardableResult
    func fly(
        _ sql: SQL, lease: UInt64?, opening begin: String? = nil, after posted: [SQL] = [], sharing: Bool = false
    ) async throws(PostgresError) -> Rows {
        try sql.checkSize()
        let id = nextID()
        let result: Result<Rows, PostgresError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else {
                    let error = PostgresError(.cancelled, "cancelled before it was sent", attempting: sql.text)
                    return continuation.resume(returning: .failure(error))
                }
                let flight = Flight(
                    id: id, text: sql.text, binds: sql.binds, posted: posted, lease: lease, submitted: .now,
                    answer: { continuation.resume(returning: $0) }, sharing: sharing,
                    announces: sql.announces || posted.contains(where: \.announces),
                    isPlannedOnce: sql.isPlannedOnce)
                var order = Order.run(flight)
                if let lease, let begin { order = .borrow(Borrower(lease: lease, begin: begin, first: flight)) }
                guard reactor.submit(order) else {
                    return continuation.resume(returning: .failure(PostgresError(.closed, "the database was closed")))
                }
                // The handler below may have run before the order was in the mailbox.
                if Task.isCancelled { _ = reactor.submit(.cancel(id)) }
            }
        } onCancel: {
            _ = reactor.submit(.cancel(id))
        }
        return try result.get()
    }

    private func nextID() -> UInt64 { ids.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Statements that commit together; the first one borrows the connection. `body` may run several times: after
    /// serialization failures, deadlocks and changed plans, at most `Limits.Postgres.attempts` times, with jitter
    /// between.
    ///
    /// - Throws: what `body` throws, after ROLLBACK; `.unknownOutcome` when the connection was lost during COMMIT.
    @discardableResult
    public func transaction<T: Sendable>(
        _ isolation: Isolation = .readCommitted, readOnly: Bool = false, _ body: (Transaction) async throws -> T
    ) async throws -> T {
        var attempt = 1
        while true {
            do { return try await once(isolation, readOnly, body) } catch let error as PostgresError
                where error.isRetriedAsWhole && attempt < Limits.Postgres.attempts
            {
                attempt += 1
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(1 << attempt))))
            }
        }
    }

    private func once<T: Sendable>(
        _ isolation: Isolation, _ readOnly: Bool, _ body: (Transaction) async throws -> T
    ) async throws -> T {
        let lease = nextID()
        let transaction = Transaction(
            database: self, lease: lease,
            begin: "BEGIN ISOLATION LEVEL \(isolation.rawValue)\(readOnly ? " READ ONLY" : "")")
        let value: T
        do { value = try await body(transaction) } catch {
            if transaction.hasBegun { await rollBack(lease) }
            throw error
        }
        guard transaction.hasSomething else { return value }
        do { try await transaction.run("COMMIT") } catch {
            // What the server refused to commit is over; when something before it failed, it is not.
            if error.kind == .server, error.attempting == "COMMIT" { giveBack(lease) } else { await rollBack(lease) }
            throw error
        }
        giveBack(lease)
        return value
    }

    func giveBack(_ lease: UInt64, spoilt: Bool = false) {
        _ = reactor.submit(.giveBack(lease: lease, spoilt: spoilt))
    }

    /// In a task of its own, which nobody cancels: the connection must be clean before anybody else gets it.
    private func rollBack(_ lease: UInt64) async {
        let rolledBack = await Task { try? await self.fly("ROLLBACK", lease: lease) }.value
        giveBack(lease, spoilt: rolledBack == nil)
    }

    /// Runs a script of several statements as one transaction: migrations and tests only.
    public func simple(script: String) async throws {
        try await transaction { transaction in
            for statement in Script.statements(script) { try await transaction.run(SQL(stringLiteral: statement)) }
        }
    }
}

/// One transaction on one connection, which is borrowed with its first statement. Its statements run one after the
/// other: what is sent beside the first finds no connection. Lent to the closure and not to be kept.
public struct Transaction: Session {
    let database: Database
    let lease: UInt64
    private let unsent: Unsent

    /// What goes out with the next statement: BEGIN before the first, and what was posted. `isLost`: something that was
    /// posted did not reach the server, or may not have, and nothing more can be done but to roll back.
    private final class Unsent: Sendable {
        let state: Mutex<(begin: String?, posted: [SQL], isLost: Bool)>

        init(_ begin: String) { state = Mutex((begin, [], false)) }
    }

    init(database: Database, lease: UInt64, begin: String) {
        (self.database, self.lease, unsent) = (database, lease, Unsent(begin))
    }

    var hasBegun: Bool { unsent.state.withLock { $0.begin == nil } }
    var hasSomething: Bool { unsent.state.withLock { $0.begin == nil || !$0.posted.isEmpty } }

    @discardableResult
    public func run(_ sql: SQL) async throws(PostgresError) -> Rows {
        try sql.checkSize()
        let (begin, posted, isLost) = unsent.state.withLock { ($0.begin.take(), $0.posted.taken(), $0.isLost) }
        guard !isLost else {
            throw PostgresError(.cancelled, "an earlier statement was not sent", attempting: sql.text)
        }
        do { return try await database.fly(sql, lease: lease, opening: begin, after: posted) } catch {
            if error.kind != .server, !posted.isEmpty { unsent.state.withLock { $0.isLost = true } }
            throw error
        }
    }

    public func post(_ sql: SQL) async throws(PostgresError) {
        try sql.checkSize()
        let hasRoom = unsent.state.withLock { unsent in
            guard unsent.posted.count < Limits.Postgres.pipeline else { return false }
            unsent.posted.append(sql)
            return true
        }
        if !hasRoom { try await run(sql) }
    }

    /// Statements that may fail without failing the transaction.
    @discardableResult
    public func savepoint<T: Sendable>(_ body: (Transaction) async throws -> T) async throws -> T {
        try await run("SAVEPOINT s")
        do {
            let value = try await body(self)
            try await run("RELEASE SAVEPOINT s")
            return value
        } catch {
            unsent.state.withLock { $0.posted = [] }
            // Released too: an outer savepoint of the same name must be the one that is meant next.
            try await run("ROLLBACK TO SAVEPOINT s")
            try await run("RELEASE SAVEPOINT s")
            throw error
        }
    }
}

extension SQL {
    fileprivate func checkSize() throws(PostgresError) {
        guard binds.count <= Int(UInt16.max) else {
            throw PostgresError(.server, "more than \(UInt16.max) values", sqlState: "54000", attempting: text)
        }
    }
}

extension Array {
    fileprivate mutating func taken() -> Self {
        defer { self = [] }
        return self
    }
}
