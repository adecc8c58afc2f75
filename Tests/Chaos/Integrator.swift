#if DEBUG
    import Contracts
    import Foundation
    import Postgres
    import Synchronization

    @testable import Journeys

    /// An integrator: joins under load, reads its private queue with somebody else's client or has a webhook, and has
    /// the past delivered again and again beside what is new. What came is on disk before it is acknowledged.
    struct Integrator: Sendable {
        let desk: Desk
        let eye: Database
        let readers: Readers
        let number: Int
        let name: String

        /// Of all subscriptions of the harness.
        static let prefix = "Chaos "
        static let path = "/subscriptions"

        private var isWebhook: Bool { number == 1 }

        /// The first hears everything from now on; the second, a webhook, and the third from the past to what is new;
        /// the fourth only of one service, from the past too.
        func join() async throws -> String {
            let head = try await position("SELECT position AS n FROM integration.archive_head")
            let kind = isWebhook ? "webhook" : "queue"
            let past = isWebhook ? Limits.Chaos.webhookPast : Limits.Chaos.past
            var wish: [JSON.Member] = [.init("name", .string(Self.prefix + name)), .init("kind", .string(kind))]
            if isWebhook { wish.append(.init("url", .string(readers.url))) }
            if number > 0 { wish.append(.init("fromPosition", .integer(max(1, head - past)))) }
            if number > 2 { wish.append(.init("types", [.string("\(ServiceName.onestop).#")])) }
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
                    "fromPosition": .integer(
                        max(1, place - (isWebhook ? Limits.Chaos.webhookReplayed : Limits.Chaos.replayed))),
                    "rate": .integer(isWebhook ? Limits.Chaos.webhookReplayRate : Limits.Chaos.replayRate),
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

    /// Other people's programs, one a subscription, in processes of their own: clients of queues (pika) and a webhook.
    final class Readers: Sendable {
        private let python: String
        private let port: Int
        private let webhookPort: Int
        private let folder: URL
        private let log: String
        private let children = Mutex<[String: Child]>([:])
        private let webhook = Mutex<(subscription: String, login: JSON)?>(nil)

        init(python: String, port: Int, webhookPort: Int, run: URL) {
            (self.python, self.port, self.webhookPort) = (python, port, webhookPort)
            folder = run.appendingPathComponent("harness")
            log = run.appendingPathComponent("logs/chaos-integrators.log").path
        }

        var url: String { "http://127.0.0.1:\(webhookPort)/events" }

        func start(_ subscription: String, _ login: JSON) throws {
            let isWebhook = login["secret"] != nil
            var environment = ["PATH": "/usr/bin:/bin", "LOG": file(subscription)]
            if isWebhook {
                webhook.withLock { $0 = (subscription, login) }
                environment["PORT"] = "\(webhookPort)"
                environment["SECRET"] = try login.text("secret")
            } else {
                environment["PORT"] = "\(port)"
                for (name, field) in [
                    ("VHOST", "vhost"), ("USER_NAME", "user"), ("PASSWORD", "password"), ("QUEUE", "queue"),
                ] { environment[name] = try login.text(field) }
            }
            let child = try Child.start(
                python, ["-u", "-c", isWebhook ? Self.receiver : Self.client], environment, log: log)
            children.withLock { $0[subscription] = child }
        }

        /// The webhook takes connections and says nothing for a while, or dies and comes back.
        func away(isSilent: Bool) async throws {
            guard let (subscription, login) = webhook.withLock({ $0 }),
                let child = children.withLock({ $0[subscription] })
            else { return }
            if !isSilent { child.expectEnd() }
            child.send(isSilent ? SIGSTOP : SIGKILL)
            try? await Task.sleep(for: Limits.Chaos.held)
            if isSilent { child.send(SIGCONT) } else { try start(subscription, login) }
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
                return "\(number) \(try line.text("event")) \(position) \(replay) - missed\n"
            }
            // The client writes into it at the same time: each piece at the end, whole.
            let descriptor = open(file(subscription), O_WRONLY | O_APPEND)
            guard descriptor >= 0 else { throw Failed("heard-\(subscription) cannot be written") }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(lines.joined().utf8))
        }

        /// Deliveries that the broker lost after it had confirmed them, and that were read as missed.
        var readAsMissed: Int { subscriptions.reduce(0) { $0 + heard($1).count(where: \.wasRead) } }

        /// Clients that ended by themselves.
        var crashes: [String] {
            children.withLock { children in
                children.filter { $0.value.ending?.isOurs == false }.map { "the client of \($0.key) ended" }
            }
        }

        func stop() { for child in children.withLock({ Array($0.values) }) { child.send(SIGKILL) } }

        private func file(_ subscription: String) -> String {
            folder.appendingPathComponent("heard-\(subscription)").path
        }

        /// Writes `number event position replay digest` of each delivery and then acknowledges it; ends with the
        /// harness.
        private static let client = """
            import hashlib, os, time, pika
            log = os.open(os.environ["LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            parent = os.getppid()
            server = pika.ConnectionParameters(
                "127.0.0.1", int(os.environ["PORT"]), os.environ["VHOST"],
                pika.PlainCredentials(os.environ["USER_NAME"], os.environ["PASSWORD"]), heartbeat=10)
            names = ["cloudEvents:" + name for name in ("subscriptionnumber", "id", "exchangeposition", "replay")]
            def take(channel, delivery, properties, body):
                words = [str(properties.headers.get(n, "-")) for n in names] + [hashlib.sha256(body).hexdigest()]
                os.write(log, (" ".join(words) + "\\n").encode())
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

        /// The same as a webhook. What is not signed as agreed is noted as `forged` and refused; what says that it was
        /// signed an hour ago, or in an hour, is only refused. Of twenty deliveries one is refused, and one was noted
        /// and is refused all the same.
        private static let receiver = """
            import hashlib, os, threading, time
            from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
            from standardwebhooks import Webhook
            log = os.open(os.environ["LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            hook, parent, lock, turn = Webhook(os.environ["SECRET"]), os.getppid(), threading.Lock(), 0
            names = ["ce-" + name for name in ("subscriptionnumber", "id", "exchangeposition", "replay")]
            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    global turn
                    with lock:
                        mine = turn = (turn + 1) % 20
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    words = [self.headers.get(n, "-") for n in names] + [hashlib.sha256(body).hexdigest()]
                    answer = 500 if mine in (9, 19) else 200
                    try:
                        hook.verify(body, {name.lower(): value for name, value in self.headers.items()})
                    except Exception as trouble:
                        print(repr(trouble)[:300], flush=True)
                        answer, mine = 401, 0
                        if "timestamp too" in str(trouble):
                            mine = 19
                        words.append("forged")
                    if mine != 19:
                        os.write(log, (" ".join(words) + "\\n").encode())
                    self.send_response(answer)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                def log_message(self, *arguments):
                    pass
            class Server(ThreadingHTTPServer):
                request_queue_size = 64
            threading.Thread(target=Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever).start()
            while os.getppid() == parent:
                time.sleep(0.2)
            os._exit(0)
            """
    }
#endif
