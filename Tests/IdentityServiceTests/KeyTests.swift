import Contracts
import Crypto
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IdentityService

@Suite struct `The signing keys` {
    private func ring(_ door: Door, secret: String = Door.keySecret) throws -> KeyRing {
        var environment = [
            "LIENTHONG_PG_USER": "x", "LIENTHONG_PG_PASSWORD": "x", "LIENTHONG_AMQP_USER": "x",
            "LIENTHONG_AMQP_PASSWORD": "x", "LIENTHONG_HTTP_PORT": "0", "LIENTHONG_CLIENT_SECRET": "x",
        ]
        environment["LIENTHONG_IDENTITY_URL"] = "http://127.0.0.1:1"
        environment["LIENTHONG_KEY_SECRET"] = secret
        return try KeyRing(
            Configuration(service: .identity, environment: environment, for: .serve),
            database: door.service.database.database)
    }

    @Test func `rotate: old tokens verify, new ones carry the new key`() async throws {
        try await Door.open { door in
            let before = try await door.program("hr", "secret+of+hr").json["access_token"]?.text
            let old = try await door.get("/.well-known/jwks.json").json
            #expect(old["keys"]?.array?.count == 1)
            let rotated = try await door.post("/keys/rotate", as: door.administrator)
            #expect(rotated.status == 200)
            let key = [(name: "idempotency-key", value: "k")]
            for _ in 1...2 {
                #expect(try await door.post("/keys/rotate", as: door.administrator, headers: key).status == 200)
            }
            #expect(try await door.rows("signing_keys") == 3, "once for one Idempotency-Key")
            let new = try await door.get("/.well-known/jwks.json").json
            #expect(new["keys"]?.array?.count == 3)
            let after = try await door.program("hr", "secret+of+hr").json["access_token"]?.text
            #expect(try claims(before, new) != nil, "the old token still verifies")
            #expect(try claims(after, new) != nil)
            #expect(try claims(after, old) == nil, "the new one needs the new key")
            let official = PersonID.new()
            try await door.service.appoint(official, .leader, at: try AgencyCode("H19"))
            #expect(try await door.post("/keys/rotate", as: official).status == 403)
        }
    }

    @Test func `are published without their private part, which lies sealed in the database`() async throws {
        try await Door.open { door in
            let keys = try await door.get("/.well-known/jwks.json").json["keys"]?.array ?? []
            for key in keys {
                #expect(key["d"] == nil)
                #expect(key["kty"]?.text == "EC" && key["alg"]?.text == "ES256" && key["use"]?.text == "sig")
            }
            let rows = try await door.service.database.database.run("SELECT kid, sealed, jwk FROM signing_keys")
            let row = try #require(rows.first)
            let (kid, sealed): (String, [UInt8]) = (try row("kid"), try row("sealed"))
            let secret = SymmetricKey(data: try Hex.decode(Door.keySecret, count: 32))
            let raw = try AES.GCM.open(
                AES.GCM.SealedBox(combined: sealed), using: secret, authenticating: Array(kid.utf8))
            #expect(raw.count == 32 && Data(sealed).range(of: raw) == nil)
            #expect(Base64URL.encode(Array(raw)) != keys.first?["x"]?.text)
            #expect(throws: (any Error).self) {
                try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: secret, authenticating: Array("x".utf8))
            }
            let other = try ring(door, secret: String(repeating: "00", count: 32))
            let fault = await #expect(throws: KeyRingFault.self) { try await other.load() }
            #expect(fault?.description.contains("LIENTHONG_KEY_SECRET") == true)
            #expect(throws: ConfigurationFaults.self) { try ring(door, secret: "too short") }
        }
    }

    @Test func `of one process are those of all`() async throws {
        try await Door.open { door in
            let other = try ring(door)
            try await other.load()
            let token = try await door.program("hr", "secret+of+hr").json["access_token"]?.text
            #expect(try claims(token, await other.jwks()) != nil)
            try await other.rotate(in: door.service.database.database)
            try await other.load()
            let fresh = try other.sign(["sub": "x"], type: "at+jwt")
            #expect(try claims(fresh, try await door.get("/.well-known/jwks.json").json) != nil, "published at once")
            let mine = door.service.running.runtime.resource(KeyRing.self)
            try await mine.load()
            #expect(try kid(mine.sign([:], type: "JWT")) == kid(fresh), "and used after the next look")
        }
    }

    @Test func `are renewed when the newest has signed long enough, by one of many`() async throws {
        try await Door.open { door in
            let rings = try (0..<4).map { _ in try ring(door) }
            for ring in rings { try await ring.load() }
            #expect(try await door.rows("signing_keys") == 1)
            try await door.service.database.database.run(
                "UPDATE signing_keys SET created_at = now() - interval '30 days'")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ring in rings { group.addTask { try await ring.load() } }
                try await group.waitForAll()
            }
            #expect(try await door.rows("signing_keys") == 2)
            let kids = try rings.map { ring in try kid(ring.sign([:], type: "JWT")) }
            #expect(Set(kids).count == 1)
            #expect(await rings[0].jwks()["keys"]?.array?.count == 2)
            try await door.service.database.database.run(
                "UPDATE signing_keys SET created_at = created_at - interval '30 days' - interval '1 minute'")
            #expect(
                await rings[0].jwks()["keys"]?.array?.count == 1, "who stopped signing so long ago verifies nothing")
        }
    }

    private func kid(_ token: String) throws -> String? {
        try JSON(parsing: Base64URL.decode(token.prefix { $0 != "." }) ?? [])["kid"]?.text
    }
}

@Suite struct `Discovery` {
    @Test func `names addresses that exist`() async throws {
        try await Door.open { door in
            let document = try await door.get("/.well-known/openid-configuration").json
            let issuer = try #require(document["issuer"]?.text)
            #expect(issuer == "http://127.0.0.1:1")
            let paths = [
                "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint",
                "end_session_endpoint",
            ].map { String((document[$0]?.text ?? "").dropFirst(issuer.count)) }
            for path in paths {
                #expect(path.hasPrefix("/"))
                let answers = [try await door.get(path).status, try await door.form(path, []).status]
                #expect(answers.contains { $0 != 404 && $0 != 405 && $0 < 500 }, "\(path): \(answers)")
                #expect(!answers.contains(404))
            }
            #expect(document["code_challenge_methods_supported"]?.array == ["S256"])
            #expect(document["response_types_supported"]?.array == ["code"])
            #expect(document["request_uri_parameter_supported"] == false, "absent would mean true")
        }
    }
}

@Suite struct `The log` {
    @Test func `shows no secret`() async throws {
        let notebook = Notebook()
        try await Door.open(log: notebook.logger) { door in
            var secrets = [Door.password, Door.keySecret, "secret of hr", "secret+of+hr"]
            let person = PersonID.new()
            try await door.appoint(person, "annv")
            let link = try await door.link(try await door.account("annv"))
            _ = try await door.activate(link, "ngắn quá")
            _ = try await door.activate(link)
            let made = try await door.post("/citizens", as: door.administrator, ["login": "lan"])
            let flow = Flow()
            let signedIn = try await door.signIn("annv", Door.password, flow)
            let code = signedIn.parameter("code") ?? ""
            let tokens = try await door.exchange(code, flow)
            let next = try await door.refresh(tokens.json["refresh_token"]?.text)
            _ = try await door.signIn("annv", "mật khẩu nhầm lẫn")
            _ = try await door.exchange(code, flow)
            _ = try await door.refresh(tokens.json["refresh_token"]?.text)
            _ = try await door.program("hr", "secret+of+hr")
            _ = try await door.program("hr", "bí mật nhầm")
            _ = try await door.form("/oauth/revoke", [("token", "lạ lùng"), ("client_id", "portal")])
            _ = try await door.get("/userinfo", headers: [("authorization", "Bearer bí.mật.lạ")])
            // A fault is logged with its causes, and still says nothing.
            try await door.service.database.open(door.service.database.owner).run(
                "ALTER TABLE refresh_tokens ADD CONSTRAINT never CHECK (false) NOT VALID")
            let broken = Flow()
            let lost = try await door.signIn("annv", Door.password, broken).parameter("code") ?? ""
            #expect(try await door.exchange(lost, broken).status == 500)
            try await door.end(person)
            secrets += [
                link, code, flow.verifier, lost, broken.verifier, "ngắn quá", "nhầm", "lạ lùng", "bí.mật.lạ",
                Door.code(of: made.json["link"]?.text), signedIn.session[0].value,
            ]
            for answer in [tokens, next] {
                for name in ["access_token", "refresh_token", "id_token"] {
                    if let token = answer.json[name]?.text { secrets.append(token) }
                }
            }
            for secret in secrets where !secret.isEmpty {
                #expect(!notebook.text.contains(secret), "\(secret)")
            }
            #expect(notebook.text.contains("one-time link made"))
            #expect(notebook.text.contains("shown again"))
            #expect(notebook.text.contains("request failed"))
        }
    }
}

@Suite struct `The clients` {
    @Test func `are configured whole or not at all`() throws {
        #expect(throws: ConfigurationFaults.self) { try Clients(secrets: "hr", redirects: "") }
        for redirect in ["/relative", "https://a.vn/#part", "https://", "không phải"] {
            #expect(throws: ConfigurationFaults.self) { try Clients(secrets: "hr=x", redirects: redirect) }
        }
        let clients = try Clients(secrets: "hr=x=y,mail=z", redirects: "vn.lienthong.app:/back")
        #expect(clients.authenticate("hr", "x=y") && !clients.authenticate("hr", "z"))
        #expect(
            clients.allows(redirect: "vn.lienthong.app:/back") && clients.allows(redirect: "http://[::1]:9/callback"))
        #expect(!clients.allows(redirect: "vn.lienthong.app:/other"))
    }
}
