import AMQP
import Contracts
import Courier
import EventLog
import Foundation
import Logging
import Postgres
import ServiceKit
import Synchronization

/// Delivers one subscription as it stands in one version, until it is cancelled or the subscription stops.
protocol Deliverer: Sendable {
    func run() async
}

/// What the supervisor tells a deliverer, and what wakes it.
final class NoticeDesk: Sendable {
    private let current: Mutex<Notice>
    let bell = Bell()

    init(_ notice: Notice) { current = Mutex(notice) }

    var notice: Notice { current.withLock { $0 } }

    func tell(_ notice: Notice) {
        let changed = current.withLock { current in
            defer { current = notice }
            return current != notice
        }
        if changed { bell.ring() }
    }
}

/// What all deliverers share.
struct DelivererParts: Sendable {
    let database: Database
    let publisher: Publisher
    let pastPublisher: Publisher
    let courier: Courier
    let secrets: SubscriptionSecrets
    let tail: Tail
    let bells: Bells
    let turns: Turns
    let counts: ExchangeCounts
    let pace: DeliveryPace
    /// The incarnation of the exchange's own history.
    let epoch: Int32
    let log: Logger

    func ledger(_ subscription: Subscription) -> Ledger {
        Ledger(
            database: database, subscription: subscription.subscription, version: Int64(subscription.version),
            epoch: epoch)
    }

    func intake(_ subscription: Subscription, _ notice: Notice) async throws -> Intake {
        try await Intake(
            ledger(subscription), ArchiveReader(database: database), tail, subscription.filter,
            noticed: notice.replays)
    }

    /// `body` again and again until cancellation: at once after somebody moved the subscription on, with growing waits
    /// after a fault. It counts the failures in a row itself where it succeeds.
    func persistently(
        _ subscription: Subscription, _ desk: NoticeDesk, _ body: (inout Int) async throws -> Void
    ) async {
        var failures = 0
        while !Task.isCancelled {
            do { try await body(&failures) } catch ExchangeFault.overtaken {
                // A stop or a change is noticed by the supervisor; until then not in a tight loop.
                await desk.bell.wait(atMost: .milliseconds(20))
            } catch {
                guard !Task.isCancelled else { return }
                log.warning(
                    "deliveries must wait",
                    metadata: ["subscription": "\(subscription.subscription)", "error": "\(error)"])
                await desk.bell.wait(atMost: pause(failures, subscription))
                failures += 1
            }
        }
    }

    func pause(_ failures: Int, _ subscription: Subscription) -> Duration {
        backoff(
            failures, first: Limits.Integration.queueRetryFirst, most: Limits.Integration.queueRetryMost,
            jitter: .random(in: 0...1))
    }
}

/// The waits of failed deliveries, and the length of a queue; those of `Limits.Integration` unless a test has less time
/// and room.
struct DeliveryPace: Sendable {
    var queueLength = Limits.Integration.queueLength
    var retryFirst = Limits.Integration.retryFirst
    var retryMost = Limits.Integration.retryMost
    var patience = Limits.Integration.patience
}

/// Counted since the start.
final class ExchangeCounts: Sendable {
    struct Values: Sendable {
        var archived = 0
        var delivered: [TargetKind: Int] = [:]
        var failed = 0
        var orphans = 0
        var isLeader = false
    }

    private let values = Mutex(Values())

    var now: Values { values.withLock { $0 } }
    func archived(_ count: Int) { values.withLock { $0.archived += count } }
    func delivered(_ count: Int, _ kind: TargetKind) { values.withLock { $0.delivered[kind, default: 0] += count } }
    func failed() { values.withLock { $0.failed += 1 } }
    func orphans(_ count: Int) { values.withLock { $0.orphans += count } }
    func leads(_ leads: Bool) { values.withLock { $0.isLeader = leads } }
}
