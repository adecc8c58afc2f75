import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import Synchronization

/// One request on its way through a use case: who calls, when in business time, in which language, and the ways to
/// the database that cannot forget idempotency and events.
public struct Call: Sendable {
    public let caller: Caller
    /// Business time: the real time, or the rehearsal's.
    public let now: Date
    public let language: Language
    public let trace: TraceContext
    /// The version named by If-Match, when one was sent; nil also for `*`, which any present version matches.
    public let ifMatch: Int64?
    public let runtime: Runtime
    let idempotency: IdempotencyKey?
    let route: Route
    /// What the caller wants to do, in the words of the documentation: refusals of rights are logged with it.
    let purpose: String
    private let basis = ActingFor()

    /// In whose name the caller acts: set once a right that was asked for rests on a delegation alone.
    public var actsFor: StandsFor? { basis.value }

    /// Today in Vietnam.
    public var today: Day { Day(now) }

    /// Carries the trace. Made when it is asked for: most requests log nothing.
    public var log: Logger { runtime.log(of: trace) }

    /// The official or citizen who calls. Only on endpoints that are not open.
    public var person: PersonID {
        get throws(Refused) {
            guard let person = caller.person else { throw refused() }
            return person
        }
    }

    /// Refuses, and logs the refusal with its purpose, unless the caller holds `scope` at `agency` today.
    /// - Parameter field: of the procedure that the act concerns; nil where none applies.
    public func require(_ scope: Scope, at agency: AgencyCode, field: String? = nil) async throws {
        guard try await holds(scope, at: agency, field: field) else {
            var about: Logger.Metadata = ["scope": "\(scope.rawValue)", "agency": "\(agency)"]
            if let field { about["field"] = "\(field)" }
            throw refused(about: about)
        }
    }

    /// What to throw when the caller may not do this; it is logged with who wanted what, and what for.
    public func refused(_ answer: Refused = .forbidden, about what: Logger.Metadata = [:]) -> Refused {
        runtime.logRefusal(of: caller.id, route: route, purpose: purpose, about: what, trace: trace)
        return answer
    }

    public func holds(_ scope: Scope, at agency: AgencyCode, field: String? = nil) async throws -> Bool {
        guard let person = caller.person else { return false }
        let rights = try await runtime.rights.of(person)
        guard !rights.isAdministrator else { return true }
        guard let right = rights.basis(scope, at: agency, on: today, field: field) else { return false }
        basis.note(right)
        return true
    }

    /// The agencies at whose subtrees the caller holds `scope` today.
    public func agencies(_ scope: Scope) async throws -> [AgencyCode] {
        guard let person = caller.person else { return [] }
        return try await runtime.rights.of(person).agencies(scope, on: today)
    }

    /// Every read of personal data is logged with its purpose, before it is answered; who keeps a ledger is told.
    public func logRead(of kind: String, _ id: String, purpose: String) {
        log.info(
            "personal data read",
            metadata: ["kind": "\(kind)", "id": "\(id)", "purpose": "\(purpose)", "caller": "\(caller.id)"])
        guard let ledger = runtime.readLedger else { return }
        ledger.note(
            PersonalRead(kind: kind, id: id, purpose: purpose, caller: caller, at: now, trace: trace.traceID))
    }

    /// Refuses a request whose If-Match names another version than `current` (RFC 9110, section 13.1.1).
    public func check(_ current: Int64) throws(Refused) {
        if let ifMatch, ifMatch != current { throw .stale }
    }

    /// A read, outside of any transaction.
    @discardableResult
    public func run(_ sql: SQL) async throws -> Rows { try await runtime.database.run(sql) }

    /// State, history and event in ONE statement and one round trip (events.md 1).
    ///
    /// - Parameters:
    ///   - change: the version-checked INSERT or UPDATE, `RETURNING … version`. When it touches no row nothing at
    ///     all is written and `Refused.stale` is thrown.
    ///   - then: further statements by name, each selecting `FROM change` (or the ones before).
    ///   - announcing: the event, at most one, with the agency it is routed to.
    ///   - reply: the answer; it is kept for repetitions of the same Idempotency-Key.
    public func flight<Output: Record>(
        _ change: SQL, then: [(String, SQL)] = [], announcing events: [(any Event, AgencyCode?)], reply: Reply<Output>
    ) async throws -> Reply<Output> {
        var steps = then
        if let idempotency { steps.append(("kept", idempotency.insert(reply.outgoing(route), from: "change"))) }
        let announcements = events.map { event, agency in
            Announcement(
                event: event, agency: agency, actor: caller.id, traceparent: trace.traceparent, occurredAt: now)
        }
        let sql = EventWriter.flight(change: change, then: steps, announcing: announcements)
        KillPoint.pass(.beforeCommit)
        let rows = try await runtime.database.run(sharing: sql)
        guard !rows.isEmpty else { throw Refused.stale }
        KillPoint.pass(.afterCommit)
        runtime.poke()
        return reply
    }

    /// Several statements that commit together, retried as a whole on serialization failures and deadlocks: `body`
    /// may run more than once. The reply is kept for repetitions of the same Idempotency-Key.
    public func transaction<Output: Record>(
        _ body: (Work) async throws -> Reply<Output>
    ) async throws -> Reply<Output> {
        let reply: Reply<Output>
        do {
            reply = try await runtime.database.transaction { try await attempt(body, in: $0) }
        } catch let error as PostgresError where error.isFailure(Work.stale) { throw Refused.stale }
        KillPoint.pass(.afterCommit)
        runtime.poke()
        return reply
    }

    /// As `transaction`, for what takes the next number of a sequence without gaps: requests with the same `key` that
    /// come while one of them commits take theirs together and share the next transaction. When it fails because of
    /// one of them, each runs alone.
    ///
    /// - Parameters:
    ///   - hold: locks what was decided on, or fails (`stale`); sent before the number is taken.
    ///   - take: takes so many numbers, for whoever has this key, and returns the `last` of them. Its row is the lock.
    ///   - body: gets the number.
    public func transaction<Output: Record>(
        together key: String, holding hold: SQL? = nil, taking take: @escaping @Sendable (Int) -> SQL,
        _ body: @escaping @Sendable (Work, Int64) async throws -> Reply<Output>
    ) async throws -> Reply<Output> {
        let made = Made<Reply<Output>>()
        let part = Together.Part(hold: hold, take: take) { transaction, number in
            made.value.withLock { $0 = nil }
            let reply = try await attempt({ try await body($0, number) }, in: transaction)
            made.value.withLock { $0 = reply }
        }
        do {
            switch await runtime.together.commit("\(route) \(key)", in: runtime.database, part) {
            case .alone: try await runtime.database.transaction { try await Together.run([part], in: $0) }
            case .failed(let error): throw error
            case .committed: break
            }
        } catch let error as PostgresError where error.isFailure(Work.stale) { throw Refused.stale }
        guard let reply = made.value.withLock({ $0 }) else { preconditionFailure("committed without an answer") }
        KillPoint.pass(.afterCommit)
        runtime.poke()
        return reply
    }

    private final class Made<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private func attempt<Output: Record>(
        _ body: (Work) async throws -> Reply<Output>, in transaction: Transaction
    ) async throws -> Reply<Output> {
        let answer = idempotency.map { KeptAnswer($0, route) }
        let work = Work(
            session: transaction, now: now, actor: caller.id, traceparent: trace.traceparent, log: log,
            runtime: runtime, actingPerson: caller.person, actsFor: actsFor, answer: answer)
        let reply = try await body(work)
        if let answer, !answer.isKept { try await transaction.post(answer.insert(reply)) }
        KillPoint.pass(.beforeCommit)
        return reply
    }

    /// The resource of this type that the service made at start (its key ring, its file store).
    public func resource<T>(_ type: T.Type) -> T { runtime.resource(type) }
}

/// What an endpoint's transaction, a reaction and a timer have in common: statements, events and timers that commit
/// together.
public struct Work: Session {
    public let session: any Session
    /// Business time.
    public let now: Date
    public var actor: String
    public let traceparent: String?
    public let log: Logger
    public let runtime: Runtime
    /// The person of the request, and in whose name that person acts.
    public var actingPerson: PersonID?
    public var actsFor: StandsFor?
    /// Of a request with an Idempotency-Key.
    var answer: KeptAnswer?

    public var today: Day { Day(now) }

    @discardableResult
    public func run(_ sql: SQL) async throws(PostgresError) -> Rows { try await session.run(sql) }

    public func post(_ sql: SQL) async throws(PostgresError) { try await session.post(sql) }

    private func announcement(_ event: any Event, to agency: AgencyCode?) -> Announcement {
        Announcement(event: event, agency: agency, actor: actor, traceparent: traceparent, occurredAt: now)
    }

    /// The same in the name of `actor`, who asked for what a timer does: history and events name that account.
    public func acting(for actor: String) -> Work {
        Work(
            session: session, now: now, actor: actor, traceparent: traceparent, log: log, runtime: runtime,
            answer: answer)
    }

    /// Writes an event as version `version` of its aggregate, routed to `agency`.
    public func announce(_ event: any Event, version: Int64, to agency: AgencyCode?) async throws {
        try await EventWriter.append(announcement(event, to: agency), version: version, in: session)
    }

    /// A change, what hangs on it and its event in one statement, as `Call.flight` has them, within this transaction.
    /// It is posted: when the change touches no row the transaction fails, of a request as `Refused.stale`.
    ///
    /// - Parameter reply: the answer of the request, when it is known before the change is written.
    public func flight<Output: Record>(
        _ change: SQL, then: [(String, SQL)], announcing event: any Event, to agency: AgencyCode?,
        reply: Reply<Output>? = nil as Reply<Nothing>?
    ) async throws {
        var steps = then
        if let answer, let reply { steps.append(("kept", answer.insert(reply, from: "change"))) }
        try await post(
            EventWriter.flight(
                change: change, then: steps, announcing: [announcement(event, to: agency)], orFail: Self.stale))
    }

    /// The failure (`SQL.failure`) by which a posted statement says that somebody else was faster: of a request it is
    /// `Refused.stale`.
    public static let stale = "stale_version"

    /// Sets a durable timer: `kind` names the `TimedTask`, `key` makes it one.
    public func schedule(_ task: any TimedTask.Type, key: String, at due: Date, payload: JSON = [:]) async throws {
        try await Timers.schedule(kind: task.kind, key: key, dueAt: due, payload: payload, in: session)
    }

    /// Withdraws a timer that has not fired.
    public func unschedule(_ task: any TimedTask.Type, key: String) async throws {
        try await Timers.cancel(kind: task.kind, key: key, in: session)
    }

    /// Tells parked events that wait for `key` that it is known now.
    public func wake(_ key: String) async throws { try await Inbox.wake(key, in: session) }

    public func resource<T>(_ type: T.Type) -> T { runtime.resource(type) }
}

/// Something that happens by itself at a business time, exactly once, in the transaction of its effect.
public protocol TimedTask: Sendable {
    static var kind: String { get }
    static func fire(key: String, payload: JSON, _ work: Work) async throws
}

extension TimedTask {
    /// The statement that sets the task's timer as a step of a flight: it selects from `source`, the change.
    public static func timer(key: String, at due: Date, from source: SQL) -> SQL {
        Timers.set(kind: kind, key: key, dueAt: due, from: source)
    }
}

/// One reaction to another service's event. What it does commits together with the inbox position: it happens once.
/// It runs before its turn is certain and may run again, so it has no effect beside its transaction.
/// Throw `NotYet` for what is not known yet; announce an answering event for a true refusal.
public protocol Reaction: Sendable {
    associatedtype Received: Event
    static func handle(_ event: Received, _ envelope: Envelope, _ work: Work) async throws
}

/// Sees every event of the aggregates that the service consumes, also of types that this release does not know, after
/// the reactions to its type and in the same transaction: what it does happens once.
public protocol Observer: Sendable {
    static func handle(_ envelope: Envelope, _ work: Work) async throws
}

/// One read of personal data: of what, by whom, what for.
public struct PersonalRead: Sendable, Hashable {
    /// What was read, and which: `dossier`, its id; `dossiers`, the holder of the list.
    public let kind: String
    public let id: String
    public let purpose: String
    public let caller: Caller
    /// Business time.
    public let at: Date
    public let trace: String

    public init(kind: String, id: String, purpose: String, caller: Caller, at: Date, trace: String) {
        (self.kind, self.id, self.purpose) = (kind, id, purpose)
        (self.caller, self.at, self.trace) = (caller, at, trace)
    }
}

/// A resource of a service that keeps the reads of personal data where people can ask for them. It is told of each one
/// and must not wait.
public protocol KeepsReads: Sendable {
    func note(_ read: PersonalRead)
}
