import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct CatalogueTests {
    @Test func `the schema is what the migrations make`() async throws { try await expectSchema(of: Main.self) }

    @Test func `after its last day a procedure is not submitted any more, and is read by its number`() async throws {
        try await Office.open { office in
            let code = Office.criminalRecord
            let body: JSON = [
                "validFrom": "2021-03-02", "validTo": "2021-03-01", "definition": try judicialRecord().json,
            ]
            let reversed = try await office.send("POST", "/procedures/\(code)/draft", as: office.administrator, body)
            #expect((reversed.status, reversed.code) == (422, "onestop.ends-before-it-begins"))
            let draft = try await office.send(
                "POST", "/procedures/\(code)/draft", as: office.administrator, body.with("validTo", "2021-03-10"))
            let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect(draft.status < 300 && law.status < 300)
            try await office.set("2021-03-10 08:00")
            _ = try await office.submit()
            #expect(try await office.get("/procedures/\(code)").json["validTo"] == "2021-03-10")
            try await office.set("2021-03-11 08:00")
            let refused = try await office.send("POST", "/dossiers", as: office.citizen, Office.submission)
            #expect((refused.status, refused.code) == (422, "onestop.procedure-unknown"))
            #expect(try await office.get("/procedures/\(code)").status == 404)
            #expect(try await office.get("/procedures/\(code)?number=2").status == 200)
            func listed(_ query: String) async throws -> Bool {
                let list = try await office.get("/procedures?\(query)").json["procedures"]?.array ?? []
                return list.contains { $0["code"]?.text == code }
            }
            #expect(try await listed("on=2021-03-10"))
            #expect(try await !listed("limit=100"))
        }
    }

    @Test func `os-002: a version is drafted, published and never changes; a dossier keeps its own`() async throws {
        try await Office.open { office in
            let code = Office.criminalRecord
            let id = try await office.inWork()
            var next = try judicialRecord(limit: TimeLimit(5, .workingDays))
            (next.documentType, next.name) = ("TB", "Tên mới")
            let body: JSON = ["validFrom": "2021-03-02", "definition": next.json]
            let nothing = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect((nothing.status, nothing.code) == (409, "onestop.no-draft"))
            let draft = try await office.send("POST", "/procedures/\(code)/draft", as: office.administrator, body)
            #expect((draft.json["number"], draft.json["published"]) == (2, false))
            let again = try await office.send(
                "POST", "/procedures/\(code)/draft", as: office.administrator, body, ifMatch: 1)
            #expect(again.outgoing.header("etag") == "\"2\"")
            let stale = try await office.send(
                "POST", "/procedures/\(code)/publish", as: office.administrator, ifMatch: 1)
            #expect(stale.status == 412)
            #expect(try await office.get("/procedures/\(code)/draft", as: office.administrator).status == 200)
            #expect(try await office.get("/procedures/\(code)/draft", as: office.leader).status == 403)
            #expect(try await office.get("/procedures/\(code)").json["number"] == 1)
            let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect((law.json["number"], law.json["published"]) == (2, true))
            #expect(try await office.harness.announced(ProcedurePublished.self) == 3)
            // In force from its first day; until then, and for what was submitted before, the former one.
            #expect(try await office.get("/procedures/\(code)").json["number"] == 1)
            try await office.set("2021-03-02 08:00")
            #expect(try await office.get("/procedures/\(code)").json["number"] == 2)
            let fresh = try await office.submit()
            let view = try await office.get("/dossiers/\(fresh)", as: office.clerk).json
            #expect((view["procedureVersion"], view["procedureName"]) == (2, "Tên mới"))
            let kept = try await office.get("/dossiers/\(id)", as: office.clerk).json
            #expect((kept["procedureVersion"], kept["procedureName"]?.text) == (1, try judicialRecord().name))
            try await office.done("accept", on: fresh, as: office.clerk)
            #expect(
                try await office.get("/dossiers/\(fresh)", as: office.clerk).json["dueAt"]?.text
                    == "2021-03-09T17:00:00+07:00")
            let earlier = try await office.send(
                "POST", "/procedures/\(code)/draft", as: office.administrator, body.with("validFrom", "2021-03-01"))
            #expect(earlier.status == 200)
            let refused = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect((refused.status, refused.code) == (409, "onestop.earlier-than-published"))
            let list = try await office.get("/procedures?limit=1")
            #expect(list.json["procedures"]?.array?.first?["code"]?.text == Office.allowance)
            let rest = try await office.get(try #require(list.next))
            #expect(rest.json["procedures"]?.array?.first?["number"] == 2)
        }
    }

    @Test func `a definition that does not hold together is no draft`() throws {
        func code(_ change: (inout Definition) throws -> Void) -> String? {
            refusal {
                var definition = try judicialRecord()
                try change(&definition)
                try definition.check()
            }
        }
        #expect(code { _ in } == nil)
        #expect(code { $0.steps[1].key = $0.steps[0].key } == "onestop.key-twice")
        #expect(code { $0.fees.append($0.fees[0]) } == "onestop.key-twice")
        #expect(code { $0.steps[0].rule = .named } == "onestop.step-agency")
        #expect(code { $0.steps[0].agency = Agencies.police } == "onestop.step-agency")
        #expect(code { $0.documentType = "quyet-dinh" } == "onestop.document-type")
        // Not every result is a document of Decree 30/2020.
        #expect(code { $0.documentType = "GCN" } == nil)
        #expect(code { $0.fees[0].amount = .zero } == "onestop.fee-amount")
        #expect(code { $0.limit = TimeLimit(37, .months) } == "legal-clock.amount")
        #expect(
            code { definition in
                var second = definition.fees[0]
                (second.kind, second.amount) = ("other", try Money(Limits.moneyDong))
                definition.fees.append(second)
            } == "onestop.fee-amount")
    }

    @Test func `the calendar is replaced whole or not at all`() async throws {
        try await Office.open { office in
            let before = try await office.get("/calendar")
            #expect(before.outgoing.header("etag") == "\"2\"")
            #expect(before.json == (try calendar2021().json))
            var twice = try calendar2021()
            twice.specialDays.append(twice.specialDays[0])
            var noWeek = try calendar2021()
            noWeek.weeks[0].agency = Agencies.justice
            var overlapping = try calendar2021()
            overlapping.weeks.append(overlapping.weeks[0])
            for (calendar, code) in [
                (twice, "onestop.calendar-day-twice"), (noWeek, "onestop.calendar-week"),
                (overlapping, "legal-clock.calendar"),
            ] {
                let answer = try await office.send(
                    "PUT", "/calendar", as: office.administrator, calendar.json, ifMatch: 2)
                #expect((answer.status, answer.code) == (422, code))
            }
            #expect(try await office.get("/calendar").body == before.body)
            #expect(
                try await office.send("PUT", "/calendar", as: office.leader, before.json, ifMatch: 2).status == 403)
            // One agency with its own week: Saturday morning as well.
            var saturday = try calendar2021()
            var own = saturday.weeks[0]
            own.agency = Agencies.justice
            var hours = WeekdayHours()
            (hours.weekday, hours.spans) = (6, [own.makeUpHours[0]])
            own.hours.append(hours)
            saturday.weeks.append(own)
            let loaded = try await office.send(
                "PUT", "/calendar", as: office.administrator, saturday.json, ifMatch: 2)
            #expect(loaded.status == 200)
            let id = try await office.submit()
            let accepted = try await office.done("accept", on: id, as: office.clerk)
            #expect(accepted["dueAt"]?.text == "2021-03-12T17:00:00+07:00")
        }
    }

    @Test func `the weeks of the nearest agency above count`() throws {
        var calendar = try calendar2021()
        var district = calendar.weeks[0]
        district.agency = Agencies.district
        district.hours = Array(district.hours.dropLast())
        calendar.weeks.append(district)
        try calendar.check()
        let friday = try Day("2021-03-05")
        #expect(try calendar.lawful(for: Agencies.justice).isWorking(friday))
        #expect(try !calendar.lawful(for: Agencies.district).isWorking(friday))
        #expect(try !calendar.lawful(for: Agencies.commune).isWorking(friday))
    }
}
