import Contracts
import Crypto
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import Synchronization
import TestKit

@testable import IdentityService

/// The Identity service, seen from outside: by HR's events, by browsers and by programs.
struct Door: Sendable {
    static let redirect = "http://127.0.0.1:4711/callback"
    static let portal = "https://cong.gov.vn/dang-nhap"
    static let password = "Chín con trâu đen 9"
    static let keySecret = String(repeating: "5a", count: 32)

    let service: TestService
    let administrator = PersonID.new()

    static func open(
        _ settings: [String: String] = [:], log: Logger = quiet, _ body: (Door) async throws -> Void
    ) async throws {
        let usual = [
            "LIENTHONG_CLIENT_SECRETS": "hr=secret of hr,mail=a+b%c/d=", "LIENTHONG_KEY_SECRET": keySecret,
            "LIENTHONG_REDIRECT_URIS": "\(portal),https://app.gov.vn/cb?from=lienthong",
        ]
        try await withService(Main.self, usual.merging(settings) { $1 }, log: log) { service in
            let door = Door(service: service)
            try await service.nameAdministrator(door.administrator)
            try await body(door)
        }
    }

    // MARK: - Officials

    func appoint(_ person: PersonID, _ mailbox: String, at agency: String = "H19.12") async throws {
        var event = OfficialAppointed()
        (event.person, event.fullName, event.mailbox) = (person, "Nguyễn Văn An", mailbox)
        (event.post, event.agency, event.unit, event.role) = (PostID.new(), try AgencyCode(agency), "phong", .officer)
        (event.title, event.decisionNumber) = ("Công chức", "01/QĐ-SNV")
        event.effectiveFrom = try Day("2021-01-04")
        await service.take(event)
    }

    func end(_ person: PersonID) async throws {
        var event = ServiceEnded()
        (event.person, event.decisionNumber, event.effectiveFrom) = (person, "02/QĐ-SNV", Day(Date()))
        await service.take(event)
    }

    /// An official who has set the password.
    @discardableResult
    func official(_ login: String, _ person: PersonID = .new()) async throws -> AccountID {
        try await appoint(person, login)
        let account = try await account(login)
        _ = try await activate(try await link(account))
        return account
    }

    func account(_ login: String) async throws -> AccountID {
        let answer = try await get("/accounts?login=\(login)", as: administrator)
        return try AccountID(answer.json["accounts"]?.array?.first?["account"]?.text ?? "")
    }

    func state(_ login: String) async throws -> String? {
        let rows = try await service.database.database.run("SELECT state FROM accounts WHERE login = \(login)")
        return try rows.first.map { row in try row("state") }
    }

    /// The code of a new one-time link.
    func link(_ account: AccountID) async throws -> String {
        let answer = try await post("/accounts/\(account)/one-time-link", as: administrator)
        return Self.code(of: answer.json["link"]?.text)
    }

    static func code(of link: String?) -> String { String((link ?? "").drop { $0 != "#" }.dropFirst()) }

    func activate(
        _ code: String, _ password: String = Door.password, _ more: KeyValuePairs<String, String> = [:]
    ) async throws -> TestService.Answer {
        try await form("/activate", [("code", code), ("password", password)] + more.map { ($0.key, $0.value) })
    }

    // MARK: - HTTP

    func get(
        _ path: String, as person: PersonID? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        try await service.send("GET", path, as: person, headers: headers)
    }

    func post(
        _ path: String, as person: PersonID, _ body: JSON? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        try await service.send("POST", path, as: person, body: body?.bytes, headers: headers)
    }

    func form(
        _ path: String, _ pairs: [(String, String)], headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        let text = QueryEncoding.text(pairs.map { (name: $0.0, value: $0.1) })
        return try await service.send(
            "POST", path, body: Array(text.utf8),
            headers: headers + [("content-type", "application/x-www-form-urlencoded")])
    }

    // MARK: - Signing in

    /// What a client sends to the authorization endpoint; a nil value leaves a parameter out.
    static func request(
        _ flow: Flow = Flow(), _ changes: [String: String?] = [:]
    ) -> [(String, String)] {
        let usual: [(String, String?)] = [
            ("client_id", "portal"), ("redirect_uri", flow.redirect), ("response_type", "code"),
            ("code_challenge", flow.challenge), ("code_challenge_method", "S256"), ("state", flow.state),
        ]
        let more = changes.filter { change in !usual.contains { $0.0 == change.key } }.map { ($0.key, $0.value) }
        return (usual.map { ($0.0, changes[$0.0] ?? $0.1) } + more).compactMap { name, value in
            value.map { (name, $0) }
        }
    }

    func page(
        _ flow: Flow = Flow(), _ changes: [String: String?] = [:], headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        let pairs = Self.request(flow, changes).map { (name: $0.0, value: $0.1) }
        return try await get("/oauth/authorize?\(QueryEncoding.text(pairs))", headers: headers)
    }

    func signIn(
        _ login: String, _ password: String = Door.password, _ flow: Flow = Flow(), _ changes: [String: String?] = [:],
        headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        let pairs = Self.request(flow, changes) + [("login", login), ("password", password)]
        return try await form("/oauth/authorize", pairs, headers: headers)
    }

    func exchange(
        _ code: String, _ flow: Flow, _ changes: [String: String] = [:]
    ) async throws -> TestService.Answer {
        let pairs = [
            ("grant_type", "authorization_code"), ("client_id", "portal"), ("code", code),
            ("redirect_uri", flow.redirect), ("code_verifier", flow.verifier),
        ]
        return try await form("/oauth/token", pairs.map { ($0.0, changes[$0.0] ?? $0.1) })
    }

    func refresh(_ token: String?, client: String = "portal") async throws -> TestService.Answer {
        try await form(
            "/oauth/token",
            [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token ?? "")])
    }

    /// From name and password to tokens.
    func tokens(_ login: String, _ changes: [String: String?] = [:]) async throws -> TestService.Answer {
        let flow = Flow()
        let code = try await signIn(login, Door.password, flow, changes).parameter("code")
        return try await exchange(code ?? "", flow)
    }

    func program(_ client: String, _ secret: String) async throws -> TestService.Answer {
        let basic = Data("\(client):\(secret)".utf8).base64EncodedString()
        return try await form(
            "/oauth/token", [("grant_type", "client_credentials")], headers: [("authorization", "Basic \(basic)")])
    }

    /// From now on this service verifies the tokens that it makes.
    func trustOwnKeys() async throws {
        let keys = try await get("/.well-known/jwks.json").json["keys"]?.array ?? []
        try trust(keys, at: service.running.runtime)
    }

    func rows(_ table: String) async throws -> Int {
        try await service.count("SELECT count(*) AS n FROM \(raw: table)")
    }

    func logged(_ what: String) async throws -> Int {
        try await service.count("SELECT count(*) AS n FROM sign_in_log WHERE what = \(what)")
    }
}

/// What a client remembers between its request and the answer.
struct Flow: Sendable {
    var verifier = OpaqueSecret.new()
    var state = "trạng thái a+b&c=d%41"
    var redirect = Door.redirect

    var challenge: String { Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8)))) }
}

extension TestService.Answer {
    var text: String { String(decoding: body, as: UTF8.self) }
    var location: String? { outgoing.header("location") }
    /// A parameter of the redirect, read as clients read a form.
    func parameter(_ name: String) -> String? {
        let query = (location ?? "").drop { $0 != "?" }.dropFirst()
        return FormDecoding.pairs(String(query)).first { $0.name == name }?.value
    }
    var error: String? { json["error"]?.text }
    var cookie: String? { outgoing.header("set-cookie") }
    /// What the browser sends back.
    var session: [(name: String, value: String)] { [("cookie", String((cookie ?? "").prefix { $0 != ";" }))] }
}

/// The claims of a token whose signature one of these keys verifies.
func claims(_ token: String?, _ jwks: JSON) throws -> JSON? {
    let parts = (token ?? "").split(separator: ".")
    guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
        let raw = Base64URL.decode(parts[2])
    else { return nil }
    let kid = try JSON(parsing: header)["kid"]
    guard let jwk = jwks["keys"]?.array?.first(where: { $0["kid"] == kid }),
        let x = Base64URL.decode(jwk["x"]?.text ?? ""), let y = Base64URL.decode(jwk["y"]?.text ?? "")
    else { return nil }
    let key = try P256.Signing.PublicKey(rawRepresentation: x + y)
    let signature = try P256.Signing.ECDSASignature(rawRepresentation: raw)
    return key.isValidSignature(signature, for: Array("\(parts[0]).\(parts[1])".utf8))
        ? try JSON(parsing: payload) : nil
}

/// Everything that a service logs, as text.
final class Notebook: Sendable {
    private let kept = Mutex<[String]>([])

    var text: String { kept.withLock { $0.joined(separator: "\n") } }
    var logger: Logger { Logger(label: "identity") { _ in Pen(notebook: self) } }

    private struct Pen: LogHandler {
        let notebook: Notebook
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel = Logger.Level.trace

        init(notebook: Notebook) { self.notebook = notebook }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let error = event.error.map { String(reflecting: $0) } ?? ""
            notebook.kept.withLock { $0.append("\(event.level) \(event.message) \(all) \(error)") }
        }
    }
}
