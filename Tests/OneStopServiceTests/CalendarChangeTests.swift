import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// A change of the working calendar and the dates of what is open.
@Suite struct CalendarChangeTests {
    private func calendar(off days: [String] = [], makeUp: [String] = []) throws -> WorkingCalendar {
        var calendar = try calendar2021()
        for (day, kind) in days.map({ ($0, SpecialDayKind.off) }) + makeUp.map({ ($0, .makeUp) }) {
            var row = SpecialDay()
            (row.validFrom, row.validTo, row.kind) = (try Day(day), try Day(day), kind)
            (row.vietnamese, row.english) = ("Quốc tang", "State mourning")
            calendar.specialDays.append(row)
        }
        return calendar
    }

    /// Loads it and lets the dates be counted anew, ten seconds later.
    private func load(
        _ calendar: WorkingCalendar, version: Int, at time: String, leaving: Int = 0, _ office: Office
    ) async throws {
        try await office.set(time)
        let answer = try await office.send(
            "PUT", "/calendar?leaving=\(leaving)", as: office.administrator, calendar.json, ifMatch: version)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        try await office.set(try at(time) + 11)
        try await office.fire()
    }

    private func due(_ id: String, _ office: Office) async throws -> Date? {
        try await office.get("/dossiers/\(id)", as: office.leader).json["dueAt"]?.text.flatMap(Instant.read)
    }

    @Test func `os-081: dates are those of the new calendar, but none is moved back to before now`() throws {
        let definition = try judicialRecord()
        func moved(_ dossier: Dossier, _ calendar: WorkingCalendar, now: String) throws -> Date? {
            var projection = Projection(calendar)
            let moves = try projection.moves(dossier, definition, opinions: [], branches: [], now: at(now))
            return moves.first { $0.deadline.kind == .dossier }?.new
        }
        let before = try dossier(.processing)
        #expect(try before.dueAt == at("2021-03-15 17:00"))
        #expect(try moved(before, calendar2021(), now: "2021-03-05 09:00") == nil)
        #expect(try moved(before, calendar(off: ["2021-03-09"]), now: "2021-03-05 09:00") == at("2021-03-16 17:00"))
        let saturday = try calendar(makeUp: ["2021-03-06"])
        #expect(try moved(before, saturday, now: "2021-03-05 09:00") == at("2021-03-12 17:00"))
        #expect(try moved(before, saturday, now: "2021-03-15 09:00") == nil, "nobody is made late")
        #expect(try moved(before, calendar(off: ["2021-03-09"]), now: "2021-03-20 09:00") == at("2021-03-16 17:00"))
        // The clock stands: counted when it goes on.
        #expect(try moved(dossier(.awaitingPayment), calendar(off: ["2021-03-09"]), now: "2021-03-05 09:00") == nil)
        // A date that a leader set stays, unless that day is one of rest now.
        var set = before
        _ = try set.reappoint(
            on: Day("2021-03-18"), note: "", at: at("2021-03-11 08:00"), calendar: calendar2021().lawful(for: .none))
        #expect(try moved(set, calendar(off: ["2021-03-09"]), now: "2021-03-12 09:00") == nil)
        #expect(try moved(set, calendar(off: ["2021-03-18"]), now: "2021-03-12 09:00") == at("2021-03-19 17:00"))
    }

    /// Dates by one calendar with pauses in between, counted anew by the oracle's own.
    @Test(arguments: 0..<4)
    func `os-260: every date that moves is what the oracle says of its budget and of the times it stood`(
        shard: Int
    ) throws {
        for index in 0..<100 {
            var random = ClockOracleTests.Seeded(state: UInt64(shard * 1_000 + index) &* 2 &+ 1)
            let off = try Set(
                (0..<3).map { _ in (try Day("2021-03-02") + Int.random(in: 0...45, using: &random)).text })
            let former = try calendar(off: off.sorted()).lawful(for: .none)
            let (file, definition, others) = try running(former, &random)
            let last = file.pauses.compactMap(\.until).max() ?? file.submittedAt
            let now = max(last, others.opinion.askedAt, others.branch.begunAt)
            var projection = Projection(try calendar2021())
            let moves = try projection.moves(
                file, definition, opinions: [others.opinion], branches: [others.branch], now: now)
            let restarts = definition.supplementClock == .restart
            let budgets: [(Deadline.Kind, from: Date?, TimeLimit?, former: Date?, restarts: Bool)] = [
                (.dossier, file.acceptedAt, definition.limit, file.dueAt, restarts),
                (.step, file.stepBegunAt, definition.steps[0].limit, file.stepDueAt, restarts),
                (.opinion, others.opinion.askedAt, others.opinion.explanation.limit, others.opinion.dueAt, false),
                (.branch, others.branch.begunAt, others.branch.explanation.limit, others.branch.dueAt, false),
            ]
            for (kind, from, limit, former, restarts) in budgets {
                let (from, limit, former) = (try #require(from), try #require(limit), try #require(former))
                let standing = file.pauses.compactMap { pause -> MinuteOracle.Standing? in
                    guard let until = pause.until, until > from else { return nil }
                    return MinuteOracle.Standing(
                        from: MinuteOracle.minute(max(pause.from, from)), to: MinuteOracle.minute(until),
                        restarts: restarts && pause.cause == .awaitingSupplement)
                }
                let due = MinuteOracle.date(
                    MinuteOracle.due(received: MinuteOracle.minute(from), limit: limit, standing: standing))
                let isMoved = due != former && due > min(now, former)
                let moved = moves.first { $0.deadline.kind == kind }?.new
                #expect(moved == (isMoved ? due : nil), "seed \(shard) \(index), \(kind): \(file.pauses)")
            }
        }
    }

    /// A dossier in work with an opinion and a branch, each dated by a calendar and its pauses.
    private func running(
        _ calendar: WorkCalendar, _ random: inout ClockOracleTests.Seeded
    ) throws -> (Dossier, Definition, (opinion: Opinion, branch: Branch)) {
        func later(_ time: Date, days: Int) -> Date {
            time + Double(Int.random(in: 1...days * 1_440, using: &random)) * 60
        }
        func hours(_ most: Int) -> TimeLimit { TimeLimit(Int.random(in: 1...most, using: &random), .hours) }
        func days(_ most: Int) -> TimeLimit { TimeLimit(Int.random(in: 1...most, using: &random), .workingDays) }
        var definition = try judicialRecord(limit: days(25))
        definition.supplementClock = Bool.random(using: &random) ? .restart : .subtract
        definition.steps[0].limit = days(6)
        var file = try dossier(.processing)
        let accepted = later(try at("2021-03-01 00:00"), days: 10)
        (file.acceptedAt, file.step, file.stepBegunAt) = (accepted, "check", later(accepted, days: 2))
        var now = try #require(file.stepBegunAt)
        let (asked, opened) = (later(now, days: 8), later(now, days: 8))
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let from = later(now, days: 4)
            now = later(from, days: 5)
            let cause: DossierStatus = Bool.random(using: &random) ? .awaitingSupplement : .awaitingPayment
            file.pauses.append(Pause(from: from, until: now, cause: cause))
        }
        file.dueAt = try Deadlines.due(
            from: accepted, limit: definition.limit, pauses: file.suspensions(definition), calendar: calendar
        ).at
        file.stepDueAt = try file.stepDue(definition, calendar: calendar)?.at
        func due(_ from: Date, _ limit: TimeLimit) throws -> (at: Date, explanation: Explanation) {
            try Deadlines.due(from: from, limit: limit, pauses: file.stood(since: from), calendar: calendar)
        }
        var opinion = Opinion()
        (opinion.id, opinion.dossier, opinion.toAgency, opinion.askedAt) = (.new(), file.id, Agencies.police, asked)
        (opinion.dueAt, opinion.explanation) = try due(asked, Bool.random(using: &random) ? hours(60) : days(8))
        var branch = Branch()
        (branch.id, branch.dossier, branch.agency, branch.begunAt) = (.new(), file.id, Agencies.police, opened)
        (branch.dueAt, branch.explanation) = try due(opened, Bool.random(using: &random) ? hours(60) : days(8))
        return (file, definition, (opinion, branch))
    }

    @Test func `os-260: an opinion keeps the time in which the clock stood, and is late by its new date`() async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done(
                "opinions", on: id, as: office.officer,
                ["toAgency": "H19.25", "question": "x", "limit": ["amount": 3, "unit": "workingDays"]])
            try await office.set("2021-03-02 09:00")
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "CMND"])
            try await office.set("2021-03-04 10:00")
            try await office.done("supply", on: id, as: office.citizen)
            try await office.fire()
            func opinionDue() async throws -> Date? {
                try await office.get("/dossiers/\(id)/opinions", as: office.leader).json["opinions"]?.array?.first?[
                    "dueAt"]?.text.flatMap(Instant.read)
            }
            // The 2nd to the 4th stood: the 5th, 8th and 9th count.
            #expect(try await opinionDue() == at("2021-03-09 17:00"))
            try await load(try calendar(makeUp: ["2021-03-06"]), version: 2, at: "2021-03-05 09:00", office)
            #expect(try await opinionDue() == at("2021-03-08 17:00"))
            try await office.pass("2021-03-08 17:00")
            #expect(try await office.harness.announced(DossierOpinionOverdue.self) == 0)
            try await office.pass("2021-03-08 17:01")
            #expect(try await office.harness.announced(DossierOpinionOverdue.self) == 1)
        }
    }

    @Test func `os-083: every date that moved is kept and explained, and the applicant is told of the appointment`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done(
                "opinions", on: id, as: office.officer,
                ["toAgency": "H19.25", "question": "x", "limit": ["amount": 3, "unit": "workingDays"]])
            let new = try calendar(off: ["2021-03-03"])
            let seen = try await office.send("POST", "/calendar/preview", as: office.administrator, new.json)
            #expect(seen.json["moved"] == 2 && seen.json["looked"] == 1, "\(seen.json)")
            #expect(try await due(id, office) == at("2021-03-15 17:00"))
            try await load(new, version: 2, at: "2021-03-01 10:00", office)
            #expect(try await due(id, office) == at("2021-03-16 17:00"))
            let dates = try await office.get("/dossiers/\(id)/due-dates", as: office.citizen)
            let last = try #require(dates.json["dueDates"]?.array?.last)
            #expect(last["cause"]?.text == "calendar")
            #expect(try last["formerDueAt"]?.text.flatMap(Instant.read) == at("2021-03-15 17:00"))
            let days = last["explanation"]?["days"]?.array ?? []
            #expect(days.contains { $0["vietnamese"]?.text == "thứ Tư 03/03/2021: nghỉ, không tính (Quốc tang)" })
            let told = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array ?? []
            #expect(told.contains { $0["what"]?.text == "calendar-changed" })
            let report = try await office.get("/calendar/changes/3", as: office.administrator)
            #expect(report.json["moved"] == 2 && report.json["finishedAt"]?.text != nil, "\(report.json)")
            let lines = report.json["dates"]?.array ?? []
            #expect(lines.compactMap { $0["deadline"]?.text } == ["dossier", "opinion"])
            #expect(try lines.last?["dueAt"]?.text.flatMap(Instant.read) == at("2021-03-05 17:00"))
            let own = try await office.get("/calendar/changes/3?agency=H19.25", as: office.inspector)
            #expect(own.json["dates"]?.array?.count == 1)
            #expect(try await office.get("/calendar/changes/3", as: office.inspector).status == 403)
            let event = try #require(try await office.last(DossierDatesMoved.self, of: id))
            #expect((event.calendarVersion, event.opinions, event.branches) == (3, 1, 0))
            // Its ladder goes by the new date.
            try await office.pass("2021-03-12 07:29")
            #expect(try await office.harness.events(DeadlineReached.self).filter { $0.kind == .dossier }.isEmpty)
            try await office.pass("2021-03-12 07:30")
            #expect(try await office.harness.events(DeadlineReached.self).filter { $0.kind == .dossier }.count == 1)
        }
    }

    @Test func `os-082: a dossier that the calendar cannot count stays with the reason, and no other waits for it`()
        async throws
    {
        try await Office.open { office in
            let (old, other) = (try await office.inWork(), try await office.inWork())
            // It was accepted before the first week of the next calendar.
            try await office.harness.database.database.run(
                "UPDATE dossiers SET accepted_at = \(at("2020-12-15 09:00")) WHERE id = \(try DossierID(old))")
            var new = try calendar(off: ["2021-03-09"])
            new.weeks[0].validFrom = try Day("2021-01-01")
            let seen = try await office.send("POST", "/calendar/preview", as: office.administrator, new.json)
            #expect((seen.json["moved"], seen.json["stayed"]) == (1, 1), "\(seen.json)")
            try await load(new, version: 2, at: "2021-03-01 10:00", leaving: 1, office)
            #expect(try await due(other, office) == at("2021-03-16 17:00"))
            #expect(try await due(old, office) == at("2021-03-15 17:00"))
            let report = try await office.get("/calendar/changes/3?stayed=true", as: office.administrator)
            #expect((report.json["looked"], report.json["moved"], report.json["stayed"]) == (2, 1, 1))
            #expect(report.json["finishedAt"]?.text != nil)
            for page in [seen, report] {
                let stayed = (page.json["dates"]?.array ?? []).filter { $0["stayed"] == true }
                #expect(stayed.map { $0["dossier"]?.text } == [old])
                #expect(stayed.first?["formerDueAt"] == stayed.first?["dueAt"])
                let note = stayed.first?["explanation"]?["note"]?.text ?? ""
                #expect(note.contains("ngày 16/12/2020") && note.contains("on 2020-12-16"), "\(note)")
            }
            #expect(report.json["dates"]?.array?.count == 1)
        }
    }

    @Test func `os-081: an answer, and the way to the unit, is not due on a new day of rest`() async throws {
        try await Office.open { office in
            let (asked, completed, accepted) = (
                try await office.submit(), try await office.submit(), try await office.submit()
            )
            try await office.done("request-supplement", on: completed, as: office.clerk, ["missing": "x"])
            try await office.set("2021-03-01 11:00")
            try await office.done("supply", on: completed, as: office.citizen)
            try await office.set("2021-03-01 16:00")
            try await office.done("accept", on: accepted, as: office.clerk)
            func dates() async throws -> [Date?] {
                var dates: [Date?] = []
                for (id, field) in [(asked, "answerBy"), (completed, "answerBy"), (accepted, "handOverBy")] {
                    let view = try await office.get("/dossiers/\(id)", as: office.clerk).json
                    dates.append(view[field]?.text.flatMap(Instant.read))
                }
                return dates
            }
            func day(_ day: String) throws -> [Date?] {
                try ["09:00", "11:00", "11:30"].map { try at("\(day) \($0)") }
            }
            #expect(try await dates() == day("2021-03-02"))
            try await load(try calendar(off: ["2021-03-02"]), version: 2, at: "2021-03-01 16:30", office)
            #expect(try await dates() == day("2021-03-03"))
            let report = try await office.get("/calendar/changes/3", as: office.administrator).json
            #expect(report["dates"]?.array?.compactMap { $0["deadline"]?.text } == ["answer", "answer", "dossier"])
            try await office.pass("2021-03-02 12:00")
            let inbox = try await office.get("/inbox", as: office.clerk).json["dossiers"]?.array
            #expect(inbox?.compactMap { $0["overdue"] } == [false, false, false])
            func late() async throws -> [DossierID] {
                try await office.harness.events(AnswerAwaited.self).filter { $0.rung == "due" }.map(\.dossier)
            }
            #expect(try await late() == [])
            try await office.pass("2021-03-03 09:00")
            #expect(try await late().map(\.text) == [asked])
            // Nor does the control sheet say that the counter was late.
            try await office.done("hand-over", on: accepted, as: office.clerk)
            let database = office.harness.database.database
            let file = try #require(try await database.dossier(try DossierID(accepted)))
            let sheet = ControlSheet.lines(try await database.moves(of: file), file, try judicialRecord())
            #expect(sheet.map(\.outcome) == [nil, .onTime])
        }
    }

    @Test func `os-081: of a submission that is to be withdrawn the answer moves too; the counter's has none`() throws {
        let definition = try judicialRecord()
        func moved(_ dossier: Dossier) throws -> [Date] {
            var projection = Projection(try calendar(off: ["2021-03-02"]))
            return try projection.moves(
                dossier, definition, opinions: [], branches: [], now: at("2021-03-01 10:00")
            ).map(\.new)
        }
        var asked = try dossier(.submitted)
        #expect(try moved(asked) == [at("2021-03-03 08:00")])
        (asked.status, asked.withdrawnFrom) = (.withdrawalRequested, .submitted)
        #expect(try moved(asked) == [at("2021-03-03 08:00")])
        (asked.status, asked.withdrawnFrom, asked.channel) = (.submitted, nil, .counter)
        #expect(try moved(asked) == [])
    }

    @Test func `a calendar that is replaced at once leaves the dates to the next one`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let first = try await office.send(
                "PUT", "/calendar", as: office.administrator, calendar(off: ["2021-03-09"]).json, ifMatch: 2)
            #expect(first.status == 200)
            try await load(try calendar(off: ["2021-03-09", "2021-03-10"]), version: 3, at: "2021-03-01 09:00", office)
            #expect(try await due(id, office) == at("2021-03-17 17:00"))
            let report = try await office.get("/calendar/changes/3", as: office.administrator)
            #expect(report.json["moved"] == 0 && report.json["supersededBy"] == 4)
            #expect(try await office.harness.announced(DossierDatesMoved.self) == 1)
        }
    }

    /// The shipped program, killed (SIGKILL) in the middle of the batches.
    @Test(.timeLimit(.minutes(5))) func `os-082: killed anywhere it goes on, and each date moves once`() async throws {
        try await Office.open { office in
            try await office.fire()
            _ = try await office.inWork()
            let database = office.harness.database.database
            let row = try #require(try await database.run("SELECT id FROM dossiers").first)
            let one: UUID = try row("id")
            let all = Limits.OneStop.calendarBatch * 2 + 10
            try await database.run(
                """
                INSERT INTO dossiers SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
                    'code_serial', 1000 + n))).*
                FROM dossiers d, generate_series(2, \(all)) AS n WHERE d.id = \(one)
                """)
            try await database.run("DELETE FROM timers")
            let loaded = try await office.send(
                "PUT", "/calendar", as: office.administrator, calendar(off: ["2021-03-09"]).json, ifMatch: 2)
            #expect(loaded.status == 200)
            try await office.set("2021-03-01 09:01")
            for point in ["before-timer-commit:1", "after-timer-commit:1", "before-timer-commit:1"] {
                try await OneStopProgram.start(office, killAt: point).died()
            }
            #expect(try await office.harness.announced(DossierDatesMoved.self) == Limits.OneStop.calendarBatch)
            let last = try OneStopProgram.start(office)
            try await eventually("all are counted anew", within: .seconds(60)) {
                try await office.harness.count(
                    "SELECT count(*) AS n FROM calendar_changes WHERE version = 3 AND finished_at IS NOT NULL") == 1
            }
            last.stop()
            #expect(try await office.harness.announced(DossierDatesMoved.self) == all)
            for (table, condition) in [("calendar_moves", "true"), ("due_dates", "cause = 'calendar'")] {
                let kept = try await office.harness.count(
                    "SELECT count(*) AS n FROM \(raw: table) WHERE \(raw: condition)")
                #expect(kept == all, "\(table)")
            }
        }
    }
}
