#if DEBUG
    @testable import AMQP
    import Contracts
    @testable import EventLog

    /// A relay's connection to the broker: batches in order through one window and in one chain, as `PublishDuty` does
    /// it, over production's `ConfirmLedger`.
    final class Publishing {
        private final class Flight {
            let messages: [Sent]
            var outcomes: [PublishOutcome?]
            var next = 0
            var unanswered: Int
            var isFinished = false
            let reply: ([PublishOutcome?], String?) -> Void

            init(_ messages: [Sent], _ reply: @escaping ([PublishOutcome?], String?) -> Void) {
                self.messages = messages
                outcomes = Array(repeating: nil, count: messages.count)
                unanswered = messages.count
                self.reply = reply
            }
        }

        private struct Ticket {
            let flight: Flight
            let index: Int
        }

        private let process: Process
        private let broker: Broker
        private let oracle: Oracle
        private let window: Int
        private var end: Broker.PublisherEnd?
        private var isConnecting = false
        private var flights: [Flight] = []
        /// `PublishChain.isTorn`
        private var isTorn = false
        private var ledger = ConfirmLedger<Ticket>()
        /// Frames follow each other on a connection: nothing overtakes.
        private var wire: Time = 0
        private var back: Time = 0
        private static let start = ContinuousClock.now

        init(_ process: Process, _ broker: Broker, _ oracle: Oracle, window: Int) {
            self.process = process
            self.broker = broker
            self.oracle = oracle
            self.window = window
        }

        func begin() {
            (end, flights, isTorn, isConnecting) = (nil, [], false, false)
            ledger = ConfirmLedger()
            connect()
        }

        /// The process is gone; what is on the wire arrives.
        func die() {
            guard let end else { return }
            let broker = broker
            self.end = nil
            process.world.after(1_000) { broker.hangUp(end) }
        }

        func cut() {
            guard let end else { return }
            broker.hangUp(end)
            lost(end)
        }

        func publish(_ messages: [Sent], _ reply: @escaping ([PublishOutcome?], String?) -> Void) {
            let flight = Flight(messages, reply)
            flights.append(flight)
            guard !isTorn else { return finish(flight, "a batch before it failed") }
            // `Limits.AMQP.patience`, shortened: nothing moved.
            patience(flight, 0)
            burst()
        }

        /// The run is over: nothing holds on to anything.
        func finish() {
            (flights, end) = ([], nil)
            ledger = ConfirmLedger()
        }

        /// The caller wants no answer any more, and begins a new chain.
        func cancel() { (flights, isTorn) = ([], false) }

        /// The caller has heard of the failure.
        func mend() { isTorn = false }

        private func patience(_ flight: Flight, _ seen: Int) {
            process.after(.milliseconds(1_500)) {
                guard !flight.isFinished, self.flights.contains(where: { $0 === flight }) else { return }
                let progress = flight.next + flight.messages.count - flight.unanswered
                guard progress == seen else { return self.patience(flight, progress) }
                self.finish(flight, "no answer")
            }
        }

        private func connect() {
            guard end == nil, !isConnecting else { return }
            isConnecting = true
            process.after(process.random.within(1_000, 60_000)) {
                self.isConnecting = false
                guard let end = self.broker.connectPublisher() else { return self.connect() }
                self.end = end
                self.ledger = ConfirmLedger()
                end.onAnswer = { [weak self, weak end] tag, multiple, positive in
                    self?.receive(end) { self?.settle(tag, multiple, positive) }
                }
                end.onReturn = { [weak self, weak end] id in
                    self?.receive(end) {
                        _ = self?.ledger.returned(messageID: id, code: 312, text: "NO_ROUTE")
                    }
                }
                end.onLoss = { [weak self, weak end] in
                    guard let self else { return }
                    self.process.after(self.process.random.within(50, 3_000)) { if let end { self.lost(end) } }
                }
                self.burst()
            }
        }

        private func receive(_ end: Broker.PublisherEnd?, _ body: @escaping () -> Void) {
            let now = process.world.now
            back = max(back, now + process.random.within(40, 300))
            process.after(back - now) { [weak end] in if let end, self.end === end { body() } }
        }

        private func settle(_ tag: UInt64, _ multiple: Bool, _ positive: Bool) {
            var answered: [(ticket: Ticket, outcome: PublishOutcome)] = []
            ledger.settle(tag: tag, multiple: multiple, positive: positive) { ticket, outcome, _ in
                answered.append((ticket, outcome))
            }
            for (ticket, outcome) in answered {
                let flight = ticket.flight
                guard !flight.isFinished else { continue }
                flight.outcomes[ticket.index] = outcome
                flight.unanswered -= 1
                if outcome != .nacked { oracle.settled(flight.messages[ticket.index]) }
                if flight.unanswered == 0 { finish(flight, nil) }
            }
            burst()
        }

        private func lost(_ end: Broker.PublisherEnd) {
            guard self.end === end else { return }
            self.end = nil
            _ = ledger.abandon()
            for flight in flights where flight.next > 0 { finish(flight, "the connection was lost") }
            connect()
        }

        private func finish(_ flight: Flight, _ failure: String?) {
            guard !flight.isFinished else { return }
            flight.isFinished = true
            guard let place = flights.firstIndex(where: { $0 === flight }) else { return }
            let behind = failure == nil ? [] : Array(flights[(place + 1)...])
            if failure != nil { isTorn = true }
            flights.remove(at: place)
            // Who hears of it first is chance: each is heard by a task of its own.
            process.after(process.random.within(0, 30)) { flight.reply(flight.outcomes, failure) }
            behind.forEach { finish($0, "a batch before it failed") }
        }

        private func burst() {
            for flight in flights where !flight.isFinished { burst(flight) }
        }

        private func burst(_ flight: Flight) {
            guard let end, end.isOpen else { return }
            let now = process.world.now
            while flight.next < flight.messages.count, ledger.unsettled < window {
                let sent = flight.messages[flight.next]
                ledger.sent(
                    Ticket(flight: flight, index: flight.next), messageID: String(sent.event.number),
                    at: Self.start)
                flight.next += 1
                oracle.tried(sent)
                wire = max(wire + 5, now + process.random.within(40, 300))
                // Frames of a dead process that are on the wire arrive all the same.
                process.world.after(wire - now) { [broker] in broker.take(sent, from: end) }
            }
        }
    }
#endif
