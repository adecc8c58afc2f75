import AMQP
import Contracts
import Synchronization

/// One thing for a lane to do. Events of one aggregate always meet in the same lane.
enum InboxJob: Sendable {
    case deliver(Delivery, Envelope)
    /// A message that is no event of ours.
    case refuse(Delivery, Refusal)
    /// An event read from a feed; somebody waits to hear what became of it.
    case fed(Envelope, Latch)
    /// Take up the parked events of an aggregate.
    case resume(AggregateKey)
}

/// Splits events by aggregate into queues that are worked on at the same time, each in order.
final class InboxLanes: Sendable {
    typealias Lane = AsyncStream<(job: InboxJob, since: ContinuousClock.Instant)>

    let lanes: [Lane]
    private let inputs: [Lane.Continuation]
    private let resuming = Mutex<Set<AggregateKey>>([])

    init(_ count: Int) {
        let made = (0..<count).map { _ in Lane.makeStream() }
        lanes = made.map(\.stream)
        inputs = made.map(\.continuation)
    }

    /// Called on the consumer's thread too. Bounded by the prefetch, by pages and by the looks.
    func put(_ job: InboxJob) {
        let lane: Int
        switch job {
        case .deliver(_, let event), .fed(let event, _): lane = index(event.aggregate)
        case .refuse: lane = 0
        case .resume(let key):
            guard resuming.withLock({ $0.insert(key).inserted }) else { return }
            lane = index(key)
        }
        let taken = inputs[lane].yield((job, .now))
        if case .terminated = taken, case .fed(_, let latch) = job { latch.count(nil) }
    }

    /// A lane begins with this resumption: what comes from now on is another one.
    func begins(_ key: AggregateKey) { resuming.withLock { _ = $0.remove(key) } }

    /// Nothing is taken any more; the lanes end when they have worked off what they have.
    func finish() { inputs.forEach { $0.finish() } }

    private func index(_ key: AggregateKey) -> Int {
        Int(UInt(bitPattern: key.hashValue) % UInt(inputs.count))
    }
}

/// Waits for a number of events to be committed, taken or parked.
final class Latch: Sendable {
    private struct State {
        var left: Int
        /// Not known here before; nil once one of them could not be brought in.
        var news: Int? = 0
        var waiter: CheckedContinuation<Int?, Never>?
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(left: count)) }

    /// One more is through: nil when the process ended first.
    func count(_ arrival: Arrival?) {
        let done: (CheckedContinuation<Int?, Never>, Int?)? = state.withLock { state in
            state.left -= 1
            if arrival == nil { state.news = nil }
            if arrival != .duplicate, let news = state.news { state.news = news + 1 }
            guard state.left == 0, let waiter = state.waiter.take() else { return nil }
            return (waiter, state.news)
        }
        if let (waiter, news) = done { waiter.resume(returning: news) }
    }

    /// How many were new, when all are in the database. To be called once.
    func wait() async -> Int? {
        await withCheckedContinuation { continuation in
            let known: Int?? = state.withLock { state in
                if state.left <= 0 { return .some(state.news) }
                state.waiter = continuation
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
