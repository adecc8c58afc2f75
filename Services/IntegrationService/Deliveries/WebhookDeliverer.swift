import Contracts
import Courier
import EventLog
import Foundation
import Logging
import ServiceKit

/// Delivers one subscription to its webhook: several at once, but of one aggregate one after the other.
struct WebhookDeliverer: Deliverer {
    let subscription: Subscription
    let parts: DelivererParts
    let desk: NoticeDesk

    private enum Happened: Sendable {
        case woke
        case answered(Delivery, DeliveryFailure?)
    }

    func run() async {
        await parts.persistently(subscription, desk) { failures in
            let intake = try await parts.intake(subscription, desk.notice)
            failures = 0
            try await deliver(intake)
        }
    }

    private var ledger: Ledger { parts.ledger(subscription) }

    private func deliver(_ from: Intake) async throws {
        var intake = from
        let act = desk.notice.act
        var line = WebhookLine(numbered: intake.standing.numbered)
        try await refill(&line, after: intake.standing.settled)
        // What operators left out may have been all that was open.
        if line.settled > intake.standing.settled {
            intake.settled(try await ledger.catchUp(intake.standing, settled: line.settled))
        }
        try await withThrowingTaskGroup(of: Happened.self) { group in
            defer { group.cancelAll() }
            var isWaiting = false
            while !Task.isCancelled {
                // What somebody else did is read again once nothing is on its way.
                let isOutdated = intake.isOutdated(by: desk.notice) || desk.notice.act != act
                if isOutdated, line.inFlight == 0 { return }
                if !isOutdated { try await takeIn(&intake, &line) }
                let now = ContinuousClock.now
                if !isOutdated {
                    for delivery in line.next(at: now, window: Limits.Integration.webhookWindow) {
                        group.addTask { .answered(delivery, await send(delivery)) }
                    }
                }
                if !isWaiting {
                    let due = line.due(after: now).map { max(.milliseconds(1), $0 - now) } ?? .seconds(60)
                    let pause = min(intake.pause, due)
                    group.addTask {
                        await desk.bell.wait(atMost: pause)
                        return .woke
                    }
                    isWaiting = true
                }
                switch try await group.next() {
                case .answered(let delivery, let failure?): try await failed(delivery, failure, &line)
                case .answered(let delivery, nil):
                    line.succeeded(delivery.number)
                    try await ledger.settle(delivery, settled: line.settled)
                    parts.counts.delivered(1, .webhook)
                case .woke, nil: isWaiting = false
                }
            }
        }
    }

    /// New numbers only while there are not too many that are not over.
    private func takeIn(_ intake: inout Intake, _ line: inout WebhookLine) async throws {
        guard line.count < Limits.Integration.webhookOpen / 2 else { return }
        line.add(try await intake.next(limit: Limits.Integration.webhookOpen / 4))
    }

    private func refill(_ line: inout WebhookLine, after settled: Int64) async throws {
        var after = settled
        while true {
            let page = try await ledger.open(after: after, limit: Limits.Integration.batch)
            line.add(page)
            guard page.count == Limits.Integration.batch, let last = page.last else { return }
            after = last.number
        }
    }

    /// Nil when the subscriber has it.
    private func send(_ delivery: Delivery) async -> DeliveryFailure? {
        let (body, now) = (delivery.body, Date())
        let signature = WebhookSignature.headers(
            id: delivery.key(":"), at: Int64(now.timeIntervalSince1970), body,
            secrets: secrets(at: now))
        let request = CourierRequest(
            "POST", subscription.url ?? "", headers: delivery.headers + signature, body: body)
        do {
            let answer = try await parts.courier.send(request)
            if (200..<300).contains(answer.status) { return nil }
            return DeliveryFailure(status: answer.status, error: "HTTP \(answer.status)")
        } catch { return DeliveryFailure(error: "\(error)") }
    }

    /// The newest secret first, and those before it that are still valid.
    private func secrets(at now: Date) -> [[UInt8]] {
        subscription.generations(at: now).map { parts.secrets.signing(subscription.subscription, $0) }
    }

    private func failed(_ delivery: Delivery, _ failure: DeliveryFailure, _ line: inout WebhookLine) async throws {
        guard !Task.isCancelled else { throw CancellationError() }
        parts.counts.failed()
        let now = ContinuousClock.now
        let since = delivery.failedSince ?? now
        let wait = backoff(
            delivery.attempts, first: parts.pace.retryFirst, most: parts.pace.retryMost, jitter: .random(in: 0...1))
        let rest = backoff(
            max(0, line.failuresInRow - Limits.Integration.failuresInRow), first: parts.pace.retryFirst,
            most: parts.pace.retryMost, jitter: .random(in: 0...1))
        line.failed(delivery.number, due: now + wait, since: since, rest: now + rest)
        let isOver = now - since >= parts.pace.patience
        let reason = failure.isGone ? "the subscriber answered 410 Gone" : isOver ? "failed for too long" : nil
        try await ledger.fail(delivery, failure, after: wait, giveUp: reason.map { "\($0): \(failure.text)" })
        guard let reason else { return }
        parts.log.error(
            "webhook disabled: nothing is lost, and nothing is delivered until it is resumed",
            metadata: [
                "subscription": "\(subscription.subscription)", "number": "\(delivery.number)", "why": "\(reason)",
                "error": "\(failure.text)",
            ])
        parts.bells.subscriptions.ring()
        throw ExchangeFault.overtaken
    }
}
