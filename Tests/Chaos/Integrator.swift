#if DEBUG
    import Contracts
    import Foundation
    import Postgres
    import Synchronization

    @testable import Journeys

    /// An integrator: joins under load, reads its private queue with somebody else's client, and has the past delivered
    /// again and again beside what is new. What the client got is on disk before it acknowledges it.
    struct Integrator: Sendable {
        let desk: Desk
        let eye: Database
        let readers: Readers
        let number: Int
        let name: String

        /// Of all subscriptions of the harness.
        static let prefix = "Chaos "
        static let path = "/subscriptions"

        /// The first hears everything from now on; the second from the past to what is new; the third only of one
        /// service, from the past too.
        func join() async throws -> String {
            let head = try await position("SELECT position AS n FROM integration.archive_head")
            var wish: [JSON.Member] = [.init("name", .string(Self.prefix + name)), .init("kind", "queue")]
            if number > 0 { wish.append(.init("fromPosition", .integer(max(1, head - Limits.Chaos.past)))) }
            if number > 1 { wish.append(.init("types", [.string("\(ServiceName.onestop).#")])) }
            let made = try await desk.act(.integration, Self.path, .object(wish), as: Cast.administrator)
            let id = try made.text("subscription")
            // Shown once and kept nowhere, so it has no key in the intent log; asked again it is a new one.
            let login = try await desk.once(
                .integration, "POST", "\(Self.path)/\(id)/credentials", key: nil, [:], as: Cast.administrator)
            guard login.succeeded else { throw Stumbled("credentials of \(id) → \(login.status)") }
            try readers.start(id, login.body)
            return id
        }

        /// The newest piece of its past once more, until it is through.
        func replay(_ subscription: String) async throws {
            let place = try await position(
                """
                SELECT place AS n FROM integration.subscription_progress
                WHERE subscription = \(subscription)::uuid AND place > 0
                """)
            let asked = try await desk.act(
                .integration, "\(Self.path)/\(subscription)/replays",
                [
                    "fromPosition": .integer(max(1, place - Limits.Chaos.replayed)),
                    "rate": .integer(Limits.Chaos.replayRate),
                ], as: Cast.administrator)
            let replay = try asked.text("replay")
            _ = try await desk.until(
                "replay \(replay)", .integration, "\(Self.path)/\(subscription)/replays", as: Cast.administrator
            ) { json -> Bool? in
                let own = json["replays"]?.array?.first { $0["replay"]?.text == replay }
                return own?["state"]?.text == "done" ? true : nil
            }
        }

        /// A position, once there is one, also while PostgreSQL comes and goes.
        private func position(_ sql: SQL) async throws -> Int64 {
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            while true {
                do { if let row = try await eye.run(sql).first { return try row("n") } } catch {
                    guard error.isTransient || error.isUnknownOutcome else { throw error }
                }
                guard ContinuousClock.now < deadline else { throw Stumbled("\(name) finds no position") }
                try await Task.sleep(for: Limits.Chaos.look)
            }
        }

        /// Subscriptions of runs before, and of this one at its end: their queues would fill.
        static func dismiss(_ office: Office) async throws {
            for made in try await office.all(.integration, path, list: "subscriptions", as: Cast.administrator)
            where try made.text("name").hasPrefix(prefix) {
                var ask = HTTPAsk(method: "DELETE", target: "\(path)/\(try made.text("subscription"))")
                ask.headers = [("if-match", "*")]
                do { _ = try await office.call(.integration, ask, as: Cast.administrator) } catch let no as SaidNo {
                    // Deleted by the first try, whose answer was cut off.
                    guard no.status == 404 else { throw no }
                }
            }
        }
    }

    /// Other people's clients (pika), one a subscription, in processes of their own.
    final class Readers: Sendable {
        private let python: String
        private let port: Int
        private let folder: URL
        private let log: String
        private let children = Mutex<[String: Child]>([:])

        init(python: String, port: Int, run: URL) {
            (self.python, self.port) = (python, port)
            folder = run.appendingPathComponent("harness")
            log = run.appendingPathComponent("logs/chaos-integrators.log").path
        }

        func start(_ subscription: String, _ login: JSON) throws {
            let environment = [
                "PATH": "/usr/bin:/bin", "LOG": file(subscription), "PORT": "\(port)",
                "VHOST": try login.text("vhost"), "USER_NAME": try login.text("user"),
                "PASSWORD": try login.text("password"), "QUEUE": try login.text("queue"),
            ]
            let child = try Child.start(python, ["-u", "-c", Self.program], environment, log: log)
            children.withLock { $0[subscription] = child }
        }

        var subscriptions: [String] { children.withLock { $0.keys.sorted() } }

        func heard(_ subscription: String) -> [Heard] {
            let text = (try? String(contentsOfFile: file(subscription), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").compactMap(Heard.init)
        }

        /// What has a number and did not come, read instead, and noted beside what came.
        func readMissed(_ subscription: String, _ office: Office) async throws {
            let numbers = Set(heard(subscription).map(\.number))
            let gap = (1...Int64.max).first { !numbers.contains($0) } ?? 1
            let missed = try await office.all(
                .integration, "\(Integrator.path)/\(subscription)/missed?afterNumber=\(gap - 1)", list: "deliveries",
                as: Cast.administrator)
            let lines = try missed.compactMap { line -> String? in
                guard let number = line["number"]?.integer, !numbers.contains(number) else { return nil }
                let (position, replay) = (line["position"]?.integer ?? 0, line["replay"]?.text ?? "-")
                return "\(number) \(try line.text("event")) \(position) \(replay) missed\n"
            }
            // The client writes into it at the same time: each piece at the end, whole.
            let descriptor = open(file(subscription), O_WRONLY | O_APPEND)
            guard descriptor >= 0 else { throw Failed("heard-\(subscription) cannot be written") }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(lines.joined().utf8))
        }

        /// Clients that ended by themselves.
        var crashes: [String] {
            children.withLock { $0.filter { $0.value.ending != nil }.map { "the client of \($0.key) ended" } }
        }

        func stop() { for child in children.withLock({ Array($0.values) }) { child.send(SIGKILL) } }

        private func file(_ subscription: String) -> String {
            folder.appendingPathComponent("heard-\(subscription)").path
        }

        /// Writes `number event position replay` of each delivery and then acknowledges it; ends with the harness.
        private static let program = """
            import os, time, pika
            log = os.open(os.environ["LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            parent = os.getppid()
            server = pika.ConnectionParameters(
                "127.0.0.1", int(os.environ["PORT"]), os.environ["VHOST"],
                pika.PlainCredentials(os.environ["USER_NAME"], os.environ["PASSWORD"]), heartbeat=10)
            names = ["cloudEvents:" + name for name in ("subscriptionnumber", "id", "exchangeposition", "replay")]
            def take(channel, delivery, properties, body):
                os.write(log, (" ".join(str(properties.headers.get(n, "-")) for n in names) + "\\n").encode())
                channel.basic_ack(delivery.delivery_tag)
            while os.getppid() == parent:
                try:
                    channel = pika.BlockingConnection(server).channel()
                    channel.basic_qos(prefetch_count=100)
                    channel.basic_consume(os.environ["QUEUE"], take)
                    channel.start_consuming()
                except Exception as trouble:
                    print(repr(trouble)[:300], flush=True)
                    time.sleep(0.2)
            """
    }
#endif
