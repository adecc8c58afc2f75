#if DEBUG
    import Contracts
    import Foundation
    import Glibc
    import Postgres

    @testable import Journeys

    /// Strikes at what surrounds the services: broker, database, network, clock.
    struct ServerFaults: Sendable {
        let fleet: Fleet
        let machines: Machines
        let watch: Stopwatch
        let desk: Desk
        let tally: Tally
        let turns: Turns
        let disk: Disk
        /// Nil without a compiler.
        let wrongClock: WrongClock?
        let days: Days
        /// Between the services and PostgreSQL, and the broker.
        let toPostgres: Proxy
        let toBroker: Proxy
        let readers: Readers
        let kinds: Set<FaultKind>
        let isLong: Bool
        /// How long the first writer in another database stays open.
        let writerHeld: Duration

        /// Measured ones happen alone every other time, so that what is measured is this recovery and no other.
        func perform(_ kind: FaultKind, alone: Bool, _ dice: inout SeededRandom) async throws {
            // It hinders nobody, that is what it is to show: for minutes nobody waits for it to be alone.
            if kind == .foreignWriter {
                try await strike(kind, alone: false, &dice)
                return tally.did(kind)
            }
            let measured: Set<FaultKind> = [.brokerKill, .postgresKill, .postgresImmediate]
            // A database that comes back may meet services that are just starting: those are not measured.
            let alone = alone && measured.contains(kind)
            try await turns.enter(alone: alone)
            do {
                try await strike(kind, alone: alone, &dice)
                tally.did(kind)
            } catch {
                await turns.leave(alone: alone)
                throw error
            }
            await turns.leave(alone: alone)
        }

        private func strike(_ kind: FaultKind, alone: Bool, _ dice: inout SeededRandom) async throws {
            switch kind {
            case .kill, .point, .pause, .drain, .leaders: break
            case .brokerKill, .brokerLost: try await broker(kind, alone: alone, away: dice.milliseconds(0...4_000))
            case .postgresKill, .postgresImmediate:
                try await postgres(kind, alone: alone, away: dice.milliseconds(0...4_000))
            case .queueDeleted:
                try await deleted(dice.one(of: ServiceName.running), away: dice.milliseconds(0...2_000))
            case .permissionRevoked: try await revoked(dice.one(of: ServiceName.running))
            case .rejectPublish: try await rejecting(dice.one(of: Self.queues))
            case .memoryAlarm: try await alarm(["set_vm_memory_high_watermark", "absolute"], "1MB", "1GB")
            case .diskAlarm: try await alarm(["set_disk_free_limit"], "9000GB", "512MB")
            case .postgresStorm: try await storm()
            case .poolExhausted: try await exhausted(dice.one(of: [ServiceName.onestop, .budget, .documents]))
            case .foreignWriter: try await foreignWriter()
            case .slowSync: try await whileOn(disk.slow, for: Limits.Chaos.held)
            case .walFull: try await walFull()
            case .reset: [toPostgres, toBroker].forEach { $0.resetAll() }
            case .blackHole: try await blackHole(&dice)
            case .latency: try await latency(dice.one(of: [toPostgres, toBroker]))
            case .cut: dice.one(of: [toPostgres, toBroker]).set { $0.cuts = 3 }
            case .poison: try await Poison(machines: machines, desk: desk, eye: watch.eye).plant()
            case .clock: try await clock(dice.one(of: ServiceName.running), ahead: dice.chance(50))
            case .upgrade: try await services.upgrade(&dice)
            case .webhookAway: try await readers.away(isSilent: dice.chance(50))
            }
        }

        private var services: ServiceFaults {
            ServiceFaults(
                fleet: fleet, machines: machines, watch: watch, desk: desk, tally: tally, turns: turns, isLong: isLong)
        }

        static let queues = ServiceName.running.map(\.rawValue)

        // MARK: - Servers

        private func broker(_ kind: FaultKind, alone: Bool, away: Duration) async throws {
            if kind == .brokerLost {
                try await machines.servers("lose")
            } else {
                try await machines.servers("kill", "rabbitmq")
            }
            try await Task.sleep(for: away)
            let start: @Sendable () async throws -> Void = { [machines] in
                try await machines.servers("start", "rabbitmq")
            }
            if alone {
                tally.note(.firstConfirm, try await watch.firstConfirm(after: start))
            } else {
                try await start()
            }
        }

        private func postgres(_ kind: FaultKind, alone: Bool, away: Duration) async throws {
            try await disk.countRewrites()
            if kind == .postgresKill {
                try await machines.servers("kill", "postgres")
            } else {
                try await machines.stopPostgresAtOnce()
            }
            try await Task.sleep(for: away)
            let start: @Sendable () async throws -> Void = { [machines] in
                try await machines.startPostgres()
            }
            if alone { tally.note(.firstCommit, try await watch.firstCommit(after: start)) } else { try await start() }
        }

        /// The write-ahead log cannot be written: PostgreSQL panics, and cannot even start, until there is room.
        private func walFull() async throws {
            guard disk.isUnderUs else { return }
            try await disk.countRewrites()
            try await whileOn(disk.full, for: Limits.Chaos.held)
            try await machines.startPostgres()
        }

        private func whileOn(_ toggle: String, for time: Duration) async throws {
            guard disk.isUnderUs else { return }
            try "1".write(toFile: toggle, atomically: true, encoding: .utf8)
            chmod(toggle, 0o644)
            try? await Task.sleep(for: time)
            unlink(toggle)
        }

        // MARK: - RabbitMQ

        /// The queue goes while its service does not look: what is published until it makes the queue again reaches
        /// only the others, and what follows may come before anybody has noticed.
        private func deleted(_ service: ServiceName, away: Duration) async throws {
            let child = fleet.child(service)
            child?.send(SIGSTOP)
            defer { child?.send(SIGCONT) }
            try await machines.broker.ask("DELETE", "queues/lienthong/\(service)")
            try? await Task.sleep(for: away)
        }

        private func revoked(_ service: ServiceName) async throws {
            let path = "permissions/lienthong/\(service)"
            let kept = try await machines.broker.ask("GET", path).json
            try await machines.broker.ask("PUT", path, ["configure": "^$", "write": "^$", "read": "^$"])
            // Rights are cached by a channel: only a new one sees what changed.
            toBroker.resetAll()
            try? await Task.sleep(for: Limits.Chaos.held)
            try await machines.broker.ask(
                "PUT", path,
                [
                    "configure": kept["configure"] ?? "", "write": kept["write"] ?? "", "read": kept["read"] ?? "",
                ])
        }

        private func rejecting(_ queue: String) async throws {
            let path = "policies/lienthong/chaos-reject"
            try await machines.broker.ask(
                "PUT", path,
                [
                    "pattern": .string("^\(queue)$"), "apply-to": "queues", "priority": 9,
                    "definition": ["max-length": 0, "overflow": "reject-publish"],
                ])
            try? await Task.sleep(for: Limits.Chaos.held)
            try await machines.broker.ask("DELETE", path)
        }

        private func alarm(_ words: [String], _ on: String, _ off: String) async throws {
            try await machines.control(words + [on])
            try? await Task.sleep(for: Limits.Chaos.held)
            try await machines.control(words + [off])
        }

        // MARK: - PostgreSQL

        private func storm() async throws {
            let database = machines.database()
            for _ in 0..<20 {
                try await database.run(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = 'lienthong' AND application_name LIKE 'lienthong-%' AND pid <> pg_backend_pid()
                        AND usename NOT IN ('postgres', 'auditor')
                    """)
                try await Task.sleep(for: .milliseconds(150))
            }
            await database.close()
        }

        /// Nobody gets at the event log: every connection of the pool waits for it, and then every caller for one.
        private func exhausted(_ service: ServiceName) async throws {
            let database = machines.database()
            try await database.transaction { transaction in
                try await transaction.run("SET LOCAL lock_timeout = '5s'")
                try await transaction.run("LOCK TABLE \(raw: service.rawValue).event_log IN ACCESS EXCLUSIVE MODE")
                try await Task.sleep(for: Limits.Chaos.held)
            }
            await database.close()
        }

        /// A transaction stays open in another database of the cluster, with an xid of its own: no row may be withheld
        /// by it.
        private func foreignWriter() async throws {
            let database = machines.database("postgres")
            let isFirst = tally.faults[.foreignWriter] == nil
            let time = isFirst ? writerHeld : Limits.Chaos.foreignWriter
            try await database.transaction { transaction in
                try await transaction.run("SET LOCAL idle_in_transaction_session_timeout = 0")
                try await transaction.run("SELECT pg_current_xact_id()")
                let until = ContinuousClock.now + time
                while ContinuousClock.now < until {
                    let before = try await watch.cursor()
                    try await watch.knock()
                    let since = ContinuousClock.now
                    while try await watch.cursor() == before {
                        // Longer than the relay may be paused.
                        guard .now - since < Limits.Chaos.patience else {
                            throw Stumbled("a writer in another database withholds events")
                        }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
            await database.close()
        }

        // MARK: - Network and clock

        private func blackHole(_ dice: inout SeededRandom) async throws {
            let proxy = dice.one(of: [toPostgres, toBroker])
            let way = dice.one(of: Proxy.Way.allCases)
            proxy.set { $0.held = way }
            try? await Task.sleep(for: proxy === toBroker ? Limits.Chaos.silent : Limits.Chaos.held)
            proxy.set { $0.held = nil }
        }

        private func latency(_ proxy: Proxy) async throws {
            proxy.set { $0.latency = .milliseconds(500) }
            try? await Task.sleep(for: Limits.Chaos.held)
            proxy.set { $0.latency = .zero }
        }

        /// One service lives an hour ahead of the others, or behind them: its process by the clock on the wall, and its
        /// business time. Nobody's token is good there then; what needs none goes on.
        private func clock(_ service: ServiceName, ahead: Bool) async throws {
            let off = ahead ? 3_600 : -3_600
            try await days.set(service, Moment(days.now.date.addingTimeInterval(Double(off))), desk.office)
            try await services.restart(service, clock: wrongClock?.environment(off))
            try? await Task.sleep(for: Limits.Chaos.held)
            try await services.restart(service, clock: nil)
            try await days.set(service, days.now, desk.office)
        }

        /// Nothing of what was done may stay.
        func heal() async throws {
            for proxy in [toPostgres, toBroker] { proxy.set { $0 = Proxy.Weather() } }
            for toggle in [disk.slow, disk.full] { unlink(toggle) }
            for service in fleet.mistimed { try await services.restart(service, clock: nil) }
            try await machines.servers("start")
            try await machines.broker.ask("DELETE", "policies/lienthong/chaos-reject")
            if kinds.contains(.memoryAlarm) {
                try await machines.control(["set_vm_memory_high_watermark", "absolute", "1GB"])
            }
            if kinds.contains(.diskAlarm) { try await machines.control(["set_disk_free_limit", "512MB"]) }
        }
    }
#endif
