import Contracts
import ServiceKit

/// `POST /oauth/logout`: the browser's session and the account's refresh tokens end; access tokens live out their five
/// minutes.
enum SignOut: RawEndpoint {
    static let route = Route.post("/oauth/logout")
    static let summary = "Sign out: end the browser session and every refresh token of the account"
    static let access = Access.open
    static let operation: JSON = [
        "responses": ["200": ["description": "Signed out", "content": ["text/html": ["schema": ["type": "string"]]]]]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        if let id = BrowserSession.value(request) {
            try await call.run(
                """
                WITH ended AS (UPDATE browser_sessions SET ended_at = now()
                               WHERE id_hash = \(OpaqueSecret.hash(id)) AND ended_at IS NULL RETURNING account),
                     revoked AS (UPDATE refresh_tokens r SET revoked_at = now() FROM ended
                                 WHERE r.account = ended.account AND r.revoked_at IS NULL)
                INSERT INTO sign_in_log (account, what) SELECT account, 'signed out' FROM ended
                """)
        }
        let words = Words(language: call.language)
        var answer = Page.html(
            200, title: words("Đã đăng xuất", "Signed out"), call.language,
            body: "<p>\(words("Có thể đóng cửa sổ này.", "You can close this window."))</p>")
        answer.headers.append(("set-cookie", "\(BrowserSession.cookie)=; Path=/oauth; Max-Age=0; HttpOnly"))
        return answer
    }
}
