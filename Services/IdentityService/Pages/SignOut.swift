import Contracts
import ServiceKit

/// `GET /oauth/logout`: a client sends the browser here (OpenID Connect RP-Initiated Logout, section 2); the person is
/// asked, because any page may lead here.
enum ShowSignOut: RawEndpoint {
    static let route = Route.get("/oauth/logout")
    static let summary = "The page that asks whether to sign out"
    static let access = Access.open
    static let operation: JSON = [
        "responses": ["200": ["description": "The page", "content": ["text/html": ["schema": ["type": "string"]]]]]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        page(call)
    }

    static func page(_ call: Call) -> Outgoing {
        let words = Words(language: call.language)
        return Page.html(
            200, title: words("Đăng xuất", "Sign out"), call.language,
            body: """
                <p>\(words(
                    "Mọi phiên làm việc của tài khoản này trên các thiết bị sẽ kết thúc trong vòng năm phút.",
                    "Every session of this account, on all devices, ends within five minutes."))</p>
                <form method="post" action="/oauth/logout"><button>\(words("Đăng xuất", "Sign out"))</button></form>
                """)
    }
}

/// `POST /oauth/logout`: the account's browser sessions, codes and refresh tokens end; access tokens live out their
/// five minutes.
enum SignOut: RawEndpoint {
    static let route = Route.post("/oauth/logout")
    static let summary = "Sign out: end every browser session and refresh token of the account"
    static let access = Access.open
    static let operation: JSON = [
        "responses": [
            "200": [
                "description": "Signed out; or, when another site asks, the page that asks the person",
                "content": ["text/html": ["schema": ["type": "string"]]],
            ]
        ]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard !ForeignForm.isForeign(request, call) else { return ShowSignOut.page(call) }
        if let id = BrowserSession.value(request) {
            try await call.run(
                """
                WITH known AS (SELECT account FROM browser_sessions
                               WHERE id_hash = \(OpaqueSecret.hash(id)) AND ended_at IS NULL AND expires_at > now()),
                     sessions AS (UPDATE browser_sessions s SET ended_at = now() FROM known
                                  WHERE s.account = known.account AND s.ended_at IS NULL),
                     codes AS (UPDATE authorization_codes c SET used_at = now() FROM known
                               WHERE c.account = known.account AND c.used_at IS NULL),
                     revoked AS (UPDATE refresh_tokens r SET revoked_at = now() FROM known
                                 WHERE r.account = known.account AND r.revoked_at IS NULL)
                INSERT INTO sign_in_log (account, what) SELECT account, 'signed out' FROM known
                """)
        }
        let words = Words(language: call.language)
        var answer = Page.html(
            200, title: words("Đã đăng xuất", "Signed out"), call.language,
            body: "<p>\(words("Có thể đóng cửa sổ này.", "You can close this window."))</p>")
        answer.headers.append(("set-cookie", BrowserSession.ended(call)))
        return answer
    }
}
