import Contracts
import Crypto
import Foundation
import TestKit
import Testing

@testable import ServiceKit

@Suite struct TokenTests {
    private static func status(_ desk: DeskRoom, _ token: String) async -> Int {
        await desk.ask("GET", "/things", token: token).status
    }

    @Test func `a good token is let in, also the second time`() async throws {
        try await withDesk { desk async throws in
            let token = try desk.token()
            #expect(await Self.status(desk, token) == 200)
            #expect(await Self.status(desk, token) == 200)
        }
    }

    @Test func `without a token, or with something else, it is 401 with a challenge`() async throws {
        try await withDesk { desk async throws in
            let none = await desk.ask("GET", "/things")
            #expect(none.status == 401)
            #expect(none.code == "unauthenticated")
            #expect(none.header("www-authenticate")?.hasPrefix("Bearer") == true)
            for token in ["", "x", "a.b.c", "a.b", String(repeating: "a", count: 5_000)] {
                #expect(await Self.status(desk, token) == 401, "\(token.prefix(10))")
            }
            let basic = await desk.ask("GET", "/things", headers: [("authorization", "Basic YTpi")])
            #expect(basic.status == 401)
        }
    }

    @Test func `one changed character anywhere makes it worthless`() async throws {
        try await withDesk { desk async throws in
            let token = try desk.token()
            let characters = Array(token)
            for index in stride(from: 0, to: characters.count, by: 7) where characters[index] != "." {
                var broken = characters
                broken[index] = broken[index] == "A" ? "B" : "A"
                #expect(await Self.status(desk, String(broken)) == 401, "at \(index)")
            }
        }
    }

    @Test func `a foreign key is refused, under its own id and under ours`() async throws {
        try await withDesk { desk async throws in
            let foreign = SigningKey()
            #expect(try await Self.status(desk, foreign.sign(DeskRoom.claims(.official))) == 401)
            let disguised = try SigningKey(raw: foreign.raw, kid: desk.key.kid)
            #expect(try await Self.status(desk, disguised.sign(DeskRoom.claims(.official))) == 401)
        }
    }

    @Test func `alg none, other algorithms and other types are refused before any key is looked at`() async throws {
        try await withDesk { desk async throws in
            let claims = DeskRoom.claims(.official)
            func token(_ header: JSON) throws -> String {
                let good = try desk.key.sign(claims)
                let parts = good.split(separator: ".")
                return "\(Base64URL.encode(header.bytes)).\(parts[1]).\(parts[2])"
            }
            let kid = JSON.string(desk.key.kid)
            for header: JSON in [
                ["alg": "none", "typ": "at+jwt", "kid": kid], ["alg": "HS256", "typ": "at+jwt", "kid": kid],
                ["alg": "ES256", "typ": "at+jwt"], ["typ": "at+jwt", "kid": kid],
                ["alg": "ES256", "typ": "at+jwt", "kid": kid, "crit": ["exp"]],
            ] {
                #expect(try await Self.status(desk, token(header)) == 401)
            }
            let unsigned = Base64URL.encode(JSON.object([.init("alg", "none"), .init("typ", "at+jwt")]).bytes)
            #expect(await Self.status(desk, "\(unsigned).\(Base64URL.encode(claims.bytes)).") == 401)
            #expect(try await Self.status(desk, desk.key.sign(claims, type: "JWT")) == 401)
            #expect(try await Self.status(desk, desk.key.sign(claims, type: "application/at+jwt")) == 200)
        }
    }

    @Test func `issuer, audience, times and subject must be right`() async throws {
        try await withDesk { desk async throws in
            let now = Int64(Date().timeIntervalSince1970)
            let wrong: [[String: JSON]] = [
                ["iss": "http://elsewhere"], ["aud": "portal"], ["aud": ["portal", "other"]], ["aud": .null],
                ["exp": .integer(now - 1)], ["exp": "soon"], ["exp": .null], ["nbf": .integer(now + 60)],
                ["iat": .integer(now + 60)], ["sub": "somebody"], ["sub": .null], ["kind": "king"],
                ["person": .null],
            ]
            for change in wrong {
                #expect(try await Self.status(desk, desk.token(changing: change)) == 401, "\(change)")
            }
            #expect(try await Self.status(desk, desk.token(changing: ["aud": ["other", "lienthong"]])) == 200)
            #expect(try await Self.status(desk, desk.token(changing: ["nbf": .integer(now + 1)])) == 200)
        }
    }

    @Test func `a token that expires is refused from then on, though it was kept`() async throws {
        try await withDesk { desk async throws in
            let soon = Int64(Date().timeIntervalSince1970) + 2
            let token = try desk.token(changing: ["exp": .integer(soon)])
            #expect(await Self.status(desk, token) == 200)
            try await eventually("the token expired") { await Self.status(desk, token) == 401 }
            #expect(Date().timeIntervalSince1970 >= Double(soon))
        }
    }

    @Test func `a key that is no longer published verifies nothing, also nothing that was kept`() async throws {
        try await withDesk { desk async throws in
            let token = try desk.token()
            #expect(await Self.status(desk, token) == 200)
            try desk.running.runtime.tokens.use([SigningKey().jwk])
            #expect(await Self.status(desk, token) == 401)
        }
    }

    @Test func `keys come from Identity, stay in the database, and strangers cause few fetches`() async throws {
        try await withDeskDatabase { database in
            let identity = try await FakeIdentity.start()
            let changed = ["LIENTHONG_IDENTITY_URL": identity.address]
            let configuration = try Configuration(
                service: .hr, environment: environment(database, changing: changed), for: .serve)
            let first = TokenVerifier(configuration, database: database.database, log: quiet)
            try await first.load()
            func token(_ key: SigningKey) throws -> String {
                try key.sign(DeskRoom.claims(.official, changing: ["iss": .string(identity.address)]))
            }
            // Nothing is known yet: the unknown key is fetched, once for all who ask.
            let good = try token(identity.key)
            async let one = first.verify(good)
            async let two = first.verify(good)
            #expect(try await (one, two).0.kind == .official)
            #expect(identity.asked == 1)
            for _ in 0..<20 {
                let foreign = try token(SigningKey())
                await #expect(throws: Refused.unauthenticated) { try await first.verify(foreign) }
            }
            #expect(identity.asked == 1)
            // A restart needs Identity no more.
            await identity.stop()
            let second = TokenVerifier(configuration, database: database.database, log: quiet)
            try await second.load()
            #expect(try await second.verify(good).kind == .official)
        }
    }

    @Test func `rights are scope, agency subtree and validity, seen from the directory`() async throws {
        try await withDesk { desk async throws in
            let person = PersonID.new()
            func post(_ role: PostRole, _ from: String, _ to: Day?) async throws {
                try await desk.database.database.run(
                    """
                    INSERT INTO directory_posts (post, person, full_name, mailbox, agency, unit, role, title,
                                                 valid_from, valid_to)
                    VALUES (\(PostID.new()), \(person), 'An', 'an', 'H19.30', 'VP', \(role.rawValue), 'T',
                            \(try Day(from)), \(to))
                    """)
                desk.running.runtime.rights.forget(person)
            }
            func approve(_ agency: String) async throws -> Int {
                await desk.ask(
                    "POST", "/approvals", #"{"agency":"\#(agency)"}"#, token: try desk.token(person: person)
                ).status
            }
            #expect(try await approve("H19.30") == 403)
            try await post(.officer, "2020-01-01", nil)
            #expect(try await approve("H19.30") == 403)
            try await post(.leader, "2999-01-01", nil)
            #expect(try await approve("H19.30") == 403)
            try await post(.leader, "2020-01-01", nil)
            #expect(try await approve("H19.30") == 200)
            #expect(try await approve("H19.30.2") == 200)
            #expect(try await approve("H19.31") == 403)
            #expect(try await desk.ask("GET", "/mine", token: desk.token()).status == 403)
            #expect(try await desk.ask("GET", "/mine", token: desk.token(.citizen)).status == 200)
        }
    }

    @Test func `a wrong kind of caller is refused and logged with route and caller`() async throws {
        let log = LogLines()
        try await withDesk(log: log.logger()) { desk in
            let account = AccountID.new()
            #expect(try await desk.ask("GET", "/mine", token: desk.token(account: account)).status == 403)
            let line = try #require(log.lines.first { $0.contains("right refused") })
            #expect(line.contains("/mine") && line.contains(account.text) && line.contains(AskAsCitizen.summary))
        }
    }

    @Test func `feeds are for the services that consume them, as programs`() async throws {
        try await withDesk { desk async throws in
            #expect(try await desk.ask("GET", "/events", token: desk.token()).status == 403)
            #expect(try await desk.ask("GET", "/events", token: desk.token(client: "mail")).status == 403)
            #expect(try await desk.ask("GET", "/events", token: desk.token(.program, client: "stranger")).status == 403)
            #expect(try await desk.ask("GET", "/events", token: desk.token(.program, client: "mail")).status == 200)
        }
    }
}
