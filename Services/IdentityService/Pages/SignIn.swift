import Contracts
import Foundation
import ServiceKit

/// `GET /oauth/authorize`: the sign-in page, or straight back when the browser is signed in.
enum ShowSignIn: RawEndpoint {
    static let route = Route.get("/oauth/authorize")
    static let summary = "The sign-in page (authorization code with PKCE)"
    static let access = Access.open
    private static let required = [
        "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method",
    ]
    static let operation: JSON = [
        "parameters": .array(
            (required + ["state", "nonce", "prompt", "max_age", "ui_locales"]).map { name in
                [
                    "name": .string(name), "in": "query", "required": .bool(required.contains(name)),
                    "schema": ["type": "string"],
                ]
            }),
        "responses": [
            "200": ["description": "The page", "content": ["text/html": ["schema": ["type": "string"]]]],
            "302": ["description": "Back to the client: signed in already, with a code, or with an error"],
            "400": [
                "description": "Client or redirect address are not known",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            let asked = try AuthorizationRequest(Form(query: request.query), call.resource(Clients.self))
            return try await show(asked, request, call)
        } catch let fault as OAuthFault { return refused(fault, call) } catch let fault as SentBack {
            return fault.outgoing(call)
        }
    }

    /// Nobody goes on without being asked, unless a session is young enough and the operator knows the client's
    /// address: on loopback any program may be at the other end (RFC 8252, section 8.6).
    static func show(_ asked: AuthorizationRequest, _ request: Incoming, _ call: Call) async throws -> Outgoing {
        let session = try await BrowserSession.account(request, call)
        if let (account, signedInAt) = session, !asked.prompt.contains("login"),
            call.resource(Clients.self).isRegistered(redirect: asked.redirect),
            asked.maxAge.map({ Date().timeIntervalSince(signedInAt) <= Double($0) }) ?? true
        {
            return try await SignIn.back(to: asked, for: account, since: signedInAt, call)
        }
        guard !asked.prompt.contains("none") else {
            let fault = OAuthFault(code: "login_required", description: "Nobody is signed in here, or not lately")
            throw SentBack(fault: fault, redirect: asked.redirect, state: asked.state)
        }
        return page(asked, call)
    }

    static func page(_ asked: AuthorizationRequest, login: String = "", fault: String? = nil, _ call: Call) -> Outgoing
    {
        let language = asked.language(call)
        let words = Words(language: language)
        let other: Language = language == .english ? .vietnamese : .english
        return Page.html(
            fault == nil ? 200 : 401, title: words("Đăng nhập", "Sign in"), language,
            body: """
                \(Page.fault(fault))
                <form method="post" action="/oauth/authorize">\(asked.hiddenFields)
                <label for="login">\(words("Tên đăng nhập", "User name"))</label>
                <input id="login" name="login" value="\(Page.escape(login))" autocomplete="username" \
                autocapitalize="none" spellcheck="false" required\(login.isEmpty ? " autofocus" : "")>
                <label for="password">\(words("Mật khẩu", "Password"))</label>
                <input id="password" name="password" type="password" autocomplete="current-password" \
                required\(login.isEmpty ? "" : " autofocus")>
                <button>\(words("Đăng nhập", "Sign in"))</button></form>
                <p class="hint after">\(words(
                    "Quên mật khẩu? Hãy liên hệ quản trị viên để được cấp đường dẫn mới.",
                    "Forgot the password? Ask your administrator for a new link."))</p>
                <footer><a href="\(Page.escape(asked.address(in: other)))" hreflang="\(other.rawValue)" \
                lang="\(other.rawValue)">\(words("English", "Tiếng Việt"))</a></footer>
                """,
            sendsTo: asked.redirect)
    }

    /// Without a known client there is nowhere to send the browser: the person is told.
    static func refused(_ fault: OAuthFault, _ call: Call) -> Outgoing {
        let words = Words(language: call.language)
        let text = words(
            "Ứng dụng gửi yêu cầu đăng nhập không hợp lệ. Hãy quay lại ứng dụng và thử lại.",
            "The application sent a sign-in request that is not valid. Go back to it and try again.")
        return Page.html(
            400, title: words("Không đăng nhập được", "You cannot sign in"), call.language,
            body: "\(Page.fault(text))<p class=\"hint\" lang=\"en\"><code>\(fault.code)</code>: "
                + "\(Page.escape(fault.description))</p>")
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
            "200": [
                "description": "Without a name: the page", "content": ["text/html": ["schema": ["type": "string"]]],
            ],
            "302": ["description": "Back to the client: signed in, with a code, or with an error"],
            "400": [
                "description": "Client or redirect address are not known",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ],
            "401": [
                "description": "Wrong name or password, or locked",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ],
            "403": [
                "description": "The form came from another site",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            let form = try Form(request)
            let asked = try AuthorizationRequest(form, call.resource(Clients.self))
            // OpenID Connect Core, 3.1.2.1: clients may ask by POST as well. They have no name and no password.
            guard form["login"] != nil || form["password"] != nil else {
                return try await ShowSignIn.show(asked, request, call)
            }
            guard !ForeignForm.isForeign(request, call) else { return ForeignForm.refused(call) }
            return try await signIn(form["login"] ?? "", form["password"] ?? "", asked, call)
        } catch let fault as OAuthFault { return ShowSignIn.refused(fault, call) } catch let fault as SentBack {
            return fault.outgoing(call)
        }
    }

    private static func signIn(
        _ login: String, _ password: String, _ asked: AuthorizationRequest, _ call: Call
    ) async throws -> Outgoing {
        guard let account = try await verified(login, Password(password), call) else {
            let words = Words(language: asked.language(call))
            let fault = words(
                "Sai tên đăng nhập hoặc mật khẩu, hoặc tài khoản đang bị khóa tạm thời.",
                "Wrong user name or password, or the account is locked for a while.")
            return ShowSignIn.page(asked, login: String(login.prefix(Limits.SignIn.login)), fault: fault, call)
        }
        var answer = try await back(to: asked, for: account, since: Date(), call)
        answer.headers.append(("set-cookie", try await BrowserSession.begin(account, call)))
        return answer
    }

    /// The account, when name and password fit and it is neither closed nor locked. Nothing in the answer or its time
    /// tells which of the reasons it was: an unknown name costs one hash and one write, too.
    static func verified(_ typed: String, _ password: Password, _ call: Call) async throws -> AccountID? {
        let login = typed.lowercased()
        guard login.unicodeScalars.count <= Limits.SignIn.login, !login.contains("\0"), password.isPossible else {
            return nil
        }
        let rows = try await call.run(
            "SELECT id, CASE WHEN state = 'active' THEN password_hash END AS hash FROM accounts WHERE login = \(login)")
        let account: AccountID? = try rows.first?("id")
        let hash: String? = try rows.first?("hash")
        guard try await password.matches(hash), let account, let hash else {
            try await countFailure(account, call)
            return nil
        }
        // Looked at again now: of many guesses at once only so many count as if the lock had stood before them.
        let opened = try await call.run(
            """
            WITH opened AS (
                UPDATE accounts SET failures = 0, locked_until = NULL
                WHERE id = \(account) AND state = 'active' AND password_hash = \(hash)
                  AND (locked_until IS NULL OR locked_until <= now()) RETURNING id)
            INSERT INTO sign_in_log (account, what)
            SELECT \(account), CASE WHEN EXISTS (SELECT 1 FROM opened) THEN 'signed in' ELSE 'refused while locked' END
            RETURNING what
            """)
        return try opened.first?("what") == "signed in" ? account : nil
    }

    /// So many failures in a row lock the account; while it is locked they count no further, and after it they count
    /// anew: nobody is kept out for longer than the lock.
    private static func countFailure(_ account: AccountID?, _ call: Call) async throws {
        try await call.run(
            """
            WITH failed AS (
                UPDATE accounts SET
                    failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END,
                    locked_until = CASE WHEN locked_until IS NULL AND failures + 1 >= \(Limits.signInFailures)
                        THEN now() + make_interval(secs => \(Limits.signInLock.secondsValue)) END
                WHERE id = \(account) AND (locked_until IS NULL OR locked_until <= now()))
            INSERT INTO sign_in_log (account, what) VALUES (\(account), 'failed')
            """)
    }

    /// The redirect that carries the code.
    static func back(
        to asked: AuthorizationRequest, for account: AccountID, since signedInAt: Date, _ call: Call
    ) async throws -> Outgoing {
        let code = OpaqueSecret.new()
        try await call.run(
            """
            INSERT INTO authorization_codes (code_hash, account, client, redirect_uri, challenge, nonce, family,
                                             expires_at, signed_in_at)
            VALUES (\(OpaqueSecret.hash(code)), \(account), \(asked.client), \(asked.redirect), \(asked.challenge),
                    \(asked.nonce), \(UUID.v7()),
                    now() + make_interval(secs => \(Limits.authorizationCode.secondsValue)), \(signedInAt))
            """)
        return AuthorizationRequest.back(to: asked.redirect, [("code", code)], state: asked.state, call)
    }
}
