import Contracts
import Synchronization

/// One at a time for each subscription: a batch is on its way into its queue, or the queue is made. A queue that comes
/// back in the middle of a batch would begin with what was sent last. It knows of this process only, so a queue that
/// was there before is made by the one that leads, which also sends.
final class Turns: Sendable {
    /// Who waits, of those that somebody has.
    private let taken = Mutex<[SubscriptionID: [CheckedContinuation<Void, Never>]]>([:])

    func take<Result, Fault: Error>(
        of subscription: SubscriptionID, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(Fault) -> Result
    ) async throws(Fault) -> Result {
        await withCheckedContinuation { turn in
            let isFree = taken.withLock { taken in
                if taken[subscription] == nil {
                    taken[subscription] = []
                    return true
                }
                taken[subscription]?.append(turn)
                return false
            }
            if isFree { turn.resume() }
        }
        defer { pass(subscription) }
        return try await body()
    }

    private func pass(_ subscription: SubscriptionID) {
        let next = taken.withLock { taken -> CheckedContinuation<Void, Never>? in
            guard taken[subscription]?.isEmpty == false else {
                taken[subscription] = nil
                return nil
            }
            return taken[subscription]?.removeFirst()
        }
        next?.resume()
    }

    /// How many wait.
    func waiting(for subscription: SubscriptionID) -> Int {
        taken.withLock { $0[subscription]?.count ?? 0 }
    }
}
