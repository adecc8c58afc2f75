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
    /// Versions from here on are missing.
    case gap(from: Int64)
    /// The source was restored: this version is known with another content, or from a history that is no more.
    case conflict

    static func on(version: Int64, epoch: Int32, _ standing: Standing) -> InboxDecision {
        if standing.parkedItself { return .duplicate }
        if version <= standing.version { return epoch > standing.epoch ? .conflict : .duplicate }
        // Written after what was taken, and in an older epoch: that history was given up.
        if epoch < standing.epoch { return .conflict }
        if standing.parkedAhead { return .waitBehind }
        return version == standing.version + 1 ? .take : .gap(from: standing.version + 1)
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
func backoff(_ attempt: Int, first: Duration, most: Duration, jitter: Double) -> Duration {
    let doubled = attempt < 30 ? first * (1 << attempt) : most
    return min(doubled, most) * (0.5 + jitter / 2)
}

/// The database does not answer: nothing was decided, everything is tried again where it stands.
func isAway(_ error: any Error) -> Bool {
    guard let error = error as? PostgresError else { return false }
    return switch error.kind {
    case .connection, .timeout, .queueFull, .unknownOutcome, .closed: true
    case .server: ["53300", "57P01", "57P02", "57P03"].contains(error.sqlState)
    default: false
    }
}

/// What is kept of an error for operators: its kind and code, never a value that may be somebody's data.
enum ErrorText {
    static func of(_ error: any Error) -> String { String(full(error).prefix(Limits.Inbox.errorLength)) }

    private static func full(_ error: any Error) -> String {
        switch error {
        case let error as PostgresError:
            let parts = [error.kind.rawValue, error.sqlState, error.constraint, error.attempting]
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
