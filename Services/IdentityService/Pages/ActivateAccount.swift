import Contracts
import ServiceKit

/// `GET /activate`: the page behind a one-time link. The code stands in the fragment, which no server and no log sees.
enum ShowActivation: RawEndpoint {
    static let route = Route.get("/activate")
    static let summary = "The page on which the holder of a one-time link sets a password"
    static let access = Access.open
    static let operation: JSON = [
        "responses": ["200": ["description": "The page", "content": ["text/html": ["schema": ["type": "string"]]]]]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        page(200, call)
    }

    /// - Parameter code: what was sent before, so that a refused password does not cost the link.
    static func page(_ status: Int, code: String = "", fault: String? = nil, _ call: Call) -> Outgoing {
        let words = Words(language: call.language)
        return Page.html(
            status, title: words("Đặt mật khẩu", "Set a password"), call.language,
            body: """
                \(Page.fault(fault))
                <form method="post" action="/activate">
                <label for="code">\(words("Mã dùng một lần", "One-time code"))</label>
                <p class="hint" id="code-hint">\(words(
                    "Là phần sau dấu # trong đường dẫn đã nhận.", "The part after the # in the link that you got."))</p>
                <input id="code" name="code" value="\(Page.escape(code))" autocomplete="off" autocapitalize="none" \
                spellcheck="false" aria-describedby="code-hint" required>
                <label for="password">\(words("Mật khẩu mới", "New password"))</label>
                <p class="hint" id="password-hint">\(words(
                    "Ít nhất \(Limits.password.lowerBound) ký tự, không chứa tên đăng nhập.",
                    "At least \(Limits.password.lowerBound) characters, without the user name in it."))</p>
                <input id="password" name="password" type="password" autocomplete="new-password" \
                minlength="\(Limits.password.lowerBound)" aria-describedby="password-hint" required>
                <label for="repeated">\(words("Nhập lại mật khẩu mới", "New password again"))</label>
                <input id="repeated" name="repeated" type="password" autocomplete="new-password" required>
                <button>\(words("Lưu mật khẩu", "Save the password"))</button></form>
                """,
            script: "if(location.hash.length>1){document.getElementById('code').value=location.hash.slice(1);"
                + "history.replaceState(null,'','/activate');document.getElementById('password').focus()}")
    }
}

/// `POST /activate`: the one-time code and a new password.
enum ActivateAccount: RawEndpoint {
    static let route = Route.post("/activate")
    static let summary = "Set a password with the code of a one-time link"
    static let access = Access.open
    static let operation: JSON = [
        "requestBody": [
            "required": true,
            "content": [
                "application/x-www-form-urlencoded": [
                    "schema": [
                        "type": "object", "required": ["code", "password"],
                        "properties": [
                            "code": ["type": "string"], "password": ["type": "string", "minLength": 12],
                            "repeated": ["type": "string"],
                        ],
                    ]
                ]
            ],
        ],
        "responses": [
            "200": ["description": "The password is set", "content": ["text/html": ["schema": ["type": "string"]]]],
            "400": ["description": "Refused", "content": ["text/html": ["schema": ["type": "string"]]]],
            "403": [
                "description": "The form came from another site",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard !ForeignForm.isForeign(request, call) else { return ForeignForm.refused(call) }
        let words = Words(language: call.language)
        let unknown = words("Mã không đúng, đã dùng hoặc hết hạn.", "The code is wrong, used or expired.")
        guard let form = try? Form(request), let typed = try? form.require("code") else {
            return ShowActivation.page(400, fault: unknown, call)
        }
        let code = OpaqueSecret.hash(typed)
        let password = Password(form["password"] ?? "")
        // The code first: hashing costs, and strangers shall not spend it.
        guard let login = try await login(of: code, call) else {
            return ShowActivation.page(400, fault: unknown, call)
        }
        do throws(Password.Fault) { try password.check(for: login, repeated: form["repeated"]) } catch {
            return ShowActivation.page(400, code: typed, fault: error.text(words), call)
        }
        guard try await activate(code, password.hash(), call) else {
            return ShowActivation.page(400, fault: unknown, call)
        }
        return Page.html(
            200, title: words("Đã lưu mật khẩu", "The password is saved"), call.language,
            body: """
                <p>\(words(
                    "Bây giờ có thể đăng nhập bằng tên đăng nhập sau:", "You can sign in now with this user name:"))
                <strong>\(Page.escape(login))</strong></p>
                """)
    }

    private static func login(of code: [UInt8], _ call: Call) async throws -> String? {
        try await call.run(
            """
            SELECT a.login FROM one_time_links l JOIN accounts a ON a.id = l.account
            WHERE l.code_hash = \(code) AND l.used_at IS NULL AND l.expires_at > now() AND a.state <> 'closed'
            """
        ).first?("login")
    }

    /// Uses the code up, sets the password, ends what the old one had opened, and announces; all or nothing.
    private static func activate(_ code: [UInt8], _ hash: String, _ call: Call) async throws -> Bool {
        do {
            _ = try await call.transaction { work in
                let rows = try await work.run(
                    """
                    UPDATE one_time_links SET used_at = now()
                    WHERE code_hash = \(code) AND used_at IS NULL AND expires_at > now() RETURNING account
                    """)
                guard let account: AccountID = try rows.first?("account") else { throw Refused.notFound }
                let changed = try await work.run(
                    """
                    UPDATE accounts SET password_hash = \(hash), state = 'active', failures = 0, locked_until = NULL,
                        version = version + 1
                    WHERE id = \(account) AND state <> 'closed' RETURNING version
                    """)
                guard let version: Int64 = try changed.first?("version") else { throw Refused.notFound }
                try await work.run(
                    "UPDATE refresh_tokens SET revoked_at = now() WHERE account = \(account) AND revoked_at IS NULL")
                try await work.run(
                    "UPDATE browser_sessions SET ended_at = now() WHERE account = \(account) AND ended_at IS NULL")
                try await work.run(
                    "UPDATE authorization_codes SET used_at = now() WHERE account = \(account) AND used_at IS NULL")
                try await work.run("INSERT INTO sign_in_log (account, what) VALUES (\(account), 'password set')")
                var event = AccountActivated()
                event.account = account
                try await work.announce(event, version: version, to: nil)
                return Reply(Nothing())
            }
            return true
        } catch let refused as Refused where refused == .notFound { return false }
    }
}
