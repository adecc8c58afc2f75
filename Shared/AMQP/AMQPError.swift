/// Why a publish, a declaration or a connection did not work. `settled` holds what is certain per message of the
/// batch, in its order; nil means unknown: the broker may or may not have it.
public enum AMQPError: Error, Sendable, Equatable {
    /// No connection within the patience; nothing was sent.
    case unreachable(reason: String)
    /// The broker closed the channel or the connection with a reply code (403 ACCESS_REFUSED, 404, 406 …).
    case refused(code: Int, text: String, attempting: String, settled: [PublishOutcome?])
    /// The connection ended before every answer came.
    case connectionLost(reason: String, settled: [PublishOutcome?])
    /// The broker took nothing and answered nothing within the patience: an alarm, or a queue without a majority.
    case stalled(reason: String, settled: [PublishOutcome?])
    /// The caller's task was cancelled.
    case cancelled(settled: [PublishOutcome?])
    /// The message itself cannot be put on the wire; nothing of the batch was sent.
    case invalid(reason: String)
    /// Too many messages already wait; nothing of the batch was sent.
    case mailboxFull(limit: Int)
    /// The publisher was closed; nothing of the batch was sent.
    case closed

    public var settled: [PublishOutcome?] {
        switch self {
        case .refused(_, _, _, let settled), .connectionLost(_, let settled), .stalled(_, let settled),
            .cancelled(let settled):
            settled
        case .unreachable, .invalid, .mailboxFull, .closed: []
        }
    }

    /// The same failure as one batch sees it.
    func concerning(_ outcomes: [PublishOutcome?]) -> AMQPError {
        switch self {
        case .refused(let code, let text, let attempting, _):
            .refused(code: code, text: text, attempting: attempting, settled: outcomes)
        case .connectionLost(let reason, _), .unreachable(let reason):
            .connectionLost(reason: reason, settled: outcomes)
        case .stalled(let reason, _): .stalled(reason: reason, settled: outcomes)
        case .cancelled: .cancelled(settled: outcomes)
        case .closed: .connectionLost(reason: "the publisher was closed", settled: outcomes)
        case .invalid, .mailboxFull: self
        }
    }

    /// 541 INTERNAL_ERROR: the broker's own trouble.
    var isInternal: Bool {
        if case .connectionLost(let reason, _) = self { reason.hasPrefix("541 ") } else { false }
    }

    static func lost(_ reason: String) -> AMQPError { .connectionLost(reason: reason, settled: []) }
}

extension AMQPError: CustomStringConvertible {
    public var description: String {
        let certain = settled.isEmpty ? "" : " (\(settled.count { $0 != nil }) of \(settled.count) messages settled)"
        return switch self {
        case .unreachable(let reason): "broker unreachable: \(reason)"
        case .refused(let code, let text, let attempting, _):
            "broker refused with \(code) \(text) while attempting to \(attempting)\(certain)"
        case .connectionLost(let reason, _): "broker connection lost: \(reason)\(certain)"
        case .stalled(let reason, _): "broker stalled: \(reason)\(certain)"
        case .cancelled: "publish cancelled\(certain)"
        case .invalid(let reason): "message cannot be published: \(reason)"
        case .mailboxFull(let limit): "\(limit) messages already wait to be published"
        case .closed: "the publisher is closed"
        }
    }
}
