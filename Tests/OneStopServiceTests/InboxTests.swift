import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct InboxTests {
    private func count(_ answer: TestService.Answer, _ status: String) -> JSON? {
        answer.json["counts"]?.array?.first { $0["status"]?.text == status }?["count"]
    }

    @Test func `pages follow the due dates and leave nothing out`() async throws {
        try await Office.open { office in
            var expected: [String] = []
            // Some come at the same moment: the id decides then.
            for index in 0..<7 {
                try await office.set("2021-03-0\(1 + index / 3) 0\(8 + index % 2):00")
                expected.append(try await office.submit())
            }
            let clerk = office.clerk
            let all = try await office.get("/inbox", as: clerk)
            #expect(Set(ids(all)) == Set(expected))
            #expect(count(all, "submitted") == 7)
            let due = (all.json["dossiers"]?.array ?? []).compactMap { $0["actBy"]?.text }
            #expect(due == due.sorted())
            var paged: [String] = []
            var next: String? = "/inbox?limit=2"
            while let path = next {
                let page = try await office.get(path, as: clerk)
                #expect(page.status == 200)
                #expect((page.json["counts"] == nil) == !paged.isEmpty)
                paged += ids(page)
                next = page.next
            }
            #expect(paged == ids(all))
            // A window of due dates, and its pages.
            let window = "/inbox?limit=1&from=2021-03-02T09:00:00%2B07:00&until=2021-03-03T16:00:00%2B07:00"
            let inside = try await office.get(window, as: clerk)
            var windowed = ids(inside)
            next = inside.next
            while let path = next {
                let page = try await office.get(path, as: clerk)
                windowed += ids(page)
                next = page.next
            }
            let lines = all.json["dossiers"]?.array ?? []
            let within = lines.filter { line in
                let time = line["actBy"]?.text ?? ""
                return time >= "2021-03-02T09:00:00+07:00" && time <= "2021-03-03T16:00:00+07:00"
            }
            #expect(windowed == within.compactMap { $0["id"]?.text })
            #expect(!windowed.isEmpty && windowed.count < 7)
        }
    }

    @Test func `by officer, status and what nobody holds`() async throws {
        try await Office.open { office in
            let mine = try await office.inWork()
            let free = try await office.submit()
            try await office.done("accept", on: free, as: office.clerk)
            try await office.done("hand-over", on: free, as: office.clerk, [:])
            let refused = try await office.submit()
            try await office.done("refuse", on: refused, as: office.clerk, ["reasonCode": "x", "reason": "y"])
            let own = try await office.get("/inbox?mine=true", as: office.officer)
            #expect(ids(own) == [mine])
            #expect(count(own, "processing") == 1)
            #expect(ids(try await office.get("/inbox?officer=\(office.officer)", as: office.leader)) == [mine])
            #expect(ids(try await office.get("/inbox?unassigned=true", as: office.leader)) == [free])
            #expect(ids(try await office.get("/inbox?status=refused", as: office.leader)) == [refused])
            let leader = try await office.get("/inbox", as: office.leader)
            #expect(Set(ids(leader)) == [mine, free])
            #expect((count(leader, "processing"), count(leader, "refused")) == (2, 1))
            let some = try await office.get("/inbox?status=processing&status=submitted", as: office.leader)
            #expect(Set(ids(some)) == [mine, free])
            #expect(ids(try await office.get("/inbox?status=awaiting-payment", as: office.leader)) == [])
            let mixed = try await office.get("/inbox?status=processing&status=refused", as: office.leader)
            #expect((mixed.status, mixed.code) == (422, "onestop.mixed-statuses"))
            for bad in ["/inbox?cursor=xx", "/inbox?cursor=eA", "/inbox?limit=0", "/inbox?status=x", "/inbox?u=1"] {
                #expect(try await office.get(bad, as: office.leader).status == 422, "\(bad)")
            }
            // An officer takes what nobody holds; one that somebody holds is the leader's to give.
            let own2: JSON = ["officer": .string(office.officer.text)]
            #expect(try await office.act("assign", on: free, as: office.officer, own2).status == 200)
            #expect(try await office.act("assign", on: mine, as: office.officer, own2).status == 403)
            #expect(ids(try await office.get("/inbox?mine=true", as: office.officer)).count == 2)
            // An administrator holds no post: which agency?
            let none = try await office.get("/inbox", as: office.administrator)
            #expect((none.status, none.code) == (422, "onestop.which-agency"))
            #expect(try await office.get("/inbox?agency=H19.06", as: office.administrator).status == 200)
        }
    }

    @Test func `os-292: what an official held elsewhere is shown and counted to those alone who may read it there`()
        async throws
    {
        try await Office.open { office in
            let (officer, reason): (PersonID, JSON) = (office.officer, ["reasonCode": "x", "reason": "y"])
            let closed = try await office.inWork()
            try await office.done("stop", on: closed, as: officer, reason)
            func stopped(_ query: String, as person: PersonID) async throws -> TestService.Answer {
                try await office.get("/inbox?status=stopped&\(query)", as: person)
            }
            #expect(ids(try await stopped("mine=true", as: officer)) == [closed])
            #expect(ids(try await stopped("officer=\(officer)", as: office.leader)) == [closed])
            try await office.move(officer, from: Agencies.justice, to: Agencies.commune, .officer)
            let asked = [
                ("mine=true", officer), ("officer=\(officer)", officer), ("officer=\(officer)", office.communeClerk),
                ("officer=\(officer)", office.districtLeader),
            ]
            for (query, person) in asked {
                let page = try await stopped(query, as: person)
                #expect(page.status == 200 && ids(page) == [], "\(query)")
                #expect(count(page, "stopped") == 0, "\(query)")
                #expect(ids(try await stopped("\(query)&applicant=\(office.citizen)", as: person)) == [], "\(query)")
                let counts = try await office.get("/inbox/counts?\(query)", as: person)
                let line = counts.json["statuses"]?.array?.first { $0["status"] == "stopped" }
                #expect(line?["count"] == 0 && line?["atLeast"] == false, "\(query)")
            }
            #expect(try await stopped("officer=\(officer)", as: office.leader).status == 403)
            #expect(ids(try await stopped("officer=\(officer)", as: office.administrator)) == [closed])
            // What is held where the caller may read is there, open and closed.
            let submission = Office.submission.with("procedure", .string(Office.allowance)).with("agency", "H19.31.02")
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.communeClerk, ["submission": submission, "channel": "counter"])
            let here = try #require(received.json["id"]?.text)
            try await office.done("accept", on: here, as: office.communeClerk)
            try await office.done("assign", on: here, as: officer, ["officer": .string(officer.text)])
            for (query, person) in asked {
                #expect(ids(try await office.get("/inbox?\(query)", as: person)) == [here], "\(query)")
                try await eventually("what others did is counted for \(query)") {
                    let counts = try await office.get("/inbox/counts?\(query)", as: person).json
                    return counts["steps"]?.array?.map { $0["count"] } == [1]
                }
            }
            try await office.done("request-supplement", on: here, as: officer, ["missing": "x"])
            try await office.done("stop", on: here, as: officer, reason)
            try await eventually("what the officer did is shown and counted") {
                let page = try await stopped("officer=\(officer)", as: office.communeClerk)
                return ids(page) == [here] && count(page, "stopped") == 1
            }
            // So is what was answered there and went home.
            try await office.harness.database.database.run(
                "UPDATE dossiers SET answering_agency = 'H19.31.02' WHERE id = \(try DossierID(closed))")
            let paged = try await office.pages(
                "/inbox?officer=\(officer)&status=stopped&limit=1", as: office.districtLeader
            ).flatMap(ids)
            #expect(paged.count == 2 && Set(paged) == [closed, here])
            let person = "officer=\(officer)&applicant=\(office.citizen)"
            #expect(ids(try await stopped(person, as: office.communeClerk)) == [closed])
        }
    }

    @Test func `overdue is what is past its time while the clock runs`() async throws {
        try await Office.open { office in
            let late = try await office.inWork()
            let paused = try await office.inWork()
            try await office.done("request-supplement", on: paused, as: office.officer, ["missing": "x"])
            try await office.set("2021-04-01 08:00")
            let inbox = try await office.get("/inbox?mine=true", as: office.officer)
            let lines = inbox.json["dossiers"]?.array ?? []
            #expect(lines.first { $0["id"]?.text == late }?["overdue"] == true)
            #expect(lines.first { $0["id"]?.text == paused }?["overdue"] == false)
            let counts = inbox.json["counts"]?.array ?? []
            #expect(counts.first { $0["status"]?.text == "processing" }?["overdue"] == 1)
            #expect(counts.first { $0["status"]?.text == "awaiting-supplement" }?["overdue"] == 0)
        }
    }

    @Test func `counts show what one did oneself at once, and what others did soon`() async throws {
        try await Office.open { office in
            for expected in 1...8 {
                let submission = Office.submission.with("nationalId", .string("99919000010\(expected)"))
                let received = try await office.send(
                    "POST", "/counter/dossiers", as: office.clerk, ["submission": submission])
                #expect(received.status == 201)
                #expect(
                    count(try await office.get("/inbox", as: office.clerk), "submitted") == .integer(Int64(expected)))
            }
            _ = try await office.submit()
            try await eventually("what another did is counted") {
                count(try await office.get("/inbox", as: office.clerk), "submitted") == 9
            }
            let closed = try #require(DossierStatus(number: 9)?.rawValue)
            try await office.harness.database.database.run("UPDATE dossiers SET status = 9")
            try await eventually("the write of another process is counted") {
                count(try await office.get("/inbox", as: office.clerk), closed) == 9
            }
        }
    }

    @Test func `a citizen's own dossiers and notifications, page by page`() async throws {
        try await Office.open { office in
            var mine: [String] = []
            for index in 1...5 { mine.insert(try await office.submit(subject: "Hồ sơ \(index)"), at: 0) }
            _ = try await office.submit(as: office.stranger)
            let paged = try await office.pages("/my/dossiers?limit=2", as: office.citizen).flatMap(ids)
            #expect(paged == mine)
            for id in mine { try await office.done("accept", on: id, as: office.clerk) }
            let notices = try await office.pages("/my/notifications?limit=2", as: office.citizen).flatMap {
                $0.json["notifications"]?.array ?? []
            }
            // Accepted from the newest to the oldest, so told of the oldest last.
            #expect(notices.compactMap { $0["dossier"]?.text } == Array(mine.reversed()))
            let first = try #require(notices.first?["id"]?.text)
            let read = try await office.send("POST", "/my/notifications/\(first)/read", as: office.citizen)
            #expect(read.json["readAt"]?.text == "2021-03-01T09:00:00+07:00")
            let other = try await office.send("POST", "/my/notifications/\(first)/read", as: office.stranger)
            #expect(other.status == 404)
        }
    }
}
