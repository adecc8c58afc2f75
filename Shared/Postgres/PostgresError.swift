import Foundation

/// What went wrong between us and PostgreSQL. Says what was being attempted, without any bound value.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The server refused: `sqlState` says why (PostgreSQL, appendix A).
        case server
        /// No connection, before anything was sent.
        case connection
        /// Too long in the queue, or running. Nothing was done.
        case timeout
        /// The caller's task was cancelled before the statement was done. Nothing was done.
        case cancelled
        /// More statements wait than `Limits.postgresQueue`.
        case queueFull
        /// The connection was lost after a statement that may write was sent: it may have committed.
        case unknownOutcome
        /// A column is missing or has another type.
        case decoding
        /// The database object was closed.
        case closed
    }

    public internal(set) var kind: Kind
    public var sqlState: String?
    public var constraint: String?
    public var message: String
    public var attempting: String

    public init(
        _ kind: Kind, _ message: String, sqlState: String? = nil, constraint: String? = nil, attempting: String = ""
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.constraint = constraint
        self.attempting = attempting
    }

    public var isUnknownOutcome: Bool { kind == .unknownOutcome }

    /// It may work when tried again: nothing was done.
    public var isTransient: Bool {
        switch kind {
        case .connection, .timeout, .queueFull: true
        case .server:
            ["40001", "40P01", "53300", "57P01", "57P02", "57P03", "55P03", "57014", "25006"].contains(sqlState)
        case .unknownOutcome, .cancelled, .decoding, .closed: false
        }
    }

    /// The whole transaction may be run again: serialization failure, deadlock, a plan that changed under us, a request
    /// to cancel that came too late for the statement that it was meant for.
    var isRetriedAsWhole: Bool {
        kind == .server && ["40001", "40P01", "0A000", "26000", "57014"].contains(sqlState)
    }

    public var description: String {
        let state = sqlState.map { " \($0)" } ?? ""
        let named = constraint.map { " (\($0))" } ?? ""
        let what = attempting.isEmpty ? "" : " while: \(attempting.prefix(200))"
        return "\(kind.rawValue)\(state)\(named): \(message)\(what)"
    }
}
