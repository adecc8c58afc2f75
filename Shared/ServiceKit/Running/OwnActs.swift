import Contracts
import Synchronization

/// When each person last changed something through this process. What is kept for a moment, so that it need not be read
/// for each request, must not hide from people what they did themselves.
public final class OwnActs: Sendable {
    private let acts = Mutex<[PersonID: ContinuousClock.Instant]>([:])

    /// Once it has committed, before the person hears of it.
    func note(_ person: PersonID, at now: ContinuousClock.Instant = .now) {
        acts.withLock { acts in
            if acts.count >= Limits.ownActs {
                acts = acts.filter { now - $0.value < Limits.ownActsKept }
            }
            acts[person] = now
        }
    }

    /// Nil also when it is longer ago than anything is kept.
    public func last(of person: PersonID) -> ContinuousClock.Instant? { acts.withLock { $0[person] } }
}
