import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IdentityService

@Suite struct `An official's account` {
    @Test func `is opened by the appointment, once`() async throws {
        try await Door.open { door in
            let person = PersonID.new()
            try await door.appoint(person, "annv")
            let opened = try await door.service.events(AccountOpened.self)
            #expect(opened.map(\.person) == [person])
            #expect(opened.map(\.kind) == [.official])
            let read = try await door.get("/accounts/\(try await door.account("annv"))", as: door.administrator)
            #expect(read.json["state"]?.text == "invited")
            #expect(read.json["person"]?.text == person.text)
            // Another post, and the same event again.
            try await door.appoint(person, "annv")
            var event = OfficialAppointed()
            (event.person, event.fullName, event.mailbox) = (PersonID.new(), "Lê Bình", "binhl")
            (event.post, event.agency, event.unit) = (PostID.new(), try AgencyCode("H19.12"), "phong")
            (event.title, event.decisionNumber, event.effectiveFrom) = ("Công chức", "1/QĐ", try Day("2021-01-04"))
            let envelope = door.service.envelope(event)
            #expect(await door.service.take(envelope) == .taken)
            #expect(await door.service.take(envelope) == .duplicate)
            #expect(try await door.service.announced(AccountOpened.self) == 2)
            #expect(try await door.rows("accounts") == 2)
        }
    }

    @Test func `is closed when service ends, with everything that lets in`() async throws {
        try await Door.open { door in
            let person = PersonID.new()
            let account = try await door.official("annv", person)
            let signedIn = try await door.signIn("annv")
            let tokens = try await door.tokens("annv")
            let flow = Flow()
            let code = try await door.signIn("annv", Door.password, flow).parameter("code") ?? ""
            let link = try await door.link(account)
            try await door.end(person)
            #expect(try await door.service.events(AccountClosed.self).map(\.account) == [account])
            #expect(try await door.state("annv") == "closed")
            #expect(try await door.refresh(tokens.json["refresh_token"]?.text).error == "invalid_grant")
            #expect(try await door.exchange(code, flow).error == "invalid_grant")
            #expect(try await door.signIn("annv").status == 401)
            let silent = try await door.page(Flow(redirect: Door.portal), headers: signedIn.session)
            #expect(silent.status == 200, "the browser's session has ended: the page asks")
            #expect(try await door.activate(link).status == 400)
            let refused = try await door.post("/accounts/\(account)/one-time-link", as: door.administrator)
            #expect(refused.code == "identity.account-closed")
            let open = try await door.service.count(
                """
                SELECT (SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL)
                    + (SELECT count(*) FROM browser_sessions WHERE ended_at IS NULL)
                    + (SELECT count(*) FROM one_time_links WHERE used_at IS NULL) AS n
                """)
            #expect(open == 0)
        }
    }

    @Test func `opens again with a new appointment, without its old password`() async throws {
        try await Door.open { door in
            let person = PersonID.new()
            let account = try await door.official("annv", person)
            let tokens = try await door.tokens("annv")
            try await door.end(person)
            try await door.appoint(person, "annv")
            #expect(try await door.account("annv") == account, "the same account")
            #expect(try await door.state("annv") == "invited")
            #expect(try await door.signIn("annv").status == 401)
            #expect(try await door.activate(try await door.link(account), "Một mật khẩu mới").status == 200)
            #expect(try await door.refresh(tokens.json["refresh_token"]?.text).error == "invalid_grant")
            #expect(try await door.signIn("annv", "Một mật khẩu mới").status == 302)
            let versions = try await door.service.database.database.run(
                """
                SELECT aggregate_version AS v FROM event_log WHERE aggregate_id = \(account.text)
                ORDER BY aggregate_version
                """)
            let dense = try versions.map { row in try row("v", as: Int64.self) }
            #expect(dense == [1, 2, 3, 4, 5])
        }
    }

    @Test func `gets another name where its mailbox's is taken`() async throws {
        try await Door.open { door in
            for login in ["annv", "annv-2"] {
                let made = try await door.post("/citizens", as: door.administrator, ["login": .string(login)])
                #expect(made.status == 201)
            }
            let person = PersonID.new()
            try await door.appoint(person, "annv")
            let found = try await door.get("/accounts?person=\(person)", as: door.administrator)
            #expect(found.json["accounts"]?.array?.compactMap { $0["login"]?.text } == ["annv-3"])
        }
    }

    @Test func `alone is HR's to close`() async throws {
        try await Door.open { door in
            let made = try await door.post("/citizens", as: door.administrator, ["login": "lan"])
            let citizen = try PersonID(made.json["person"]?.text ?? "")
            try await door.appoint(citizen, "lanpt")
            try await door.end(citizen)
            #expect(try await door.state("lan") == "invited")
            #expect(try await door.service.announced(AccountClosed.self) == 0)
        }
    }
}

@Suite struct `A citizen's account` {
    @Test func `is opened at the counter, once for a key, and its code is kept nowhere`() async throws {
        try await Door.open { door in
            let (clerk, officer) = (PersonID.new(), PersonID.new())
            try await door.service.appoint(clerk, .clerk, at: try AgencyCode("H19.12"))
            try await door.service.appoint(officer, .officer, at: try AgencyCode("H19.12"))
            #expect(try await door.post("/citizens", as: officer, ["login": "lan"]).status == 403)
            let key = [(name: "idempotency-key", value: "k1")]
            let made = try await door.post("/citizens", as: clerk, ["login": "lan"], headers: key)
            #expect(made.status == 201)
            let code = Door.code(of: made.json["link"]?.text)
            #expect(code.count == 43)
            let again = try await door.post("/citizens", as: clerk, ["login": "lan"], headers: key)
            #expect(again.status == 201)
            #expect(again.json["account"] == made.json["account"])
            #expect(again.json["link"] == nil)
            let kept = try await door.service.count(
                """
                SELECT count(*) AS n FROM idempotency_keys
                WHERE position(convert_to(\(code), 'UTF8') in body) > 0 OR body IS NULL
                """)
            #expect(kept == 0)
            #expect(try await door.rows("idempotency_keys") == 1)
            #expect(try await door.post("/citizens", as: clerk, ["login": "lan"]).code == "identity.login-taken")
            #expect(try await door.service.events(AccountOpened.self).map(\.person) == [nil])
            #expect(try await door.activate(code).status == 200)
            #expect(try await door.signIn("lan").status == 302)
        }
    }
}

@Suite struct `Accounts are administered` {
    @Test func `by administrators of the whole system, or of the agency's subtree`() async throws {
        try await Door.open { door in
            let (local, near, far, boss) = (PersonID.new(), PersonID.new(), PersonID.new(), PersonID.new())
            try await door.service.appoint(local, .administrator, at: try AgencyCode("H19.30"))
            try await door.appoint(near, "gan", at: "H19.30.01")
            try await door.appoint(far, "xa", at: "H19.31")
            try await door.appoint(boss, "tren", at: "H19")
            _ = try await door.post("/citizens", as: door.administrator, ["login": "lan"])
            let seen = try await door.get("/accounts", as: local).json["accounts"]?.array ?? []
            #expect(seen.compactMap { $0["login"]?.text } == ["gan"])
            let all = try await door.get("/accounts", as: door.administrator).json["accounts"]?.array ?? []
            #expect(all.count == 4)
            for login in ["gan", "xa", "tren", "lan"] {
                let account = try await door.account(login)
                let status = login == "gan" ? 200 : 403
                #expect(try await door.get("/accounts/\(account)", as: local).status == status)
                for act in ["one-time-link", "unlock"] {
                    #expect(try await door.post("/accounts/\(account)/\(act)", as: local).status == status)
                }
            }
            #expect(try await door.post("/keys/rotate", as: local).status == 403)
            #expect(try await door.get("/accounts", as: near).status == 403)
            #expect(try await door.get("/accounts").status == 401)
            #expect(try await door.get("/accounts/\(AccountID.new())", as: door.administrator).status == 404)
        }
    }

    @Test func `by pages`() async throws {
        try await Door.open { door in
            for number in 1...5 { try await door.appoint(PersonID.new(), "a\(number)") }
            var (seen, next): ([String], String?) = ([], "/accounts?limit=2")
            while let page = next {
                let answer = try await door.get(page, as: door.administrator)
                seen += (answer.json["accounts"]?.array ?? []).compactMap { $0["login"]?.text }
                next = answer.next
            }
            #expect(seen == ["a1", "a2", "a3", "a4", "a5"])
        }
    }
}

@Suite struct `The first administrator` {
    @Test func `is made once, with a link that migrate renews until it was used`() async throws {
        try await Door.open { door in
            let owner = door.service.database.open(door.service.database.owner)
            let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<4 { group.addTask { try await FirstAdministrator.create(in: owner) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.allSatisfy { $0?.count == 43 })
            #expect(try await door.rows("accounts") == 1)
            #expect(try await door.service.announced(AdministratorNamed.self) == 1)
            #expect(try await door.service.announced(AccountOpened.self) == 1)
            #expect(try await door.service.count("SELECT count(*) AS n FROM one_time_links WHERE used_at IS NULL") == 1)
            let last = try #require(try await FirstAdministrator.create(in: owner))
            for former in codes { #expect(try await door.activate(former ?? "").status == 400) }
            #expect(try await door.activate(last).status == 200)
            #expect(try await FirstAdministrator.create(in: owner) == nil)
            #expect(try await door.signIn(FirstAdministrator.login).status == 302)
            let named = try #require(try await door.service.events(AdministratorNamed.self).first)
            let kept = try await door.service.database.database.run("SELECT person, version FROM accounts")
            #expect(try kept.first?("person") == named.person)
        }
    }
}
