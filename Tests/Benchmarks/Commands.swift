import Foundation

/// What the benchmark was told by Deploy/local/with-servers.sh.
enum Setting {
    static func value(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment["LIENTHONG_TEST_\(name)"] else {
            throw BenchFault("LIENTHONG_TEST_\(name) is not set: run it by 'make bench'")
        }
        return value
    }

    static func port(_ name: String) throws -> Int {
        guard let port = Int(try value(name)) else { throw BenchFault("LIENTHONG_TEST_\(name) is no port") }
        return port
    }

    /// The port of a service: base + number, see Deploy/local/common.sh.
    static func service(_ number: Int) throws -> Int {
        guard let base = Int(ProcessInfo.processInfo.environment["LIENTHONG_PORT_BASE"] ?? "") else {
            throw BenchFault("LIENTHONG_PORT_BASE is not set: run it by 'make bench'")
        }
        return base + number
    }
}

/// Programs of others, and our own scripts.
enum Command {
    /// Standard output of a program that must succeed; its errors go where ours go.
    @discardableResult
    static func run(_ words: String..., environment: [String: String] = [:]) throws -> String {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: output) }
        let status = try spawn(words, output: output, environment)
        let said = try String(contentsOfFile: output, encoding: .utf8)
        guard status == 0 else {
            throw BenchFault("\(words.prefix(3).joined(separator: " ")) … ended with \(status): \(said.suffix(400))")
        }
        return said
    }

    /// A local script, which may leave programs running; what it says goes to our standard error.
    static func script(_ words: String...) throws {
        let status = try spawn(words, output: nil, [:])
        guard status == 0 else { throw BenchFault("\(words.joined(separator: " ")) ended with \(status)") }
    }

    /// Starts a program without input and waits for it alone. Foundation's `Process` would wait for what it leaves
    /// running too, and would hand on the signals that our threads block: pgbench ends by an alarm.
    private static func spawn(_ words: [String], output: String?, _ environment: [String: String]) throws -> Int32 {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&files, 2, 1)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let arguments = words.map { strdup($0) } + [nil]
        let variables = all.map { strdup("\($0)=\($1)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let spawned = posix_spawnp(&pid, words[0], &files, &attributes, arguments, variables)
        guard spawned == 0 else { throw BenchFault("\(words[0]) cannot be started (\(spawned))") }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// A scratch file in the run folder.
    static func file(_ name: String, _ text: String) throws -> String {
        let path = try "\(Setting.value("RUN_DIR"))/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

/// wrk (Debian): requests a second and a latency quantile over keep-alive connections.
enum Wrk {
    struct Result: Sendable {
        let perSecond: Double
        let p99: Double
        let failures: Int
        /// What the script's `counted` answers; nil without one.
        let counted: Int?
    }

    /// - Parameters:
    ///   - script: Lua that makes the requests.
    ///   - named: its file; another one for a run beside another.
    static func run(
        _ url: String, threads: Int = 2, connections: Int, seconds: Int, script: String, named: String = "wrk"
    ) throws -> Result {
        let done = """

            function done(summary, latency, requests)
                local e = summary.errors
                local bad = e.status + e.read + e.timeout + e.connect
                io.write(string.format("RESULT %f %f %d %s\\n", summary.requests / summary.duration * 1e6,
                    latency:percentile(99) / 1000, bad, counted and counted() or "none"))
            end
            """
        let path = try Command.file("\(named).lua", script + done)
        let output = try Command.run(
            "wrk", "-t\(threads)", "-c\(connections)", "-d\(seconds)s", "--timeout", "10s", "-s", path, url)
        let line = output.split(separator: "\n").first { $0.hasPrefix("RESULT ") }
        let words = (line ?? "").split(separator: " ").dropFirst().map { Double($0) }
        guard words.count == 4, let rate = words[0], let p99 = words[1], let failures = words[2] else {
            throw BenchFault("wrk said: \(output)")
        }
        return Result(perSecond: rate, p99: p99, failures: Int(failures), counted: words[3].map { Int($0) })
    }
}

/// pgbench (PostgreSQL): transactions a second of one prepared script.
enum PgBench {
    static let clients = [1, 8, 16, 64]

    /// The best of 1, 8, 16 and 64 clients.
    static func best(_ script: String, schema: String, seconds: Int) throws -> Double {
        let path = try Command.file("pgbench.sql", script)
        var best = 0.0
        for count in clients {
            let output = try Command.run(
                "/usr/lib/postgresql/15/bin/pgbench", "-n", "-M", "prepared", "-f", path, "-c", "\(count)", "-j",
                "\(min(2, count))", "-T", "\(seconds)", "-h", "127.0.0.1", "-p", "\(try Setting.port("PG_PORT"))",
                "-U", "postgres", "lienthong",
                environment: [
                    "PGPASSWORD": try Setting.value("PG_PASSWORD"), "PGOPTIONS": "-c search_path=\(schema) -c jit=off",
                ])
            let line = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
            guard let tps = line.flatMap({ Double($0.split(separator: " ")[2]) }) else {
                throw BenchFault("pgbench said: \(output)")
            }
            best = max(best, tps)
        }
        return best
    }
}
