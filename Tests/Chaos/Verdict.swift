#if DEBUG
    import Contracts

    /// What must be zero, each counted apart.
    enum Count: String, CaseIterable, Sendable {
        /// A committed event, answer or effect that is not there.
        case lost
        /// An effect, row or answer that is there more often than it was wished.
        case twice
        case outOfOrder = "out_of_order"
        /// Official numbers that are missing or given twice.
        case numberGaps = "number_gaps"
        case unbalanced
        case doubleFees = "double_fees"
        case doubleNotices = "double_notices"
        /// An answer says something else than the rows.
        case contradictions
        /// Rows of an event log that were updated or deleted.
        case rewritten
        /// Events that were published at another place than the recorded tick gives them.
        case misplaced
        /// Messages left in the broker's queues, events on their way, and dead ones, when all should be at rest.
        case queued, pending, dead
        /// Events that a subscriber of the exchange did not get, got under two numbers, or got too late.
        case missed = "subscriber_lost"
        case repeated = "subscriber_twice"
        case disordered = "subscriber_out_of_order"
        /// Numbers of a subscription that no delivery had.
        case skipped = "subscriber_number_gaps"
        /// Events whose data came otherwise than it was announced, and deliveries that were not signed as agreed.
        case altered = "subscriber_altered"
        /// What was to be shown and did not happen: the run says nothing about it.
        case unexercised = "not_exercised"
        /// Processes that ended by themselves.
        case crashes
        /// Journeys that could not go on, intents that nobody answered.
        case stumbled, unanswered
    }

    /// Counts, with enough about each to find it again.
    struct Verdict: Sendable, Equatable {
        private(set) var counts: [Count: Int] = [:]
        private(set) var findings: [String] = []
        /// Of events and programs of two releases side by side.
        var versions: Versions?

        subscript(_ count: Count) -> Int { counts[count] ?? 0 }

        var isClean: Bool { counts.values.allSatisfy { $0 == 0 } }

        mutating func add(_ count: Count, _ number: Int = 1, _ finding: String) {
            guard number > 0 else { return }
            counts[count, default: 0] += number
            if findings.count < Limits.Chaos.findings { findings.append("\(count.rawValue): \(finding)") }
        }

        var members: [JSON.Member] { Count.allCases.map { .init($0.rawValue, .integer(Int64(self[$0]))) } }
    }
#endif
