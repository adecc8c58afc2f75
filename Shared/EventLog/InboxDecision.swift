import Contracts
import Foundation
import Postgres

/// What an inbox knows about one aggregate when an event of it arrives.
struct Standing: Sendable, Equatable {
    /// Taken up to here: the epoch of that event and its version; 0 and 0 when nothing was taken.
    var epoch: Int32
    var version: Int64
    /// An event of a lower version, or of the same version from another epoch, is parked.
    var parkedAhead = false
    /// This very event is parked already.
    var parkedItself = false
}

/// What is done with an event: pure, so that every case can be tried.
enum InboxDecision: Sendable, Equatable {
    /// Its turn: effects, position and effect row in one transaction.
    case take
    /// Taken or parked before.
    case duplicate
    /// Something before it is parked.
    case waitBehind
    /// Versions from here on are missing, or the one that was taken last must be proven to be of the same history.
    case gap(from: Int64)
    /// The source was restored: this version is known with another content, or from a history that is no more.
    case conflict

    static func on(version: Int64, epoch: Int32, _ standing: Standing) -> InboxDecision {
        if standing.parkedItself { return .duplicate }
        let isNext = isNext(version, after: standing.version)
        if version <= standing.version, !isNext { return epoch > standing.epoch ? .conflict : .duplicate }
        // Written after what was taken, and in an older epoch: that history was given up.
        if epoch < standing.epoch { return .conflict }
        if standing.parkedAhead { return .waitBehind }
        // Whether the history of a newer epoch goes through what was taken is not known: ask for that version too.
        if epoch > standing.epoch, standing.version > 0 { return .gap(from: standing.version) }
        return isNext ? .take : .gap(from: standing.version + 1)
    }

    /// Whether a version's turn has come when `taken` was the last one. In SQL the same: `InboxStore.isNext`.
    static func isNext(_ version: Int64, after taken: Int64) -> Bool {
        #if DEBUG
            if Mutant.noGapCheck.isOn, version > taken { return true }
            if Mutant.deduplicationExpires.isOn, version + Mutant.remembered <= taken { return true }
        #endif
        return version == taken + 1
    }

    /// How the event is parked for this; nil: not at all.
    func parking(_ standing: Standing, _ pace: InboxPace) -> Parking? {
        switch self {
        case .take, .duplicate: nil
        case .waitBehind: Parking(state: .waiting)
        case .gap: Parking(state: .waiting, due: pace.gapLook)
        case .conflict: .conflict(standing)
        }
    }

    /// What is done at once after the commit of that.
    func next(before version: Int64) -> ParkedNext {
        if case .gap(let from) = self { .repair(from: from, before: version) } else { .nothing }
    }
}

/// What is done with the first parked event of an aggregate: pure.
enum ResumeDecision: Sendable, Equatable {
    /// It is not due: what stands behind it is not looked at either.
    case leave
    /// Its turn: it leaves, and has its effects, in one transaction.
    case act
    /// Taken already.
    case remove
    case repark(Parking, Resumption)

    static func on(
        version: Int64, epoch: Int32, isReady: Bool, _ parking: Parking, _ standing: Standing, _ pace: InboxPace
    ) -> ResumeDecision {
        guard isReady else { return .leave }
        switch InboxDecision.on(version: version, epoch: epoch, standing) {
        case .take: return .act
        case .duplicate, .waitBehind: return .remove
        case .gap(let from):
            var parking = parking
            parking.due = pace.gapLook
            return .repark(parking, .repair(from: from, before: version))
        case .conflict: return .repark(.conflict(standing), .halted)
        }
    }
}

/// What is done with a delivery, in this order; a step that cannot be done ends it, and the broker delivers again.
enum DeliveryStep: Sendable {
    /// Into the database: taken, parked or refused.
    case persist
    case acknowledge

    static var all: [DeliveryStep] {
        #if DEBUG
            if Mutant.acknowledgeBeforeCommit.isOn { return [.acknowledge, .persist] }
        #endif
        return [.persist, .acknowledge]
    }
}

/// The states of a parked event.
enum ParkedState: String, Sendable, CaseIterable {
    case waiting, unknown, failed, dead
}

/// How an event is parked after its reaction threw.
struct Parking: Sendable, Equatable {
    var state: ParkedState
    var waitKey: String?
    var attempts = 0
    var error: String?
    /// Until the inbox looks again by itself; nil: never.
    var due: Duration?

    /// - Parameters:
    ///   - before: how it was parked when the reaction ran; nil for an event that has just arrived.
    ///   - jitter: between 0 and 1.
    static func after(_ error: any Error, before: Parking?, pace: InboxPace, jitter: Double) -> Parking {
        let attempts = before?.attempts ?? 0
        if let notYet = error as? NotYet {
            // What is waited for may have become known between the reaction's look and this parking, unseen by its
            // wake. So the first time it is looked at again at once: whoever makes it known from now on sees it parked.
            let looked = before?.state == .unknown && before?.waitKey == notYet.key
            return Parking(
                state: .unknown, waitKey: notYet.key, attempts: attempts, error: notYet.description,
                due: looked ? pace.unknownLook : .zero)
        }
        let text = ErrorText.of(error)
        guard attempts + 1 < pace.attempts else {
            return Parking(state: .dead, attempts: attempts + 1, error: text)
        }
        let wait = backoff(attempts, first: pace.retryFirst, most: pace.retryMost, jitter: jitter)
        return Parking(state: .failed, attempts: attempts + 1, error: text, due: wait)
    }
}

/// The waits of an inbox; those of `Limits.Inbox` unless a test has less time.
struct InboxPace: Sendable {
    var attempts = Limits.Inbox.attempts
    var retryFirst = Limits.Inbox.retryFirst
    var retryMost = Limits.Inbox.retryMost
    var look = Limits.Inbox.look
    var unknownLook = Limits.Inbox.unknownLook
    var gapLook = Limits.Inbox.gapLook
    var tail = Limits.Inbox.tail
}

/// `first`, doubled with each attempt from 0, at most `most`; between half and the whole of it.
public func backoff(_ attempt: Int, first: Duration, most: Duration, jitter: Double) -> Duration {
    let doubled = attempt < 30 ? first * (1 << attempt) : most
    return min(doubled, most) * (0.5 + jitter / 2)
}

/// The database does not answer: nothing was decided, everything is tried again where it stands.
func isAway(_ error: any Error) -> Bool {
    guard let error = error as? PostgresError else { return false }
    return switch error.kind {
    case .connection, .timeout, .queueFull, .unknownOutcome, .closed: true
    case .server: ["53300", "57P01", "57P02", "57P03"].contains(error.sqlState) || EventLogStart.isUnsettled(error)
    default: false
    }
}

/// What is kept of an error for operators: its kind and code, never a value that may be somebody's data.
enum ErrorText {
    static func of(_ error: any Error) -> String { String(full(error).prefix(Limits.Inbox.errorLength)) }

    private static func full(_ error: any Error) -> String {
        switch error {
        case let error as PostgresError:
            let parts = [error.kind.rawValue, error.sqlState, error.constraint, error.failure, error.attempting]
            return "PostgreSQL: " + parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        case let error as FieldFault: return "field \(error.field): \(error.code)"
        case let error as JSONFault: return "JSON: \(error.reason) at \(error.offset)"
        default: break
        }
        let mirror = Mirror(reflecting: error)
        let name = String(reflecting: type(of: error))
        if let code = mirror.descendant("code") { return "\(name) \(code)" }
        guard mirror.displayStyle == .enum else { return name }
        return "\(name).\(mirror.children.first?.label ?? "\(error)")"
    }
}
