#if DEBUG
    import Contracts
    import Foundation
    import Glibc
    import Postgres
    import Synchronization

    @testable import Auditing
    @testable import Journeys

    /// One run: everything up, faults and journeys side by side, faults stopped, rest, and the auditor's word.
    struct Run: Sendable {
        let options: Options
        let part: Int
        let office: Office
        let machines: Machines
        let fleet: Fleet
        let log: IntentLog
        let intentFile: String
        let tally = Tally()
        let turns = Turns()
        let disk: Disk
        let wrongClock: WrongClock?
        let days: Days
        let eye: Database
        let toPostgres: Proxy
        let toBroker: Proxy
        let readers: Readers
        let say: @Sendable (String) -> Void

        /// No other run has it, on whatever data it plays.
        private let tag = String(Int(Date().timeIntervalSince1970), radix: 36)
        private var watch: Stopwatch { Stopwatch(machines: machines, desk: desk("watch"), eye: eye) }

        private func desk(_ journey: String) -> Desk { Desk(office: office, log: log, journey: journey) }

        /// - Returns: whether all counts are zero.
        func run() async throws -> (Verdict, Duration) {
            let started = ContinuousClock.now
            let until = started + .seconds(options.seconds)
            let clock = Task { await goOn() }
            await withTaskGroup(of: Void.self) { group in
                for service in ServiceName.running { group.addTask { await strike(service, until) } }
                group.addTask { await strikeServers(until) }
                let generator = PlayDesk(PlayGenerator(options, part: part))
                for _ in 0..<Limits.Chaos.journeys { group.addTask { await play(generator, until) } }
                for number in 0..<Limits.Chaos.integrators { group.addTask { await integrate(number, until) } }
                await group.waitForAll()
            }
            clock.cancel()
            await clock.value
            let unreached = options.unreached(tally.reached, within: .now - started)
            say("faults are over after \(Self.seconds(started)) s, \(fleet.kills) services were killed")
            try await faults.heal()
            let rested = try await rest()
            var verdict = try await examine()
            for point in unreached { verdict.add(.unexercised, 1, "nobody died at \(point)") }
            if !rested { verdict.add(.pending, 1, "not at rest within \(Limits.Chaos.quiet)") }
            readers.stop()
            try await Integrator.dismiss(office)
            try await Poison(machines: machines, desk: desk("poison"), eye: eye).takeBack()
            return (verdict, .now - started)
        }

        static func seconds(_ since: ContinuousClock.Instant) -> Int {
            Int((ContinuousClock.now - since) / .seconds(1))
        }

        private func isOver(_ until: ContinuousClock.Instant) -> Bool {
            ContinuousClock.now >= until || options.kills > 0 && fleet.kills >= options.kills
        }

        // MARK: - Journeys

        private func play(_ generator: PlayDesk, _ until: ContinuousClock.Instant) async {
            while !isOver(until) {
                let play = await generator.next()
                do {
                    try await Player(desk: desk(play.name), play: play, days: days, tag: tag).run()
                } catch let none as Unanswered {
                    tally.unanswered("\(play.name): \(none)")
                    say("UNANSWERED \(play.name): \(none)")
                } catch {
                    tally.stumbled("\(play.name): \(error)")
                    say("STUMBLED \(play.name): \(error)")
                }
                tally.played()
            }
        }

        /// Joins while all is under way, and has the past again for as long as it goes on.
        private func integrate(_ number: Int, _ until: ContinuousClock.Instant) async {
            try? await Task.sleep(for: Limits.Chaos.joins * number)
            guard !isOver(until) else { return }
            let name = "integrator-\(number)"
            let integrator = Integrator(
                desk: desk(name), eye: eye, readers: readers, number: number, name: "\(tag) \(name)")
            do {
                let subscription = try await integrator.join()
                repeat { try await integrator.replay(subscription) } while !isOver(until)
            } catch let none as Unanswered {
                tally.unanswered("\(name): \(none)")
            } catch {
                tally.stumbled("\(name): \(error)")
                say("STUMBLED \(name): \(error)")
            }
        }

        /// Business time goes on as long as anybody plays: what an hour ahead was due in a moment waits for it.
        private func goOn() async {
            while !Task.isCancelled {
                try? await Task.sleep(for: Limits.Chaos.day)
                guard !Task.isCancelled else { return }
                // Every service gets the day that one has.
                do { try await Task { try await days.next(office) }.value } catch {
                    tally.stumbled("the clock: \(error)")
                }
            }
        }

        // MARK: - Faults

        private static let atOnce = Places(Limits.Chaos.struck)

        private func strike(_ service: ServiceName, _ until: ContinuousClock.Instant) async {
            var schedule = ServiceSchedule(service, options, part: part)
            let faults = ServiceFaults(
                fleet: fleet, machines: machines, watch: watch, desk: desk("strike"), tally: tally, turns: turns,
                isLong: options.isLong)
            while !isOver(until), let strike = schedule.next() {
                try? await Task.sleep(for: strike.wait)
                // Waiting at a kill point strikes nobody yet.
                let takesPlace = strike.kind != .point
                if takesPlace { await Self.atOnce.enter() }
                if !isOver(until) {
                    do { try await faults.perform(strike, at: service) } catch {
                        tally.stumbled("\(strike.kind) of \(service): \(error)")
                        say("FAULT \(strike.kind) of \(service): \(error)")
                    }
                }
                if takesPlace { await Self.atOnce.leave() }
                if let point = strike.point, !tally.hasReached(service, point) { schedule.again(point) }
            }
            // It may have been armed when the time was over.
            fleet.disarm(service)
        }

        private var faults: ServerFaults {
            ServerFaults(
                fleet: fleet, machines: machines, watch: watch, desk: desk("strike"), tally: tally, turns: turns,
                disk: disk, wrongClock: wrongClock, days: days, toPostgres: toPostgres, toBroker: toBroker,
                readers: readers,
                kinds: options.faults, isLong: options.isLong, writerHeld: options.foreignWriter)
        }

        private func strikeServers(_ until: ContinuousClock.Instant) async {
            var schedule = ServerSchedule(options, part: part)
            var dice = SeededRandom(seed: options.seed, part: part, purpose: "dice")
            while !isOver(until), let (kind, wait) = schedule.next() {
                try? await Task.sleep(for: wait)
                guard !isOver(until) else { return }
                say("\(kind.rawValue)")
                let since = ContinuousClock.now
                do { try await faults.perform(kind, alone: dice.chance(60), &dice) } catch {
                    tally.stumbled("\(kind.rawValue): \(error)")
                    say("FAULT \(kind.rawValue): \(error)")
                    do { try await faults.heal() } catch { say("nothing healed: \(error)") }
                }
                if Self.seconds(since) > 45 { say("\(kind.rawValue) took \(Self.seconds(since)) s") }
            }
        }

        // MARK: - Rest and examination

        private func rest() async throws -> Bool {
            let deadline = ContinuousClock.now + Limits.Chaos.quiet
            let since = ContinuousClock.now
            let subscribed = Subscribed.all(try Intents(file: intentFile))
            while ContinuousClock.now < deadline {
                do {
                    let waiting = try await machines.broker.waiting().values.reduce(0, +)
                    let report = try await Audit(database: eye, services: ServiceName.running).run()
                    if waiting == 0, report.isAtRest, try await areServed(subscribed) {
                        say("at rest after \(Self.seconds(since)) s")
                        return true
                    }
                } catch let error as PostgresError where error.isTransient || error.isUnknownOutcome {}
                try await Task.sleep(for: .milliseconds(500))
            }
            return false
        }

        /// What the broker lost with its disk, or with a queue whose log it could not read, never comes: integrators
        /// see the gap, and read what they missed.
        private func areServed(_ all: [Subscribed]) async throws -> Bool {
            for one in all {
                if try await one.isServed(readers.heard(one.id), eye) { continue }
                // Nothing is lost on the way to a webhook: what it has not got comes again.
                if one.isWebhook { return false }
                let wasRemade = try fleet.hasSaid(.integration, "a queue was lost at the broker")
                if wasRemade || tally.faults[.brokerLost] != nil { try await readers.readMissed(one.id, office) }
                return false
            }
            return true
        }

        private func examine() async throws -> Verdict {
            let heard = readers.subscriptions.map { ($0, readers.heard($0)) }
            var verdict = try await Examiner(
                database: eye, intents: Intents(file: intentFile), heard: Dictionary(uniqueKeysWithValues: heard)
            ).examine()
            for (queue, count) in try await leftInQueues() {
                verdict.add(.queued, count, "\(count) messages left in queue \(queue)")
            }
            for (schema, count) in disk.rewritten {
                verdict.add(.rewritten, Int(count), "rows of \(schema).event_log, before a crash")
            }
            for crash in fleet.crashes + readers.crashes { verdict.add(.crashes, 1, crash) }
            for stumble in tally.stumbles { verdict.add(.stumbled, 1, stumble) }
            for none in tally.withoutAnswer { verdict.add(.unanswered, 1, none) }
            return verdict
        }

        /// A queue's count is as old as its last tick: what is counted is what does not go away within several.
        private func leftInQueues() async throws -> [String: Int] {
            let deadline = ContinuousClock.now + Limits.Chaos.countsAge
            while true {
                let left = try await machines.broker.waiting().filter { $0.value > 0 }
                if left.isEmpty || .now >= deadline { return left }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// Hands the journeys out.
    actor PlayDesk {
        private var generator: PlayGenerator

        init(_ generator: PlayGenerator) { self.generator = generator }

        func next() -> Play { generator.next() }
    }

    /// So many at once; the others wait in turn.
    actor Places {
        private var free: Int
        private var waiting: [CheckedContinuation<Void, Never>] = []

        init(_ places: Int) { free = places }

        func enter() async {
            if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
        }

        func leave() {
            if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
        }
    }
#endif
