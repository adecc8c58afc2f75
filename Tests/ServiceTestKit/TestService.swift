import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit
import Synchronization
import TestKit

/// A service on a database of its own, in this process: requests go to its responder, events to its inbox.
public struct TestService: Sendable {
    public let database: TestDatabase
    public let running: RunningService
    private let key: SigningKey
    private let issuer: String
    private let versions = Versions()

    private final class Versions: Sendable { let last = Mutex<[String: Int64]>([:]) }

    init(database: TestDatabase, running: RunningService, key: SigningKey, issuer: String) {
        self.database = database
        self.running = running
        self.key = key
        self.issuer = issuer
    }

    // MARK: - HTTP

    /// A token of an account that is the person's, and has the person's id.
    public func token(_ person: PersonID, _ kind: AccountKind = .official) throws -> String {
        try token(["sub": .string(person.text), "kind": .string(kind.rawValue), "person": .string(person.text)])
    }

    /// A program's token.
    public func token(program client: String) throws -> String {
        try token(["sub": .string(client), "kind": "program", "client_id": .string(client)])
    }

    /// A token, valid now, with these claims beside the usual ones, or in their place.
    public func token(_ claims: [String: JSON]) throws -> String {
        let now = Int64(Date().timeIntervalSince1970)
        let usual: [String: JSON] = [
            "iss": .string(issuer), "aud": "lienthong", "iat": .integer(now), "exp": .integer(now + 300),
            "jti": .string(UUID().uuidString), "client_id": "portal",
        ]
        let all = usual.merging(claims) { $1 }
        return try key.sign(.object(all.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) }))
    }

    /// - Parameter target: the path, with its query.
    public func send(
        _ method: String, _ target: String, as person: PersonID? = nil, _ kind: AccountKind = .official,
        body: [UInt8]? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var headers = headers
        if let person { headers.append(("authorization", "Bearer \(try token(person, kind))")) }
        if body != nil, !headers.contains(where: { $0.name == "content-type" }) {
            headers.append(("content-type", "application/json"))
        }
        return Answer(
            outgoing: await running.responder.respond(
                Incoming(
                    method, parts[0], query: parts.count > 1 ? parts[1] : "", headers: headers, body: body ?? [],
                    peer: "127.0.0.1")))
    }

    public struct Answer: Sendable {
        public let outgoing: Outgoing

        public var status: Int { outgoing.status }
        public var body: [UInt8] { outgoing.body }
        public var json: JSON { (try? JSON(parsing: body)) ?? .null }
        /// The refusal's code.
        public var code: String? { json["code"]?.text }
        /// The fields that a refusal names.
        public var faults: [String] { (json["errors"]?.array ?? []).compactMap { $0["field"]?.text } }
        /// The address of the next page.
        public var next: String? {
            guard let link = outgoing.header("link") else { return nil }
            return String(link.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
        }
    }

    // MARK: - Events

    /// The next event of its aggregate, as its owner would announce it.
    public func envelope(_ event: any Event, at: Date? = nil) -> Envelope {
        let type = Swift.type(of: event)
        let version = versions.last.withLock { last in
            last["\(type.aggregate) \(event.aggregateID)", default: 0] += 1
            return last["\(type.aggregate) \(event.aggregateID)", default: 0]
        }
        return Envelope(
            id: UUID(), source: type.source, type: type.type, aggregateType: type.aggregate,
            aggregateID: event.aggregateID, version: version, epoch: 1,
            position: Position(epoch: 1, tick: 1, ordinal: 1), agency: nil, actor: "tests", traceparent: nil,
            occurredAt: at ?? running.runtime.clock.now, payload: event.jsonBytes)
    }

    @discardableResult
    public func take(_ event: any Event, at: Date? = nil) async -> Inbox.Taken { await take(envelope(event, at: at)) }

    @discardableResult
    public func take(_ envelope: Envelope) async -> Inbox.Taken { await running.inbox.take(byHand: envelope) }

    /// Takes up what waits for an aggregate, as the inbox does after a wake.
    public func resume(_ event: any Event) async {
        let type = Swift.type(of: event)
        await running.inbox.takeUp(AggregateKey(source: type.source, type: type.aggregate, id: event.aggregateID))
    }

    /// One reaction by itself, past the inbox.
    public func react<R: Reaction>(
        _ reaction: R.Type, _ envelope: Envelope, _ transaction: Transaction
    ) async throws {
        try await running.reaction(reaction).handle(envelope, transaction)
    }

    // MARK: - Looking

    /// The `n` of the only row.
    public func count(_ sql: SQL) async throws -> Int {
        try await database.database.run(sql).first.map { row in try row("n", as: Int.self) } ?? -1
    }

    /// How many events of this type were announced.
    public func announced(_ event: any Event.Type) async throws -> Int {
        try await count("SELECT count(*) AS n FROM event_log WHERE type = \(event.type)")
    }

    /// The announced events of this type, in their order.
    public func events<E: Event>(_ type: E.Type) async throws -> [E] {
        let rows = try await database.database.run(
            "SELECT payload FROM event_log WHERE type = \(type.type) ORDER BY seq")
        return try rows.map { row in try E(decoding: try row("payload", as: JSON.self), unknown: .refuse) }
    }
}
