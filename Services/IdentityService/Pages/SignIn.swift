import Contracts
import Foundation
import ServiceKit

/// What a client asks of the authorization endpoint (RFC 6749, section 4.1.1; RFC 7636).
struct AuthorizationRequest: Sendable {
    let client: String
    let redirect: String
    let challenge: String
    let state: String?
    let nonce: String?

    /// - Throws: `OAuthFault` when client or redirect address are not known: then nobody is redirected anywhere.
    init(_ form: Form, _ clients: Clients) throws(OAuthFault) {
        client = try form.require("client_id")
        redirect = try form.require("redirect_uri")
        guard clients.isPublic(client) else { throw .invalidRequest("client_id is not known") }
        guard clients.allows(redirect: redirect) else { throw .invalidRequest("redirect_uri is not allowed") }
        guard try form.require("response_type") == "code" else { throw .invalidRequest("response_type must be code") }
        guard try form.require("code_challenge_method") == "S256" else {
            throw .invalidRequest("code_challenge_method must be S256")
        }
        challenge = try form.require("code_challenge")
        guard challenge.utf8.count == 43 else { throw .invalidRequest("code_challenge must have 43 characters") }
        state = form["state"]
        nonce = form["nonce"]
    }

    var hiddenFields: String {
        let pairs: [(String, String?)] = [
            ("client_id", client), ("redirect_uri", redirect), ("code_challenge", challenge), ("state", state),
            ("nonce", nonce), ("response_type", "code"), ("code_challenge_method", "S256"),
        ]
        return pairs.compactMap { name, value in
            value.map { "<input type=\"hidden\" name=\"\(name)\" value=\"\(Page.escape($0))\">" }
        }.joined()
    }
}

/// `GET /oauth/authorize`: the sign-in page, or straight back when the browser is signed in.
enum ShowSignIn: RawEndpoint {
    static let route = Route.get("/oauth/authorize")
    static let summary = "The sign-in page (authorization code with PKCE)"
    static let access = Access.open
    static let operation: JSON = [
        "parameters": .array(
            ["client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "state", "nonce"]
                .map { name in
                    [
                        "name": .string(name), "in": "query", "required": .bool(!["state", "nonce"].contains(name)),
                        "schema": ["type": "string"],
                    ]
                }),
        "responses": [
            "200": ["description": "The page", "content": ["text/html": ["schema": ["type": "string"]]]],
            "302": ["description": "Signed in already: back with a code"],
            "400": ["description": "Refused", "content": ["application/json": ["schema": OAuthFault.schema]]],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            let asked = try AuthorizationRequest(Form(query: request.query), call.resource(Clients.self))
            if let account = try await BrowserSession.account(request, call) {
                return try await SignIn.back(to: asked, for: account, call)
            }
            return page(asked, fault: nil, call)
        } catch let fault as OAuthFault { return fault.outgoing }
    }

    static func page(_ asked: AuthorizationRequest, fault: String?, _ call: Call) -> Outgoing {
        let words = Words(language: call.language)
        return Page.html(
            fault == nil ? 200 : 401, title: words("Đăng nhập", "Sign in"), call.language,
            body: """
                \(Page.fault(fault))
                <form method="post" action="/oauth/authorize">\(asked.hiddenFields)
                <label for="login">\(words("Tên đăng nhập", "User name"))</label>
                <input id="login" name="login" autocomplete="username" required autofocus>
                <label for="password">\(words("Mật khẩu", "Password"))</label>
                <input id="password" name="password" type="password" autocomplete="current-password" required>
                <button>\(words("Đăng nhập", "Sign in"))</button></form>
                """)
    }
}

/// `POST /oauth/authorize`: name and password; on success back to the client with a code.
enum SignIn: RawEndpoint {
    static let route = Route.post("/oauth/authorize")
    static let summary = "Sign in with name and password; answers with a redirect that carries the code"
    static let access = Access.open
    static let operation: JSON = [
        "requestBody": [
            "required": true,
            "content": [
                "application/x-www-form-urlencoded": [
                    "schema": [
                        "type": "object",
                        "required": [
                            "login", "password", "client_id", "redirect_uri", "response_type", "code_challenge",
                        ],
                    ]
                ]
            ],
        ],
        "responses": [
            "302": ["description": "Signed in: back with a code"],
            "400": ["description": "Refused", "content": ["application/json": ["schema": OAuthFault.schema]]],
            "401": [
                "description": "Wrong name or password, or locked",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            let form = try Form(request)
            let asked = try AuthorizationRequest(form, call.resource(Clients.self))
            let login = try form.require("login")
            guard let account = try await verified(login.lowercased(), form["password"] ?? "", call) else {
                let words = Words(language: call.language)
                return ShowSignIn.page(
                    asked,
                    fault: words(
                        "Sai tên đăng nhập hoặc mật khẩu, hoặc tài khoản đang bị khóa tạm thời.",
                        "Wrong user name or password, or the account is locked for a while."), call)
            }
            var answer = try await back(to: asked, for: account, call)
            answer.headers.append(("set-cookie", try await BrowserSession.begin(account, call)))
            return answer
        } catch let fault as OAuthFault { return fault.outgoing }
    }

    /// The account, when name and password fit and it is neither closed nor locked. Every failure counts; nothing in
    /// the answer or its time tells which of the reasons it was.
    static func verified(_ login: String, _ password: String, _ call: Call) async throws -> AccountID? {
        guard login.utf8.count <= 200, password.count <= Limits.password.upperBound else { return nil }
        let rows = try await call.run(
            """
            SELECT id, password_hash, state = 'active' AND (locked_until IS NULL OR locked_until <= now()) AS open
            FROM accounts WHERE login = \(login)
            """)
        let account: AccountID? = try rows.first?("id")
        let hash: String? = try rows.first?("password_hash")
        let isOpen: Bool = try rows.first?("open") ?? false
        let fits = try await PasswordHash.matches(password, hash)
        guard let account else { return nil }
        guard fits, isOpen else {
            try await call.run(
                """
                WITH failed AS (
                    UPDATE accounts SET failures = failures + 1,
                        locked_until = CASE WHEN failures + 1 >= \(Limits.signInFailures)
                            THEN now() + make_interval(secs => \(Limits.signInLock.secondsValue)) ELSE locked_until END
                    WHERE id = \(account) RETURNING id)
                INSERT INTO sign_in_log (account, what) SELECT id, 'failed' FROM failed
                """)
            return nil
        }
        try await call.run(
            """
            WITH opened AS (UPDATE accounts SET failures = 0, locked_until = NULL WHERE id = \(account) RETURNING id)
            INSERT INTO sign_in_log (account, what) SELECT id, 'signed in' FROM opened
            """)
        return account
    }

    /// The redirect that carries the code, the client's state and our name (RFC 9207).
    static func back(to asked: AuthorizationRequest, for account: AccountID, _ call: Call) async throws -> Outgoing {
        let code = OpaqueSecret.new()
        try await call.run(
            """
            INSERT INTO authorization_codes (code_hash, account, client, redirect_uri, challenge, nonce, family,
                                             expires_at)
            VALUES (\(OpaqueSecret.hash(code)), \(account), \(asked.client), \(asked.redirect), \(asked.challenge),
                    \(asked.nonce), \(UUID.v7()),
                    now() + make_interval(secs => \(Limits.authorizationCode.secondsValue)))
            """)
        var url = URLComponents(string: asked.redirect)
        url?.queryItems = [
            URLQueryItem(name: "code", value: code), URLQueryItem(name: "state", value: asked.state),
            URLQueryItem(name: "iss", value: call.runtime.configuration.identityURL),
        ].filter { $0.value != nil }
        return Outgoing(302, headers: [("location", url?.string ?? asked.redirect), ("cache-control", "no-store")])
    }
}

/// The browser's own session: a cookie with an opaque secret.
enum BrowserSession {
    static let cookie = "lienthong_session"

    static func begin(_ account: AccountID, _ call: Call) async throws -> String {
        let id = OpaqueSecret.new()
        try await call.run(
            """
            INSERT INTO browser_sessions (id_hash, account, expires_at) VALUES (\(OpaqueSecret.hash(id)), \(account),
                now() + make_interval(secs => \(Limits.browserSession.secondsValue)))
            """)
        let secure = call.runtime.configuration.identityURL.hasPrefix("https:") ? "; Secure" : ""
        return "\(cookie)=\(id); Path=/oauth; HttpOnly; SameSite=Lax\(secure)"
    }

    static func account(_ request: Incoming, _ call: Call) async throws -> AccountID? {
        guard let id = value(request) else { return nil }
        return try await call.run(
            """
            SELECT s.account FROM browser_sessions s JOIN accounts a ON a.id = s.account
            WHERE s.id_hash = \(OpaqueSecret.hash(id)) AND s.ended_at IS NULL AND s.expires_at > now()
              AND a.state = 'active'
            """
        ).first?("account")
    }

    static func value(_ request: Incoming) -> String? {
        for pair in (request.header("cookie") ?? "").split(separator: ";") {
            let sides = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
            if sides.count == 2, sides[0] == cookie { return String(sides[1]) }
        }
        return nil
    }
}
