import AMQP
import Contracts

/// What a leading relay does next: pure, from what has happened so far. A few ticks are in hand, so that the next one
/// is recorded and published while one waits for its confirms; the cursor follows behind the confirms.
///
/// Published is strictly in the order of the ticks, a batch only after the whole of the one before it was handed over,
/// and what counts as published is always a prefix. A tick that cannot pass holds everything behind it; what was
/// already handed over behind it is not handed over again.
struct RelayMachine: Sendable {
    enum Action: Sendable {
        /// Read what is left of a recorded tick.
        case read(Tick, RelayCursor)
        /// Wait for a poke, at most until the next look is due.
        case listen
        /// Look for events and record them.
        case open(Frontier)
        case pause(Duration)
        case move(RelayCursor)
        #if DEBUG
            /// Look for events without recording them; and record a tick afterwards. Of a mutant only.
            case look(Frontier)
            case record(Tick)
        #endif
    }

    /// Messages to publish: these of the batch.
    struct Handover: Sendable {
        let batch: Batch
        let range: Range<Int>
    }

    enum Event: Sendable {
        case read(Batch)
        case heard
        /// Nil: there was nothing new.
        case opened(Batch?)
        /// The broker's answers for what was to be published of the tick of this number.
        case published(Int64, [PublishOutcome?], failure: String?)
        case rested
        case moved(RelayCursor)
        #if DEBUG
            case recorded
        #endif
    }

    private(set) var frontier: Frontier
    private(set) var cursor: RelayCursor
    /// Why the first tick is held, until it passes.
    private(set) var held: String?
    /// Returned by the broker, and nobody is catalogued for them.
    private(set) var passedUnconsumed = 0
    private(set) var published = 0
    /// Nothing new is begun; what has begun is finished.
    var isStopping = false

    /// A batch that is not wholly through.
    private struct InHand {
        let batch: Batch
        /// Messages that are through; those of later batches only are when the ones before them are.
        var through = 0
        /// What was handed over, and its answers once they are there.
        var publishing: Range<Int>?
        var answer: (outcomes: [PublishOutcome?], failure: String?)?

        /// Everything was handed over, and nothing came back yet that says otherwise.
        var isOut: Bool { publishing?.upperBound == batch.messages.count && answer == nil }
    }

    private var unread: [Tick]
    private var batches: [InHand] = []
    private var fetching = false
    private var mustRest = false
    private var pausing = false
    private var failures = 0
    private var moved: RelayCursor
    private var moving = false
    /// The log was looked through, and nothing is known to be left of it.
    private var isDrained = false
    private let isConsumed: @Sendable (String) -> Bool
    #if DEBUG
        /// Published, and not recorded yet.
        private var unrecorded: [Tick] = []
    #endif

    init(_ standing: RelayStanding, isConsumed: @escaping @Sendable (String) -> Bool) {
        frontier = standing.frontier
        cursor = standing.cursor
        moved = standing.cursor
        unread = standing.unfinished
        self.isConsumed = isConsumed
    }

    /// Nothing is under way that an orderly end would wait for.
    var isAtRest: Bool {
        !moving && moved == cursor && batches.allSatisfy { $0.publishing == nil || $0.answer != nil }
    }

    /// The first batch that is not wholly published.
    var waiting: Batch? { batches.first?.batch }

    /// What is to be handed to the broker now, in this order, and behind what was handed over before.
    mutating func handovers() -> [Handover] {
        var handovers: [Handover] = []
        while !mustRest, !isStopping, let next = handover() { handovers.append(next) }
        return handovers
    }

    private mutating func handover() -> Handover? {
        guard let index = batches.firstIndex(where: { $0.publishing == nil }) else { return nil }
        guard index == 0 || failures == 0 && batches[index - 1].isOut else { return nil }
        let (batch, through) = (batches[index].batch, batches[index].through)
        // After a failure one message finds out whether the way is free.
        let end = failures > 0 ? through + 1 : batch.messages.count
        batches[index].publishing = through..<end
        #if DEBUG
            if Mutant.cursorBeforeConfirm.isOn { cursor = Self.cursor(behind: end, of: batch) }
        #endif
        return Handover(batch: batch, range: through..<end)
    }

    /// What else can be done now, each beside the others.
    mutating func actions(jitter: Double) -> [Action] {
        var actions: [Action] = []
        if !isStopping, !fetching, batches.count < Limits.Relay.inHand {
            fetching = true
            actions.append(fetch())
        }
        if mustRest, !isStopping, !pausing {
            pausing = true
            let pause = backoff(
                failures - 1, first: Limits.Relay.retryFirst, most: Limits.Relay.retryMost, jitter: jitter)
            actions.append(.pause(pause))
        }
        #if DEBUG
            actions += unrecorded.map { .record($0) }
            unrecorded = []
        #endif
        if !moving, moved < cursor {
            moving = true
            actions.append(.move(cursor))
        }
        return actions
    }

    private mutating func fetch() -> Action {
        if !unread.isEmpty { return .read(unread.removeFirst(), cursor) }
        if isDrained, !frontier.next.isKnown { return .listen }
        #if DEBUG
            if Mutant.tickRowAfterPublish.isOn { return .look(frontier) }
        #endif
        return .open(frontier)
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .read(let batch): arrived(batch)
        case .heard:
            fetching = false
            isDrained = false
        case .opened(let batch):
            // What was written since the look has rung again.
            isDrained = true
            guard let batch else { return fetching = false }
            frontier.recorded(batch.tick)
            arrived(batch)
        case .published(let tick, let outcomes, let failure):
            guard let index = batches.firstIndex(where: { $0.batch.tick.number == tick }) else { return }
            guard index == 0 || failure == nil || failures == 0 else { return batches[index] = again(batches[index]) }
            batches[index].answer = (outcomes, failure)
            while settleFirst() {}
        case .rested: (pausing, mustRest) = (false, false)
        case .moved(let cursor):
            moving = false
            moved = max(moved, cursor)
        #if DEBUG
            case .recorded: break
        #endif
        }
    }

    /// The first `through` messages of a batch are out.
    private static func cursor(behind through: Int, of batch: Batch) -> RelayCursor {
        RelayCursor(tick: batch.tick.number, seq: batch.seqs[through - 1], confirmed: batch.firstOrdinal - 1 + through)
    }

    private mutating func arrived(_ batch: Batch) {
        fetching = false
        batches.append(InHand(batch: batch))
    }

    /// What failed only because something before it did is handed over again after that.
    private func again(_ later: InHand) -> InHand { InHand(batch: later.batch) }

    /// What the answers for the first batch mean. True: it is through, and the next one's may be there too.
    private mutating func settleFirst() -> Bool {
        guard let first = batches.first, let range = first.publishing, let answer = first.answer else { return false }
        let verdict = Verdict(
            answer.outcomes, of: first.batch.messages[range].map(\.type), answer.failure, isConsumed: isConsumed)
        let through = first.through + verdict.passed
        published += verdict.passed
        passedUnconsumed += verdict.unconsumed
        if verdict.passed > 0 { cursor = Self.cursor(behind: through, of: first.batch) }
        if let reason = verdict.obstacle {
            failures = verdict.passed > 0 ? 1 : failures + 1
            held = reason
        } else {
            failures = 0
            held = nil
        }
        mustRest = held != nil
        guard through == first.batch.messages.count else {
            batches[0] = InHand(batch: first.batch, through: through)
            if answer.failure != nil {
                batches = batches.map { $0.answer?.failure == nil ? $0 : again($0) }
            }
            return false
        }
        #if DEBUG
            if Mutant.tickRowAfterPublish.isOn { unrecorded.append(first.batch.tick) }
        #endif
        batches.removeFirst()
        return true
    }
}

/// What the broker's answers mean: how many of a batch are through, from its beginning, and what stopped the next.
struct Verdict: Sendable, Equatable {
    var passed = 0
    /// Of those, the returned of a type that nobody consumes.
    var unconsumed = 0
    var obstacle: String?

    init(passed: Int, unconsumed: Int = 0, obstacle: String? = nil) {
        self.passed = passed
        self.unconsumed = unconsumed
        self.obstacle = obstacle
    }

    /// - Parameters:
    ///   - outcomes: nil where nothing is certain; may be shorter than the batch.
    ///   - failure: why publishing as a whole failed, if it did.
    init(_ outcomes: [PublishOutcome?], of types: [String], _ failure: String?, isConsumed: (String) -> Bool) {
        for (index, type) in types.enumerated() {
            guard index < outcomes.count, let outcome = outcomes[index] else {
                obstacle = failure ?? "the broker did not answer for \(type)"
                return
            }
            switch outcome {
            case .confirmed: break
            case .nacked:
                obstacle = "the broker refused to take \(type)"
                return
            case .returned(let code, let text):
                guard !isConsumed(type) else {
                    obstacle = "\(type) has consumers, but no queue takes it (\(code) \(text))"
                    return
                }
                unconsumed += 1
            }
            passed += 1
        }
    }
}
