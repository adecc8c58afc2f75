#if DEBUG
    import Contracts
    import EventLog
    import Foundation
    import Glibc
    import Synchronization

    @testable import Journeys

    /// How a process ended.
    struct Ending: Sendable, Equatable {
        /// The signal that ended it; nil when it left by itself with `status`.
        let signal: Int32?
        let status: Int32
        /// We struck it, or asked it to stop.
        let isOurs: Bool

        var text: String { signal.map { "signal \($0)" } ?? "status \(status)" }
    }

    /// One process of ours, from its start to its end.
    final class Child: Sendable {
        let pid: pid_t
        private let state = Mutex((isStruck: false, isHeld: false, ending: Ending?.none))

        private init(_ pid: pid_t) { self.pid = pid }

        /// Starts `program` in a session of its own, its output appended to `log`.
        static func start(
            _ program: String, _ arguments: [String], _ environment: [String: String], log: String
        ) throws -> Child {
            var files = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&files)
            defer { posix_spawn_file_actions_destroy(&files) }
            posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            posix_spawn_file_actions_adddup2(&files, 1, 2)
            try closeOnSpawn()
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            // Our threads block signals; it must hear SIGTERM.
            var none = sigset_t()
            sigemptyset(&none)
            posix_spawnattr_setsigmask(&attributes, &none)
            var all = sigset_t()
            sigfillset(&all)
            posix_spawnattr_setsigdefault(&attributes, &all)
            let ownSession: Int32 = 0x80
            posix_spawnattr_setflags(
                &attributes, Int16(Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | ownSession))
            var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
            var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
            defer { for text in words + variables { free(text) } }
            var pid: pid_t = 0
            let fault = posix_spawn(&pid, program, &files, &attributes, &words, &variables)
            guard fault == 0 else { throw Failed("cannot start \(program): error \(fault)") }
            let child = Child(pid)
            Thread.detachNewThread { child.watch() }
            return child
        }

        /// What is open here is no child's: PostgreSQL would count a thousand requests as its own, and have no room.
        private static func closeOnSpawn() throws {
            for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                if let open = Int32(name), open > 2 { _ = fcntl(open, F_SETFD, FD_CLOEXEC) }
            }
        }

        private func watch() {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7F
            state.withLock {
                $0.ending = Ending(
                    signal: signal == 0 ? nil : signal, status: status >> 8 & 0xFF, isOurs: $0.isStruck)
            }
        }

        var ending: Ending? { state.withLock(\.ending) }

        /// Whatever ends it from now on is our doing: it is armed, or about to be struck.
        func expectEnd() { state.withLock { $0.isStruck = true } }

        func expectLife() { state.withLock { $0.isStruck = false } }

        /// Never to a process that has ended: its number may be somebody else's by now.
        func send(_ signal: Int32) {
            state.withLock {
                guard $0.ending == nil else { return }
                Glibc.kill(pid, signal)
                if [SIGSTOP, SIGCONT].contains(signal) { $0.isHeld = signal == SIGSTOP }
            }
        }

        /// While somebody pauses it, it hears nothing.
        private var isHeld: Bool { state.withLock { $0.isHeld && $0.ending == nil } }

        /// Whether it ended within that time, which does not begin while it is paused.
        func ends(within limit: Duration) async throws -> Bool {
            while isHeld { try await Task.sleep(for: .milliseconds(5)) }
            let deadline = ContinuousClock.now + limit
            while ending == nil {
                guard ContinuousClock.now < deadline else { return false }
                try await Task.sleep(for: .milliseconds(5))
            }
            return true
        }
    }

    /// The services as children of the harness. Whatever ends is started again, as a supervisor would; an end that we
    /// did not cause is a finding.
    final class Fleet: Sendable {
        let run: URL
        let programs: URL
        /// Where the services find the servers: our proxies.
        let detours: [String: String]
        private let say: @Sendable (String) -> Void

        private struct State {
            var children: [ServiceName: Child] = [:]
            var kills: [ServiceName: Int] = [:]
            var crashes: [String] = []
            /// Those whose processes are of the next release from now on.
            var upgraded: Set<ServiceName> = []
            /// Those whose processes have another clock from now on.
            var clocks: [ServiceName: [String: String]] = [:]
            var isClosing = false
            /// Bytes of each log that are of runs before.
            var saidBefore: [ServiceName: Int] = [:]
        }
        private let state = Mutex(State())

        init(run: URL, programs: URL, detours: [String: String], say: @escaping @Sendable (String) -> Void) {
            (self.run, self.programs, self.detours, self.say) = (run, programs, detours, say)
        }

        var kills: Int { state.withLock { $0.kills.values.reduce(0, +) } }
        var crashes: [String] { state.withLock(\.crashes) }

        func child(_ service: ServiceName) -> Child? { state.withLock { $0.children[service] } }

        func isUpgraded(_ service: ServiceName) -> Bool { state.withLock { $0.upgraded.contains(service) } }

        /// Processes that are started from now on are of the next release, or of this one again.
        func install(_ service: ServiceName, next: Bool) {
            state.withLock { state in
                if next { state.upgraded.insert(service) } else { state.upgraded.remove(service) }
            }
        }

        /// Processes that are started from now on have this environment too, by which their clock is wrong; nil: no
        /// more.
        func set(clock environment: [String: String]?, of service: ServiceName) {
            state.withLock { $0.clocks[service] = environment }
        }

        /// Those whose clock is wrong.
        var mistimed: [ServiceName] { state.withLock { Array($0.clocks.keys) } }

        /// `HRService` of `hr`.
        static func program(_ service: ServiceName) -> String {
            let names: [ServiceName: String] = [.hr: "HR", .onestop: "OneStop"]
            return (names[service] ?? service.rawValue.capitalized) + "Service"
        }

        func environment(_ service: ServiceName) throws -> [String: String] {
            let file = run.appendingPathComponent("env/\(service).env").path
            var environment = ["PATH": "/usr/bin:/bin", "HOME": run.path, "LANG": "C.UTF-8"]
            for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
                let sides = line.split(separator: "=", maxSplits: 1).map(String.init)
                if sides.count == 2 { environment[sides[0]] = sides[1].trimmingCharacters(in: ["\""]) }
            }
            return environment
        }

        /// Migrates every service; they are all stopped.
        func migrate() async throws {
            for service in ServiceName.running {
                let child = try Child.start(
                    programs.appendingPathComponent(Self.program(service)).path, ["migrate"],
                    try environment(service), log: run.appendingPathComponent("secrets/migrate-\(service)").path)
                guard try await child.ends(within: Limits.Chaos.ready), child.ending?.status == 0 else {
                    throw Failed("\(service) does not migrate: see secrets/migrate-\(service) in \(run.path)")
                }
            }
        }

        /// A process of this service, with a detour to the servers and a file that arms its kill points.
        func spawn(_ service: ServiceName, extra: [String: String] = [:]) throws -> Child {
            var environment = try environment(service)
            environment["LIENTHONG_PG_OWNER_PASSWORD"] = nil
            environment.merge(detours) { $1 }
            environment["LIENTHONG_KILL_FILE"] = killFile(service)
            environment["LIENTHONG_WEBHOOK_RETRY"] = "\(Limits.Chaos.webhookRetry)"
            if isUpgraded(service) { environment[NextRevision.variable] = "1" }
            // A mistake built in on purpose, to see that the auditor notices.
            environment["LIENTHONG_MUTANT"] = ProcessInfo.processInfo.environment["LIENTHONG_MUTANT"]
            environment.merge(extra) { $1 }
            return try Child.start(
                programs.appendingPathComponent(Self.program(service)).path, ["serve"], environment,
                log: log(service).path)
        }

        private func log(_ service: ServiceName) -> URL { run.appendingPathComponent("logs/\(service).log") }

        /// Whether these words stand in its log of this run.
        func hasSaid(_ service: ServiceName, _ words: String) throws -> Bool {
            let before = state.withLock { $0.saidBefore[service] ?? 0 }
            return try Data(contentsOf: log(service)).dropFirst(before).range(of: Data(words.utf8)) != nil
        }

        /// Starts them all and keeps them running until `close`.
        func start() throws {
            for service in ServiceName.running {
                let before = (try? Data(contentsOf: log(service)).count) ?? 0
                state.withLock { $0.saidBefore[service] = before }
                disarm(service)
                try begin(service)
                Task { await self.supervise(service) }
            }
        }

        private func begin(_ service: ServiceName) throws {
            let child = try spawn(service, extra: state.withLock { $0.clocks[service] ?? [:] })
            state.withLock { $0.children[service] = child }
            try record(service, child.pid)
        }

        /// So that `services.sh stop` knows them, should we die: pid, birth, boot.
        private func record(_ service: ServiceName, _ pid: pid_t) throws {
            let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            let fields = stat.components(separatedBy: ") ").last?.split(separator: " ") ?? []
            let birth = fields.count > 19 ? String(fields[19]) : "0"
            try "\(pid) \(birth) \(boot)".write(
                toFile: run.appendingPathComponent("pids/\(service)").path, atomically: true, encoding: .utf8)
        }

        private func supervise(_ service: ServiceName) async {
            while let child = child(service) {
                while child.ending == nil { try? await Task.sleep(for: .milliseconds(5)) }
                guard let ending = child.ending else { continue }
                disarm(service)
                let again = state.withLock { state in
                    if ending.isOurs, ending.signal == SIGKILL { state.kills[service, default: 0] += 1 }
                    if !ending.isOurs { state.crashes.append("\(service) ended by itself: \(ending.text)") }
                    return !state.isClosing
                }
                if !ending.isOurs { say("CRASH: \(service) ended by itself: \(ending.text)") }
                guard again else { return }
                do { try begin(service) } catch {
                    say("\(service) cannot be started again: \(error)")
                    return
                }
            }
        }

        // MARK: - Kill points

        func killFile(_ service: ServiceName) -> String { run.appendingPathComponent("harness/kill-\(service)").path }

        func arm(_ service: ServiceName, _ words: String) throws {
            try words.write(toFile: killFile(service), atomically: true, encoding: .utf8)
        }

        func disarm(_ service: ServiceName) { unlink(killFile(service)) }

        // MARK: - End

        /// Asks all to stop and waits; what does not is killed.
        func close() async throws {
            let children = state.withLock { state in
                state.isClosing = true
                return Array(state.children.values)
            }
            for child in children {
                child.expectEnd()
                child.send(SIGCONT)
                child.send(SIGTERM)
            }
            for child in children where try await !child.ends(within: .seconds(30)) { child.send(SIGKILL) }
            for service in ServiceName.running {
                unlink(run.appendingPathComponent("pids/\(service)").path)
            }
        }
    }
#endif
