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
        page(200, fault: nil, call)
    }

    static func page(_ status: Int, fault: String?, _ call: Call) -> Outgoing {
        let words = Words(language: call.language)
        return Page.html(
            status, title: words("Đặt mật khẩu", "Set a password"), call.language,
            body: """
                \(Page.fault(fault))
                <form method="post" action="/activate">
                <label for="code">\(words("Mã một lần trong đường dẫn", "One-time code of the link"))</label>
                <input id="code" name="code" autocomplete="one-time-code" required>
                <label for="password">\(words(
                    "Mật khẩu mới (ít nhất \(Limits.password.lowerBound) ký tự)",
                    "New password (at least \(Limits.password.lowerBound) characters)"))</label>
                <input id="password" name="password" type="password" autocomplete="new-password" required>
                <button>\(words("Lưu mật khẩu", "Save the password"))</button></form>
                """,
            script: "if(location.hash.length>1){document.getElementById('code').value=location.hash.slice(1);"
                + "history.replaceState(null,'','/activate')}")
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
                        "properties": ["code": ["type": "string"], "password": ["type": "string", "minLength": 12]],
                    ]
                ]
            ],
        ],
        "responses": [
            "200": ["description": "The password is set", "content": ["text/html": ["schema": ["type": "string"]]]],
            "400": [
                "description": "Refused",
                "content": [
                    "application/json": ["schema": OAuthFault.schema], "text/html": ["schema": ["type": "string"]],
                ],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let words = Words(language: call.language)
        do {
            let form = try Form(request)
            let code = OpaqueSecret.hash(try form.require("code"))
            let password = form["password"] ?? ""
            guard Limits.password.contains(password.count) else {
                return ShowActivation.page(
                    400,
                    fault: words(
                        "Mật khẩu phải có từ \(Limits.password.lowerBound) đến \(Limits.password.upperBound) ký tự.",
                        "It must have \(Limits.password.lowerBound) to \(Limits.password.upperBound) characters."),
                    call)
            }
            let hash = try await PasswordHash.make(password)
            guard try await activate(code, hash, call) else {
                return ShowActivation.page(
                    400,
                    fault: words("Mã không đúng, đã dùng hoặc hết hạn.", "The code is wrong, used or expired."), call)
            }
        } catch let fault as OAuthFault { return fault.outgoing }
        return Page.html(
            200, title: words("Đã lưu mật khẩu", "The password is saved"), call.language,
            body: "<p>\(words("Bây giờ có thể đăng nhập.", "You can sign in now."))</p>")
    }

    /// Uses the code up, sets the password and announces, all or nothing.
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
