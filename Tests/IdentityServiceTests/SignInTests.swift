import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IdentityService

@Suite struct `The sign-in page` {
    @Test func `speaks the browser's language, or the one asked for`() async throws {
        try await Door.open { door in
            let page = try await door.page()
            #expect(page.status == 200)
            #expect(page.outgoing.header("content-type") == "text/html; charset=utf-8")
            for part in ["<html lang=\"vi\">", "Tên đăng nhập", "Mật khẩu", "<label for=\"login\">", "hreflang=\"en\""]
            {
                #expect(page.text.contains(part), "\(part)")
            }
            let english = try await door.page(headers: [("accept-language", "en-GB,en;q=0.9,vi;q=0.8")])
            #expect(english.text.contains("<html lang=\"en\">") && english.text.contains("User name"))
            #expect(english.outgoing.header("content-language") == "en")
            let asked = try await door.page(Flow(), ["ui_locales": "fr-FR en"])
            #expect(asked.text.contains("User name"))
            let wrong = try await door.signIn("annv", "sai", Flow(), ["ui_locales": "en"])
            #expect(wrong.text.contains("Wrong user name or password"), "the language stays after a failure")
        }
    }

    @Test func `trusts nothing that it did not write`() async throws {
        try await Door.open { door in
            let flow = Flow(state: "\"><script>alert(1)</script>")
            let page = try await door.page(flow)
            #expect(!page.text.contains("<script") && !page.text.contains("\">&"))
            let wrong = try await door.signIn("\"><u>ai", "sai", flow)
            #expect(wrong.status == 401 && !wrong.text.contains("<u") && !wrong.text.contains("<script"))
            let policy = page.outgoing.header("content-security-policy") ?? ""
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(policy.contains("form-action 'self' http://127.0.0.1:4711;"), "and where the code goes")
            #expect(!policy.contains("script-src"))
            #expect(page.outgoing.header("referrer-policy") == "same-origin")
            #expect(page.outgoing.header("x-content-type-options") == "nosniff")
        }
    }

    @Test(arguments: [
        "http://kẻ-xấu.vn/callback", "https://evil.vn/", "http://127.0.0.1.evil.vn/callback",
        "http://127.0.0.1@evil.vn/callback", "http://127.0.0.1:80\\@evil.vn/callback",
        "http://127.0.0.1:4711/callback?x=1", "http://127.0.0.1:4711/callback#x", "http://127.0.0.1/callback/..//x",
        "http://127.0.0.1:4711/callback\r\nset-cookie:x=1", "https://127.0.0.1/callback", "javascript:alert(1)",
        "https://cong.gov.vn/dang-nhap/", "https://cong.gov.vn", "//127.0.0.1/callback", "",
    ])
    func `leads nowhere but to registered addresses`(_ redirect: String) async throws {
        try await Door.open { door in
            let flow = Flow(redirect: redirect)
            let shown = try await door.page(flow)
            #expect(shown.status == 400 && shown.location == nil)
            try await door.official("annv")
            let signedIn = try await door.signIn("annv", Door.password, flow)
            #expect(signedIn.status == 400 && signedIn.location == nil && signedIn.cookie == nil)
            #expect(signedIn.text.contains("lang=\"vi\"") && signedIn.text.contains("Không đăng nhập được"))
            #expect(try await door.rows("authorization_codes") == 0)
        }
    }

    @Test(
        arguments: [
            (["client_id": "stranger"], nil), (["client_id": nil], nil), (["redirect_uri": nil], nil),
            (["response_type": "token"], "unsupported_response_type"), (["response_type": nil], "invalid_request"),
            (["code_challenge": nil], "invalid_request"), (["code_challenge": "short"], "invalid_request"),
            (["code_challenge": String(repeating: "+", count: 43)], "invalid_request"),
            (["code_challenge_method": "plain"], "invalid_request"),
            (["code_challenge_method": nil], "invalid_request"),
            (["request": "x"], "request_not_supported"), (["request_uri": "x"], "request_uri_not_supported"),
            (["response_mode": "fragment"], "invalid_request"), (["prompt": "none"], "login_required"),
            (["prompt": "none login"], "invalid_request"), (["max_age": "soon"], "invalid_request"),
            (["nonce": String(repeating: "n", count: 2_001)], "invalid_request"),
            (["nonce": "a\0b"], "invalid_request"),
        ] as [([String: String?], String?)])
    func `tells the client what is wrong, once the client is known`(
        _ changes: [String: String?], _ error: String?
    ) async throws {
        try await Door.open { door in
            let answer = try await door.page(Flow(), changes)
            guard let error else {
                #expect(answer.status == 400 && answer.location == nil)
                return
            }
            #expect(answer.status == 302)
            #expect(answer.location?.hasPrefix("\(Door.redirect)?error=\(error)&") == true)
            #expect(answer.parameter("state") == Flow().state)
            #expect(answer.parameter("iss") == "http://127.0.0.1:1")
            #expect(answer.parameter("code") == nil)
        }
    }

    @Test func `takes each parameter once`() async throws {
        try await Door.open { door in
            let pairs = Door.request() + [("redirect_uri", "https://evil.vn/")]
            let query = QueryEncoding.text(pairs.map { (name: $0.0, value: $0.1) })
            let answer = try await door.get("/oauth/authorize?\(query)")
            #expect(answer.status == 400 && answer.location == nil)
        }
    }
}

@Suite struct `Signing in` {
    @Test func `comes back with a code, the state as it was and our name`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let back = try await door.signIn("AnNV")
            #expect(back.status == 302)
            #expect(back.parameter("state") == "trạng thái a+b&c=d%41")
            #expect(back.parameter("iss") == "http://127.0.0.1:1")
            #expect(back.parameter("code")?.count == 43)
            #expect(back.outgoing.header("cache-control") == "no-store")
            let own = try await door.signIn(
                "annv", Door.password, Flow(redirect: "https://app.gov.vn/cb?from=lienthong"))
            #expect(own.location?.hasPrefix("https://app.gov.vn/cb?from=lienthong&code=") == true)
            #expect(try await door.logged("signed in") == 2)
        }
    }

    @Test(arguments: [("http://127.0.0.1:1", false), ("https://dinh-danh.gov.vn", true)])
    func `leaves a cookie that no script and no other site can use`(_ issuer: String, _ isSecure: Bool) async throws {
        let changes = ["LIENTHONG_IDENTITY_URL": issuer, "LIENTHONG_FEEDS": "identity=http://127.0.0.1:1"]
        try await Door.open(changes) { door in
            let person = PersonID.new()
            var event = OfficialAppointed()
            (event.person, event.fullName, event.mailbox) = (person, "Nguyễn Văn An", "annv")
            (event.post, event.agency, event.unit) = (PostID.new(), try AgencyCode("H19.12"), "phong")
            (event.title, event.decisionNumber, event.effectiveFrom) = ("Công chức", "1/QĐ", try Day("2021-01-04"))
            await door.service.take(event)
            _ = try await door.activate(try await door.link(try await door.account("annv")))
            let cookie = try #require(try await door.signIn("annv").cookie)
            let parts = cookie.components(separatedBy: "; ")
            #expect(parts.contains("HttpOnly") && parts.contains("SameSite=Lax") && parts.contains("Path=/oauth"))
            #expect(parts.contains("Secure") == isSecure)
            let value = String(parts[0].drop { $0 != "=" }.dropFirst())
            #expect(value.count == 43)
            let kept = try await door.service.count(
                "SELECT count(*) AS n FROM browser_sessions WHERE id_hash = convert_to(\(value), 'UTF8')")
            #expect(kept == 0)
        }
    }

    @Test func `is not done for another site`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            for headers in [
                [(name: "sec-fetch-site", value: "cross-site")], [(name: "sec-fetch-site", value: "same-site")],
                [(name: "origin", value: "https://evil.vn")], [(name: "origin", value: "null")],
            ] {
                let answer = try await door.signIn("annv", Door.password, Flow(), headers: headers)
                #expect(answer.status == 403 && answer.cookie == nil && answer.location == nil)
            }
            for headers in [
                [(name: "sec-fetch-site", value: "same-origin"), (name: "origin", value: "http://localhost:1")],
                [(name: "origin", value: "http://127.0.0.1:1")], [],
            ] {
                #expect(try await door.signIn("annv", Door.password, Flow(), headers: headers).status == 302)
            }
        }
    }

    @Test func `is not needed again at a registered address, unless the client wants it`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let portal = Flow(redirect: Door.portal)
            let session = try await door.signIn("annv", Door.password, portal).session
            let silent = try await door.page(portal, headers: session)
            #expect(silent.status == 302)
            let tokens = try await door.exchange(silent.parameter("code") ?? "", portal)
            #expect(tokens.status == 200)
            #expect(try await door.page(portal, ["prompt": "none"], headers: session).parameter("code") != nil)
            #expect(try await door.page(portal, ["prompt": "login"], headers: session).status == 200)
            #expect(try await door.page(portal, ["max_age": "60"], headers: session).status == 302)
            try await door.service.database.database.run(
                "UPDATE browser_sessions SET signed_in_at = signed_in_at - interval '2 minutes'")
            #expect(try await door.page(portal, ["max_age": "60"], headers: session).status == 200)
            // On loopback any program may listen.
            #expect(try await door.page(Flow(), headers: session).status == 200)
            #expect(
                try await door.page(Flow(), ["prompt": "none"], headers: session).parameter("error") == "login_required"
            )
            #expect(try await door.page(portal, headers: [("cookie", "lienthong_session=x")]).status == 200)
            try await door.service.database.database.run("UPDATE browser_sessions SET expires_at = now()")
            #expect(try await door.page(portal, headers: session).status == 200)
        }
    }
}

@Suite struct `Failing to sign in` {
    @Test func `locks the account for a while, whatever is tried then`() async throws {
        try await Door.open { door in
            let account = try await door.official("annv")
            for number in 1...5 {
                let answer = try await door.signIn("annv", "sai lần thứ \(number)")
                #expect(answer.status == 401 && answer.location == nil && answer.cookie == nil)
            }
            #expect(try await door.signIn("annv").status == 401, "the right password, too late")
            let read = try await door.get("/accounts/\(account)", as: door.administrator)
            #expect(read.json["isLocked"] == true)
            let until = try await door.service.database.database.run("SELECT locked_until FROM accounts")
            for _ in 1...6 { _ = try await door.signIn("annv", "sai nữa đây này") }
            let later = try await door.service.database.database.run("SELECT locked_until FROM accounts")
            let (first, second): (Date?, Date?) = (try until.first?("locked_until"), try later.first?("locked_until"))
            #expect(first == second, "who knocks on, does not keep the holder out for longer")
            try await door.service.database.database.run("UPDATE accounts SET locked_until = now()")
            #expect(try await door.signIn("annv", "sai một lần").status == 401)
            #expect(try await door.signIn("annv").status == 302, "after the lock failures count anew")
        }
    }

    @Test func `four times is forgiven by the fifth, and an administrator unlocks`() async throws {
        try await Door.open { door in
            let account = try await door.official("annv")
            for _ in 0..<2 {
                for _ in 1...4 { _ = try await door.signIn("annv", "sai mật khẩu rồi") }
                #expect(try await door.signIn("annv").status == 302)
            }
            for _ in 1...5 { _ = try await door.signIn("annv", "sai mật khẩu rồi") }
            #expect(try await door.signIn("annv").status == 401)
            let unlocked = try await door.post("/accounts/\(account)/unlock", as: door.administrator)
            #expect(unlocked.json["isLocked"] == false)
            #expect(try await door.signIn("annv").status == 302)
            let actor = try await door.service.database.database.run(
                "SELECT actor FROM sign_in_log WHERE what = 'unlocked'")
            #expect(try actor.first?("actor") == door.administrator.text)
        }
    }

    @Test func `locks out also the guess that was being looked at`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let administrator = door.service.database.open(door.service.database.administrator)
            let answer = try await administrator.transaction { transaction in
                try await transaction.run("UPDATE accounts SET locked_until = now() + interval '15 minutes'")
                // It has read the account as open, found its password right, and now waits for the row.
                let guess = Task { try await door.signIn("annv") }
                try await eventually("the guess waits") {
                    let rows = try await transaction.run(
                        """
                        SELECT count(*) AS n FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """)
                    return try rows.first?("n", as: Int.self) ?? 0 > 0
                }
                return guess
            }
            #expect(try await answer.value.status == 401)
            #expect(try await door.logged("refused while locked") == 1)
        }
    }

    @Test func `says and costs the same for every reason`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let gone = PersonID.new()
            try await door.official("roi", gone)
            try await door.end(gone)
            try await door.appoint(PersonID.new(), "moi")
            let logins = ["annv", "khong-co", "roi", "moi"]
            var pages: [String: Set<String>] = [:]
            var fastest: [String: Duration] = [:]
            // In turn, so that what else the machine does meets all of them.
            for _ in 0..<5 {
                for login in logins {
                    if login == "annv" {
                        try await door.service.database.database.run("UPDATE accounts SET failures = 0")
                    }
                    let flow = Flow(verifier: String(repeating: "v", count: 43))
                    let start = ContinuousClock.now
                    let text = try await door.signIn(login, "sai mật khẩu rồi", flow).text
                    fastest[login] = min(fastest[login] ?? .seconds(600), ContinuousClock.now - start)
                    let lines = text.replacing(login, with: "?").split(separator: "\n")
                    pages[login, default: []].insert(lines.filter { !$0.contains("nonce=") }.joined())
                }
            }
            let known = try #require(fastest["annv"])
            for login in logins.dropFirst() {
                #expect(pages[login]?.count == 1 && pages[login] == pages["annv"])
                // A hash takes tens of milliseconds; without it the answer would come at once, a hundred times sooner.
                #expect(fastest[login, default: .zero] * 10 > known, "\(login): \(fastest), known: \(known)")
            }
            #expect(try await door.logged("failed") == 20)
            #expect(try await door.signIn("annv", "").status == 401)
            #expect(try await door.signIn(String(repeating: "x", count: 201)).status == 401)
            #expect(try await door.signIn("annv\0").status == 401)
        }
    }
}
