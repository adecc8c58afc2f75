import AMQP
import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import Receipts
import ServiceLifecycle

/// A whole service. Its `Main.swift` is the table of contents: every endpoint, reaction and timer, one line each.
public protocol Microservice: Sendable {
    static var name: ServiceName { get }
    static var title: String { get }
    static var migrations: [Migration] { get }
    /// Environment variables, beside those of every service, without which this one does not serve.
    static var secrets: [String] { get }
    /// What else it reads from its configuration, tried before anything starts.
    static var settings: [Configuration.Setting] { get }
    /// Tables that the runtime role can only read and add to.
    static var appendOnly: [String] { get }
    static var endpoints: [any Mountable.Type] { get }
    static var reactions: [any Reaction.Type] { get }
    /// What sees every event of the consumed aggregates, whatever its type.
    static var observers: [any Observer.Type] { get }
    static var timers: [any TimedTask.Type] { get }
    /// What use cases share while the service runs (a key ring, a file store); asked for with `call.resource(_:)`.
    static func resources(_ configuration: Configuration, _ database: Database, _ log: Logger) async throws
        -> [any Sendable]
    /// After the schema is there, still as its owner: seed rows that must exist. Prints what operators must see once.
    static func seed(_ database: Database) async throws
    /// Further verbs of the program: what needs neither a database nor a broker.
    static var verbs: [String: @Sendable ([String]) async throws -> Void] { get }
    /// Work that runs beside the requests for as long as the service lives.
    static func background(_ runtime: Runtime) -> [any ServiceLifecycle.Service]
}

extension Microservice {
    public static var secrets: [String] { [] }
    public static var settings: [Configuration.Setting] { [] }
    public static var appendOnly: [String] { [] }
    public static var observers: [any Observer.Type] { [] }
    public static var timers: [any TimedTask.Type] { [] }
    public static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] { [] }
    public static func seed(_ database: Database) async throws {}
    public static var verbs: [String: @Sendable ([String]) async throws -> Void] { [:] }
    public static func background(_ runtime: Runtime) -> [any ServiceLifecycle.Service] { [] }

    /// `serve | migrate | routes | openapi`, and the service's own verbs.
    public static func main() async {
        let verb = CommandLine.arguments.dropFirst().first ?? "serve"
        do {
            switch verb {
            case "serve": try await serve()
            case "migrate": try await migrate()
            case "routes": print(routes())
            case "openapi": print(OpenAPI.document(title: title, mounted: mounted(rehearsal: false)).description)
            default:
                guard let own = verbs[verb] else {
                    let known = ["serve", "migrate", "routes", "openapi"] + verbs.keys.sorted()
                    print("usage: \(CommandLine.arguments[0]) \(known.joined(separator: " | "))")
                    end(2)
                }
                try await own(Array(CommandLine.arguments.dropFirst(2)))
            }
        } catch {
            FileHandle.standardError.write(Data("\(name.rawValue) \(verb): \(error)\n".utf8))
            end(1)
        }
        end(0)
    }

    /// Without the clean-up of the libraries: OpenSSL's runs beside threads that still end, and may crash the process
    /// when all its work is done.
    private static func end(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }

    static func routes() -> String {
        mounted(rehearsal: false).map { "\($0.route)  \($0)" }.sorted().joined(separator: "\n")
    }

    /// The service's own endpoints and those that every service has.
    static func mounted(rehearsal: Bool) -> [any Mountable.Type] {
        endpoints + SystemEndpoints.all(rehearsal: rehearsal)
    }

    static func migrate() async throws {
        let configuration = try Configuration(
            service: name, environment: ProcessInfo.processInfo.environment, for: .migrate)
        let applied = try await Self.migrate(configuration.postgresOwner, runtimeRole: configuration.postgres.user)
        let done = applied.isEmpty ? "schema is up to date" : "applied \(applied.joined(separator: ", "))"
        print("\(name.rawValue): \(done)")
    }

    /// All migrations in the order in which they run.
    static var series: [(name: String, migrations: [Migration])] {
        [
            ("eventlog", EventLogSchema.migrations), ("servicekit", ServiceKitSchema.migrations),
            (name.rawValue, migrations),
        ]
    }

    /// Brings a schema up to date: the event log's tables, ServiceKit's, then the service's own; then its seed.
    public static func migrate(_ owner: PostgresConfiguration, runtimeRole: String?) async throws -> [String] {
        var applied: [String] = []
        for (series, migrations) in Self.series {
            let done = try await Migrator.migrate(migrations, series: series, on: owner)
            applied += done.map { "\(series)/\($0.number) \($0.name)" }
        }
        if let runtimeRole {
            try await Migrator.grant(
                to: runtimeRole, on: owner, appendOnly: EventLogSchema.appendOnly + appendOnly)
        }
        let database = Database(owner, logger: Logger(label: "migrate"))
        do { try await seed(database) } catch {
            await database.close()
            throw error
        }
        await database.close()
        return applied
    }

    static func serve() async throws {
        let configuration = try Configuration(
            service: name, environment: ProcessInfo.processInfo.environment, for: .serve, requiring: secrets,
            trying: settings)
        LoggingSystem.bootstrap { label in
            JSONLogHandler(service: name.rawValue, label: label, level: configuration.logLevel)
        }
        let log = Logger(label: name.rawValue)
        let running = try await RunningService(Self.self, configuration, log: log)
        try await running.run()
    }
}

/// One service, wired: database, broker, relay, inbox, timers, HTTP. Tests start the same thing.
public struct RunningService: Sendable {
    public let runtime: Runtime
    public let responder: Responder
    public let inbox: Inbox
    private let server: HTTPServer
    private let services: [any ServiceLifecycle.Service]

    /// The port that is listened on, once it is.
    public var port: Int? { server.boundPort }

    public init<M: Microservice>(_ service: M.Type, _ configuration: Configuration, log: Logger) async throws {
        let database = Database(configuration.postgres, logger: log)
        let metrics = Metrics(service: M.name.rawValue)
        let clock = BusinessClock()
        let tokens = TokenVerifier(configuration, database: database, log: log)
        let publisher = Publisher(
            configuration.amqp, exchange: Limits.exchange, handedOver: { KillPoint.pass(.beforeConfirm) }, logger: log)
        let relay = Relay(
            database: database, publisher: publisher, source: M.name.rawValue,
            isConsumed: { !Catalogue.consumers(of: $0).isEmpty }, logger: log)
        try await Start.awaitDatabase(database, M.self, log)
        _ = try await EventLogStart.settle(database, logger: log)
        try await clock.load(from: database)
        try await tokens.load()
        let resources = try await M.resources(configuration, database, log)
        let runtime = Runtime(
            service: M.name, configuration: configuration, database: database, clock: clock,
            rights: Rights(database), metrics: metrics, log: log, tokens: tokens, resources: resources,
            openAPI: { OpenAPI.document(title: M.title, mounted: M.mounted(rehearsal: configuration.rehearsal)).bytes })
        let timers = TimerLoop(
            database: database,
            tasks: Dictionary(uniqueKeysWithValues: M.timers.map { ($0.kind, Self.timer($0, runtime)) }),
            now: { clock.now }, logger: log)
        clock.onMove { timers.poke() }
        let reactions = (Catalogue.reactions[M.name] == nil ? [] : Directory.reactions) + M.reactions
        Self.check(reactions, observed: !M.observers.isEmpty, of: M.name)
        let inbox = Inbox(
            database: database, configuration: configuration.amqp, service: M.name.rawValue,
            bindings: Catalogue.bindings(of: M.name), commands: Catalogue.commandBindings(of: M.name),
            reactions: reactions.map { Self.erased($0, group: M.name.rawValue, runtime) }
                + M.observers.map { Self.erased($0, group: M.name.rawValue, runtime) },
            consumed: Catalogue.aggregates(consumedBy: M.name),
            fetch: FeedClient(configuration, log: log).fetch, logger: log)
        runtime.onCommit { inbox.poke() }
        metrics.observe(database: database, relay: relay, inbox: inbox, timers: timers)
        let sealer = try Self.sealer(database, relay, configuration, log)
        if let sealer { metrics.observe(sealer) }
        self.runtime = runtime
        self.inbox = inbox
        responder = Responder(M.mounted(rehearsal: configuration.rehearsal), runtime: runtime)
        var services: [any ServiceLifecycle.Service] = [database, publisher, relay, timers]
        if let sealer { services.append(sealer) }
        if !reactions.isEmpty { services.append(inbox) }
        services += M.background(runtime)
        services += [tokens, IdempotencyCleaning(database: database, log: log)]
        if configuration.rehearsal {
            services.append(
                Repeated("looking at business time", every: Limits.Copies.clockLook, log: log) {
                    try await clock.load(from: database)
                })
        }
        server = HTTPServer(configuration, responder: responder, log: log)
        self.services = services + [server]
    }

    /// Runs until SIGTERM or SIGINT, then drains: HTTP first, then what it stands on.
    public func run() async throws {
        try await group(endsOnSignals: true).run()
        runtime.log.notice("stopped")
    }

    /// Everything that runs, to be started and stopped together. Tests stop it without a signal.
    public func group(endsOnSignals: Bool = false) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, logger: runtime.log)
        if endsOnSignals { configuration.gracefulShutdownSignals = [.sigterm, .sigint] }
        configuration.maximumGracefulShutdownDuration = Limits.Server.drain
        return ServiceGroup(configuration: configuration)
    }

    /// One reaction of this service by itself, past the inbox: what it does commits with the transaction it is given.
    public func reaction<R: Reaction>(_ reaction: R.Type) -> AnyReaction {
        Self.erased(reaction, group: runtime.service.rawValue, runtime)
    }

    /// Signs receipts where the service has a key: 32 bytes in hexadecimal.
    private static func sealer(
        _ database: Database, _ relay: Relay, _ configuration: Configuration, _ log: Logger
    ) throws -> ReceiptSealer? {
        guard let key = try configuration.receiptKey() else {
            log.notice("events get no receipts: LIENTHONG_RECEIPT_KEY is not set")
            return nil
        }
        return ReceiptSealer(
            database: database, source: configuration.service.rawValue, key: key,
            isActive: { relay.metrics.isLeader }, logger: log)
    }

    /// The mounted reactions must be exactly those that the catalogue promises: topology and auditor rely on it. Who
    /// observes everything keeps every promise.
    private static func check(_ reactions: [any Reaction.Type], observed: Bool, of service: ServiceName) {
        let mounted = Set(reactions.map { Self.type(of: $0) })
        let promised = Set((Catalogue.reactions[service] ?? []).map { $0.type })
        precondition(
            observed ? mounted.isSubset(of: promised) : mounted == promised,
            "\(service) reacts to \(mounted), the catalogue says \(promised)")
    }

    private static func type<R: Reaction>(of reaction: R.Type) -> String { R.Received.type }

    private static func erased<R: Reaction>(_ reaction: R.Type, group: String, _ runtime: Runtime) -> AnyReaction {
        AnyReaction(group: group, eventType: R.Received.type) { envelope, transaction in
            let event = try R.Received(decoding: JSON(parsing: envelope.payload), unknown: .ignore)
            try await reaction.handle(event, envelope, work(on: envelope, in: transaction, group, runtime))
        }
    }

    private static func erased(_ observer: any Observer.Type, group: String, _ runtime: Runtime) -> AnyReaction {
        AnyReaction(group: group, eventType: AnyReaction.everything) { envelope, transaction in
            try await observer.handle(envelope, work(on: envelope, in: transaction, group, runtime))
        }
    }

    private static func work(
        on envelope: Envelope, in transaction: Transaction, _ group: String, _ runtime: Runtime
    ) -> Work {
        var log = runtime.log
        log[metadataKey: "trace"] = "\(TraceContext(continuing: envelope.traceparent).traceID)"
        return Work(
            session: transaction, now: runtime.clock.now, actor: envelope.actor ?? group,
            traceparent: envelope.traceparent, log: log, runtime: runtime)
    }

    private static func timer(
        _ task: any TimedTask.Type, _ runtime: Runtime
    ) -> @Sendable (String, JSON, Transaction) async throws -> Void {
        { key, payload, transaction in
            let work = Work(
                session: transaction, now: runtime.clock.now, actor: "\(runtime.service.rawValue).timer",
                traceparent: TraceContext(continuing: nil).traceparent, log: runtime.log, runtime: runtime)
            try await task.fire(key: key, payload: payload, work)
        }
    }
}

/// Forgets kept answers after `Limits.idempotencyKept`.
struct IdempotencyCleaning: ServiceLifecycle.Service {
    let database: Database
    let log: Logger

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await database.run(
                    """
                    DELETE FROM idempotency_keys
                    WHERE created_at < now() - make_interval(secs => \(Limits.idempotencyKept.secondsValue))
                    """)
            } catch { log.warning("idempotency keys not cleaned", metadata: ["error": "\(error)"]) }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Limits.idempotencyCleaning) }
        }
    }
}
