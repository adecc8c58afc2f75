#if DEBUG
    import Contracts
    @testable import EventLog

    /// One run of the whole backbone, from a plan to a verdict.
    final class Run {
        struct Verdict {
            var violation: String?
            var trace: [String]
            var happened: Int
            var length: Time
            var events: Int
        }

        private let plan: Plan
        private let world: World
        private let oracle: Oracle
        private let sourceDatabase: Database
        private let sinkDatabase: Database
        private let source: SourceStore
        private let sink: SinkStore
        private let broker: Broker
        private let writer: Process
        private var relays: [RelayShell] = []
        private var inboxes: [InboxShell] = []
        private var random: Random

        static func judge(_ plan: Plan, isTracing: Bool = false) -> Verdict { Run(plan, isTracing).run() }

        private init(_ plan: Plan, _ isTracing: Bool) {
            self.plan = plan
            world = World(isTracing: isTracing)
            oracle = Oracle(world)
            sourceDatabase = Database("source-db", world, Random(plan.seed, 10))
            sinkDatabase = Database("sink-db", world, Random(plan.seed, 11))
            source = SourceStore(sourceDatabase, most: plan.most, page: plan.page)
            sink = SinkStore(sinkDatabase)
            broker = Broker(world, Random(plan.seed, 12), oracle, prefetch: plan.prefetch)
            writer = Process("writer", world, Random(plan.seed, 13))
            random = Random(plan.seed, 14)
            (oracle.source, oracle.sink) = (source, sink)
            for number in 0..<Plan.relays {
                let process = Process("relay-\(number)", world, Random(plan.seed, 20 + UInt64(number)))
                relays.append(RelayShell(process, source, broker, oracle, window: plan.window))
            }
            let pace = InboxPace(
                attempts: 4, retryFirst: .milliseconds(200), retryMost: .seconds(1), look: .milliseconds(500),
                unknownLook: .seconds(4), gapLook: .seconds(1), tail: .seconds(4))
            for number in 0..<Plan.consumers {
                let process = Process("inbox-\(number)", world, Random(plan.seed, 30 + UInt64(number)))
                inboxes.append(InboxShell(process, sink, source, broker, oracle, lanes: plan.lanes, pace: pace))
            }
        }

        private var processes: [Process] { relays.map(\.process) + inboxes.map(\.process) }

        private func run() -> Verdict {
            writer.start()
            for process in processes { world.after(random.below(20_000)) { process.start() } }
            for item in plan.items { world.after(item.at) { self.happens(item.what) } }
            world.run(until: plan.quiet)
            // The faults end by themselves; nothing fails any more.
            world.note("run", "the faults are over")
            broker.nacksUntil = 0
            for process in processes { process.lastStep = nil }
            sink.isCured = true
            operate()
            let deadline = plan.quiet + .seconds(90)
            while world.violation == nil, world.now < deadline {
                world.run(until: world.now + .seconds(1))
                guard isQuiet else { continue }
                // What comes again comes soon, or by the next tail check.
                world.run(until: world.now + (random.chance(20) ? .seconds(5) : .seconds(1)))
                if isQuiet { break }
            }
            oracle.judge()
            let verdict = Verdict(
                violation: world.violation, trace: world.trace, happened: world.happened, length: world.now,
                events: source.written.count)
            end()
            return verdict
        }

        /// Everybody is there, and nothing is to come.
        private var isQuiet: Bool {
            processes.allSatisfy { $0.isUp && !$0.isPaused } && broker.isUp && broker.isEmpty && oracle.pending() == nil
        }

        private func end() {
            for process in processes + [writer] { process.end() }
            for relay in relays { relay.end() }
            for inbox in inboxes { inbox.finish() }
            sourceDatabase.end()
            sinkDatabase.end()
            world.end()
        }

        /// Somebody looks at what is dead, again and again.
        private func operate() {
            writer.run(sinkDatabase, { self.sink.operate($0, $1) }) { (_: Reply<Void>) in
                self.writer.run(self.sinkDatabase, { self.sink.reveal($0, $1) }) { (_: Reply<Void>) in
                    self.writer.after(.milliseconds(400)) { self.operate() }
                }
            }
        }

        private func happens(_ what: Plan.What) {
            switch what {
            case .write(let aggregates, let deed, let early, let hold, let aborts):
                write(aggregates, deed, early, hold, aborts, 0)
            case .foreign(let hold): foreign(hold)
            case .kill(let process, let absence): processes[process].kill(for: absence)
            case .killAtStep(let process, let step): processes[process].die(inSteps: step)
            case .pause(let process, let length): processes[process].pause(for: length)
            case .stop(let relay, let absence): relays[relay].stop(for: absence)
            case .cutPublisher(let relay): relays[relay].cut()
            case .cutConsumer(let consumer): inboxes[consumer].cut()
            case .brokerCrash(let absence): broker.crash(for: absence, losingDisk: false)
            case .brokerLosesDisk(let absence):
                broker.crash(for: absence, losingDisk: true)
            case .queueDeleted:
                broker.deleteQueue()
            case .databaseCrash(let isSink, let absence): (isSink ? sinkDatabase : sourceDatabase).crash(for: absence)
            case .databaseLost(let isSink, let commits, let absence):
                (isSink ? sinkDatabase : sourceDatabase).lose(commits: commits, for: absence)
            case .slowDisk(let isSink, let length):
                (isSink ? sinkDatabase : sourceDatabase).slowUntil = world.now + length
            case .nacks(let percent, let length):
                (broker.nacks, broker.nacksUntil) = (percent, world.now + length)
            case .doubled(let count): broker.doubles = count
            }
        }

        // MARK: - Writers

        /// A use case: its transaction has an xid before it has the aggregate's row, or with it.
        private func write(
            _ aggregates: [Int], _ deed: Deed, _ early: Time, _ hold: Time, _ aborts: Bool, _ attempt: Int
        ) {
            guard sourceDatabase.isUp else {
                guard attempt < 20 else { return }
                return world.after(.milliseconds(100)) {
                    self.write(aggregates, deed, early, hold, aborts, attempt + 1)
                }
            }
            let transaction = sourceDatabase.begin("writer")
            if early > 0 { _ = sourceDatabase.xid(transaction) }
            world.after(early) {
                guard transaction.isOpen else { return }
                self.append(aggregates[...], deed, transaction) {
                    self.world.after(hold) {
                        if aborts { return self.sourceDatabase.rollBack(transaction) }
                        self.sourceDatabase.commit(transaction) {
                            self.relays[self.random.below(Plan.relays)].poke()
                        }
                    }
                }
            }
        }

        private func append(
            _ aggregates: ArraySlice<Int>, _ deed: Deed, _ transaction: Transaction, _ done: @escaping () -> Void
        ) {
            guard let first = aggregates.first else { return done() }
            source.append(deed, to: first, transaction) { event in
                self.world.note("writer", "\(event.description) in x\(transaction.xid ?? 0): \(event.deed)")
                self.world.after(30) {
                    if transaction.isOpen { self.append(aggregates.dropFirst(), deed, transaction, done) }
                }
            }
        }

        private func foreign(_ hold: Time) {
            guard sourceDatabase.isUp else { return }
            let transaction = sourceDatabase.begin("foreign")
            _ = sourceDatabase.xid(transaction)
            world.note("foreign", "is open as x\(transaction.xid ?? 0)")
            world.after(hold) { self.sourceDatabase.commit(transaction) {} }
        }
    }
#endif
