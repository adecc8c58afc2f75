import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

/// The time of linked procedures: when a slip is due, and when an application ends by itself.
@Suite struct LinkTimeTests {
    private func apply(_ office: Office) async throws -> String {
        let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
        guard made.status == 201, let id = made.json["id"]?.text else { throw Office.Unexpected(made) }
        try await office.done("accept", on: id, as: office.communeClerk)
        try await office.fire()
        return id
    }

    private func child(_ key: String, of id: String, _ office: Office) async throws -> String {
        let all = try await office.get("/dossiers/\(id)/links", as: office.citizen).json["links"]?.array ?? []
        return try #require(all.first { $0["key"]?.text == key }?["dossier"]?.text)
    }

    @Test func `os-270: a slip that ended is late by the time that ran for its agency alone`() throws {
        let calendar = try workCalendar()
        var slip = OneStopService.Slip()
        slip.openedAt = try at("2021-03-01 09:00")
        (slip.dueAt, slip.explanation) = try Deadlines.due(
            from: slip.openedAt, limit: TimeLimit(5, .workingDays), calendar: calendar)
        #expect(try slip.dueAt == at("2021-03-08 17:00"))
        func closed(_ child: Dossier, now: String, _ calendar: WorkCalendar) throws -> OneStopService.Slip {
            slip.closed(
                try #require(OneStopService.Slip.outcome(of: child)), by: child, at: try child.finishedAt ?? at(now),
                calendar: calendar)
        }
        var child = try dossier(.finished)
        child.finishedAt = try at("2021-03-10 09:00")
        let late = try closed(child, now: "2021-03-10 09:01", calendar)
        #expect((late.late, late.dueAt, late.closedAt) == (true, slip.dueAt, child.finishedAt))
        // The 2nd to the 4th stood.
        child.pauses = [
            Pause(from: try at("2021-03-02 10:00"), until: try at("2021-03-04 10:00"), cause: .awaitingPayment)
        ]
        let inTime = try closed(child, now: "2021-03-10 09:01", calendar)
        #expect(try (inTime.late, inTime.dueAt) == (false, at("2021-03-11 17:00")))
        #expect(inTime.explanation.days.contains { $0.reason == DayReason.suspended.rawValue })
        child.finishedAt = try at("2021-03-12 09:00")
        #expect(try closed(child, now: "2021-03-12 09:01", calendar).late == true)
        // It ended while it waited for papers.
        var stopped = try dossier(.awaitingSupplement)
        stopped.status = .stopped
        #expect(try closed(stopped, now: "2021-03-20 09:00", calendar).late == false)
        // A day of work more makes nothing late.
        var more = try calendar2021()
        var saturday = SpecialDay()
        (saturday.validFrom, saturday.validTo, saturday.kind) = (try Day("2021-03-06"), try Day("2021-03-06"), .makeUp)
        (saturday.vietnamese, saturday.english) = ("Làm bù", "Make-up day")
        more.specialDays.append(saturday)
        (child.pauses, child.finishedAt) = ([], try at("2021-03-08 16:00"))
        #expect(try closed(child, now: "2021-03-08 16:01", more.lawful(for: Agencies.justice)).late == false)
    }

    /// Slips that were dated by another calendar, counted anew by the oracle's own.
    @Test func `os-270: what a calendar makes of a slip leaves out the times in which its dossier's clock stood`()
        throws
    {
        var moved = 0
        for seed in 0..<300 {
            var random = SeededNumbers(UInt64(seed))
            var former = try calendar2021()
            for _ in 0..<3 {
                let day = try Day("2021-03-02") + Int.random(in: 0...30, using: &random)
                var off = SpecialDay()
                (off.validFrom, off.validTo, off.vietnamese, off.english) = (day, day, "Quốc tang", "Mourning")
                former.specialDays.removeAll { $0.validFrom == day }
                former.specialDays.append(off)
            }
            func later(_ time: Date, days: Int) -> Date {
                time + Double(Int.random(in: 1...days * 1_440, using: &random)) * 60
            }
            var child = try dossier(.processing)
            var slip = OneStopService.Slip()
            slip.openedAt = later(try at("2021-03-01 00:00"), days: 8)
            let unit = [LimitUnit.hours, .workingDays, .days].randomElement(using: &random) ?? .hours
            let limit = TimeLimit(Int.random(in: 1...(unit == .hours ? 40 : 9), using: &random), unit)
            var now = slip.openedAt
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let from = later(now, days: 3)
                now = later(from, days: 4)
                child.pauses.append(Pause(from: from, until: now, cause: .awaitingPayment))
            }
            slip.explanation.limit = limit
            let dated = try slip.due(child, calendar: former.lawful(for: Agencies.justice))
            (slip.dueAt, slip.explanation) = try #require(dated)
            let expected = MinuteOracle.date(
                MinuteOracle.due(
                    received: MinuteOracle.minute(slip.openedAt), limit: limit,
                    standing: child.pauses.compactMap { pause in
                        pause.until.map {
                            .init(from: MinuteOracle.minute(pause.from), to: MinuteOracle.minute($0), restarts: false)
                        }
                    }))
            let isMoved = expected != slip.dueAt && expected > min(now, slip.dueAt)
            var projection = Projection(try calendar2021())
            #expect(try projection.slip(slip, child, now: now)?.at == (isMoved ? expected : nil), "seed \(seed)")
            moved += isMoved ? 1 : 0
            // While the clock stands it is counted when that goes on.
            child.pauses.append(Pause(from: now, cause: .awaitingSupplement))
            #expect(try projection.slip(slip, child, now: now) == nil)
        }
        #expect(moved > 50)
    }

    @Test func `os-270: the date of a slip stands with the clock of its dossier and follows the calendar`() async throws
    {
        try await Office.open { office in
            try await office.appoint(.new(), .clerk, at: Agencies.district)
            try await LinkTests.publish(office, .parallel)
            let id = try await apply(office)
            let record = try await child("record", of: id, office)
            try await office.done("accept", on: record, as: office.clerk)
            try await office.done("hand-over", on: record, as: office.clerk)
            func due() async throws -> Date? {
                try await office.get("/slips", as: office.clerk).json["slips"]?.array?.first?["dueAt"]?.text
                    .flatMap(Instant.read)
            }
            #expect(try await due() == at("2021-03-08 17:00"))
            try await office.set("2021-03-02 10:00")
            try await office.done("request-supplement", on: record, as: office.officer, ["missing": "CMND"])
            try await office.set("2021-03-12 10:00")
            try await office.done("supply", on: record, as: office.citizen)
            try await office.fire()
            // The 2nd to the 12th stood: the 15th to the 19th count.
            #expect(try await due() == at("2021-03-19 17:00"))
            var calendar = try calendar2021()
            var day = SpecialDay()
            (day.validFrom, day.validTo, day.kind) = (try Day("2021-03-15"), try Day("2021-03-15"), .off)
            (day.vietnamese, day.english) = ("Quốc tang", "State mourning")
            calendar.specialDays.append(day)
            let loaded = try await office.send(
                "PUT", "/calendar", as: office.administrator, calendar.json, ifMatch: 2)
            #expect(loaded.status == 200)
            try await office.pass("2021-03-12 10:01")
            #expect(try await due() == at("2021-03-22 17:00"))
            try await office.set("2021-03-22 09:00")
            try await office.done("stop", on: record, as: office.officer, ["reasonCode": "x", "reason": "y"])
            // In time, however much later it is looked at.
            try await office.pass("2021-03-24 09:00")
            let closed = try #require(try await office.last(DossierLinkClosed.self, of: id))
            #expect((closed.outcome, closed.late) == (.stopped, false))
            let slips = try await office.harness.count(
                "SELECT count(*) AS n FROM slips WHERE closed_at = \(at("2021-03-22 09:00"))")
            #expect(slips == 1)
        }
    }

    @Test func `os-056: an application ends by itself when its last step may be left, and not before`() async throws {
        try await Office.open { office in
            let districtClerk = PersonID.new()
            try await office.appoint(districtClerk, .clerk, at: Agencies.district)
            var lead = try judicialRecord(limit: TimeLimit(20, .workingDays))
            (lead.receivers, lead.fees, lead.documentType) = ([.commune], [], nil)
            lead.steps = [step("post", .receiving, .clerk)]
            (lead.steps[0].notBefore, lead.steps[0].limit) = (TimeLimit(2, .workingDays), TimeLimit(5, .workingDays))
            try await office.publish(LinkTests.lead, lead)
            var card = lead
            (card.receivers, card.limit) = ([.district], TimeLimit(3, .workingDays))
            card.steps = [step("issue", .receiving, .leader)]
            try await office.publish(LinkTests.card, card)
            let all = LinkTests.set(.parallel)
            let made = try await office.send(
                "POST", "/linked-procedures/birth", as: office.administrator,
                all.with("links", .array([try #require(all["links"]?.array?[1])])))
            #expect(made.status == 200, "\(made.json)")
            let application = LinkTests.application.with("forms", [])
            let submitted = try await office.send("POST", "/linked-dossiers", as: office.citizen, application)
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.fire()
            try await office.done("hand-over", on: id, as: office.communeClerk)
            let issued = try await child("card", of: id, office)
            try await office.done("accept", on: issued, as: districtClerk)
            try await office.done("hand-over", on: issued, as: districtClerk)
            try await office.done("finish", on: issued, as: office.districtLeader)
            try await office.fire()
            // Every link is done, and what is posted hangs two working days.
            let early = try await office.act("finish", on: id, as: office.districtLeader)
            #expect((early.status, early.code) == (409, "onestop.too-early"))
            try await office.pass("2021-03-03 16:59")
            #expect(try await office.status(id) == 4)
            try await office.pass("2021-03-03 17:00")
            #expect(try await office.status(id) == 9)
            #expect(try await office.harness.announced(DossierFinished.self) == 2)
        }
    }
}
