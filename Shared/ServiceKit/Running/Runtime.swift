import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import Synchronization

/// What one running service shares between its requests, reactions and timers.
public final class Runtime: Sendable {
    public let service: ServiceName
    public let configuration: Configuration
    public let database: Database
    public let clock: BusinessClock
    public let rights: Rights
    public let metrics: Metrics
    public let log: Logger
    let tokens: TokenVerifier
    let together = Together()
    public let ownActs = OwnActs()
    private let committed = Mutex<[@Sendable () -> Void]>([])
    /// The service's OpenAPI document.
    let openAPI: @Sendable () -> [UInt8]
    private let resources: [ObjectIdentifier: any Sendable]
    /// Of a service that keeps the reads of personal data.
    let readLedger: (any KeepsReads)?

    init(
        service: ServiceName, configuration: Configuration, database: Database, clock: BusinessClock, rights: Rights,
        metrics: Metrics, log: Logger, tokens: TokenVerifier, resources: [any Sendable],
        openAPI: @escaping @Sendable () -> [UInt8]
    ) {
        self.service = service
        self.configuration = configuration
        self.database = database
        self.clock = clock
        self.rights = rights
        self.metrics = metrics
        self.log = log
        self.tokens = tokens
        self.resources = Dictionary(resources.map { (ObjectIdentifier(type(of: $0)), $0) }) { first, _ in first }
        readLedger = resources.lazy.compactMap { $0 as? any KeepsReads }.first
        self.openAPI = openAPI
    }

    /// After each commit of a use case: the inbox looks at once at what may have been waiting for it. The relay needs
    /// no call, it hears of commits from the database.
    func onCommit(_ action: @escaping @Sendable () -> Void) { committed.withLock { $0.append(action) } }

    func poke() {
        for action in committed.withLock({ $0 }) { action() }
    }

    func log(of trace: TraceContext) -> Logger {
        var log = log
        log[metadataKey: "trace"] = "\(trace.traceID)"
        return log
    }

    func logRefusal(
        of caller: String, route: Route, purpose: String, about what: Logger.Metadata = [:], trace: TraceContext
    ) {
        let who: Logger.Metadata = ["caller": "\(caller)", "route": "\(route)", "purpose": "\(purpose)"]
        log(of: trace).notice("right refused", metadata: who.merging(what) { $1 })
    }

    /// The resource of exactly this type that the service made at start.
    public func resource<T>(_ type: T.Type) -> T {
        guard let found = resources[ObjectIdentifier(type)] as? T else {
            preconditionFailure("\(service) made no \(type) in its resources")
        }
        return found
    }

    /// Whether it is one of our services that consumes this service's events.
    func isConsumer(_ caller: Caller) -> Bool {
        ServiceName(rawValue: caller.client ?? "").map { consumer in
            Catalogue.aggregates(consumedBy: consumer).contains { $0.source == service.rawValue }
        } ?? false
    }

    /// Who calls, when the endpoint lets such a caller in at all.
    func authenticate(
        _ request: Incoming, for type: any Mountable.Type, _ trace: TraceContext
    ) async throws -> Caller {
        let access = type.access
        if case .open = access { return .anonymous }
        guard let header = request.header("authorization"), header.prefix(7).lowercased() == "bearer " else {
            throw Refused.unauthenticated
        }
        let caller = try await tokens.verify(String(header.dropFirst(7).drop { $0 == " " }))
        let admitted =
            switch access {
            case .open, .signedIn: true
            case .citizen: caller.kind == .citizen
            case .official: caller.kind == .official || caller.kind == .administrator
            case .consumer: isConsumer(caller)
            }
        guard admitted else {
            logRefusal(of: caller.id, route: type.route, purpose: type.summary, trace: trace)
            throw Refused.forbidden
        }
        return caller
    }
}

/// Who calls: identity only; rights come from the directory.
public struct Caller: Sendable, Hashable {
    /// Account or program, as the actor of events and the scope of idempotency keys.
    public let id: String
    public let kind: AccountKind?
    public let account: AccountID?
    /// The person behind an official's or citizen's account.
    public let person: PersonID?
    /// The program, for client credentials.
    public let client: String?

    public init(id: String, kind: AccountKind?, account: AccountID?, person: PersonID?, client: String?) {
        self.id = id
        self.kind = kind
        self.account = account
        self.person = person
        self.client = client
    }

    public static let anonymous = Caller(id: "anonymous", kind: nil, account: nil, person: nil, client: nil)
}

/// W3C Trace Context: continues the caller's trace or begins one. Numbers until somebody wants to read them: most
/// requests neither log nor announce.
public struct TraceContext: Sendable {
    private let high: UInt64
    private let low: UInt64
    private let span: UInt64

    public var traceID: String { Self.hex(high) + Self.hex(low) }
    public var traceparent: String { "00-\(traceID)-\(Self.hex(span))-01" }

    public init(continuing header: String?) {
        var random = SystemRandomNumberGenerator()
        span = random.next() | 1
        guard let header else {
            (high, low) = (random.next(), random.next() | 1)
            return
        }
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        func isHex(_ text: Substring, _ count: Int) -> Bool {
            text.utf8.count == count && text.utf8.contains { $0 != UInt8(ascii: "0") }
                && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        if parts.count >= 4, isHex(parts[0], 2) || parts[0] == "00", parts[0] != "ff", isHex(parts[1], 32),
            isHex(parts[2], 16), let high = UInt64(parts[1].prefix(16), radix: 16),
            let low = UInt64(parts[1].suffix(16), radix: 16)
        {
            (self.high, self.low) = (high, low)
        } else {
            (high, low) = (random.next(), random.next() | 1)
        }
    }

    private static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
