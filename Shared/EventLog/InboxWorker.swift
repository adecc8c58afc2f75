import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import Synchronization

/// What became of an event; all of it is committed.
enum Arrival: Sendable, Equatable {
    /// Its effects are there. `followed`: later events of the aggregate are parked and have their turn now.
    case taken(followed: Bool)
    case duplicate
    /// It is parked; what else is to be done at once.
    case parked(ParkedNext)
    /// Not committed: PostgreSQL cannot hold it, whatever is tried.
    case unstorable(String)
}

enum ParkedNext: Sendable, Equatable {
    case nothing
    /// Try it again now, see `Parking.after`.
    case again
    /// Read versions from the one up to, not including, the other from the source's feed.
    case repair(from: Int64, before: Int64)
}

/// How resuming one parked event went.
enum Resumption: Sendable, Equatable {
    /// That one is through or is to be tried again: look at the next.
    case onward
    /// Nothing parked, or the first one has to wait.
    case halted
    case repair(from: Int64, before: Int64)
}

/// The inbox's only way to the database for events: every method decides and acts in one transaction, and tries again
/// for as long as the database is away.
final class InboxWorker: Sendable {
    let database: Database
    let store: InboxStore
    let pace: InboxPace
    let log: Logger
    let counts = InboxCounts()
    private let reactions: [String: [AnyReaction]]
    private let isEnding = Atomic<Bool>(false)

    /// It is not yet this event's turn after all: decide again.
    private struct Overtaken: Error {}

    init(database: Database, group: String, reactions: [AnyReaction], pace: InboxPace, log: Logger) {
        self.database = database
        store = InboxStore(group: group)
        self.pace = pace
        self.log = log
        self.reactions = Dictionary(grouping: reactions, by: \.eventType)
    }

    /// Those to its type, then those to everything.
    private func reactions(to type: String) -> [AnyReaction] {
        (reactions[type] ?? []) + (reactions[AnyReaction.everything] ?? [])
    }

    /// Nothing is tried again from now on.
    func end() { isEnding.store(true, ordering: .relaxed) }

    /// Takes or parks an event that has arrived; nil when the process ends before that is certain.
    func take(_ event: Envelope) async -> Arrival? {
        await persist("take \(event.aggregate) v\(event.version)") {
            do { return try await self.takeOnce(event) } catch let error as JSONFault {
                return .unstorable("too deep to be parked: \(error.reason)")
            } catch let error as PostgresError where error.isBadData {
                return .unstorable("PostgreSQL cannot store it: \(error.sqlState ?? "")")
            }
        }
    }

    func resume(_ key: AggregateKey) async -> Resumption? {
        await persist("resume \(key)") { try await self.resumeOnce(key) }
    }

    func refuse(_ message: Refusal) async -> Void? {
        log.error(
            "message refused",
            metadata: ["key": "\(message.routingKey)", "sender": "\(message.sender)", "reason": "\(message.reason)"])
        let done: Void? = await persist("record a refused message") {
            try await self.store.refuse(message, in: self.database)
        }
        if done != nil { counts.add(\.refused) }
        return done
    }

    /// Until it succeeds, with growing waits; nil when the process ends first.
    private func persist<T: Sendable>(_ what: String, _ body: @Sendable () async throws -> T) async -> T? {
        var attempt = 0
        while !Task.isCancelled {
            do { return try await body() } catch is Overtaken { continue } catch {
                if Task.isCancelled || isEnding.load(ordering: .relaxed) { return nil }
                if attempt % 30 == 0 {
                    log.warning("inbox must wait", metadata: ["what": "\(what)", "error": "\(error)"])
                }
                let wait = backoff(
                    attempt, first: Limits.Inbox.awayFirst, most: Limits.Inbox.awayMost, jitter: .random(in: 0...1))
                try? await Task.sleep(for: wait)
                attempt += 1
            }
        }
        return nil
    }

    // MARK: - An event that has arrived

    private func takeOnce(_ event: Envelope) async throws -> Arrival {
        let reactions = reactions(to: event.type)
        guard !reactions.isEmpty else {
            let rows = try await database.run(store.advance(event, hasEffect: false))
            if let row = rows.first {
                counts.add(\.passed)
                return .taken(followed: try row("followed"))
            }
            return try await database.transaction { try await self.settle(event, in: $0) }
        }
        let arrival = try await takeNext(event, reactions)
        if case .taken = arrival {
            KillPoint.pass(.afterEffectCommit)
            counts.add(\.taken)
        }
        return arrival
    }

    /// As if it were this event's turn, which is not waited for: the reactions' first question tells, or the commit.
    private func takeNext(_ event: Envelope, _ reactions: [AnyReaction]) async throws -> Arrival {
        do {
            try await database.transaction { transaction in
                try await transaction.post(store.advanceOrFail(event))
                for reaction in reactions { try await reaction.handle(event, transaction) }
                KillPoint.pass(.beforeEffectCommit)
            }
            return .taken(followed: false)
        } catch  where Self.decidesNothing(error) {
            throw error
        } catch is PostgresError {
            // The failure of what was posted may show as another one.
            return try await takeInTurn(event, reactions)
        } catch {
            // Thrown, perhaps, before anything was known.
            do { return try await park(event, after: error) } catch is Overtaken {
                return try await takeInTurn(event, reactions)
            }
        }
    }

    /// Asks first.
    private func takeInTurn(_ event: Envelope, _ reactions: [AnyReaction]) async throws -> Arrival {
        do {
            return try await database.transaction { transaction in
                let rows = try await transaction.run(store.advance(event, hasEffect: true))
                guard let row = rows.first else { return try await self.settle(event, in: transaction) }
                for reaction in reactions { try await reaction.handle(event, transaction) }
                KillPoint.pass(.beforeEffectCommit)
                return .taken(followed: try row("followed"))
            }
        } catch  where !Self.decidesNothing(error) { return try await park(event, after: error) }
    }

    private static func decidesNothing(_ error: any Error) -> Bool {
        error is Overtaken || Task.isCancelled || isAway(error)
    }

    /// It is not this event's turn: decides with the aggregate locked.
    private func settle(_ event: Envelope, in transaction: Transaction) async throws -> Arrival {
        let standing = try await store.standing(event, in: transaction)
        let decision = InboxDecision.on(version: event.version, epoch: event.epoch, standing)
        guard let parking = decision.parking(standing, pace) else {
            guard decision == .duplicate else { throw Overtaken() }
            try await store.countDuplicate(in: transaction)
            counts.add(\.duplicates)
            return .duplicate
        }
        if decision == .conflict { alarmOfConflict(event.aggregate, event.version, event.epoch, standing) }
        try await store.park(event, parking, in: transaction)
        return .parked(decision.next(before: event.version))
    }

    private func park(_ event: Envelope, after error: any Error) async throws -> Arrival {
        let parking = Parking.after(error, before: nil, pace: pace, jitter: .random(in: 0...1))
        try await database.transaction { transaction in
            if let key = parking.waitKey { try await transaction.run(InboxStore.lock(key: key)) }
            let standing = try await store.standing(event, in: transaction)
            guard InboxDecision.on(version: event.version, epoch: event.epoch, standing) == .take else {
                throw Overtaken()
            }
            try await store.park(event, parking, in: transaction)
        }
        report(parking, event.aggregate, event.version, event.type)
        return .parked(parking.due == .zero ? .again : .nothing)
    }

    // MARK: - A parked event

    private func resumeOnce(_ key: AggregateKey) async throws -> Resumption {
        var tried: ParkedHead?
        let resumption: Resumption
        do {
            resumption = try await database.transaction { transaction in
                tried = nil
                let standing = try await store.lock(key, in: transaction)
                guard let head = try await store.head(of: key, in: transaction) else { return .halted }
                switch ResumeDecision.on(
                    version: head.version, epoch: head.epoch, isReady: head.isReady, head.parking, standing, pace)
                {
                case .leave:
                    try await store.silence(behind: head, of: key, in: transaction)
                    return .halted
                case .act:
                    tried = head
                    try await act(on: head, of: key, in: transaction)
                    return .onward
                case .remove:
                    try await store.remove(head, in: transaction)
                    try await store.countDuplicate(in: transaction)
                    return .onward
                case .repark(let parking, let resumption):
                    if parking.state == .dead { alarmOfConflict(key, head.version, head.epoch, standing) }
                    try await store.repark(head, parking, in: transaction)
                    return resumption
                }
            }
        } catch {
            guard let head = tried, !Self.decidesNothing(error) else { throw error }
            return try await park(head, of: key, after: error)
        }
        if tried != nil {
            KillPoint.pass(.afterEffectCommit)
            counts.add(\.taken)
        }
        return resumption
    }

    private func act(on head: ParkedHead, of key: AggregateKey, in transaction: Transaction) async throws {
        let event = try Envelope(json: head.envelope)
        let reactions = reactions(to: event.type)
        try await store.advance(head, event, hasEffect: !reactions.isEmpty, in: transaction)
        for reaction in reactions { try await reaction.handle(event, transaction) }
        KillPoint.pass(.beforeEffectCommit)
    }

    private func park(_ head: ParkedHead, of key: AggregateKey, after error: any Error) async throws -> Resumption {
        let parking = Parking.after(error, before: head.parking, pace: pace, jitter: .random(in: 0...1))
        try await database.transaction { transaction in
            if let key = parking.waitKey { try await transaction.run(InboxStore.lock(key: key)) }
            try await store.repark(head, parking, in: transaction)
        }
        report(parking, key, head.version, head.type)
        return parking.due == .zero ? .onward : .halted
    }

    // MARK: - What operators hear

    private func report(_ parking: Parking, _ key: AggregateKey, _ version: Int64, _ type: String) {
        let level: Logger.Level =
            switch parking.state {
            case .dead: .error
            case .failed: .warning
            case .unknown, .waiting: .debug
            }
        log.log(
            level: level, "event parked",
            metadata: [
                "state": "\(parking.state.rawValue)", "aggregate": "\(key)", "version": "\(version)", "type": "\(type)",
                "attempts": "\(parking.attempts)", "error": "\(parking.error ?? "")",
            ])
    }

    private func alarmOfConflict(_ key: AggregateKey, _ version: Int64, _ epoch: Int32, _ standing: Standing) {
        counts.add(\.conflicts)
        log.critical(
            "a source's history was replaced",
            metadata: [
                "aggregate": "\(key)", "version": "\(version)", "epoch": "\(epoch)",
                "taken_version": "\(standing.version)", "taken_epoch": "\(standing.epoch)",
            ])
    }
}

extension PostgresError {
    /// Data exceptions (class 22): of a text with U+0000, when nothing but the event itself is written.
    fileprivate var isBadData: Bool { sqlState?.hasPrefix("22") == true }
}

extension Parking {
    /// Dead at once: no retry can help.
    static func conflict(_ standing: Standing) -> Parking {
        Parking(
            state: .dead,
            error: "the source's history was replaced: version \(standing.version) of epoch \(standing.epoch) was taken"
        )
    }
}

/// Counted since the start, and how the database stood when it was last looked at.
final class InboxCounts: Sendable {
    private let state = Mutex((metrics: InboxMetrics(), working: [Int: ContinuousClock.Instant]()))

    func add(_ path: any WritableKeyPath<InboxMetrics, Int> & Sendable, _ count: Int = 1) {
        state.withLock { $0.metrics[keyPath: path] += count }
    }

    func set(parked: [String: Int]) {
        state.withLock {
            $0.metrics.dead = parked["dead"] ?? 0
            $0.metrics.parked = parked.values.reduce(0, +) - $0.metrics.dead
        }
    }

    /// A lane works on something that arrived then; nil: on nothing.
    func works(_ lane: Int, since: ContinuousClock.Instant?) { state.withLock { $0.working[lane] = since } }

    var metrics: InboxMetrics {
        state.withLock { state in
            var metrics = state.metrics
            if let oldest = state.working.values.min() { metrics.lag = ContinuousClock.now - oldest }
            return metrics
        }
    }
}
