import AMQP
import Contracts
import Foundation
import Postgres
import Synchronization
import TestKit

@testable import EventLog
@testable import ServiceKit

/// A service on a database of its own, without HTTP server and broker: requests go to its responder, events through its
/// inbox's worker.
struct Harness: Sendable {
    let database: TestDatabase
    let running: RunningService
    let worker: InboxWorker
    private let key: SigningKey
    private let versions = Versions()

    final class Versions: Sendable { let last = Mutex<[String: Int64]>([:]) }

    static func run<M: Microservice>(
        _ service: M.Type, _ more: [String: String] = [:], _ body: (Harness) async throws -> Void
    ) async throws {
        try await withDatabase(
            [
                "eventlog": EventLogSchema.migrations, "servicekit": ServiceKitSchema.migrations,
                M.name.rawValue: M.migrations,
            ], schema: M.name.rawValue, appendOnly: EventLogSchema.appendOnly + M.appendOnly
        ) { database in
            let harness = try await Harness(service, database, more)
            let result: Result<Void, any Error>
            do { result = .success(try await body(harness)) } catch { result = .failure(error) }
            await harness.running.runtime.database.close()
            try result.get()
        }
    }

    init<M: Microservice>(_ service: M.Type, _ database: TestDatabase, _ more: [String: String]) async throws {
        let runtime = database.runtime
        let environment = [
            "LIENTHONG_PG_HOST": runtime.host, "LIENTHONG_PG_PORT": "\(runtime.port)",
            "LIENTHONG_PG_DATABASE": runtime.database, "LIENTHONG_PG_USER": runtime.user,
            "LIENTHONG_PG_PASSWORD": "test", "LIENTHONG_AMQP_USER": "nobody", "LIENTHONG_AMQP_PASSWORD": "none",
            "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:1", "LIENTHONG_HTTP_PORT": "0",
            "LIENTHONG_CLIENT_SECRET": "none",
        ].merging(more) { $1 }
        let configuration = try Configuration(service: M.name, environment: environment, for: .serve)
        running = try await RunningService(service, configuration, log: quiet)
        key = SigningKey()
        try running.runtime.tokens.use([key.jwk])
        self.database = database
        let shared = running.runtime
        worker = InboxWorker(
            database: shared.database, group: M.name.rawValue,
            reactions: (Directory.reactions + M.reactions).map { Self.erased($0, shared) }, pace: InboxPace(),
            log: quiet)
    }

    private static func erased<R: Reaction>(_ reaction: R.Type, _ runtime: Runtime) -> AnyReaction {
        AnyReaction(group: runtime.service.rawValue, eventType: R.Received.type) { envelope, transaction in
            let event = try R.Received(decoding: JSON(parsing: envelope.payload), unknown: .ignore)
            let work = Work(
                session: transaction, now: runtime.clock.now, actor: "tests", traceparent: nil, log: quiet,
                runtime: runtime)
            try await reaction.handle(event, envelope, work)
        }
    }

    // MARK: - Events

    /// The next event of its aggregate.
    func envelope(_ event: any Event, at: Date? = nil) -> Envelope {
        let type = Swift.type(of: event)
        let version = versions.last.withLock { last in
            last["\(type.aggregate) \(event.aggregateID)", default: 0] += 1
            return last["\(type.aggregate) \(event.aggregateID)", default: 0]
        }
        return Envelope(
            id: UUID.v7(), source: type.source, type: type.type, aggregateType: type.aggregate,
            aggregateID: event.aggregateID, version: version, epoch: 1,
            position: Position(epoch: 1, tick: 1, ordinal: 1), agency: nil, actor: "tests", traceparent: nil,
            occurredAt: at ?? running.runtime.clock.now, payload: event.jsonBytes)
    }

    enum Outcome { case taken, duplicate, parked, nothing }

    @discardableResult
    func take(_ event: any Event, at: Date? = nil) async -> Outcome { await take(envelope(event, at: at)) }

    @discardableResult
    func take(_ envelope: Envelope) async -> Outcome {
        switch await worker.take(envelope) {
        case .taken: return .taken
        case .duplicate: return .duplicate
        case .parked(let next):
            // As the inbox does: what is not known is looked at once more, then it waits to be woken.
            if next == .again { await resume(envelope.aggregate) }
            return .parked
        case .unstorable, nil: return .nothing
        }
    }

    /// One reaction by itself, past the inbox.
    func react<R: Reaction>(_ reaction: R.Type, _ envelope: Envelope, _ transaction: Transaction) async throws {
        try await Self.erased(reaction, running.runtime).handle(envelope, transaction)
    }

    /// Takes up what waits for an aggregate, as the inbox does after a wake.
    func resume(_ event: any Event) async {
        let type = Swift.type(of: event)
        await resume(AggregateKey(source: type.source, type: type.aggregate, id: event.aggregateID))
    }

    private func resume(_ key: AggregateKey) async { while case .onward? = await worker.resume(key) {} }

    // MARK: - HTTP

    func token(_ person: PersonID, _ kind: AccountKind = .official) throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        return try key.sign([
            "iss": "http://127.0.0.1:1", "aud": "lienthong", "sub": .string(person.text), "iat": .integer(now),
            "exp": .integer(now + 300), "jti": .string(UUID().text), "client_id": "portal",
            "kind": .string(kind.rawValue), "person": .string(person.text),
        ])
    }

    func send(
        _ method: String, _ target: String, as person: PersonID? = nil, _ kind: AccountKind = .official,
        body: [UInt8]? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var headers = headers
        if let person { headers.append(("authorization", "Bearer \(try token(person, kind))")) }
        if body != nil { headers.append(("content-type", "application/json")) }
        let outgoing = await running.responder.respond(
            Incoming(
                method, parts[0], query: parts.count > 1 ? parts[1] : "", headers: headers, body: body ?? [],
                peer: "127.0.0.1"))
        return Answer(outgoing)
    }

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        let outgoing: Outgoing

        init(_ outgoing: Outgoing) { (status, body, self.outgoing) = (outgoing.status, outgoing.body, outgoing) }

        var json: JSON { (try? JSON(parsing: body)) ?? .null }
        var code: String? { json["code"]?.text }
        /// The address of the next page.
        var next: String? {
            guard let link = outgoing.header("link") else { return nil }
            return String(link.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
        }
    }

    // MARK: - Looking

    func count(_ sql: SQL) async throws -> Int { try await database.database.run(sql).first.map { try $0("n") } ?? -1 }

    /// How many events of this type were announced.
    func announced(_ event: any Event.Type) async throws -> Int {
        try await count("SELECT count(*) AS n FROM event_log WHERE type = \(event.type)")
    }
}
