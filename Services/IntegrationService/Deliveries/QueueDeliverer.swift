import AMQP
import Contracts
import EventLog
import Foundation
import Logging
import ServiceKit

/// Delivers one subscription into its private queue: in order, persistent, mandatory and confirmed. What the broker
/// does not take (the queue is full, or is not there) waits here, not in the broker; into a queue that may be full
/// before they are all in it deliveries go one at a time (`QueueRoom`).
struct QueueDeliverer: Deliverer {
    let subscription: Subscription
    let parts: DelivererParts
    let desk: NoticeDesk

    func run() async {
        await parts.persistently(subscription, desk) { failures in
            var intake = try await parts.intake(subscription, desk.notice)
            var pending: [Delivery] = []
            var room = QueueRoom(length: parts.pace.queueLength)
            while !Task.isCancelled {
                guard !intake.isOutdated(by: desk.notice) else { return }
                if pending.isEmpty { pending = try await unfinished(&intake) }
                if pending.isEmpty { pending = try await intake.next(limit: Limits.Integration.batch) }
                guard !pending.isEmpty else {
                    await desk.bell.wait(atMost: intake.pause)
                    continue
                }
                let publisher = intake.isPast ? parts.pastPublisher : parts.publisher
                // After a failure first one alone: nobody has looked since.
                if failures == 0, room.isUnknown { room.looked(await ready(publisher)) }
                let sent = pending.prefix(room.together)
                let confirmed = intake.isPast ? try await publishPast(sent) : try await publish(sent, by: publisher)
                room.sent(sent.count)
                try await settle(&intake, pending.prefix(confirmed))
                pending.removeFirst(confirmed)
                if confirmed > 0 { failures = 0 }
                guard confirmed < sent.count else { continue }
                room = QueueRoom(length: parts.pace.queueLength)
                await desk.bell.wait(atMost: parts.pause(failures, subscription))
                failures += 1
            }
        }
    }

    /// What has numbers and is not over: after a restart, and after a test.
    private func unfinished(_ intake: inout Intake) async throws -> [Delivery] {
        let standing = intake.standing
        guard standing.settled < standing.numbered else { return [] }
        let open = try await parts.ledger(subscription).open(after: standing.settled, limit: Limits.Integration.batch)
        let over = (open.first?.number ?? standing.numbered + 1) - 1
        if over > standing.settled {
            intake.settled(try await parts.ledger(subscription).catchUp(standing, settled: over))
        }
        return open
    }

    /// How many messages lie in the queue; nil where nobody can tell: then each delivery shows what is the matter.
    private func ready(_ publisher: Publisher) async -> Int? {
        do { return try await publisher.ready(in: Subscription.queue(of: subscription.subscription)) } catch {
            parts.log.debug("queue not looked at", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Of the past few at once, and these spread over the time that they have: whatever the broker got, somebody's
    /// newest event waits behind it.
    private func publishPast(_ deliveries: ArraySlice<Delivery>) async throws -> Int {
        let begun = ContinuousClock.now
        var confirmed = 0
        while confirmed < deliveries.count {
            let slice = deliveries.dropFirst(confirmed).prefix(Limits.Integration.pastSlice)
            let taken = try await publish(slice, by: parts.pastPublisher)
            confirmed += taken
            guard taken == slice.count, confirmed < deliveries.count else { break }
            try await Task.sleep(until: begun + Limits.Integration.pastSpacing * confirmed, tolerance: .zero)
        }
        return confirmed
    }

    /// How many of them, from the first one on, the broker has.
    private func publish(_ deliveries: ArraySlice<Delivery>, by publisher: Publisher) async throws -> Int {
        let queue = Subscription.queue(of: subscription.subscription)
        let messages = deliveries.map { $0.message(to: queue) }
        var outcomes: [PublishOutcome?]
        do {
            outcomes = try await parts.turns.take(of: subscription.subscription) { () throws(AMQPError) in
                try await publisher.publish(messages)
            }
        } catch {
            if case .invalid(let reason) = error {
                try await refused(deliveries, reason)
                throw ExchangeFault.overtaken
            }
            parts.log.warning("queue not reached", metadata: ["error": "\(error)"])
            outcomes = error.settled
            // It may stand and be of no use.
            parts.bells.broker.ring()
        }
        if outcomes.contains(where: { if case .returned? = $0 { true } else { false } }) { parts.bells.broker.ring() }
        let confirmed = outcomes.prefix { $0 == .confirmed }.count
        parts.counts.delivered(confirmed, .queue)
        return confirmed
    }

    /// A message that AMQP cannot carry never will be: an operator has to leave it out.
    private func refused(_ deliveries: ArraySlice<Delivery>, _ reason: String) async throws {
        for delivery in deliveries {
            do { _ = try await parts.publisher.publish([delivery.message(to: "none")]) } catch {
                guard case .invalid = error else { continue }
                parts.log.error("delivery cannot be sent", metadata: ["reason": "\(reason)"])
                return try await parts.ledger(subscription).fail(
                    delivery, DeliveryFailure(error: reason), after: .zero, giveUp: reason)
            }
        }
    }

    private func settle(_ intake: inout Intake, _ deliveries: ArraySlice<Delivery>) async throws {
        var rest = deliveries
        while let first = rest.first {
            var run = 1
            while run < rest.count, rest[rest.startIndex + run].number == first.number + Int64(run) { run += 1 }
            let last = first.number + Int64(run) - 1
            intake.settled(
                try await parts.ledger(subscription).settle(intake.standing, from: first.number, through: last))
            rest = rest.dropFirst(run)
        }
    }
}
