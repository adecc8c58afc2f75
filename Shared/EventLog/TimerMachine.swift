import Contracts

/// What a timer loop does next, and when a timer that failed is tried again. Pure; the simulator runs it too.
struct TimerMachine: Sendable {
    enum Outcome: Sendable {
        /// A timer is gone together with its effect.
        case fired
        case nothingDue
        /// Its effect was rolled back, and it has another time.
        case putOff
        /// The database does not answer: nothing was decided.
        case away
    }

    private let pace: TimerPace
    private var failures = 0

    init(_ pace: TimerPace) { self.pace = pace }

    var isAway: Bool { failures > 0 }

    /// How long it waits before it looks again, unless it is poked; nil: not at all, as more may be due.
    mutating func next(_ outcome: Outcome, jitter: Double) -> Duration? {
        guard outcome == .away else {
            failures = 0
            return outcome == .nothingDue ? pace.look : nil
        }
        failures += 1
        return backoff(failures, first: Limits.Inbox.awayFirst, most: Limits.Inbox.awayMost, jitter: jitter)
    }

    /// - Parameter attempts: those that failed before this one.
    func retry(_ attempts: Int, jitter: Double) -> Duration {
        backoff(attempts, first: pace.retryFirst, most: pace.retryMost, jitter: jitter)
    }
}

/// The waits of a timer loop; those of `Limits.Timers` unless a test has less time.
struct TimerPace: Sendable {
    var look = Limits.Timers.look
    var retryFirst = Limits.Timers.retryFirst
    var retryMost = Limits.Timers.retryMost
}
