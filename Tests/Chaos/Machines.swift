#if DEBUG
    import Contracts
    import Foundation
    import Glibc
    import Logging
    import Postgres

    @testable import Journeys

    /// PostgreSQL and RabbitMQ of this run folder, as whoever runs the machine can treat them.
    struct Machines: Sendable {
        let run: URL
        let base: Int
        let broker: Broker
        let superuser: PostgresConfiguration

        var postgresPort: Int { base + 20 }
        var brokerPort: Int { base + 21 }

        /// The library of `Disk`, which PostgreSQL starts over once it is built.
        var disk: URL { run.appendingPathComponent("harness/disk.so") }

        init(_ environment: [String: String], _ settings: Settings) throws {
            guard let base = Int(environment["LIENTHONG_PORT_BASE"] ?? ""),
                let password = environment["LIENTHONG_PG_SUPERUSER_PASSWORD"],
                let operatorPassword = environment["LIENTHONG_AMQP_PASSWORD"]
            else { throw Failed("not set: LIENTHONG_PORT_BASE and the passwords; run through with-environment.sh") }
            self.base = base
            run = settings.run
            var superuser = settings.postgres
            (superuser.user, superuser.password, superuser.connections) = ("postgres", password, 2)
            self.superuser = superuser
            guard let management = Address("http://127.0.0.1:\(base + 24)") else { throw Failed("no management port") }
            broker = Broker(address: management, password: operatorPassword)
        }

        func database(_ name: String? = nil, connections: Int = 2) -> Database {
            var logger = Logger(label: "chaos")
            logger.logLevel = .critical
            var configuration = superuser
            configuration.connections = connections
            if let name { configuration.database = name }
            return Database(configuration, logger: logger)
        }

        /// rabbitmqctl.
        func control(_ words: [String]) async throws { try await servers(words: ["control"] + words) }

        func servers(_ words: String...) async throws { try await servers(words: words) }

        private func servers(words: [String]) async throws {
            let path = Settings.checkout.appendingPathComponent("Deploy/local/servers.sh")
            var environment = ProcessInfo.processInfo.environment
            if FileManager.default.fileExists(atPath: disk.path) { environment["LIENTHONG_PG_PRELOAD"] = disk.path }
            let child = try Child.start(
                path.path, words, environment,
                log: run.appendingPathComponent("logs/chaos-servers.log").path)
            guard try await child.ends(within: .seconds(240)), let status = child.ending?.status else {
                throw Failed("servers.sh \(words.joined(separator: " ")) does not end")
            }
            guard status == 0 else { throw Failed("servers.sh \(words.joined(separator: " ")) ended with \(status)") }
        }

        /// Whether PostgreSQL lets somebody begin to log in: asked by the first bytes of the protocol.
        var postgresAnswers: Bool {
            var hello: [UInt8] = []
            func add(_ number: UInt32) { hello += withUnsafeBytes(of: number.bigEndian, Array.init) }
            let words = Array("user\0postgres\0database\0lienthong\0\0".utf8)
            add(UInt32(8 + words.count))
            add(196_608)
            return Self.exchange(postgresPort, hello + words) == UInt8(ascii: "R")
        }

        /// Whether RabbitMQ answers the protocol header with a frame.
        var brokerAnswers: Bool { Self.exchange(brokerPort, Array("AMQP".utf8) + [0, 0, 9, 1]) == 1 }

        private static func exchange(_ port: Int, _ hello: [UInt8]) -> UInt8? {
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            defer { close(socket) }
            var limit = timeval(tv_sec: 1, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            guard Proxy.withAddress(port, { connect(socket, $0, $1) }) == 0,
                Glibc.send(socket, hello, hello.count, Int32(MSG_NOSIGNAL)) == hello.count
            else { return nil }
            var first: UInt8 = 0
            return recv(socket, &first, 1, 0) == 1 ? first : nil
        }

        /// PostgreSQL's "immediate" shutdown: no checkpoint, as if it had crashed.
        func stopPostgresAtOnce() async throws {
            let text = try String(contentsOfFile: run.appendingPathComponent("pids/postgres").path, encoding: .utf8)
            guard let pid = text.split(separator: " ").first.flatMap({ pid_t($0) }) else {
                throw Failed("PostgreSQL is not recorded")
            }
            kill(pid, SIGQUIT)
            let deadline = ContinuousClock.now + Limits.Chaos.ready
            while Self.lives(pid) {
                guard ContinuousClock.now < deadline else { throw Failed("PostgreSQL does not stop at once") }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        /// Nobody may have reaped it.
        private static func lives(_ pid: pid_t) -> Bool {
            let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            return stat.components(separatedBy: ") ").last.map { !$0.isEmpty && !"ZX".contains($0.prefix(1)) } ?? false
        }

        /// Also one that is just about to end by itself.
        func startPostgres() async throws {
            do { try await servers("start", "postgres") } catch is Failed { try await servers("start", "postgres") }
        }
    }

    /// RabbitMQ's management API, as its administrator.
    struct Broker: Sendable {
        let address: Address
        let password: String

        @discardableResult
        func ask(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> HTTPAnswer {
            let authority = Data("operator:\(password)".utf8).base64EncodedString()
            let headers = [("authorization", "Basic \(authority)"), ("content-type", "application/json")]
            let ask = HTTPAsk(method: method, target: "/api/\(path)", headers: headers, body: body?.bytes ?? [])
            func send() async throws -> HTTPAnswer {
                try await HTTP.send(ask, to: address, within: Limits.Chaos.request)
            }
            // What is asked here may be done twice, and a busy machine may lose a connection.
            let answer: HTTPAnswer
            do { answer = try await send() } catch is CutOff { answer = try await send() }
            guard answer.succeeded || answer.status == 404 else {
                throw Failed("\(method) \(path) → \(answer.status) \(answer.text)")
            }
            return answer
        }

        /// Messages in the services' queues, by name.
        func waiting() async throws -> [String: Int] {
            let queues = try await ask("GET", "queues/lienthong").json.array ?? []
            var found: [String: Int] = [:]
            for queue in queues {
                guard let name = queue["name"]?.text, ServiceName(rawValue: name) != nil else { continue }
                found[name] = Int(queue["messages"]?.integer ?? 0)
            }
            return found
        }
    }
#endif
