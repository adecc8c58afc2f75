#if DEBUG
    import Contracts
    import Foundation
    import Glibc
    import Postgres

    @testable import Journeys

    /// Brings a copy of the system up below its run folder, lets a run play, takes everything down again.
    struct Harness: Sendable {
        let options: Options
        let environment: [String: String]
        let say: @Sendable (String) -> Void

        /// - Returns: the last line, and the status to end with.
        func run() async throws -> (line: JSON, status: Int32) {
            let settings = try Settings(environment)
            let machines = try Machines(environment, settings)
            let folder = settings.run.appendingPathComponent("harness")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let results = folder.appendingPathComponent("results.jsonl").path
            let seed = Int64(options.seed)
            let before = Results.read(results).filter { $0["seed"]?.integer == seed }
            let part = before.count
            // A long wish goes on where the runs before left off.
            var rest = options
            if options.kills > Limits.Chaos.kills {
                rest.kills -= Int(Results.total(before)["kills"]?.integer ?? 0)
                guard rest.kills > 0 else { return (Results.total(before), Results.isClean(before) ? 0 : 1) }
            }
            let disk = try await Disk(machines)
            let wrongClock = try await WrongClock(in: folder)
            if !disk.isUnderUs {
                say("no clang: slow-fsync and wal-full are left out, and of clock the one on the wall")
            }
            // Over the disk library, when it was started without.
            try await machines.servers("stop", "postgres")
            try await machines.servers("start")
            // What a run left that was killed itself.
            try await machines.broker.ask("DELETE", "policies/lienthong/chaos-reject")
            let (toPostgres, toBroker) = (
                try Proxy(port: machines.base + 30, to: machines.postgresPort),
                try Proxy(port: machines.base + 31, to: machines.brokerPort)
            )
            let fleet = Fleet(
                run: settings.run, programs: programs,
                detours: ["LIENTHONG_PG_PORT": "\(toPostgres.port)", "LIENTHONG_AMQP_PORT": "\(toBroker.port)"],
                say: say)
            do {
                try await fleet.migrate()
                try fleet.start()
                let office = try Office(settings)
                try await clear(office, machines, folder)
                let province = try await Province.read(Settings.province)
                try await Loader(office: office, province: province, say: { _ in }).load()
                let (line, status) = try await Harness(options: rest, environment: environment, say: say).play(
                    part, office, machines, fleet, disk, wrongClock, toPostgres, toBroker, folder)
                try await fleet.close()
                try Results.append(line, results)
                let isClean = Results.isClean(before)
                return (line.with("of_this_seed", Results.total(before + [line])), isClean ? status : max(status, 1))
            } catch {
                try await fleet.close()
                throw error
            }
        }

        /// What runs before left: subscriptions whose queues would fill, and planted events, for the loader wants
        /// nothing dead.
        private func clear(_ office: Office, _ machines: Machines, _ folder: URL) async throws {
            var before: [Intents] = []
            for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where file.hasPrefix("intents-") {
                before.append(try Intents(file: folder.appendingPathComponent(file).path))
            }
            let unlogged = try IntentLog("/dev/null")
            let eye = office.settings.database()
            let poison = Poison(
                machines: machines, desk: Desk(office: office, log: unlogged, journey: "poison"), eye: eye)
            do {
                for intents in before { try await poison.clear(after: intents) }
                if !before.isEmpty { try await Integrator.dismiss(office) }
            } catch {
                await eye.close()
                throw error
            }
            await eye.close()
        }

        private var programs: URL {
            environment["CHAOS_PROGRAMS"].map { URL(fileURLWithPath: $0) }
                ?? Settings.program("x").deletingLastPathComponent()
        }

        private func play(
            _ part: Int, _ office: Office, _ machines: Machines, _ fleet: Fleet, _ disk: Disk,
            _ wrongClock: WrongClock?, _ toPostgres: Proxy, _ toBroker: Proxy, _ folder: URL
        ) async throws -> (line: JSON, status: Int32) {
            let reading = try Moment(try await office.read(.hr, "/rehearsal/clock", as: nil).text("now"))
            let days = Days(max(reading, try Moment("2021-03-01 09:00")))
            try await days.next(office)
            let file = folder.appendingPathComponent("intents-\(options.seed)-\(part).jsonl").path
            unlink(file)
            let eye = office.settings.database()
            let run = Run(
                options: options, part: part, office: office, machines: machines, fleet: fleet,
                log: try IntentLog(file), intentFile: file, disk: disk, wrongClock: wrongClock, days: days, eye: eye,
                toPostgres: toPostgres,
                toBroker: toBroker,
                readers: Readers(
                    python: environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3", port: toBroker.port,
                    webhookPort: machines.base + 32, run: machines.run),
                say: say)
            defer { run.readers.stop() }
            say(
                "seed \(options.seed), part \(part): \(options.seconds) s or \(options.kills) kills; intents in \(file)"
            )
            let (verdict, elapsed) = try await run.run()
            await eye.close()
            for finding in verdict.findings { say("FINDING \(finding)") }
            let line = Results.line(options, part, run, verdict, elapsed)
            let isLate = !run.tally.recovery.missed.isEmpty
            return (line, verdict.isClean && !isLate ? 0 : 1)
        }
    }

    /// The last line of each run, kept in the run folder, so that a long wish can be granted run by run.
    enum Results {
        static func read(_ file: String) -> [JSON] {
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
        }

        static func append(_ line: JSON, _ file: String) throws {
            let before = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            try (before + line.description + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        }

        static func line(_ options: Options, _ part: Int, _ run: Run, _ verdict: Verdict, _ elapsed: Duration) -> JSON {
            let tally = run.tally
            let (intents, answers) = run.log.counts
            let word = verdict.isClean ? tally.recovery.missed.isEmpty ? "clean" : "late" : "broken"
            let faults = FaultKind.allCases.compactMap { kind in
                tally.faults[kind].map { JSON.Member(kind.rawValue, .integer(Int64($0))) }
            }
            let head: [JSON.Member] = [
                .init("verdict", .string(word)), .init("seed", .integer(Int64(options.seed))),
                .init("part", .integer(Int64(part))), .init("elapsed_s", .integer(Int64(elapsed / .seconds(1)))),
                .init("kills", .integer(Int64(run.fleet.kills))), .init("journeys", .integer(Int64(tally.journeys))),
                .init("intents", .integer(Int64(intents))), .init("answered", .integer(Int64(answers))),
                .init("read_as_missed", .integer(Int64(run.readers.readAsMissed))),
            ]
            let tail: [JSON.Member] = [
                .init("recovery", tally.recovery.json), .init("faults", .object(faults)),
                .init("kill_points_reached", .integer(Int64(tally.reached.count))),
                .init("kill_points_missed", .array(tally.missed.sorted().map { .string($0) })),
            ]
            let versions = verdict.versions.map { [JSON.Member("versions", $0.json)] } ?? []
            return .object(head + verdict.members + versions + tail)
        }

        /// Whether each of them was: a wish that runs grant together is not granted by one of them.
        static func isClean(_ lines: [JSON]) -> Bool { lines.allSatisfy { $0["verdict"]?.text == "clean" } }

        /// The lines of one seed together.
        static func total(_ lines: [JSON]) -> JSON {
            func sum(_ name: String) -> JSON { .integer(lines.compactMap { $0[name]?.integer }.reduce(0, +)) }
            func faults(_ names: [FaultKind]) -> JSON {
                .integer(
                    lines.flatMap { line in names.compactMap { line["faults"]?[$0.rawValue]?.integer } }.reduce(0, +))
            }
            let counts = Count.allCases.map { JSON.Member($0.rawValue, sum($0.rawValue)) }
            return .object(
                [
                    .init("verdict", .string(isClean(lines) ? "clean" : "not clean")),
                    .init("runs", .integer(Int64(lines.count))), .init("kills", sum("kills")),
                    .init("broker_kills", faults([.brokerKill, .brokerLost])),
                    .init("postgres_kills", faults([.postgresKill, .postgresImmediate, .walFull])),
                    .init("intents", sum("intents")),
                ] + counts)
        }
    }
#endif
