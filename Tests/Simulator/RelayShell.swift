#if DEBUG
    import AMQP
    import Contracts
    @testable import EventLog

    /// What `Relay` does around production's `RelayMachine`: leads while it may, and does what the machine says.
    final class RelayShell {
        let process: Process
        private let store: SourceStore
        private let publishing: Publishing
        private let holder: String
        private var machine: RelayMachine?
        private var term: Int64 = 0
        /// Counts leaderships; what belongs to an earlier one is not heard.
        private var leadership = 0
        private var failures = 0
        private var renewed: Time = 0
        private var isStopping = false
        /// The bell: rung while nobody listened, and who listens.
        private var isRung = false
        private var listener: (() -> Void)?

        init(_ process: Process, _ store: SourceStore, _ broker: Broker, _ oracle: Oracle, window: Int) {
            self.process = process
            self.store = store
            holder = process.name
            publishing = Publishing(process, broker, oracle, window: window)
            process.onStart = { [unowned self] in self.begin() }
            process.onDeath = { [unowned self] in self.die() }
        }

        private func begin() {
            (machine, failures, isStopping, isRung, listener) = (nil, 0, false, false, nil)
            leadership += 1
            publishing.begin()
            claim()
        }

        private func die() {
            (machine, listener) = (nil, nil)
            leadership += 1
            publishing.die()
        }

        func cut() { publishing.cut() }

        /// The run is over: nothing holds on to anything.
        func end() {
            (listener, machine) = (nil, nil)
            publishing.finish()
        }

        /// `Relay.poke`
        func poke() {
            guard process.isUp else { return }
            if let listener {
                self.listener = nil
                listener()
            } else {
                isRung = true
            }
        }

        /// SIGTERM: nothing new is begun; what is being published may still be confirmed.
        func stop(for absence: Time) {
            guard process.isUp, !process.isPaused, !isStopping else { return }
            process.world.note(process.name, "is told to stop")
            isStopping = true
            poke()
            let life = process.life
            process.after(Time(Limits.Relay.drain)) {
                if self.process.life == life { self.process.kill(for: absence) }
            }
            if machine != nil { pump() }
        }

        // MARK: - `Relay.work`

        private func claim() {
            guard !isStopping else { return }
            process.run(store.database, { self.store.claim(self.holder, $0, $1) }) { (reply: Reply<Int64?>) in
                switch reply {
                case .away: self.interrupted()
                case .done(nil): self.process.after(Time(Limits.Relay.candidacy)) { self.claim() }
                case .done(let term?): self.settleEpoch(term)
                }
            }
        }

        private func interrupted() {
            leadership += 1
            machine = nil
            listener = nil
            publishing.cancel()
            let pause = backoff(
                failures, first: Limits.Relay.retryFirst, most: Limits.Relay.retryMost,
                jitter: process.random.fraction())
            failures += 1
            process.after(Time(pause)) { self.claim() }
        }

        /// `EventLogStart.settle`
        private func settleEpoch(_ term: Int64) {
            process.run(store.database, { self.store.look($0, $1) }) { (reply: Reply<String?>) in
                switch reply {
                case .away: self.interrupted()
                case .done(nil): self.stand(term)
                case .done(let reason?):
                    self.process.world.note(self.process.name, "raises the epoch: \(reason)")
                    self.process.run(self.store.database, { self.store.raise($0, $1) }) { (reply: Reply<Bool>) in
                        if case .away = reply { self.interrupted() } else { self.claim() }
                    }
                }
            }
        }

        /// `RelayStore.standing`
        private func stand(_ term: Int64) {
            process.run(store.database, { self.store.frontier($0, $1) }) { (reply: Reply<(Frontier, RelayCursor)>) in
                guard case .done((var frontier, let cursor)) = reply else { return self.interrupted() }
                self.process.run(
                    self.store.database, { $1(self.store.recorded(from: frontier.epoch, cursor.tick)) }
                ) { (reply: Reply<[Tick]>) in
                    guard case .done(let ticks) = reply else { return self.interrupted() }
                    frontier.last = ticks.last
                    let unfinished = ticks.filter { $0.number > cursor.tick || cursor.confirmed < $0.count }
                    self.failures = 0
                    self.lead(term, RelayStanding(frontier: frontier, cursor: cursor, unfinished: unfinished))
                }
            }
        }

        // MARK: - `Relay.lead`

        private func lead(_ term: Int64, _ standing: RelayStanding) {
            self.term = term
            leadership += 1
            machine = RelayMachine(standing, isConsumed: { $0 != Names.types[Names.unconsumed] })
            renewed = process.world.now
            process.world.note(
                process.name,
                "leads term \(term), epoch \(standing.frontier.epoch), cursor \(standing.cursor.tick)/"
                    + "\(standing.cursor.confirmed), \(standing.unfinished.count) ticks to finish")
            keepLease(leadership)
            pump()
        }

        /// `Relay.keepLease`
        private func keepLease(_ leadership: Int) {
            process.after(Time(Limits.Relay.renewal)) {
                guard leadership == self.leadership else { return }
                let asked = self.process.world.now
                let term = self.term
                self.process.run(self.store.database, isLazy: true, { self.store.renew(term, $0, $1) }) {
                    (reply: Reply<Bool>) in
                    guard leadership == self.leadership else { return }
                    switch reply {
                    case .done(true): self.renewed = asked
                    case .done(false): return self.interrupted()
                    case .away:
                        if self.process.world.now - self.renewed >= Time(Limits.Relay.lease) {
                            return self.interrupted()
                        }
                    }
                    self.keepLease(leadership)
                }
            }
        }

        private func pump() {
            machine?.isStopping = isStopping
            if machine?.held != nil { publishing.mend() }
            for handover in machine?.handovers() ?? [] { publish(handover, leadership) }
            guard let actions = machine?.actions(jitter: process.random.fraction()) else { return }
            for action in actions { perform(action, leadership) }
            if isStopping, machine?.isAtRest == true { letGo() }
        }

        /// Stops leading in order, so that the next one need not wait.
        private func letGo() {
            leadership += 1
            machine = nil
            let term = term
            process.run(store.database, { self.store.release(term, $0, $1) }) { (_: Reply<Void>) in }
        }

        private func heard(_ event: RelayMachine.Event, _ leadership: Int) {
            guard leadership == self.leadership, machine != nil else { return }
            machine?.apply(event)
            pump()
        }

        private func perform(_ action: RelayMachine.Action, _ leadership: Int) {
            switch action {
            case .read(let tick, let cursor): read(tick, cursor, leadership)
            case .listen: listen(leadership)
            case .open(let frontier): open(frontier, records: true, leadership)
            case .look(let frontier): open(frontier, records: false, leadership)
            case .pause(let pause): process.after(Time(pause)) { self.heard(.rested, leadership) }
            case .move(let cursor):
                let term = term
                process.run(store.database, isLazy: true, { self.store.move(cursor, term: term, $0, $1) }) {
                    (reply: Reply<Void>) in
                    guard leadership == self.leadership else { return }
                    if case .away = reply { self.interrupted() } else { self.heard(.moved(cursor), leadership) }
                }
            case .record(let tick):
                let term = term
                process.run(store.database, { self.store.record(tick, term: term, $0, $1) }) { (reply: Reply<Bool>) in
                    guard leadership == self.leadership else { return }
                    if case .done(true) = reply { self.heard(.recorded, leadership) } else { self.interrupted() }
                }
            }
        }

        private func read(_ tick: Tick, _ cursor: RelayCursor, _ leadership: Int) {
            let confirmed = cursor.tick == tick.number ? cursor.confirmed : 0
            process.run(store.database, { $1(self.store.read(tick, after: confirmed)) }) { (reply: Reply<[LogRow]?>) in
                guard leadership == self.leadership else { return }
                guard case .done(let rows?) = reply else { return self.interrupted() }
                self.heard(.read(self.batch(tick, rows, after: confirmed)), leadership)
            }
        }

        private func listen(_ leadership: Int) {
            if isRung {
                isRung = false
                return process.after(0) { self.heard(.heard, leadership) }
            }
            var isHeard = false
            let hear = {
                guard !isHeard else { return }
                isHeard = true
                self.listener = nil
                self.heard(.heard, leadership)
            }
            listener = { self.process.after(0, hear) }
            process.after(Time(Limits.Relay.look), hear)
        }

        private func open(_ frontier: Frontier, records: Bool, _ leadership: Int) {
            let term = term
            process.run(
                store.database, { self.store.open(frontier, term: term, records: records, $0, $1) }
            ) { (reply: Reply<Result<SourceStore.Opened?, RelayFault>>) in
                guard leadership == self.leadership else { return }
                guard case .done(.success(let opened)) = reply else { return self.interrupted() }
                guard let opened else { return self.heard(.opened(nil), leadership) }
                self.process.world.note(
                    self.process.name,
                    "tick \(opened.tick.epoch).\(opened.tick.number): \(opened.tick.cur.text) "
                        + opened.rows.map { "[\($0.seq) x\($0.xid) \($0.event.description)]" }.joined())
                self.heard(.opened(self.batch(opened.tick, opened.rows, after: 0)), leadership)
            }
        }

        /// `RelayStore.batch`
        private func batch(_ tick: Tick, _ rows: [LogRow], after confirmed: Int) -> Batch {
            Batch(
                tick: tick, firstOrdinal: confirmed + 1, seqs: rows.map(\.seq), messages: rows.map(\.event.message),
                oldest: nil)
        }

        private func publish(_ handover: RelayMachine.Handover, _ leadership: Int) {
            let (batch, range) = (handover.batch, handover.range)
            let messages = range.map { index in
                Sent(
                    event: store.written[(Int(batch.messages[index].messageID) ?? 1) - 1],
                    position: Position(
                        epoch: batch.tick.epoch, tick: batch.tick.number, ordinal: Int32(batch.firstOrdinal + index)))
            }
            process.world.note(process.name, "publishes \(batch.tick.number): \(range)")
            publishing.publish(messages) { outcomes, failure in
                self.heard(.published(batch.tick.number, outcomes, failure: failure), leadership)
            }
        }
    }
#endif
