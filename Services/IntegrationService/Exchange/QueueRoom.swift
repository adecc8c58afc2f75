import Contracts

/// How many deliveries may be on their way into a queue at once. A queue that is full refuses each message for itself:
/// of several the first may find no room, and the last some that a consumer has just made, and their order is gone. So
/// what surely finds room goes together, and everything else alone. Pure.
struct QueueRoom: Sendable {
    /// Messages that the queue holds before it refuses more.
    let length: Int
    private var surely = 0
    private var alone = 0

    init(length: Int) { self.length = length }

    /// Nobody puts anything into the queue but its deliverer; a consumer that goes away puts back what it had.
    private var spare: Int { max(1, min(Limits.Integration.queueLook, length / 10)) }

    /// Whether somebody has to look how full it is.
    var isUnknown: Bool { surely <= 0 && alone <= 0 }

    /// So many may go at once, one at least.
    var together: Int { max(1, surely) }

    /// - Parameter ready: messages that lie in it; nil: nobody could tell.
    mutating func looked(_ ready: Int?) {
        surely = ready.map { min(spare, length - spare - $0) } ?? 0
        alone = surely > 0 ? 0 : Limits.Integration.queueAlone
    }

    mutating func sent(_ count: Int) {
        surely -= count
        alone -= count
    }
}
