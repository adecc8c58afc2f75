import Contracts
import MailRelay
import ServiceKit

/// A letter (thư báo) that leaves the system: a row of `outside_letters`. The recipient's address is sealed in it and
/// is opened in memory only, while it is being sent.
struct OutsideLetter: Sendable {
    enum State: String, CaseIterable, Sendable {
        case waiting, sent
        /// The server said that it never will.
        case refused
        /// After `Limits.OutboundMail.attempts`.
        case givenUp = "given-up"
        /// The recipient's key was erased before it could be sent.
        case erased

        var isSettled: Bool { self != .waiting }
    }

    let id: MessageID
    let sender: ServiceName
    let subject: String
    let body: String
    let address: Sealed
    let attempts: Int

    init(_ row: Row) throws {
        id = try row("id")
        sender = ServiceName(rawValue: try row("sender")) ?? .onestop
        subject = try row("subject")
        body = try row("body")
        attempts = try row("attempts")
        let sealed: JSON = try row("address")
        address = try Sealed(decoding: sealed, unknown: .ignore)
    }
}

/// What is noted after an attempt: pure.
struct Settlement: Sendable, Equatable {
    var state = OutsideLetter.State.waiting
    /// Until the next attempt, when it waits.
    var wait: Duration = .zero
    /// Why it waits or what ended it: stable words, and the server's code.
    var note: String

    /// - Parameter attempts: how many there were, this one included.
    static func of(_ outcome: LetterOutcome, attempts: Int, jitter: Double) -> Settlement {
        switch outcome {
        case .taken: Settlement(state: .sent, note: "taken")
        case .refused(let code): Settlement(state: .refused, note: "refused \(code)")
        case .postponed(let code, _): again(code == 0 ? "unreachable" : "postponed \(code)", attempts, jitter)
        // It may have arrived: it is sent again with the same Message-ID, rather twice than never.
        case .uncertain: again("uncertain", attempts, jitter)
        }
    }

    private static func again(_ note: String, _ attempts: Int, _ jitter: Double) -> Settlement {
        guard attempts < Limits.OutboundMail.attempts else { return Settlement(state: .givenUp, note: note) }
        let doubled = attempts < 30 ? Limits.OutboundMail.retryFirst * (1 << max(0, attempts - 1)) : .seconds(86_400)
        return Settlement(wait: min(doubled, Limits.OutboundMail.retryMost) * (0.5 + jitter / 2), note: note)
    }
}

extension LetterOutcome {
    /// As it stands in `outside_attempts`: word and code.
    var word: (String, Int?) {
        switch self {
        case .taken: ("taken", nil)
        case .refused(let code): ("refused", code)
        case .postponed(let code, _): ("postponed", code)
        case .uncertain: ("uncertain", nil)
        }
    }
}
