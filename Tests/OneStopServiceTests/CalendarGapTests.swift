import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// Days for which a calendar has no week: before its first one, behind its last one, and in between.
@Suite struct CalendarGapTests {
    private func calendar(from first: String = "2020-01-01", to last: String? = nil) throws -> WorkingCalendar {
        var calendar = try calendar2021()
        calendar.weeks[0].validFrom = try Day(first)
        calendar.weeks[0].validTo = try last.map { try Day($0) }
        return calendar
    }

    private func put(
        _ calendar: WorkingCalendar, over version: Int, leaving: Int? = nil, _ office: Office
    ) async throws -> TestService.Answer {
        let query = leaving.map { "?leaving=\($0)" } ?? ""
        return try await office.send(
            "PUT", "/calendar\(query)", as: office.administrator, calendar.json, ifMatch: version)
    }

    /// Loads it and lets the dates be counted anew, ten seconds later.
    private func load(_ calendar: WorkingCalendar, over version: Int, leaving: Int? = nil, _ office: Office)
        async throws
    {
        let loaded = try await put(calendar, over: version, leaving: leaving, office)
        guard loaded.status == 200 else { throw Office.Unexpected(loaded) }
        let now = office.harness.running.runtime.clock.now
        try await office.set(now + Limits.OneStop.bookKept.secondsValue + 1)
        try await office.fire()
    }

    /// `kind rung reader` of every reminder.
    private func told(_ office: Office) async throws -> [String] {
        try await office.harness.events(DeadlineReached.self).map { "\($0.kind) \($0.rung) \($0.reader)" }.sorted()
    }

    private func count(_ office: Office, _ condition: SQL) async throws -> Int {
        try await office.harness.count(
            "SELECT count(*) AS n FROM timers WHERE kind = \(LookAtDeadline.kind) AND \(condition)")
    }

    private func deadlines(_ id: String, _ office: Office) async throws -> [String: JSON] {
        let read = try await office.get("/dossiers/\(id)/deadlines", as: office.leader)
        guard read.status == 200 else { throw Office.Unexpected(read) }
        return Dictionary(
            uniqueKeysWithValues: (read.json["deadlines"]?.array ?? []).map { ($0["kind"]?.text ?? "", $0) })
    }

    private func rungs(_ line: JSON?) -> [String] {
        (line?["rungs"]?.array ?? []).map { "\($0["rung"]?.text ?? "") \($0["at"]?.text?.prefix(16) ?? "")" }
    }

    @Test func `os-073: what is received on the first days of a calendar has the rungs that lie within it`()
        async throws
    {
        try await Office.open { office in
            try await load(try calendar(from: "2021-03-01"), over: 2, office)
            var short = try judicialRecord(limit: TimeLimit(1, .workingDays))
            (short.steps, short.fees, short.documentType) = ([step("issue", .receiving, .leader)], [], nil)
            try await office.publish("9.000077", short)
            let made = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", "9.000077"))
            let id = try #require(made.json["id"]?.text)
            let answer = try #require(try await deadlines(id, office)["answer"])
            #expect(rungs(answer) == ["near 2021-03-01T14:30", "due 2021-03-02T09:00"])
            #expect((answer["uncounted"], answer["usedMinutes"], answer["leftMinutes"]) == (false, 0, 480))
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            try await office.set("2021-03-01 10:00")
            let lines = try await deadlines(id, office)
            // Three working days before the date there was no calendar, and no dossier either.
            #expect(rungs(lines["dossier"]) == ["due 2021-03-02T17:00", "late 2021-03-03T17:00"])
            #expect(rungs(lines["step"]) == ["near 2021-03-02T13:00", "due 2021-03-02T17:00"])
            #expect(lines.values.allSatisfy { $0["uncounted"] == false })
            #expect(lines["dossier"]?["usedMinutes"]?.integer.map { (59...60).contains($0) } == true)
            #expect(lines["dossier"]?["leftMinutes"] == .integer(90 + 240 + 480))
            // Nothing waits for another calendar.
            #expect(try await count(office, "payload <> '{}'") == 0)
            try await office.pass("2021-03-03 17:00")
            #expect(
                try await told(office) == [
                    "dossier due leader", "dossier late above", "step due leader", "step near officer",
                ])
        }
    }

    @Test func `os-073: a rung behind the last week waits for a calendar, and is told when one counts it`()
        async throws
    {
        try await Office.open { office in
            try await load(try calendar(to: "2021-03-15"), over: 2, office)
            // Its last rung lies behind the calendar: it is accepted and handed over all the same.
            let id = try await office.inWork()
            try await office.pass("2021-03-15 17:00")
            let within = ["dossier due leader", "dossier near officer", "step due leader", "step near officer"]
            #expect(try await told(office) == within)
            #expect(try await deadlines(id, office)["dossier"]?["uncounted"] == true)
            // It waits; it does not fail and is not looked at again and again.
            #expect(try await count(office, "key = \("dossier/\(id)") AND payload ->> 'awaits' = 'calendar'") == 1)
            try await office.set("2021-04-14 16:00")
            #expect(try await office.fire() == 0)
            try await load(try calendar(), over: 3, office)
            #expect(try await told(office) == (within + ["dossier late above"]).sorted())
            #expect(try await count(office, "true") == 0)
            #expect(try await deadlines(id, office)["dossier"]?["uncounted"] == false)
        }
    }

    @Test func `os-073: a deadline of which the calendar counts no rung waits too`() async throws {
        try await Office.open { office in
            try await load(try calendar(to: "2021-03-15"), over: 2, office)
            let late: JSON = ["rungs": [["key": "late", "kind": "dossier", "hours": 8, "reader": "above"]]]
            let set = try await office.send("PUT", "/ladder", as: office.administrator, late, ifMatch: 1)
            #expect(set.status == 200, "\(set.json)")
            _ = try await office.inWork()
            try await office.pass("2021-03-12 09:00")
            try await load(try calendar(), over: 3, office)
            try await office.pass("2021-03-16 16:59")
            #expect(try await told(office) == [])
            try await office.pass("2021-03-16 17:00")
            #expect(try await told(office) == ["dossier late above"])
        }
    }

    @Test func `os-073: an opinion waits like the dossier, and what ended waits no longer than a month`() async throws {
        try await Office.open { office in
            let opinion: JSON = [
                "toAgency": "H19.25", "question": "x", "limit": ["amount": 10, "unit": "workingDays"],
            ]
            let (id, ended) = (try await office.inWork(), try await office.inWork())
            for each in [id, ended] { try await office.done("opinions", on: each, as: office.officer, opinion) }
            try await load(try calendar(to: "2021-03-15"), over: 2, office)
            let ladder: JSON = ["rungs": [["key": "after", "kind": "opinion", "hours": 4, "reader": "leader"]]]
            let set = try await office.send("PUT", "/ladder", as: office.administrator, ladder, ifMatch: 1)
            #expect(set.status == 200, "\(set.json)")
            try await office.pass("2021-03-15 17:00")
            #expect(try await count(office, "key LIKE 'opinion/%' AND payload ->> 'awaits' = 'calendar'") == 2)
            try await office.done(
                "stop", on: ended, as: office.officer, ["reasonCode": "x", "reason": "không đủ điều kiện"])
            try await office.pass("2021-04-15 09:00")
            #expect(try await count(office, "true") == 1)
            try await load(try calendar(), over: 3, office)
            #expect(try await told(office).filter { $0.hasPrefix("opinion") } == ["opinion after leader"])
            #expect(try await count(office, "true") == 0)
        }
    }

    @Test func `os-073: the next calendar is loaded behind whoever begins to wait for it, and finds the timer`()
        async throws
    {
        try await Office.open { office in
            try await load(try calendar(to: "2021-03-15"), over: 2, office)
            let id = try await office.inWork()
            try await office.pass("2021-03-15 16:00")
            try await office.set("2021-03-15 17:00")
            let runtime = office.harness.running.runtime
            let loading = try await runtime.database.transaction { transaction in
                let key = "dossier/\(id)"
                try await transaction.run(
                    "DELETE FROM timers WHERE kind = \(LookAtDeadline.kind) AND key = \(key)")
                let work = Work(
                    session: transaction, now: runtime.clock.now, actor: "onestop.timer", traceparent: nil, log: quiet,
                    runtime: runtime)
                try await LookAtDeadline.fire(key: key, payload: [:], work)
                let loading = Task { try await put(try calendar(), over: 3, office).status }
                try await eventually("the next calendar waits", within: .seconds(10)) {
                    try await office.waiting() == 1
                }
                return loading
            }
            #expect(try await loading.value == 200)
            try await office.pass("2021-03-15 17:01")
            #expect(try await count(office, "payload ->> 'awaits' = 'calendar'") == 0)
            try await office.pass("2021-03-16 17:00")
            #expect(try await told(office).filter { $0 == "dossier late above" }.count == 1)
        }
    }
}

// MARK: - Weeks that leave dossiers uncovered

extension CalendarGapTests {
    private func own(_ agency: String, from first: String) throws -> Week {
        var week = try calendar2021().weeks[0]
        (week.agency, week.validFrom) = (Agencies.code(agency), try Day(first))
        return week
    }

    @Test func `os-290: weeks that leave open dossiers uncovered are refused with their number, unless that is said`()
        async throws
    {
        try await Office.open { office in
            try await office.set("2021-02-26 15:00")
            let id = try await office.inWork()
            let closed = try await office.inWork()
            try await office.done("stop", on: closed, as: office.officer, ["reasonCode": "x", "reason": "y"])
            try await office.set("2021-03-01 10:00")
            let next = try calendar(from: "2021-03-01")
            let seen = try await office.send("POST", "/calendar/preview", as: office.administrator, next.json)
            #expect((seen.json["uncovered"], seen.json["stayed"]) == (1, 1), "\(seen.json)")
            let before = try await office.get("/calendar").body
            for leaving in [nil, 0] {
                let refused = try await put(next, over: 2, leaving: leaving, office)
                #expect((refused.status, refused.code) == (422, "onestop.calendar-uncovers"))
                let fault = try #require(refused.json["errors"]?.array?.first)
                #expect(fault["field"] == "weeks" && fault["detail"]?.text?.contains("1 hồ sơ đang mở") == true)
            }
            #expect(try await office.get("/calendar").body == before)
            try await load(next, over: 2, leaving: 1, office)
            // Its date stays; what runs is read as far as the calendar counts it.
            let lines = try await deadlines(id, office)
            #expect((lines["dossier"]?["uncounted"], lines["dossier"]?["usedMinutes"]) == (true, 150))
            #expect(lines["dossier"]?["dueAt"]?.text?.prefix(10) == "2021-03-12")
            #expect(rungs(lines["dossier"]).map { $0.prefix(4) } == ["near", "due ", "late"])
            // It was not covered before either: whoever loads the next calendar does not name it again.
            var more = next
            more.weeks.append(try own("H19.31", from: "2021-06-01"))
            #expect(try await put(more, over: 3, office).status == 200)
        }
    }

    @Test func `os-290: what counts is the week of the agency that received the dossier, on every day to its date`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "x"])
            func uncovered(_ calendar: WorkingCalendar) async throws -> JSON? {
                try await office.send("POST", "/calendar/preview", as: office.administrator, calendar.json)
                    .json["uncovered"]
            }
            // Also one that waits for papers: its date is counted from its acceptance when it goes on.
            #expect(try await uncovered(try calendar(from: "2021-03-02")) == 1)
            #expect(try await uncovered(try calendar(to: "2021-03-14")) == 1)
            #expect(try await uncovered(try calendar(from: "2021-03-01", to: "2021-03-15")) == 0)
            // An own week of an agency takes the place of the one for all, for it and those below it.
            for (weeks, expected) in [
                ([("H19.31", "2021-03-02")], 0), ([("H19", "2021-03-02")], 1), ([("H19.06", "2021-03-02")], 1),
                ([("H19", "2021-03-02"), ("H19.06", "2021-03-01")], 0),
            ] {
                var all = try calendar()
                all.weeks += try weeks.map { try own($0.0, from: $0.1) }
                #expect(try await uncovered(all) == .integer(Int64(expected)), "\(weeks)")
            }
            // Two weeks one after the other cover what one of both would; with a day in between they do not.
            for (last, expected) in [("2021-03-04", 0), ("2021-03-03", 1)] {
                var two = try calendar(to: last)
                two.weeks.append(try calendar(from: "2021-03-05").weeks[0])
                #expect(try await uncovered(two) == .integer(Int64(expected)), "to \(last)")
            }
        }
    }
}
