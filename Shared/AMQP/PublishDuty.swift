import CRabbitMQ
import Contracts

/// A batch on its way. Belongs to the publisher's thread.
private final class Flight {
    let request: PublishRequest
    var outcomes: [PublishOutcome?]
    /// The first message that was not handed to the library yet.
    var next = 0
    var unanswered: Int
    var progress: ContinuousClock.Instant
    var finished = false

    init(_ request: PublishRequest) {
        self.request = request
        outcomes = Array(repeating: nil, count: request.batch.count)
        unanswered = request.batch.count
        progress = request.since
    }
}

/// The publisher's thread: batches in their order through one window.
final class PublishDuty: Duty {
    private struct Ticket {
        let flight: Flight
        let index: Int
    }

    private let mailbox: PublishMailbox
    private let control: Control
    private let encoder: MessageEncoder
    private let window: Int
    private let patience: Duration
    private let declaring: [QueueTopology]
    private let handedOver: @Sendable () -> Void
    private var flights: [Flight] = []
    private var ledger = ConfirmLedger<Ticket>()
    private var counted = PublisherMetrics()
    /// Messages of batches that finished since the counters were last handed over.
    private var finishedMessages = 0
    private var lastAnswer = ContinuousClock.now
    /// Since when something is under way and nothing is answered; how long that may go on.
    private var silentSince: ContinuousClock.Instant?
    private var silence = Limits.AMQP.confirm
    /// This connection refused something; when another may be tried for that, and how long after it the next.
    private var hasRefused = false
    private var mayReopen = ContinuousClock.now
    private var reopening = Limits.AMQP.reopenFirst
    private var trouble = "not connected yet"

    init(
        _ mailbox: PublishMailbox, _ control: Control, _ encoder: MessageEncoder, window: Int, patience: Duration,
        _ declaring: [QueueTopology], handedOver: @escaping @Sendable () -> Void
    ) {
        self.mailbox = mailbox
        self.control = control
        self.encoder = encoder
        self.window = window
        self.patience = patience
        self.declaring = declaring
        self.handedOver = handedOver
    }

    func begin(_ link: Link) throws(AMQPError) {
        try link.declare(exchanges: [], queues: declaring)
        try link.ask("switch confirms on") { _ = amqp_confirm_select(link.state, Link.channel) }
        hasRefused = false
    }

    func turn(_ link: Link) throws(AMQPError) -> Duration? {
        try receive(link)
        collect(blocked: link.blocked)
        let now = ContinuousClock.now
        try checkSilence(now, blocked: link.blocked != nil)
        try checkRefusals(now)
        expire(now, link.blocked.map { "publishing is blocked by the broker: \($0)" } ?? "no answer")
        if let closing = control.closing, flights.isEmpty || now - closing > Limits.AMQP.drain { return nil }
        guard link.blocked == nil else {
            refuseLooks(.unreachable(reason: "publishing is blocked by the broker"))
            return untilExpiry(now)
        }
        try look(link)
        let sent = counted.published
        let more = try burst(link, now)
        if counted.published > sent { handedOver() }
        return more ? .zero : untilExpiry(now)
    }

    func fell(_ error: AMQPError) {
        trouble = error.description
        silentSince = nil
        _ = ledger.abandon()
        for flight in flights where flight.next > 0 { fail(flight, error.concerning(flight.outcomes)) }
        sweep()
    }

    func idle() -> Duration? {
        collect(blocked: nil)
        guard control.closing == nil else { return nil }
        refuseLooks(.unreachable(reason: trouble))
        let now = ContinuousClock.now
        expire(now, trouble)
        return untilExpiry(now)
    }

    func end() {
        flights += mailbox.end().map(Flight.init)
        for flight in flights { fail(flight, AMQPError.closed.concerning(flight.outcomes)) }
        sweep()
        collect(blocked: nil)
        refuseLooks(.closed)
    }

    private func look(_ link: Link) throws(AMQPError) {
        var looks = mailbox.takeLooks()[...]
        while let look = looks.popFirst() {
            do { look.answer(.success(try link.ready(in: look.queue))) } catch {
                look.answer(.failure(error))
                if case .refused = error { continue }
                for other in looks { other.answer(.failure(error)) }
                throw error
            }
        }
    }

    private func refuseLooks(_ error: AMQPError) {
        for look in mailbox.takeLooks() { look.answer(.failure(error)) }
    }

    private func receive(_ link: Link) throws(AMQPError) {
        var now: ContinuousClock.Instant?
        while let arrival = try link.next() {
            switch arrival {
            case .answered(let tag, let multiple, let positive):
                let at = now ?? .now
                now = at
                ledger.settle(tag: tag, multiple: multiple, positive: positive) { settle($0, $1, sentAt: $2, at) }
            case .returned(let messageID, let code, let text):
                // Without a message in flight the return belongs to a batch that was given up.
                _ = ledger.returned(messageID: messageID, code: code, text: text)
            case .delivered, .consumerCancelled, .internalMatter: break
            }
        }
        if let now {
            silentSince = now
            silence = Limits.AMQP.confirm
            sweep()
        }
    }

    /// A node of a cluster that took a message for a queue whose leader had just died may never confirm it. Another
    /// connection, to the next node, finds the new leader; what came twice is absorbed. A broker that is merely slow is
    /// given more time after each such try.
    private func checkSilence(_ now: ContinuousClock.Instant, blocked: Bool) throws(AMQPError) {
        guard ledger.unsettled > 0, !blocked else { return silentSince = nil }
        let since = silentSince ?? now
        silentSince = since
        guard now - since >= silence else { return }
        let reason = "nothing was confirmed within \(silence)"
        silence = min(silence * 2, Limits.AMQP.patience)
        throw .lost(reason)
    }

    /// A channel that first wrote to a queue when that had just lost its leader goes on asking the dead node, and
    /// refuses everything, until that node is back (RabbitMQ 3.10). Another channel asks the new leader. A full queue
    /// refuses too: then it is tried ever more seldom, and never while a batch is half-way.
    private func checkRefusals(_ now: ContinuousClock.Instant) throws(AMQPError) {
        guard hasRefused, now >= mayReopen, flights.allSatisfy({ $0.next == 0 }) else { return }
        if now - mayReopen > Limits.AMQP.reopenMost { reopening = Limits.AMQP.reopenFirst }
        mayReopen = now + reopening
        reopening = min(reopening * 2, Limits.AMQP.reopenMost)
        throw .lost("the broker refused what it was to take; another connection may find the queue's new leader")
    }

    private func settle(
        _ ticket: Ticket, _ outcome: PublishOutcome, sentAt: ContinuousClock.Instant, _ now: ContinuousClock.Instant
    ) {
        switch outcome {
        case .confirmed: counted.confirmed += 1
        case .nacked:
            counted.nacked += 1
            hasRefused = true
        case .returned: counted.returned += 1
        }
        counted.confirmLatency += now - sentAt
        lastAnswer = now
        let flight = ticket.flight
        guard !flight.finished else { return }
        flight.outcomes[ticket.index] = outcome
        flight.unanswered -= 1
        flight.progress = now
        guard flight.unanswered == 0 else { return }
        finish(flight, .success(flight.outcomes.compactMap { $0 }))
    }

    private func collect(blocked: String?) {
        let (requests, cancelled) = mailbox.take { metrics in
            counted.waiting = metrics.waiting - finishedMessages
            counted.blocked = blocked
            metrics = counted
        }
        finishedMessages = 0
        flights += requests.map(Flight.init)
        // Torn since it was handed over.
        var found = false
        for flight in flights.suffix(requests.count) where flight.request.chain?.isTorn == true {
            fail(flight, .unreachable(reason: PublishChain.reason))
            found = true
        }
        for flight in flights where cancelled.contains(flight.request.id) {
            fail(flight, .cancelled(settled: flight.outcomes))
            found = true
        }
        if found { sweep() }
    }

    /// Publishes what the window and one burst allow. True: there is more to send now.
    private func burst(_ link: Link, _ now: ContinuousClock.Instant) throws(AMQPError) -> Bool {
        if link.frameMax < Int(AMQP_DEFAULT_FRAME_SIZE) { refuseOversized(link.frameMax) }
        var allowed = min(Limits.AMQP.burst, window - ledger.unsettled)
        for flight in flights {
            while flight.next < flight.request.batch.count {
                guard allowed > 0 else { return ledger.unsettled < window }
                let message = flight.request.batch[flight.next]
                ledger.sent(Ticket(flight: flight, index: flight.next), messageID: message.messageID, at: now)
                // Before the call: when it fails half-way, the message's outcome is unknown.
                flight.next += 1
                flight.progress = now
                try encoder.publish(message, on: link)
                counted.published += 1
                allowed -= 1
            }
        }
        return false
    }

    /// The broker agreed to small frames only: a batch with a message that cannot be put into them would end this
    /// connection, and the next one too.
    private func refuseOversized(_ frameMax: Int) {
        for flight in flights where flight.next == 0 {
            guard let large = flight.request.batch.first(where: { encoder.headerFrame($0) > frameMax }) else {
                continue
            }
            let reason = "the headers of \(large.messageID) do not fit the broker's frames of \(frameMax) bytes"
            fail(flight, .invalid(reason: reason))
        }
        sweep()
    }

    private func untilExpiry(_ now: ContinuousClock.Instant) -> Duration {
        guard let oldest = flights.map(lastProgress).min() else { return .seconds(3600) }
        let silent = ledger.unsettled > 0 ? (silentSince ?? now) + silence - now : .seconds(3600)
        return max(.milliseconds(1), min(oldest + patience - now, silent))
    }

    /// A batch that waits behind others is not stuck while they move.
    private func lastProgress(_ flight: Flight) -> ContinuousClock.Instant {
        flight.next == 0 ? max(flight.progress, lastAnswer) : flight.progress
    }

    private func expire(_ now: ContinuousClock.Instant, _ reason: String) {
        for flight in flights where now - lastProgress(flight) >= patience { giveUp(flight, reason) }
        sweep()
    }

    private func giveUp(_ flight: Flight, _ reason: String) {
        let untouched = flight.next == 0
        fail(flight, untouched ? .unreachable(reason: reason) : .stalled(reason: reason, settled: flight.outcomes))
    }

    /// And with it those behind it in its chain.
    private func fail(_ flight: Flight, _ error: AMQPError) {
        guard !flight.finished else { return }
        counted.unknown += flight.next - flight.outcomes.count { $0 != nil }
        finish(flight, .failure(error))
        guard let chain = flight.request.chain, chain.tear() else { return }
        let behind = flights.drop { $0 !== flight }.dropFirst()
        for other in behind where other.request.chain === chain { giveUp(other, PublishChain.reason) }
    }

    private func finish(_ flight: Flight, _ result: Result<[PublishOutcome], AMQPError>) {
        guard !flight.finished else { return }
        flight.finished = true
        finishedMessages += flight.outcomes.count
        flight.request.submission.settle(result)
    }

    private func sweep() { flights.removeAll(where: \.finished) }
}
