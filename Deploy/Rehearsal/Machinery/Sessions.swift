import Contracts
import Crypto
import Foundation

/// An account that the rehearsal signs in with: its name for people (`clerk`), its user name and its password, kept in
/// `secrets/account-<who>` of the run folder, readable by the owner only.
struct KeptAccount: Sendable {
    let who: String
    let login: String
    let password: String

    static func read(_ who: String, _ settings: Settings) -> KeptAccount? {
        guard let text = try? String(contentsOf: settings.secret("account-\(who)"), encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n").map(String.init)
        return lines.count == 2 ? KeptAccount(who: who, login: lines[0], password: lines[1]) : nil
    }

    /// The kept account, or a new password for it, on disk before it is used anywhere.
    static func make(_ who: String, login: String, _ settings: Settings) throws -> KeptAccount {
        if let known = read(who, settings), known.login == login { return known }
        let account = KeptAccount(who: who, login: login, password: random(18))
        let path = settings.secret("account-\(who)").path
        let written = FileManager.default.createFile(
            atPath: path, contents: Data("\(login)\n\(account.password)\n".utf8),
            attributes: [.posixPermissions: 0o600])
        guard written else { throw Failed("cannot write \(path)") }
        return account
    }

    /// URL-safe text of this many random bytes.
    static func random(_ count: Int) -> String {
        var source = SystemRandomNumberGenerator()
        return base64URL((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &source) })
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}

/// Signs in as people do, through the pages, and keeps the tokens while they are valid.
actor Sessions {
    private let settings: Settings
    private let identity: Address
    private var tokens: [String: (task: Task<String, any Error>, until: ContinuousClock.Instant)] = [:]

    init(_ settings: Settings) throws {
        self.settings = settings
        guard let identity = settings.services[.identity] else { throw Failed("no address of Identity") }
        self.identity = identity
    }

    /// A bearer token of a kept account; signs in when there is none or it is about to expire.
    /// - Throws: `CutOff` while Identity cannot answer.
    func token(of who: String) async throws -> String {
        if let known = tokens[who], known.until > .now { return try await known.task.value }
        guard let account = KeptAccount.read(who, settings) else {
            throw Failed("no account is kept for '\(who)': 'Rehearsal load' makes \(Cast.names)")
        }
        let task = Task { try await self.signIn(account) }
        tokens[who] = (task, .now + Limits.Rehearsal.tokenKept)
        do { return try await task.value } catch {
            tokens[who] = nil
            throw error
        }
    }

    /// The token was refused: the next call signs in again.
    func forget(_ who: String) { tokens[who] = nil }

    /// Authorization code with PKCE (RFC 7636): the page, its hidden fields, the form, the redirect, the code.
    private func signIn(_ account: KeptAccount) async throws -> String {
        let verifier = KeptAccount.random(32)
        let challenge = KeptAccount.base64URL(Array(SHA256.hash(data: Array(verifier.utf8))))
        let state = KeptAccount.random(16)
        let redirect = "http://127.0.0.1/callback"
        let query = [
            ("client_id", "portal"), ("redirect_uri", redirect), ("response_type", "code"), ("state", state),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ].map { "\($0.0)=\(HTTPAsk.encoded($0.1))" }.joined(separator: "&")
        let page = try await HTTP.send(HTTPAsk(method: "GET", target: "/oauth/authorize?\(query)"), to: identity)
        try Self.counts(page)
        guard page.status == 200 else { throw Failed("the sign-in page answered \(page.status): \(page.text)") }
        let fields = Self.hiddenFields(page.text) + [("login", account.login), ("password", account.password)]
        let signedIn = try await HTTP.send(.form("/oauth/authorize", fields), to: identity)
        try Self.counts(signedIn)
        guard signedIn.status == 302, let back = signedIn.header("location").flatMap(URLComponents.init) else {
            throw SignInFailed(login: account.login, status: signedIn.status)
        }
        func parameter(_ name: String) -> String? { back.queryItems?.first { $0.name == name }?.value }
        guard parameter("state") == state, let code = parameter("code") else {
            throw Failed("the sign-in of \(account.login) came back without its state or without a code")
        }
        let answer = try await HTTP.send(
            .form(
                "/oauth/token",
                [
                    ("grant_type", "authorization_code"), ("client_id", "portal"), ("code", code),
                    ("redirect_uri", redirect), ("code_verifier", verifier),
                ]), to: identity)
        try Self.counts(answer)
        guard let token = answer.json["access_token"]?.text else {
            throw Failed("no token for \(account.login): \(answer.status) \(answer.text)")
        }
        return token
    }

    /// An answer of a service that is ill is none: whoever asked tries again.
    private static func counts(_ answer: HTTPAnswer) throws {
        if answer.status >= 500 { throw CutOff(description: "Identity answered \(answer.status)") }
    }

    /// The hidden fields of a form, as a browser would send them.
    static func hiddenFields(_ page: String) -> [(String, String)] {
        page.components(separatedBy: "<input ").dropFirst().compactMap { input in
            let tag = input.prefix { $0 != ">" }
            guard tag.contains("type=\"hidden\""), let name = attribute("name", tag) else { return nil }
            return (name, attribute("value", tag) ?? "")
        }
    }

    private static func attribute(_ name: String, _ tag: Substring) -> String? {
        guard let start = tag.range(of: "\(name)=\"")?.upperBound else { return nil }
        let value = tag[start...].prefix { $0 != "\"" }
        return value.replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
            .replacingOccurrences(of: "&quot;", with: "\"").replacingOccurrences(of: "&#39;", with: "'")
            .replacingOccurrences(of: "&amp;", with: "&")
    }

    /// Sets the password of a kept account with the code of a one-time link (`…/activate#code`).
    /// - Returns: false when the code was used or has expired.
    func activate(_ account: KeptAccount, link: String) async throws -> Bool {
        guard let code = link.split(separator: "#", maxSplits: 1).dropFirst().first else {
            throw Failed("no code in the one-time link of \(account.login)")
        }
        let answer = try await HTTP.send(
            .form("/activate", [("code", String(code)), ("password", account.password)]), to: identity)
        guard [200, 400].contains(answer.status) else {
            throw Failed("activating \(account.login) answered \(answer.status): \(answer.text)")
        }
        return answer.status == 200
    }
}

/// Name and password did not fit, or the account is locked.
struct SignInFailed: Error, CustomStringConvertible {
    let login: String
    let status: Int
    var description: String {
        "\(login) could not sign in (\(status)); its password is kept in the run folder's secrets"
    }
}
