import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// The exchange at work: gives archived events their positions, keeps a deliverer for every active subscription, and
/// the broker's queues and users as the subscriptions say. Of several processes one does it.
final class Exchange: ServiceLifecycle.Service {
    private let runtime: Runtime
    private let broker: BrokerControl
    private let outlets: Outlets
    private let lease: Lease

    init(_ runtime: Runtime) {
        self.runtime = runtime
        broker = runtime.resource(BrokerControl.self)
        outlets = runtime.resource(Outlets.self)
        lease = Lease(database: runtime.database, holder: UUID.v7().text)
        let (counts, database) = (outlets.counts, runtime.database)
        runtime.metrics.observe { await ExchangeMetrics.samples(counts, database) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        await outlets.publisher.close()
        await outlets.pastPublisher.close()
    }

    private func work() async {
        while !Task.isCancelled {
            do {
                if let term = try await lease.claim() {
                    await lead(term)
                    // Not cancelled with the rest: the next one need not wait for the lease to expire.
                    await Task { await lease.release(term) }.value
                }
            } catch { runtime.log.warning("exchange interrupted", metadata: ["error": "\(error)"]) }
            try? await Task.sleep(for: Limits.Integration.candidacy)
        }
    }

    /// Until the lease is lost or the process ends.
    private func lead(_ term: Lease.Term) async {
        runtime.log.info("exchange leads", metadata: ["term": "\(term.number)", "epoch": "\(term.epoch)"])
        outlets.counts.leads(true)
        let tail = Tail()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.lease.keep(term) }
            group.addTask { await self.number(tail) }
            group.addTask { await self.supervise(tail, epoch: term.epoch) }
            group.addTask { await self.compareBroker() }
            await group.next()
            group.cancelAll()
        }
        outlets.counts.leads(false)
    }

    // MARK: - Positions

    private func number(_ tail: Tail) async {
        let numbers = Numbers(database: runtime.database)
        let bell = outlets.bells.archive
        var lastRing = ContinuousClock.now
        while !Task.isCancelled {
            do {
                let given = try await numbers.give()
                outlets.counts.archived(given.count)
                // Not only what was given now: whoever gave it, or lost the answer, may not have told of it.
                if given.head > tail.head {
                    tail.grow(given.events, head: given.head)
                    outlets.bells.desks.ringAll()
                    lastRing = .now
                }
            } catch {
                guard !Task.isCancelled else { return }
                runtime.log.warning("archive not numbered", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Limits.Integration.candidacy)
            }
            if .now - lastRing >= Limits.Integration.lookFor {
                let before = ContinuousClock.now
                await bell.wait(atMost: Limits.Integration.look)
                if .now - before < Limits.Integration.look { lastRing = .now }
            }
            // A ring comes shortly before the commit that it announces; and what comes meanwhile is numbered together.
            if .now - lastRing < Limits.Integration.lookFor { try? await Task.sleep(for: Limits.Integration.lookSoon) }
        }
    }

    // MARK: - Subscriptions

    private struct Active {
        let version: Int
        let desk: NoticeDesk
        let task: Task<Void, Never>
    }

    private func supervise(_ tail: Tail, epoch: Int32) async {
        var running: [SubscriptionID: Active] = [:]
        while !Task.isCancelled {
            do { try await compare(&running, tail, epoch) } catch {
                if !Task.isCancelled { runtime.log.warning("subscriptions not read", metadata: ["error": "\(error)"]) }
            }
            await outlets.bells.subscriptions.wait(atMost: Limits.Integration.supervision)
        }
        for active in running.values { active.task.cancel() }
        for active in running.values { await active.task.value }
        outlets.bells.desks.keep([])
    }

    private func compare(
        _ running: inout [SubscriptionID: Active], _ tail: Tail, _ epoch: Int32
    ) async throws {
        let rows = try await runtime.database.run(
            """
            SELECT s.id, s.version, p.numbered,
                ARRAY(SELECT r.id FROM replays r WHERE r.subscription = s.id AND r.state = 'running') AS replays,
                (SELECT a.id FROM delivery_audit a WHERE a.subscription = s.id ORDER BY a.id DESC LIMIT 1) AS act
            FROM subscriptions s JOIN subscription_progress p ON p.subscription = s.id
            WHERE s.state = 'active' AND (s.kind = 'webhook' OR s.provisioned > 0)
            """)
        var wanted: [SubscriptionID: (version: Int, notice: Notice)] = [:]
        for row in rows {
            let act: Int64? = try row("act")
            wanted[try row("id")] = (
                try row("version"),
                Notice(numbered: try row("numbered"), replays: Set(try row("replays", as: [UUID].self)), act: act ?? 0)
            )
        }
        for (id, active) in running where wanted[id]?.version != active.version { active.task.cancel() }
        for (id, active) in running where wanted[id]?.version != active.version {
            // One after the other: what an old version has on its way is over before a new one begins.
            await active.task.value
            running[id] = nil
        }
        for (id, want) in wanted {
            if let active = running[id] {
                active.desk.tell(want.notice)
            } else {
                running[id] = try await start(id, want.notice, tail, epoch)
            }
        }
        outlets.bells.desks.keep(running.values.map(\.desk))
    }

    private func start(
        _ id: SubscriptionID, _ notice: Notice, _ tail: Tail, _ epoch: Int32
    ) async throws -> Active? {
        let rows = try await runtime.database.run(
            "\(Subscription.selection) WHERE s.id = \(id) AND s.state = 'active'")
        guard let row = rows.first else { return nil }
        let subscription = try Subscription(row)
        let parts = outlets.parts(runtime.database, tail, epoch: epoch, log: runtime.log)
        let desk = NoticeDesk(notice)
        let deliverer: any Deliverer =
            switch subscription.kind {
            case .queue: QueueDeliverer(subscription: subscription, parts: parts, desk: desk)
            case .webhook: WebhookDeliverer(subscription: subscription, parts: parts, desk: desk)
            }
        return Active(version: subscription.version, desk: desk, task: Task { await deliverer.run() })
    }

    // MARK: - The broker

    private func compareBroker() async {
        var broken: [String: ContinuousClock.Instant] = [:]
        while !Task.isCancelled {
            var pause = Limits.Integration.comparison
            do {
                let lost = broken.filter { .now - $0.value >= Limits.AMQP.unusable }
                let found = try await broker.compare(with: runtime.database, lost: Set(lost.keys))
                broken = .init(uniqueKeysWithValues: found.broken.map { ($0, broken[$0] ?? .now) })
                outlets.counts.orphans(found.orphans)
                outlets.bells.desks.ringAll()
                if found.changed { outlets.bells.broker.ring() }
                // The broker may still be starting, and a new queue has no state yet.
                if !broken.isEmpty { pause = Limits.AMQP.unusable }
            } catch {
                // What was not seen meanwhile may have come back.
                (broken, pause) = ([:], Limits.AMQP.unusable)
                if !Task.isCancelled { runtime.log.warning("broker not compared", metadata: ["error": "\(error)"]) }
            }
            await outlets.bells.broker.wait(atMost: pause)
            // A missing queue rings with every try to publish into it.
            try? await Task.sleep(for: Limits.Integration.candidacy)
        }
    }
}
