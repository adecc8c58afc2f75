import Contracts
import Foundation
import ServiceKit

/// The browser's own session: a cookie with an opaque secret.
enum BrowserSession {
    static let cookie = "lienthong_session"

    /// - Returns: the value of Set-Cookie.
    static func begin(_ account: AccountID, _ call: Call) async throws -> String {
        let id = OpaqueSecret.new()
        try await call.run(
            """
            INSERT INTO browser_sessions (id_hash, account, expires_at) VALUES (\(OpaqueSecret.hash(id)), \(account),
                now() + make_interval(secs => \(Limits.browserSession.secondsValue)))
            """)
        return "\(cookie)=\(id)\(attributes(call))"
    }

    /// What makes the browser forget it.
    static func ended(_ call: Call) -> String { "\(cookie)=; Max-Age=0\(attributes(call))" }

    /// No script sees it, no other site's form carries it, and https never gives it to http.
    private static func attributes(_ call: Call) -> String {
        let secure = call.runtime.configuration.identityURL.hasPrefix("https:") ? "; Secure" : ""
        return "; Path=/oauth; HttpOnly; SameSite=Lax\(secure)"
    }

    /// Whose it is and since when, while it lasts.
    static func account(_ request: Incoming, _ call: Call) async throws -> (AccountID, signedInAt: Date)? {
        guard let id = value(request) else { return nil }
        let rows = try await call.run(
            """
            SELECT s.account, s.signed_in_at FROM browser_sessions s JOIN accounts a ON a.id = s.account
            WHERE s.id_hash = \(OpaqueSecret.hash(id)) AND s.ended_at IS NULL AND s.expires_at > now()
              AND a.state = 'active'
            """)
        return try rows.first.map { (try $0("account"), try $0("signed_in_at")) }
    }

    static func value(_ request: Incoming) -> String? {
        for pair in (request.header("cookie") ?? "").split(separator: ";") {
            let sides = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
            if sides.count == 2, sides[0] == cookie { return String(sides[1]) }
        }
        return nil
    }
}

/// A form that another site's page sends in a person's browser could sign that person in as somebody else. Browsers say
/// where a form comes from (Fetch Metadata; Origin, RFC 6454, section 7.3); programs say nothing and have no cookie.
enum ForeignForm {
    static func isForeign(_ request: Incoming, _ call: Call) -> Bool {
        if let site = request.header("sec-fetch-site") { return !["same-origin", "none"].contains(site) }
        guard let origin = request.header("origin") else { return false }
        return origin != Page.origin(of: call.runtime.configuration.identityURL)
    }

    static func refused(_ call: Call) -> Outgoing {
        let words = Words(language: call.language)
        return Page.html(
            403, title: words("Không thực hiện được", "Not done"), call.language,
            body: Page.fault(
                words(
                    "Yêu cầu này đến từ một trang khác nên không được thực hiện. Hãy mở lại trang đăng nhập.",
                    "This request came from another site, so it was not carried out. Open the sign-in page again.")))
    }
}
