import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import Receipts

/// What a service is told by its environment: where things are, who it is, and its secrets. All faults are reported at
/// once, and nothing here ever prints a secret.
public struct Configuration: Sendable {
    public enum Purpose: Sendable { case migrate, serve }

    public let service: ServiceName
    public let postgres: PostgresConfiguration
    public let amqp: AMQPConfiguration
    public let httpHost: String
    /// 0: any free port.
    public let httpPort: Int
    /// The issuer of tokens, without a slash at the end.
    public let identityURL: String
    /// Where each service answers to the other services: feeds, keys and tokens. Inside the network, plain http.
    public let addresses: [ServiceName: String]
    /// This service's own secret as a program, for client credentials.
    public let clientSecret: Secret
    /// Business time may be set over HTTP.
    public let rehearsal: Bool
    public let logLevel: Logger.Level
    private let owner: PostgresConfiguration?
    private let values: [String: Secret]

    /// Reads what one service has beside the others; what is wrong with it is thrown.
    public typealias Setting = @Sendable (Configuration) throws -> Void

    /// - Parameters:
    ///   - purpose: `migrate` needs the database only, `serve` everything but the owner's password.
    ///   - secrets: further variables that this service cannot do without.
    ///   - settings: what else it reads, tried here so that all faults come together.
    public init(
        service: ServiceName, environment: [String: String], for purpose: Purpose, requiring secrets: [String] = [],
        trying settings: [Setting] = []
    ) throws(ConfigurationFaults) {
        var reader = EnvironmentReader(environment)
        let serves = purpose == .serve
        self.service = service
        postgres = reader.postgres(
            user: "LIENTHONG_PG_USER", password: "LIENTHONG_PG_PASSWORD", needsPassword: serves,
            schema: service.rawValue)
        owner =
            serves
            ? nil
            : reader.postgres(
                user: "LIENTHONG_PG_OWNER", password: "LIENTHONG_PG_OWNER_PASSWORD", needsPassword: true,
                schema: service.rawValue)
        amqp = reader.amqp(required: serves)
        httpHost = reader.text("LIENTHONG_HTTP_HOST", default: "127.0.0.1")
        httpPort = reader.integer("LIENTHONG_HTTP_PORT", 0...65_535, default: serves ? nil : 0)
        identityURL = reader.address("LIENTHONG_IDENTITY_URL", required: serves)
        addresses = reader.addresses("LIENTHONG_FEEDS")
        if serves, identityURL.hasPrefix("https:"), addresses[.identity] == nil {
            reader.fault("LIENTHONG_FEEDS must name identity at an http address when LIENTHONG_IDENTITY_URL is https")
        }
        clientSecret = Secret(reader.text("LIENTHONG_CLIENT_SECRET", default: serves ? nil : ""))
        rehearsal = reader.flag("LIENTHONG_REHEARSAL")
        logLevel = reader.logLevel("LIENTHONG_LOG_LEVEL")
        if serves { for name in secrets { _ = reader.text(name, default: nil) } }
        values = environment.filter { $0.key.hasPrefix("LIENTHONG_") && !$0.value.isEmpty }.mapValues(Secret.init)
        for setting in serves ? settings + [{ _ = try $0.receiptKey() }] : [] {
            do { try setting(self) } catch {
                // Of another error only the kind: it may hold the value.
                for fault in (error as? ConfigurationFaults)?.faults ?? ["\(type(of: error))"] { reader.fault(fault) }
            }
        }
        guard reader.faults.isEmpty else { throw ConfigurationFaults(faults: reader.faults) }
    }

    /// The schema's owner. Only `migrate` has it.
    public var postgresOwner: PostgresConfiguration {
        guard let owner else { preconditionFailure("only migrate acts as the schema's owner") }
        return owner
    }

    /// A further variable that must be there and must not be shown.
    public func secret(_ name: String) throws(ConfigurationFaults) -> Secret {
        guard let value = values[name] else { throw ConfigurationFaults(faults: ["\(name) is missing"]) }
        return value
    }

    /// Where the service keeps files; of one that does.
    public func files() throws(ConfigurationFaults) -> String { try secret("LIENTHONG_FILES_DIR").value }

    /// What receipts are signed with; nil where there are none.
    func receiptKey() throws(ConfigurationFaults) -> SealingKey? {
        guard let text = optional("LIENTHONG_RECEIPT_KEY") else { return nil }
        guard let key = SealingKey(hex: text) else {
            throw ConfigurationFaults(faults: ["LIENTHONG_RECEIPT_KEY must be 64 hexadecimal digits"])
        }
        return key
    }

    /// A further variable that may be absent.
    public func optional(_ name: String) -> String? { values[name]?.value }

    /// Where a service answers to us: as listed, or for Identity at its public address.
    func address(of service: ServiceName) -> String? {
        addresses[service] ?? (service == .identity ? identityURL : nil)
    }
}

extension Configuration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(service.rawValue) at \(httpHost):\(httpPort), \(postgres), \(amqp)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["summary": description]) }
}

/// A value that no description, dump or interpolation shows.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public let value: String

    public init(_ value: String) { self.value = value }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Everything that is wrong with the environment, by variable; never the value of one.
public struct ConfigurationFaults: Error, Sendable, Equatable, CustomStringConvertible {
    public let faults: [String]

    public init(faults: [String]) { self.faults = faults }

    public var description: String { "configuration: " + faults.joined(separator: "; ") }
}

/// Reads variables one by one and collects what is wrong with them.
struct EnvironmentReader {
    private let environment: [String: String]
    private(set) var faults: [String] = []

    init(_ environment: [String: String]) { self.environment = environment }

    private func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    mutating func fault(_ text: String) {
        if !faults.contains(text) { faults.append(text) }
    }

    /// Without a default the variable must be there.
    mutating func text(_ name: String, default standard: String?) -> String {
        if let value = given(name) { return value }
        if let standard { return standard }
        fault("\(name) is missing")
        return ""
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int>, default standard: Int?) -> Int {
        guard let text = given(name) else {
            if standard == nil { fault("\(name) is missing") }
            return standard ?? range.lowerBound
        }
        guard let value = Int(text), range.contains(value) else {
            fault("\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
            return range.lowerBound
        }
        return value
    }

    mutating func flag(_ name: String) -> Bool {
        switch given(name)?.lowercased() {
        case nil, "0", "false", "no": return false
        case "1", "true", "yes": return true
        default:
            fault("\(name) must be 1 or 0")
            return false
        }
    }

    mutating func logLevel(_ name: String) -> Logger.Level {
        guard let text = given(name) else { return .info }
        guard let level = Logger.Level(rawValue: text.lowercased()) else {
            fault("\(name) must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
            return .info
        }
        return level
    }

    /// An http or https address, without a slash at its end.
    mutating func address(_ name: String, required: Bool) -> String {
        let text = text(name, default: required ? nil : "")
        guard !text.isEmpty else { return "" }
        return checked(text, name, schemes: ["http", "https"])
    }

    private mutating func checked(_ text: String, _ name: String, schemes: [String]) -> String {
        let parts = URLComponents(string: text)
        guard let parts, let scheme = parts.scheme, schemes.contains(scheme), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            fault("\(name) must hold \(schemes.joined(separator: " or ")) addresses such as http://127.0.0.1:8100")
            return ""
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// `identity=http://…,hr=http://…`: `Outbound` speaks plain http only.
    mutating func addresses(_ name: String) -> [ServiceName: String] {
        var found: [ServiceName: String] = [:]
        for pair in (given(name) ?? "").split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2, let service = ServiceName(rawValue: sides[0]) else {
                fault("\(name) must be a list such as identity=http://127.0.0.1:8100,hr=http://127.0.0.1:8101")
                continue
            }
            found[service] = checked(sides[1], name, schemes: ["http"])
        }
        return found
    }

    mutating func postgres(
        user: String, password: String, needsPassword: Bool, schema: String
    ) -> PostgresConfiguration {
        let servers = hosts("LIENTHONG_PG_HOST", port: integer("LIENTHONG_PG_PORT", 1...65_535, default: 5_432))
        return PostgresConfiguration(
            host: servers[0].host, port: servers[0].port,
            database: text("LIENTHONG_PG_DATABASE", default: "lienthong"), user: text(user, default: nil),
            password: text(password, default: needsPassword ? nil : ""), schema: schema,
            connections: integer("LIENTHONG_PG_CONNECTIONS", 1...64, default: Limits.Postgres.connections),
            further: servers.dropFirst().map { PostgresAddress(host: $0.host, port: $0.port) })
    }

    /// `host`, or `host:port,host:port` where there are several (an IPv6 address with a port stands in brackets); never
    /// empty.
    private mutating func hosts(_ name: String, port: Int) -> [(host: String, port: Int)] {
        if let found = Configuration.addresses(text(name, default: "127.0.0.1"), port: port) { return found }
        fault("\(name) must be an address or a list such as 10.0.0.1:5432,10.0.0.2:5432")
        return [("127.0.0.1", port)]
    }

    mutating func amqp(required: Bool) -> AMQPConfiguration {
        let nodes = hosts("LIENTHONG_AMQP_HOST", port: integer("LIENTHONG_AMQP_PORT", 1...65_535, default: 5_672))
        return AMQPConfiguration(
            host: nodes[0].host, port: nodes[0].port,
            vhost: text("LIENTHONG_AMQP_VHOST", default: "lienthong"),
            user: text("LIENTHONG_AMQP_USER", default: required ? nil : ""),
            password: text("LIENTHONG_AMQP_PASSWORD", default: required ? nil : ""),
            tls: given("LIENTHONG_AMQP_AUTHORITIES").map { AMQPTLS(authorities: $0) },
            further: nodes.dropFirst().map { AMQPAddress(host: $0.host, port: $0.port) })
    }
}

extension Configuration {
    /// Addresses apart by commas, each with a port of its own or this one; nil when one of them is none.
    public static func addresses(_ list: String, port: Int) -> [(host: String, port: Int)]? {
        var found: [(host: String, port: Int)] = []
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
            var (host, own) = (part, Int?.some(port))
            if part.hasPrefix("["), let end = part.firstIndex(of: "]") {
                host = part[part.index(after: part.startIndex)..<end]
                let rest = part[part.index(after: end)...]
                if !rest.isEmpty { own = rest.hasPrefix(":") ? Int(rest.dropFirst()) : nil }
            } else if pieces.count == 2 {
                (host, own) = (pieces[0], Int(pieces[1]))
            }
            guard let own, (1...65_535).contains(own), !host.isEmpty,
                !host.contains(where: { $0.isWhitespace || $0 == "[" || $0 == "]" })
            else {
                return nil
            }
            found.append((String(host), own))
        }
        return found.isEmpty ? nil : found
    }
}
