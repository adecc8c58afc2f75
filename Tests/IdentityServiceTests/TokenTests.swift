import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IdentityService

@Suite struct `An authorization code` {
    @Test func `becomes tokens that say who it is`() async throws {
        try await Door.open { door in
            let person = PersonID.new()
            let account = try await door.official("annv", person)
            let tokens = try await door.tokens("annv", ["nonce": "n-1"])
            #expect(tokens.status == 200)
            #expect(tokens.outgoing.header("cache-control") == "no-store")
            #expect(tokens.json["token_type"]?.text == "Bearer")
            #expect(tokens.json["expires_in"]?.integer == 300)
            let keys = try await door.get("/.well-known/jwks.json").json
            let access = try #require(try claims(tokens.json["access_token"]?.text, keys))
            #expect(access["iss"]?.text == "http://127.0.0.1:1" && access["aud"]?.text == "lienthong")
            #expect(access["sub"]?.text == account.text && access["person"]?.text == person.text)
            #expect(access["client_id"]?.text == "portal" && access["kind"]?.text == "official")
            #expect((access["exp"]?.integer ?? 0) - (access["iat"]?.integer ?? 0) == 300)
            #expect(access["agency"] == nil && access["scope"] == nil, "identity only")
            let identity = try #require(try claims(tokens.json["id_token"]?.text, keys))
            #expect(identity["aud"]?.text == "portal" && identity["sub"]?.text == account.text)
            #expect(identity["nonce"]?.text == "n-1" && identity["auth_time"]?.integer != nil)
            try await door.trustOwnKeys()
            for method in ["GET", "POST"] {
                let token = tokens.json["access_token"]?.text ?? ""
                let info = try await door.service.send(
                    method, "/userinfo", headers: [("authorization", "Bearer \(token)")])
                #expect(info.status == 200 && info.json["sub"]?.text == account.text)
                #expect(info.json["person"]?.text == person.text)
                let other = tokens.json["id_token"]?.text ?? ""
                let refused = try await door.service.send(
                    method, "/userinfo", headers: [("authorization", "Bearer \(other)")])
                #expect(refused.status == 401, "an ID token opens nothing")
            }
            let stored = try await door.service.count(
                """
                SELECT count(*) AS n FROM refresh_tokens
                WHERE token_hash = convert_to(\(tokens.json["refresh_token"]?.text), 'UTF8')
                """)
            #expect(stored == 0)
        }
    }

    @Test(arguments: [
        ["code_verifier": String(repeating: "w", count: 43)], ["code_verifier": "short"],
        ["redirect_uri": "http://127.0.0.1:4712/callback"], ["client_id": "hr"], ["code": "another"],
    ])
    func `is worth nothing without what belongs to it`(_ changes: [String: String]) async throws {
        try await Door.open { door in
            try await door.official("annv")
            let flow = Flow()
            let code = try await door.signIn("annv", Door.password, flow).parameter("code") ?? ""
            let answer = try await door.exchange(code, flow, changes)
            #expect(answer.status == 400 && answer.error == "invalid_grant")
            #expect(answer.json["access_token"] == nil)
            #expect(try await door.rows("refresh_tokens") == 0)
        }
    }

    @Test func `expires after a minute`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let flow = Flow()
            let code = try await door.signIn("annv", Door.password, flow).parameter("code") ?? ""
            let seconds = try await door.service.count(
                "SELECT round(extract(epoch FROM expires_at - now()))::int AS n FROM authorization_codes")
            #expect((1...60).contains(seconds))
            try await door.service.database.database.run("UPDATE authorization_codes SET expires_at = now()")
            #expect(try await door.exchange(code, flow).error == "invalid_grant")
        }
    }

    @Test func `used twice ends what it brought`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let flow = Flow()
            let code = try await door.signIn("annv", Door.password, flow).parameter("code") ?? ""
            let tokens = try await door.exchange(code, flow)
            let next = try await door.refresh(tokens.json["refresh_token"]?.text)
            #expect(next.status == 200)
            let other = try await door.tokens("annv")
            #expect(try await door.exchange(code, flow).error == "invalid_grant")
            #expect(try await door.refresh(next.json["refresh_token"]?.text).error == "invalid_grant")
            #expect(try await door.refresh(other.json["refresh_token"]?.text).status == 200, "another sign-in goes on")
            #expect(try await door.logged("code reused") == 1)
        }
    }

    @Test func `used by many at once brings nothing that lasts`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            for _ in 0..<5 {
                let flow = Flow()
                let code = try await door.signIn("annv", Door.password, flow).parameter("code") ?? ""
                let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                    for _ in 0..<4 { group.addTask { try await door.exchange(code, flow) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.filter { $0.status == 200 }.count == 1)
                for answer in answers where answer.status == 200 {
                    #expect(try await door.refresh(answer.json["refresh_token"]?.text).error == "invalid_grant")
                }
            }
        }
    }
}

@Suite struct `A refresh token` {
    @Test func `works once; shown again it ends its family`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let first = try await door.tokens("annv").json["refresh_token"]?.text
            let second = try await door.refresh(first)
            #expect(second.status == 200 && second.json["refresh_token"] != nil && second.json["id_token"] == nil)
            let third = try await door.refresh(second.json["refresh_token"]?.text)
            #expect(third.status == 200)
            #expect(try await door.refresh(first).error == "invalid_grant")
            #expect(try await door.refresh(third.json["refresh_token"]?.text).error == "invalid_grant")
            #expect(try await door.logged("refresh token reused") == 1)
            #expect(try await door.signIn("annv").status == 302, "the account itself is open")
        }
    }

    @Test func `used by many at once gives one answer, and none that lasts`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            for _ in 0..<5 {
                let token = try await door.tokens("annv").json["refresh_token"]?.text
                let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                    for _ in 0..<4 { group.addTask { try await door.refresh(token) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.filter { $0.status == 200 }.count == 1)
                for answer in answers where answer.status == 200 {
                    #expect(try await door.refresh(answer.json["refresh_token"]?.text).error == "invalid_grant")
                }
            }
        }
    }

    @Test func `made while its family was ended is worth nothing`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let first = try await door.tokens("annv").json["refresh_token"]?.text ?? ""
            let second = try await door.refresh(first).json["refresh_token"]?.text
            // Whoever revoked the family did not see the second token yet.
            try await door.service.database.database.run(
                "UPDATE refresh_tokens SET revoked_at = now() WHERE token_hash = \(OpaqueSecret.hash(first))")
            #expect(try await door.refresh(second).error == "invalid_grant")
        }
    }

    @Test func `belongs to its client, expires, and can be revoked`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let tokens = try await door.tokens("annv").json
            let token = tokens["refresh_token"]?.text ?? ""
            #expect(try await door.refresh(token, client: "hr").error == "invalid_grant")
            let next = try await door.refresh(token).json["refresh_token"]?.text ?? ""
            func revoke(_ token: String, _ client: String = "portal") async throws -> TestService.Answer {
                try await door.form("/oauth/revoke", [("token", token), ("client_id", client)])
            }
            #expect(try await revoke(next, "hr").status == 200)
            let last = try await door.refresh(next).json["refresh_token"]?.text ?? ""
            #expect(!last.isEmpty, "another client revokes nothing")
            #expect(try await revoke(last).status == 200)
            #expect(try await revoke(last).status == 200)
            #expect(try await revoke("unknown").status == 200)
            #expect(try await door.refresh(last).error == "invalid_grant")
            #expect(try await revoke(tokens["access_token"]?.text ?? "").error == "unsupported_token_type")
            #expect(try await door.form("/oauth/revoke", [("token", last)]).error == "invalid_request")
            let late = try await door.tokens("annv").json["refresh_token"]?.text
            try await door.service.database.database.run("UPDATE refresh_tokens SET expires_at = now()")
            #expect(try await door.refresh(late).error == "invalid_grant")
        }
    }
}

@Suite struct `The token endpoint` {
    @Test func `knows programs by their secrets`() async throws {
        try await Door.open { door in
            let answer = try await door.program("hr", "secret+of+hr")
            #expect(answer.status == 200)
            #expect(answer.json["refresh_token"] == nil)
            let keys = try await door.get("/.well-known/jwks.json").json
            let said = try #require(try claims(answer.json["access_token"]?.text, keys))
            #expect(said["sub"]?.text == "hr" && said["client_id"]?.text == "hr" && said["kind"]?.text == "program")
            #expect(said["person"] == nil)
            // RFC 6749, section 2.3.1: form-encoded.
            #expect(try await door.program("mail", "a%2Bb%25c%2Fd%3D").status == 200)
            for (client, secret) in [
                ("hr", "wrong"), ("hr", ""), ("mail", "secret+of+hr"), ("nobody", "secret+of+hr"), ("portal", ""),
                ("", ""),
            ] {
                let refused = try await door.program(client, secret)
                #expect(refused.status == 401 && refused.error == "invalid_client")
                #expect(refused.outgoing.header("www-authenticate")?.hasPrefix("Basic") == true)
            }
            let none = try await door.form("/oauth/token", [("grant_type", "client_credentials")])
            #expect(none.status == 401)
        }
    }

    @Test func `refuses what is no request`() async throws {
        try await Door.open { door in
            for (pairs, error) in [
                ([("grant_type", "password"), ("username", "a"), ("password", "b")], "unsupported_grant_type"),
                ([], "invalid_request"), ([("grant_type", "refresh_token")], "invalid_request"),
                ([("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
                ([("grant_type", "refresh_token"), ("grant_type", "refresh_token")], "invalid_request"),
                (
                    [("grant_type", "refresh_token"), ("client_id", "portal"), ("refresh_token", "a\0")],
                    "invalid_request"
                ),
            ] as [([(String, String)], String)] {
                let answer = try await door.form("/oauth/token", pairs)
                #expect(answer.status == 400 && answer.error == error)
                #expect(answer.outgoing.header("cache-control") == "no-store")
            }
            let json = try await door.service.send("POST", "/oauth/token", body: Array("{}".utf8))
            #expect(json.error == "invalid_request")
        }
    }
}

@Suite struct `Signing out` {
    @Test func `ends sessions, codes and refresh tokens of the account, and of no other`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            try await door.official("binhl")
            let portal = Flow(redirect: Door.portal)
            let session = try await door.signIn("annv", Door.password, portal).session
            let other = try await door.signIn("annv", Door.password, portal).session
            let tokens = try await door.tokens("annv").json["refresh_token"]?.text
            let colleague = try await door.tokens("binhl").json["refresh_token"]?.text
            let code = try await door.signIn("annv", Door.password, portal).parameter("code") ?? ""
            let asked = try await door.get("/oauth/logout", headers: session)
            #expect(asked.status == 200 && asked.text.contains("method=\"post\""))
            let foreign = try await door.form(
                "/oauth/logout", [], headers: session + [("sec-fetch-site", "cross-site")])
            #expect(foreign.text.contains("method=\"post\""), "another site's form only asks")
            #expect(try await door.page(portal, headers: session).status == 302, "still signed in")
            let done = try await door.form("/oauth/logout", [], headers: session)
            #expect(done.status == 200 && done.text.contains("Đã đăng xuất"))
            #expect(done.cookie?.hasPrefix("lienthong_session=; Max-Age=0; Path=/oauth") == true)
            for cookie in [session, other] { #expect(try await door.page(portal, headers: cookie).status == 200) }
            #expect(try await door.refresh(tokens).error == "invalid_grant")
            #expect(try await door.exchange(code, portal).error == "invalid_grant")
            #expect(try await door.refresh(colleague).status == 200)
            #expect(try await door.form("/oauth/logout", []).status == 200)
        }
    }
}

@Suite struct `What ended long ago` {
    @Test func `is forgotten, and nothing else`() async throws {
        try await Door.open { door in
            try await door.official("annv")
            let tokens = try await door.tokens("annv")
            try await door.service.database.database.run(
                "UPDATE authorization_codes SET expires_at = now() - interval '31 days'")
            try await door.service.database.database.run(
                "UPDATE one_time_links SET expires_at = now() - interval '29 days'")
            try await Upkeep.forget(in: door.service.database.database)
            #expect(try await door.rows("authorization_codes") == 0)
            #expect(try await door.rows("one_time_links") == 1)
            #expect(try await door.refresh(tokens.json["refresh_token"]?.text).status == 200)
        }
    }
}
