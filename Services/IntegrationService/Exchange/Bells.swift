import EventLog
import Synchronization

/// Wakes what waits, before its time.
final class Bells: Sendable {
    /// Events came into the archive, or are about to.
    let archive = Bell()
    /// A subscription, a replay or a delivery was changed by a request.
    let subscriptions = Bell()
    /// Queues and users may not be what the subscriptions say.
    let broker = Bell()
    /// Those of the deliverers that run.
    let desks = Desks()

    final class Desks: Sendable {
        private let all = Mutex<[NoticeDesk]>([])

        func keep(_ desks: [NoticeDesk]) { all.withLock { $0 = desks } }
        func ringAll() { for desk in all.withLock({ $0 }) { desk.bell.ring() } }
    }
}
