import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Versions of procedures: checked, published, superseded.
@Suite struct ProcedureCheckTests {
    /// Justice with an officer and a leader, the police with an officer, a commune below its district.
    private var staffing: Staffing {
        func post(_ role: PostRole, _ fields: [String] = []) -> Staffing.Post {
            Staffing.Post(role: role, fields: ProcedureFields(fields))
        }
        var staffing = Staffing()
        staffing.agencies = [
            Agencies.justice: .department, Agencies.police: .police, Agencies.district: .district,
            Agencies.commune: .commune,
        ]
        staffing.posts = [
            Agencies.justice: [post(.clerk), post(.officer, ["LLTP"]), post(.leader, ["LLTP", "HT"])],
            Agencies.police: [post(.officer)], Agencies.district: [post(.clerk), post(.leader)],
            Agencies.commune: [post(.officer)],
        ]
        return staffing
    }

    private func found(_ change: (inout Definition) -> Void) throws -> [Finding] {
        var definition = try judicialRecord()
        change(&definition)
        return ProcedureCheck.look(at: definition, staffing: staffing).findings
    }

    private func codes(_ change: (inout Definition) -> Void) throws -> [String] {
        try found(change).map { "\($0.rule) \($0.code.dropFirst(8)) \($0.path.joined(separator: " "))" }
    }

    @Test func `os-009: every wait has a timer, and may be over before it is late`() throws {
        #expect(try codes { _ in } == [])
        #expect(try codes { $0.steps[1].limit = nil } == ["os-009 step-without-limit check verify"])
        #expect(try codes { $0.steps[1].notBefore = TimeLimit(8, .hours) } == [])
        #expect(
            try codes { $0.steps[1].notBefore = TimeLimit(9, .hours) } == ["os-009 limit-before-earliest check verify"])
    }

    @Test func `os-010: the longest way is within the legal limit`() throws {
        #expect(try codes { $0.limit = TimeLimit(3, .workingDays) } == [])
        #expect(try codes { $0.limit = TimeLimit(24, .hours) } == [])
        #expect(try codes { $0.limit = TimeLimit(23, .hours) } == ["os-010 steps-too-long check verify sign"])
        #expect(try codes { $0.limit = TimeLimit(4, .days) } == ["os-010 steps-too-long check verify sign"])
        #expect(try codes { $0.limit = TimeLimit(5, .days) } == [])
        // The longer side of a choice counts, and of branches the one that is waited for.
        let branched = try codes {
            var long = step("long", .receiving, .officer)
            (long.cooperates, long.limit, long.ways) = (true, TimeLimit(8, .workingDays), [Way("sign")])
            $0.steps[0].ways = [Way("verify", "long")]
            $0.steps[1].ways = [Way("sign")]
            $0.steps[2].joins = true
            $0.steps.append(long)
            $0.limit = TimeLimit(9, .workingDays)
        }
        #expect(branched == ["os-010 steps-too-long check long sign"])
        let text = try #require(try found { $0.limit = TimeLimit(23, .hours) }.first)
        #expect(text.english == "The steps need 24 working hours, the limit is 23 (check → verify → sign)")
        #expect(text.vietnamese == "Các bước cần 24 giờ làm việc, thời hạn chỉ có 23 (check → verify → sign)")
    }

    @Test func `os-011: every role is held wherever the step may be done`() throws {
        #expect(try codes { $0.receivers = [.division] } == ["os-011 no-receiver "])
        // The police have nobody at the counter, and no leader; an officer's step is done there.
        let police = try codes {
            $0.receivers = [.police]
            $0.steps[2].rule = .working
        }
        #expect(police == ["os-011 nobody-receives ", "os-011 role-vacant check verify sign"])
        // A leader stands in for an officer; rights to receive reach down to the commune.
        #expect(
            try codes {
                $0.receivers = [.commune]
                for index in 0...2 { $0.steps[index].rule = .parent }
            } == [])
        let fields = try found { $0.field = "CT" }
        #expect(fields.map(\.code) == Array(repeating: "onestop.role-vacant", count: 3))
        let text = "Step “verify”: nobody holds the role “officer” at H19.06 (check → verify)"
        #expect(fields.dropFirst().first?.english == text)
        // The leader is there for both fields, the officer is not.
        #expect(try codes { $0.field = "HT" } == [])
        let unknown = try codes {
            ($0.steps[1].rule, $0.steps[1].agency) = (.named, Agencies.code("H19.77"))
            $0.steps[2].rule = .working
        }
        #expect(unknown == ["os-011 role-vacant check verify", "os-011 role-vacant check verify sign"])
    }

    /// Two branches that do not join, and a step that nobody may take for ever.
    private func unsound() throws -> Definition {
        var definition = try judicialRecord()
        definition.steps[0].ways = [Way("verify", "sign")]
        definition.steps[1].limit = nil
        return definition
    }

    @Test func `os-001: only what passes is published, and a refusal names the way`() async throws {
        try await Office.open { office in
            let code = Office.criminalRecord
            let path = "/procedures/\(code)/draft/check"
            #expect(try await office.get(path, as: office.administrator).status == 404)
            let body: JSON = ["validFrom": "2021-03-02", "definition": try unsound().json]
            let draft = try await office.send("POST", "/procedures/\(code)/draft", as: office.administrator, body)
            #expect(draft.status == 200)
            for (person, status) in [(office.leader, 403), (office.citizen, 403), (nil, 401)] as [(PersonID?, Int)] {
                #expect(try await office.get(path, as: person).status == status)
            }
            let checked = try await office.get(path, as: office.administrator)
            #expect(checked.outgoing.header("etag") == "\"1\"")
            #expect((checked.json["publishable"], checked.json["number"], checked.json["states"]) == (false, 2, 2))
            let findings = checked.json["findings"]?.array ?? []
            #expect(
                findings.map { $0["code"]?.text } == [
                    "onestop.open-at-end", "onestop.open-at-end", "onestop.lead", "onestop.step-without-limit",
                ])
            #expect(
                findings.map { $0["path"]?.array?.compactMap(\.text).joined(separator: " ") } == [
                    "check verify", "check sign", "check sign", "check verify",
                ])
            #expect(findings.last?["field"] == "definition.steps[1].limit")
            for (language, detail) in [
                ("vi", "Hồ sơ kết thúc ở bước “verify” khi nhánh “sign” chưa nhập lại (check → verify) (+3)"),
                (
                    "en",
                    "The dossier ends at step “verify” while the branch “sign” has not joined (check → verify) (+3)"
                ),
            ] {
                let refused = try await office.harness.send(
                    "POST", "/procedures/\(code)/publish", as: office.administrator, .administrator,
                    headers: [("accept-language", language)])
                #expect((refused.status, refused.code) == (422, "onestop.check-failed"))
                #expect(refused.json["detail"]?.text == detail)
                #expect(refused.json["errors"]?.array?.count == 4)
                #expect(refused.json["errors"]?.array?.last?["field"] == "definition.steps[1].limit")
            }
            #expect(try await office.harness.announced(ProcedurePublished.self) == 2)
            #expect(try await office.get("/procedures/\(code)?number=2").status == 404)
        }
    }

    @Test func `os-001: a draft that changes while it is published is not published`() async throws {
        try await Office.open { office in
            let code = Office.criminalRecord
            let body: JSON = ["validFrom": "2021-03-02", "definition": try judicialRecord().json]
            let draft = try await office.send("POST", "/procedures/\(code)/draft", as: office.administrator, body)
            #expect(draft.status == 200)
            let second = office.harness.database.open(office.harness.database.runtime)
            let held = Kept(false)
            async let answer: TestService.Answer = {
                try await eventually("the draft is held") { held.value }
                return try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            }()
            try await second.transaction { transaction in
                try await transaction.run(
                    """
                    UPDATE procedures SET revision = revision + 1, definition = definition || '{"steps":[]}'
                    WHERE code = \(code) AND state = 'draft'
                    """)
                held.set(true)
                try await eventually("publishing waits for the draft") { try await office.waiting() > 0 }
            }
            let refused = try await answer
            #expect((refused.status, refused.code) == (412, "stale-version"))
            #expect(try await office.harness.announced(ProcedurePublished.self) == 2)
        }
    }

    @Test func `os-001: the service's own database role cannot change what is published`() async throws {
        try await Office.open { office in
            let database = office.harness.running.runtime.database
            let code = Office.criminalRecord
            func refused(_ sql: SQL) async throws -> String? {
                do {
                    try await database.run(sql)
                    return nil
                } catch { return error.sqlState }
            }
            let (rule, right) = ("23001", "42501")
            #expect(try await refused("UPDATE procedures SET definition = '{}' WHERE code = \(code)") == rule)
            #expect(try await refused("UPDATE procedures SET valid_to = '2021-12-31' WHERE code = \(code)") == rule)
            #expect(try await refused("DELETE FROM procedures WHERE code = \(code)") == rule)
            #expect(try await refused("TRUNCATE procedures") == right)
            #expect(try await refused("DROP TRIGGER procedures_published_stay ON procedures") == right)
            #expect(try await refused("ALTER TABLE procedures DISABLE TRIGGER ALL") == right)
            // Nor publish what was no draft, or something else than the draft.
            let columns: SQL = """
                code, number, valid_from, definition, revision, drafted_by, drafted_at, published_by, published_at,
                state
                """
            #expect(
                try await refused(
                    """
                    INSERT INTO procedures (\(columns)) SELECT code, 7, valid_from, definition, revision, drafted_by,
                        drafted_at, published_by, published_at, state FROM procedures WHERE code = \(code)
                    """) == rule)
            let body: JSON = ["validFrom": "2021-03-02", "definition": try judicialRecord().json]
            let draft = try await office.send("POST", "/procedures/\(code)/draft", as: office.administrator, body)
            #expect(draft.status == 200)
            #expect(
                try await refused(
                    """
                    UPDATE procedures SET state = 'published', published_at = now(),
                        definition = definition || '{"field":"HT"}' WHERE code = \(code) AND state = 'draft'
                    """) == rule)
            let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect(law.status == 200)
        }
    }

    @Test func `os-014: a later version takes the place of the one before on its first day`() async throws {
        try await Office.open { office in
            let code = Office.criminalRecord
            func publish(from: String, to: String? = nil) async throws {
                let body: JSON = ["validFrom": .string(from), "definition": try judicialRecord().json]
                let draft = try await office.send(
                    "POST", "/procedures/\(code)/draft", as: office.administrator,
                    body.with("validTo", to.map(JSON.string)))
                let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
                #expect((draft.status, law.status) == (200, 200))
            }
            try await publish(from: "2021-04-01")
            try await publish(from: "2021-06-01", to: "2021-12-31")
            try await publish(from: "2021-06-01")
            let first = try await office.get("/procedures/\(code)/versions?limit=2")
            let rest = try await office.get(try #require(first.next))
            let versions = (first.json["versions"]?.array ?? []) + (rest.json["versions"]?.array ?? [])
            #expect(versions.map { $0["lastDay"]?.text } == ["2021-03-31", "2021-05-31", nil, nil])
            #expect(versions.map { $0["supersededBy"]?.integer } == [2, 3, 4, nil])
            #expect(versions.map { $0["neverInForce"] } == [false, false, true, false])
            // It says what a submission on such a day keeps.
            for (day, number) in [("2021-03-31", 1), ("2021-04-01", 2), ("2021-05-31", 2), ("2021-06-01", 4)] {
                let list = try await office.get("/procedures?on=\(day)").json["procedures"]?.array ?? []
                #expect(list.first { $0["code"]?.text == code }?["number"]?.integer == Int64(number), "\(day)")
            }
            #expect(try await office.get("/procedures/9.999999/versions").status == 404)
        }
    }

    @Test func `os-011: a post that nobody holds any more stands in the way`() async throws {
        try await Office.open { office in
            let code = Office.criminalRecord
            let body: JSON = ["validFrom": "2021-03-02", "definition": try judicialRecord().json]
            let draft = try await office.send("POST", "/procedures/\(code)/draft", as: office.administrator, body)
            #expect(draft.status == 200)
            var ended = ServiceEnded()
            (ended.person, ended.decisionNumber) = (office.leader, "09/QĐ-SNV")
            ended.effectiveFrom = try Day("2021-03-01")
            await office.harness.take(ended)
            let refused = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect((refused.status, refused.code) == (422, "onestop.check-failed"))
            #expect(refused.json["errors"]?.array?.map { $0["field"]?.text } == ["definition.steps[2].role"])
        }
    }
}
