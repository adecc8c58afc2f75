import Contracts
import EventLog
import Foundation
import Logging
import Synchronization

/// Reads other services' feeds in the background, as this program: with a token of its own from Identity.
final class FeedClient: Sendable {
    private let configuration: Configuration
    private let outbound = Outbound()
    private let kept = Mutex<(token: String, until: ContinuousClock.Instant)?>(nil)
    private let log: Logger

    init(_ configuration: Configuration, log: Logger) {
        self.configuration = configuration
        self.log = log
    }

    /// One page; throws when the source or Identity is away.
    @Sendable func fetch(_ request: FeedRequest) async throws -> FeedPage {
        guard let service = ServiceName(rawValue: request.source) else {
            throw OutboundFault(address: request.source, reason: "it is no service")
        }
        let answer = try await get("/events?\(Self.query(request))", of: service)
        guard answer.status == 200 else {
            throw OutboundFault(address: "\(service.rawValue)/events", reason: "status \(answer.status)")
        }
        return try Self.page(JSON(parsing: answer.body))
    }

    /// A read of another service, as this program.
    func get(_ path: String, of service: ServiceName) async throws -> Outbound.Answer {
        guard let address = configuration.address(of: service) else {
            throw OutboundFault(address: service.rawValue, reason: "LIENTHONG_FEEDS does not list it")
        }
        let token = try await token()
        let answer = try await outbound.send(
            .GET, "\(address)\(path)",
            headers: [("authorization", "Bearer \(token)"), ("accept", "application/json")])
        if answer.status == 401 { kept.withLock { $0 = nil } }
        return answer
    }

    private static func query(_ request: FeedRequest) -> String {
        switch request {
        case .after(let position, _, let aggregates):
            let list = aggregates.map { "&aggregates=\($0)" }.joined()
            return "after=\(position)\(list)"
        case .aggregate(let key, let version):
            let id = key.id.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            return "aggregate=\(key.type)&id=\(id)&from=\(version)"
        }
    }

    /// Members that are not known here are ignored: the source may be newer.
    static func page(_ json: JSON) throws -> FeedPage {
        let events = try (json["events"]?.array ?? []).map { try Envelope(json: $0) }
        guard let through = json["through"]?.text.flatMap({ Position($0) }), case .bool(let isLast)? = json["isLast"]
        else {
            throw OutboundFault(address: "/events", reason: "no page of a feed")
        }
        return FeedPage(events: events, through: through, isLast: isLast)
    }

    /// Client credentials (RFC 6749, section 4.4); a token is used until shortly before it expires.
    private func token() async throws -> String {
        if let known = kept.withLock({ $0 }), known.until > .now { return known.token }
        guard let address = configuration.address(of: .identity) else {
            throw OutboundFault(address: "identity", reason: "its address is not configured")
        }
        let pair = "\(configuration.service.rawValue):\(configuration.clientSecret.value)"
        let asked = ContinuousClock.now
        let answer = try await outbound.send(
            .POST, "\(address)/oauth/token",
            headers: [
                ("authorization", "Basic \(Data(pair.utf8).base64EncodedString())"),
                ("content-type", "application/x-www-form-urlencoded"),
            ], body: Array("grant_type=client_credentials".utf8))
        let json = try? JSON(parsing: answer.body)
        guard answer.status == 200, let token = json?["access_token"]?.text, let life = json?["expires_in"]?.integer
        else { throw OutboundFault(address: "\(address)/oauth/token", reason: "status \(answer.status)") }
        let until = asked + max(.zero, .seconds(life) - Limits.Tokens.renewal)
        kept.withLock { $0 = (token, until) }
        return token
    }
}
