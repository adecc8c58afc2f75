#if DEBUG
    import Contracts
    @testable import EventLog

    /// AMQP has another of that name.
    typealias InboxArrival = Arrival

    /// What `InboxRepair` and `TimerLoop` do around production's decisions.
    extension InboxShell {
        // MARK: - Parked events

        func lookAtParked() {
            process.run(store.database, { $1(self.store.stuck() + self.store.due()) }) { (reply: Reply<[Int]>) in
                if case .done(let aggregates) = reply { for aggregate in aggregates { self.put(.resume(aggregate)) } }
                self.process.after(Time(self.pace.look)) { self.lookAtParked() }
            }
        }

        // MARK: - Gaps

        /// `GapDesk.report`, and its readers.
        func report(_ aggregate: Int, _ from: Int64, _ before: Int64) {
            guard openGaps.insert(aggregate).inserted else { return }
            repair(GapDesk.Gap(key: Names.keys[aggregate], from: from, before: before), aggregate)
        }

        /// `Inbox.repair`, page by page over production's `Gap`.
        private func repair(_ gap: GapDesk.Gap, _ aggregate: Int) {
            let close = { self.process.after(0) { _ = self.openGaps.remove(aggregate) } }
            guard !gap.isRead else {
                put(.resume(aggregate))
                return close()
            }
            fetch({ self.source.versions(of: aggregate, from: gap.from) }) { page in
                guard let page else { return close() }
                let wanted = gap.events(of: page.asFed)
                guard let last = wanted.last else { return close() }
                let events = wanted.compactMap { wanted in
                    page.events.first { $0.event.version == wanted.version }?.event
                }
                self.feed(events) {
                    var gap = gap
                    gap.from = last.version + 1
                    guard gap.isRead else { return self.repair(gap, aggregate) }
                    self.process.run(
                        self.store.database, { self.store.prove(events[events.count - 1], before: gap.before, $0, $1) }
                    ) { (reply: Reply<Void>) in
                        if case .done = reply { self.repair(gap, aggregate) } else { close() }
                    }
                }
            }
        }

        /// Over HTTP, which may fail by itself; nil: it did.
        private func fetch(_ read: @escaping () -> SourceStore.Page, _ reply: @escaping (SourceStore.Page?) -> Void) {
            let fails = process.random.chance(4)
            process.after(process.random.within(300, 3_000)) {
                guard !fails else { return reply(nil) }
                self.process.run(self.source.database, { $1(read()) }) { (answer: Reply<SourceStore.Page>) in
                    if case .done(let page) = answer { reply(page) } else { reply(nil) }
                }
            }
        }

        /// Through the lanes, in this order; goes on once all are in the database.
        private func feed(_ events: [Happened], _ done: @escaping () -> Void) {
            guard !events.isEmpty else { return done() }
            let latch = FedLatch(events.count, done)
            for event in events { put(.fed(event, latch)) }
        }

        // MARK: - Tails

        func ringTail() {
            tailRung = true
            if !isChecking { checkTail() }
        }

        /// `Inbox.checkTail`, over production's `TailStep`.
        func checkTail() {
            isChecking = true
            tailRung = false
            readOn(TailStep.begin(Names.consumed)) { isWhole in
                let pause = isWhole ? Time(self.pace.tail) : Time.milliseconds(200)
                self.isChecking = false
                if self.tailRung { return self.checkTail() }
                self.checks += 1
                let check = self.checks
                self.process.after(pause) { if check == self.checks, !self.isChecking { self.checkTail() } }
            }
        }

        private func readOn(_ unread: [String], _ done: @escaping (_ isWhole: Bool) -> Void) {
            guard !unread.isEmpty else { return process.after(0) { done(true) } }
            process.run(
                store.database,
                { (_, answer: (([String: Position], Int64)) -> Void) in
                    var positions: [String: Position] = [:]
                    for kind in unread { positions[kind] = self.store.reached.row(kind).committed ?? .start }
                    answer((positions, self.store.database.timeline))
                }
            ) { (reply: Reply<([String: Position], Int64)>) in
                guard case .done((let positions, let timeline)) = reply, let step = TailStep(positions) else {
                    return done(false)
                }
                self.fetch({ self.source.page(after: step.after, kinds: step.behind) }) { page in
                    guard let page else { return done(false) }
                    self.take(page, step, timeline, unread, done)
                }
            }
        }

        private func take(
            _ page: SourceStore.Page, _ step: TailStep, _ timeline: Int64, _ unread: [String],
            _ done: @escaping (Bool) -> Void
        ) {
            process.run(store.database, { $1(page.events.map(\.event).filter(self.store.isMissing)) }) {
                (reply: Reply<[Happened]>) in
                guard case .done(let missing) = reply else { return done(false) }
                self.feed(missing) {
                    let fed = page.asFed
                    let reached = step.reached(fed)
                    let goOn = { self.readOn(step.unread(of: unread, fed), done) }
                    self.process.world.note(
                        self.process.name,
                        "tail after \(step.after): \(page.events.count) events, \(missing.count) missing, "
                            + "reached \(reached)")
                    guard reached > step.after else { return fed.isLast ? goOn() : done(false) }
                    self.process.run(
                        self.store.database, { self.store.reach(reached, step.behind, timeline: timeline, $0, $1) }
                    ) { (reply: Reply<Void>) in
                        if case .done = reply { goOn() } else { done(false) }
                    }
                }
            }
        }

        // MARK: - Timers

        static let timerPace = TimerPace(
            look: Limits.Timers.look, retryFirst: .milliseconds(200), retryMost: .seconds(2))

        /// `TimerLoop.loop`
        func fireTimers(_ machine: TimerMachine = TimerMachine(InboxShell.timerPace)) {
            fireOne { outcome in
                var machine = machine
                guard let wait = machine.next(outcome, jitter: self.process.random.fraction()) else {
                    return self.fireTimers(machine)
                }
                let next = machine
                self.process.after(Time(wait)) { self.fireTimers(next) }
            }
        }

        /// `TimerLoop.fireOne`
        private func fireOne(_ done: @escaping (TimerMachine.Outcome) -> Void) {
            begin { transaction in
                process.ask(transaction, { $0(self.store.take(transaction)) }) { (reply: Reply<SinkStore.Timer?>) in
                    guard case .done(let timer) = reply else { return done(.away) }
                    guard let timer else {
                        self.store.database.rollBack(transaction)
                        return done(.nothingDue)
                    }
                    if timer.attempts == 0, timer.event.number % 3 == 0, !self.store.isCured {
                        self.store.database.rollBack(transaction)
                        return self.putOff(timer, done)
                    }
                    self.process.commit(transaction) { reply in
                        if case .away = reply { done(.away) } else { done(.fired) }
                    }
                }
            }
        }

        private func putOff(_ timer: SinkStore.Timer, _ done: @escaping (TimerMachine.Outcome) -> Void) {
            let wait = TimerMachine(Self.timerPace).retry(timer.attempts, jitter: process.random.fraction())
            process.run(store.database, { self.store.putOff(timer, Time(wait), $0, $1) }) { (reply: Reply<Void>) in
                if case .away = reply { done(.away) } else { done(.putOff) }
            }
        }
    }
#endif
