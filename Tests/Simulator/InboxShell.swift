#if DEBUG
    @testable import AMQP
    import Contracts
    @testable import EventLog

    /// What `Inbox` and `InboxWorker` do around production's decisions: lanes, transactions, acknowledgements.
    final class InboxShell {
        enum Job {
            case deliver(Sent, tag: UInt64, Broker.ConsumerEnd)
            case fed(Happened, FedLatch)
            case resume(Int)
        }

        /// `Latch`
        final class FedLatch {
            private var left: Int
            private let done: () -> Void

            init(_ count: Int, _ done: @escaping () -> Void) { (left, self.done) = (count, done) }

            func count() {
                left -= 1
                if left == 0 { done() }
            }
        }

        let process: Process
        let store: SinkStore
        let source: SourceStore
        let pace: InboxPace
        private let broker: Broker
        private let oracle: Oracle
        private var lanes: [[Job]]
        private var working: [Bool]
        private var resuming: Set<Int> = []
        private var end: Broker.ConsumerEnd?
        private var ledger = AckLedger()
        private var wire: Time = 0
        // `InboxRepair`
        var openGaps: Set<Int> = []
        var isChecking = false
        var tailRung = false
        var checks = 0

        init(
            _ process: Process, _ store: SinkStore, _ source: SourceStore, _ broker: Broker, _ oracle: Oracle,
            lanes: Int, pace: InboxPace
        ) {
            self.process = process
            self.store = store
            self.source = source
            self.broker = broker
            self.oracle = oracle
            self.pace = pace
            self.lanes = Array(repeating: [], count: lanes)
            working = Array(repeating: false, count: lanes)
            process.onStart = { [unowned self] in self.begin() }
            process.onDeath = { [unowned self] in self.die() }
        }

        private func begin() {
            for lane in lanes.indices { (lanes[lane], working[lane]) = ([], false) }
            (resuming, openGaps, isChecking, tailRung) = ([], [], false, false)
            connect()
            lookAtParked()
            checkTail()
            fireTimers()
        }

        private func die() {
            forget()
            guard let end else { return }
            self.end = nil
            let broker = broker
            process.world.after(1_000) { broker.hangUp(end) }
        }

        /// Its transactions end with its connections.
        private func forget() { for transaction in transactions { store.database.hangUp(transaction) } }

        /// The run is over: nothing holds on to anything.
        func finish() {
            for lane in lanes.indices { lanes[lane] = [] }
            transactions = []
        }

        // MARK: - The broker

        private func connect() {
            guard end == nil else { return }
            process.after(process.random.within(1_000, 80_000)) {
                guard self.end == nil else { return }
                guard let (end, isNew) = self.broker.connectConsumer() else { return self.connect() }
                self.end = end
                self.ledger = AckLedger()
                if isNew { self.ringTail() }
                end.onDelivery = { [weak self, weak end] tag, sent in
                    guard let self, let end else { return }
                    let now = self.process.world.now
                    self.wire = max(self.wire, now + self.process.random.within(40, 400))
                    self.process.after(self.wire - now) { self.arrived(sent, tag, end) }
                }
                end.onLoss = { [weak self, weak end] in
                    guard let self else { return }
                    self.process.after(self.process.random.within(50, 3_000)) { self.lost(end) }
                }
            }
        }

        private func lost(_ end: Broker.ConsumerEnd?) {
            guard let end, self.end === end else { return }
            self.end = nil
            connect()
        }

        func cut() { if let end { broker.cut(end) } }

        private func arrived(_ sent: Sent, _ tag: UInt64, _ end: Broker.ConsumerEnd) {
            guard self.end === end, ledger.delivered(tag) else { return }
            put(.deliver(sent, tag: tag, end))
        }

        private func acknowledge(_ tag: UInt64, _ end: Broker.ConsumerEnd) {
            guard self.end === end, ledger.done(tag) else { return }
            for frame in ledger.flush() {
                let broker = broker
                process.world.after(process.random.within(40, 300)) { broker.acknowledge(end, frame) }
            }
        }

        // MARK: - Lanes

        func put(_ job: Job) {
            let aggregate: Int
            switch job {
            case .deliver(let sent, _, _): aggregate = sent.event.aggregate
            case .fed(let event, _): aggregate = event.aggregate
            case .resume(let key):
                guard resuming.insert(key).inserted else { return }
                aggregate = key
            }
            let lane = aggregate % lanes.count
            lanes[lane].append(job)
            work(lane)
        }

        private func work(_ lane: Int) {
            guard !working[lane], !lanes[lane].isEmpty else { return }
            working[lane] = true
            let next = {
                self.working[lane] = false
                self.work(lane)
            }
            switch lanes[lane].removeFirst() {
            case .deliver(let sent, let tag, let end): deliver(sent.event, tag, end, DeliveryStep.all, next)
            case .fed(let event, let latch):
                arrive(event) {
                    latch.count()
                    next()
                }
            case .resume(let aggregate):
                resuming.remove(aggregate)
                resume(aggregate, 0, next)
            }
        }

        /// `Inbox.deliver`, in production's order.
        private func deliver(
            _ event: Happened, _ tag: UInt64, _ end: Broker.ConsumerEnd, _ steps: [DeliveryStep],
            _ next: @escaping () -> Void
        ) {
            guard let step = steps.first else { return next() }
            let rest = Array(steps.dropFirst())
            process.after(process.random.within(1, 50)) {
                switch step {
                case .persist: self.arrive(event) { self.deliver(event, tag, end, rest, next) }
                case .acknowledge:
                    self.acknowledge(tag, end)
                    self.deliver(event, tag, end, rest, next)
                }
            }
        }

        /// `Inbox.arrive`
        private func arrive(_ event: Happened, _ next: @escaping () -> Void) {
            guard event.isConsumed else { return next() }
            take(event, 0) { arrival in
                self.process.world.note(self.process.name, "\(event.description): \(arrival)")
                switch arrival {
                case .taken(followed: true), .parked(.again): return self.resume(event.aggregate, 0, next)
                case .parked(.repair(let from, let before)): self.report(event.aggregate, from, before)
                default: break
                }
                next()
            }
        }

        /// `Inbox.resume`
        private func resume(_ aggregate: Int, _ count: Int, _ next: @escaping () -> Void) {
            guard count < 3 else {
                put(.resume(aggregate))
                return next()
            }
            resumePersistently(aggregate, 0) { resumption in
                switch resumption {
                case .onward: self.resume(aggregate, count + 1, next)
                case .halted: next()
                case .repair(let from, let before):
                    self.report(aggregate, from, before)
                    next()
                }
            }
        }

        // MARK: - `InboxWorker`

        private var transactions: [Transaction] = []

        func begin(_ body: (Transaction) -> Void) {
            let transaction = store.database.begin(process.name)
            transactions.removeAll { !$0.isOpen }
            transactions.append(transaction)
            body(transaction)
        }

        func again(_ attempt: Int, _ body: @escaping () -> Void) {
            let wait = backoff(
                attempt, first: Limits.Inbox.awayFirst, most: Limits.Inbox.awayMost, jitter: process.random.fraction())
            process.after(Time(wait), body)
        }

        /// `InboxWorker.take`: until it succeeds.
        private func take(_ event: Happened, _ attempt: Int, _ done: @escaping (InboxArrival) -> Void) {
            guard store.hasEffect(event) else { return takeInTurn(event, attempt, done) }
            let away = { self.again(attempt) { self.take(event, attempt + 1, done) } }
            begin { transaction in
                process.ask(transaction, { self.store.advanceOrFail(event, transaction, $0) }) { (reply: Reply<Bool>) in
                    switch reply {
                    case .away: away()
                    case .done(false):
                        self.store.database.rollBack(transaction)
                        self.takeInTurn(event, attempt, done)
                    case .done(true): self.react(event, false, transaction, away, done)
                    }
                }
            }
        }

        /// `InboxWorker.takeInTurn`, and what it does for events without reactions.
        private func takeInTurn(_ event: Happened, _ attempt: Int, _ done: @escaping (InboxArrival) -> Void) {
            let away = { self.again(attempt) { self.take(event, attempt + 1, done) } }
            begin { transaction in
                process.ask(transaction, { self.store.advance(event, transaction, $0) }) { (reply: Reply<Bool?>) in
                    switch reply {
                    case .away: away()
                    case .done(nil): self.settle(event, transaction, away, done)
                    case .done(let followed?): self.react(event, followed, transaction, away, done)
                    }
                }
            }
        }

        private func react(
            _ event: Happened, _ followed: Bool, _ transaction: Transaction, _ away: @escaping () -> Void,
            _ done: @escaping (InboxArrival) -> Void
        ) {
            process.ask(transaction, { self.store.react(to: event, transaction, $0) }) { (reply: Reply<(any Error)?>) in
                switch reply {
                case .away: away()
                case .done(nil):
                    self.process.commit(transaction) { reply in
                        if case .away = reply { away() } else { done(.taken(followed: followed)) }
                    }
                case .done(let error?):
                    self.store.database.rollBack(transaction)
                    self.park(event, error, away, done)
                }
            }
        }

        /// `InboxWorker.settle`
        private func settle(
            _ event: Happened, _ transaction: Transaction, _ away: @escaping () -> Void,
            _ done: @escaping (InboxArrival) -> Void
        ) {
            process.ask(transaction, { self.store.standing(event, transaction, $0) }) { (reply: Reply<Standing>) in
                guard case .done(let standing) = reply else { return away() }
                let decision = InboxDecision.on(version: event.version, epoch: event.epoch, standing)
                guard let parking = decision.parking(standing, self.pace) else {
                    guard decision == .duplicate else {
                        // Overtaken
                        self.store.database.rollBack(transaction)
                        return self.take(event, 0, done)
                    }
                    return self.process.commit(transaction) { reply in
                        if case .away = reply { away() } else { done(.duplicate) }
                    }
                }
                self.process.ask(transaction, { self.store.park(event, parking, transaction, $0) }) {
                    (reply: Reply<Void>) in
                    guard case .done = reply else { return away() }
                    self.process.commit(transaction) { reply in
                        if case .away = reply { return away() }
                        done(.parked(decision.next(before: event.version)))
                    }
                }
            }
        }

        /// `InboxWorker.park(_:after:)` of an event that has arrived.
        private func park(
            _ event: Happened, _ error: any Error, _ away: @escaping () -> Void,
            _ done: @escaping (InboxArrival) -> Void
        ) {
            let parking = Parking.after(error, before: nil, pace: pace, jitter: process.random.fraction())
            begin { transaction in
                locked(parking.waitKey, transaction, away) {
                    self.process.ask(transaction, { self.store.standing(event, transaction, $0) }) {
                        (reply: Reply<Standing>) in
                        guard case .done(let standing) = reply else { return away() }
                        guard InboxDecision.on(version: event.version, epoch: event.epoch, standing) == .take else {
                            self.store.database.rollBack(transaction)
                            return self.take(event, 0, done)
                        }
                        self.process.ask(transaction, { self.store.park(event, parking, transaction, $0) }) {
                            (reply: Reply<Void>) in
                            guard case .done = reply else { return away() }
                            self.process.commit(transaction) { reply in
                                if case .away = reply { return away() }
                                done(.parked(parking.due == .zero ? .again : .nothing))
                            }
                        }
                    }
                }
            }
        }

        func locked(
            _ key: String?, _ transaction: Transaction, _ away: @escaping () -> Void, _ go: @escaping () -> Void
        ) {
            guard let key else { return go() }
            process.ask(transaction, { self.store.lock(key: key, transaction, $0) }) { (reply: Reply<Void>) in
                if case .done = reply { go() } else { away() }
            }
        }
    }
#endif
