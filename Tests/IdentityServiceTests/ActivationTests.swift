import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IdentityService

@Suite struct `A one-time link` {
    @Test func `works once, and the one before it not at all`() async throws {
        try await Door.open { door in
            try await door.appoint(PersonID.new(), "annv")
            let account = try await door.account("annv")
            let former = try await door.link(account)
            let link = try await door.link(account)
            #expect(try await door.activate(former).status == 400)
            #expect(try await door.state("annv") == "invited")
            let done = try await door.activate(link)
            #expect(done.status == 200)
            #expect(done.text.contains("annv"), "the person learns the user name")
            #expect(try await door.service.events(AccountActivated.self).map(\.account) == [account])
            #expect(try await door.activate(link, "Một mật khẩu khác").status == 400)
            #expect(try await door.signIn("annv").status == 302)
            let kept = try await door.service.count(
                "SELECT count(*) AS n FROM one_time_links WHERE position(convert_to(\(link), 'UTF8') in code_hash) > 0")
            #expect(kept == 0)
            #expect(try await door.logged("link made") == 2)
        }
    }

    @Test func `works once, however many use it at once`() async throws {
        try await Door.open { door in
            try await door.appoint(PersonID.new(), "annv")
            let link = try await door.link(try await door.account("annv"))
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<5 {
                    group.addTask { try await door.activate(link, "Mật khẩu số \(number) đây").status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200, 400, 400, 400, 400])
            #expect(try await door.service.announced(AccountActivated.self) == 1)
        }
    }

    @Test func `expires`() async throws {
        try await Door.open { door in
            try await door.appoint(PersonID.new(), "annv")
            let link = try await door.link(try await door.account("annv"))
            try await door.service.database.database.run("UPDATE one_time_links SET expires_at = now()")
            let late = try await door.activate(link)
            #expect(late.status == 400)
            #expect(late.text.contains("hết hạn"))
            #expect(try await door.state("annv") == "invited")
        }
    }

    @Test func `survives a password that is refused`() async throws {
        try await Door.open { door in
            try await door.appoint(PersonID.new(), "annv")
            let link = try await door.link(try await door.account("annv"))
            for (password, says) in [
                ("ngắn quá", "từ 12 đến 200 ký tự"), (String(repeating: "abcdef", count: 40), "từ 12 đến 200 ký tự"),
                ("aaaaaaaabbbbbbbb", "ký tự khác nhau"), ("mật khẩu của ANNV", "tên đăng nhập"), ("", "từ 12"),
            ] {
                let refused = try await door.activate(link, password)
                #expect(refused.status == 400)
                #expect(refused.text.contains(says), "\(password)")
                #expect(refused.text.contains("role=\"alert\""))
                #expect(refused.text.contains("value=\"\(link)\""), "the code stands there for the next attempt")
            }
            let different = try await door.activate(link, Door.password, ["repeated": "Chín con trâu đen 8"])
            #expect(different.status == 400)
            #expect(try await door.activate(link, Door.password, ["repeated": Door.password]).status == 200)
        }
    }

    @Test func `ends what the former password had opened, and the lock`() async throws {
        try await Door.open { door in
            let account = try await door.official("annv")
            let signedIn = try await door.signIn("annv", Door.password, Flow(redirect: Door.portal))
            let tokens = try await door.tokens("annv")
            let flow = Flow()
            let code = try await door.signIn("annv", Door.password, flow).parameter("code") ?? ""
            for _ in 0..<5 { _ = try await door.signIn("annv", "sai mật khẩu rồi") }
            #expect(try await door.activate(try await door.link(account), "Một mật khẩu mới").status == 200)
            #expect(try await door.refresh(tokens.json["refresh_token"]?.text).error == "invalid_grant")
            #expect(try await door.exchange(code, flow).error == "invalid_grant")
            let page = try await door.page(Flow(redirect: Door.portal), headers: signedIn.session)
            #expect(page.status == 200, "the page asks for the password")
            #expect(try await door.signIn("annv").status == 401)
            #expect(try await door.signIn("annv", "Một mật khẩu mới").status == 302)
        }
    }

    @Test func `leads to a page in the browser's language, which keeps the code to itself`() async throws {
        try await Door.open { door in
            let page = try await door.get("/activate")
            #expect(page.status == 200)
            #expect(page.text.contains("<html lang=\"vi\">") && page.text.contains("Đặt mật khẩu"))
            let english = try await door.get("/activate", headers: [("accept-language", "en-GB,en;q=0.9,vi;q=0.1")])
            #expect(english.text.contains("<html lang=\"en\">") && english.text.contains("Set a password"))
            #expect(page.outgoing.header("cache-control") == "no-store")
            let policy = page.outgoing.header("content-security-policy") ?? ""
            for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe"))
            let foreign = try await door.form(
                "/activate", [("code", "x"), ("password", Door.password)], headers: [("sec-fetch-site", "cross-site")])
            #expect(foreign.status == 403)
            #expect(try await door.form("/activate", []).status == 400)
        }
    }
}

@Suite struct `A password` {
    @Test func `is the same however the keyboard composes it`() async throws {
        let composed = "Mật khẩu tiếng Việt".precomposedStringWithCanonicalMapping
        let decomposed = composed.decomposedStringWithCanonicalMapping
        #expect(Array(composed.utf8) != Array(decomposed.utf8))
        let hash = try await Password(decomposed).hash()
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await Password(composed).matches(hash))
        #expect(try await !Password(composed + " ").matches(hash))
        #expect(try await !Password(composed).matches(nil))
        #expect(try await Password(composed).hash() != hash, "each has a salt of its own")
    }

    @Test(
        arguments: [
            ("đủ mười hai k", "", nil), ("đủ mười hai", "", .length), (String(repeating: "abcde", count: 40), "", nil),
            (String(repeating: "abcde", count: 40) + "f", "", .length), ("abcdabcdabcd", "", .sameCharacters),
            ("x-AnNv-x-123456", "annv", .containsLogin), ("hoàn toàn khác 1", "annv", nil),
        ] as [(String, String, Password.Fault?)])
    func `has rules`(_ text: String, _ login: String, _ fault: Password.Fault?) {
        var found: Password.Fault?
        do throws(Password.Fault) { try Password(text).check(for: login) } catch { found = error }
        #expect(found == fault)
    }
}
