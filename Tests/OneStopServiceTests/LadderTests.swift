import Contracts
import EventLog
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// Deadlines and their ladders: who is told when, and once.
@Suite struct LadderTests {
    /// `kind rung reader` of every reminder, in order.
    private func told(_ office: Office) async throws -> [String] {
        try await office.harness.events(DeadlineReached.self).map { "\($0.kind) \($0.rung) \($0.reader)" }
    }

    @Test func `os-071: each rung of each date is told once, when it is reached and to whom it is for`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            // Step “check” within one working day, the dossier within ten: 15 March.
            let expected = [
                ("2021-03-02 12:59", []), ("2021-03-02 13:00", ["step near officer"]),
                ("2021-03-02 17:00", ["step due leader"]), ("2021-03-11 07:29", []),
                ("2021-03-11 07:30", ["dossier near officer"]), ("2021-03-15 17:00", ["dossier due leader"]),
                ("2021-03-16 16:59", []), ("2021-03-16 17:00", ["dossier late above"]),
            ]
            var all: [String] = []
            for (time, new) in expected {
                try await office.pass(time)
                all += new
                #expect(try await told(office) == all, "at \(time)")
            }
            let near = try #require(try await office.harness.events(DeadlineReached.self).dropFirst(2).first)
            #expect(near.toOfficer == office.officer && near.toAgency == Agencies.justice)
            #expect(try near.dueAt == at("2021-03-15 17:00"))
            // Whoever looks once more finds every rung claimed.
            for kind in ["dossier", "step"] {
                try await Timers.schedule(
                    kind: LookAtDeadline.kind, key: "\(kind)/\(id)", dueAt: at("2021-03-01 09:00"),
                    in: office.harness.database.database)
            }
            #expect(try await office.fire() == 2)
            #expect(try await told(office) == all)
            #expect(try await waiting(office) == 0)
        }
    }

    @Test func `os-074: silent while the clock stands and after the end; a date that moves has its ladder anew`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.pass("2021-03-11 07:30")
            let before = try await told(office)
            #expect(before == ["step near officer", "step due leader", "dossier near officer"])
            try await office.done("request-supplement", on: id, as: office.leader, ["missing": "CMND"])
            try await office.pass("2021-03-22 09:00")
            #expect(try await told(office) == before)
            try await office.done("supply", on: id, as: office.citizen)
            // 11 to 22 March are not counted: Thursday 25 March; the step was late before the clock stood, and stays
            // so.
            let due = try await office.harness.count(
                "SELECT extract(epoch FROM due_at)::bigint AS n FROM dossiers WHERE id = \(try DossierID(id))")
            #expect(try Double(due) == at("2021-03-25 17:00").timeIntervalSince1970)
            try await office.pass("2021-03-23 07:29")
            #expect(try await told(office) == before)
            try await office.pass("2021-03-23 07:30")
            #expect(try await told(office) == before + ["dossier near officer"])
            try await office.done(
                "stop", on: id, as: office.leader, ["reasonCode": "x", "reason": "không đủ điều kiện"])
            try await office.pass("2021-06-01 09:00")
            #expect(try await told(office).count == before.count + 1)
        }
    }

    @Test func `os-070: a step is counted from when the dossier came to it, without the times in which it stood`()
        async throws
    {
        try await Office.open { office in
            let other = PersonID.new()
            try await office.appoint(other, .officer, at: Agencies.justice)
            func stepDue(_ view: JSON) -> Date? { view["stepDueAt"]?.text.flatMap(Instant.read) }
            let id = try await office.inWork()
            try await office.set("2021-03-02 09:00")
            // To a colleague: no more time for that.
            let same = try await office.done(
                "hand-over", on: id, as: office.officer, ["step": "check", "toOfficer": .string(other.text)])
            #expect(try stepDue(same) == at("2021-03-02 17:00"))
            try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "x"])
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "x"])
            try await office.set("2021-03-08 10:00")
            // The 2nd to the 8th stood.
            let resumed = try await office.done("supply", on: id, as: office.citizen)
            #expect(try stepDue(resumed) == at("2021-03-09 17:00"))
            let next = try await office.done("hand-over", on: id, as: office.officer, ["step": "verify"])
            #expect(try stepDue(next) == at("2021-03-09 17:00"))
            // Back, days later: counted anew.
            try await office.set("2021-03-10 09:00")
            let back = try await office.done("hand-over", on: id, as: office.officer, ["step": "check"])
            #expect(try stepDue(back) == at("2021-03-11 17:00"))
        }
    }

    @Test func `os-086: what was used of a limit that began anew, and what is left, are within it`() throws {
        let calendar = try workCalendar()
        var definition = try judicialRecord()
        var file = try dossier(.processing)
        func line() throws -> ReadDeadlines.Line {
            let deadline = try #require(file.deadline)
            return try ReadDeadlines.line(
                deadline, from: file.counts(deadline, definition), pauses: file.pauses, now: at("2021-03-11 09:00"),
                ladder: .standard, calendar: calendar)
        }
        file.pauses = [
            Pause(from: try at("2021-03-04 10:00"), until: try at("2021-03-09 14:00"), cause: .awaitingSupplement)
        ]
        (definition.supplementClock, file.dueAt) = (.restart, try at("2021-03-23 17:00"))
        var shown = try line()
        #expect(try (shown.begunAt, shown.pauses.count) == (at("2021-03-09 14:00"), 0))
        // Three hours on the 9th, the 10th, an hour and a half on the 11th.
        #expect((shown.usedMinutes, shown.leftMinutes) == (750, 390 + 8 * 480))
        #expect(shown.usedMinutes + shown.leftMinutes <= 11 * 480)
        (definition.supplementClock, file.dueAt) = (.subtract, try at("2021-03-19 17:00"))
        shown = try line()
        #expect(try (shown.begunAt, shown.pauses.count) == (at("2021-03-01 09:00"), 1))
        #expect(shown.usedMinutes == 390 + 2 * 480 + 150 + 750)
        // What was late when the clock stood does not begin anew, nor does the one new appointment.
        (definition.supplementClock, file.dueAt) = (.restart, try at("2021-03-03 17:00"))
        #expect(try line().begunAt == at("2021-03-01 09:00"))
        (file.reappointedAt, file.dueAt) = (try at("2021-03-02 09:00"), try at("2021-03-30 17:00"))
        #expect(try line().begunAt == at("2021-03-01 09:00"))
    }

    @Test func `os-073: a rung that would lie before the deadline began is none`() throws {
        let ladder = Ladder([Rung("early", .step, -9, .officer), Rung("near", .step, -4, .officer)])
        let plan = try ladder.plan(
            .step, begun: at("2021-03-01 09:00"), dueAt: at("2021-03-01 17:00"), calendar: workCalendar()
        ).rungs
        #expect(plan.map(\.rung.key) == ["near"])
        #expect(try plan.map(\.at) == [at("2021-03-01 13:00")])
        // Working time: over the weekend and over Tết.
        let far = try Ladder([Rung("near", .dossier, -24, .officer), Rung("late", .dossier, 8, .above)]).plan(
            .dossier, begun: at("2021-02-01 09:00"), dueAt: at("2021-02-17 17:00"), calendar: workCalendar()
        ).rungs
        #expect(try far.map(\.at) == [at("2021-02-08 07:30"), at("2021-02-18 17:00")])
        // Before the first week of the calendar nothing began: what is promised in its first days has no early rung.
        let first = try #require(workCalendar().weeks.first?.validFrom)
        let noon = first.instant(minute: 12 * 60)
        let early = try Ladder([Rung("near", .dossier, -24, .officer), Rung("due", .dossier, 0, .leader)])
            .plan(.dossier, begun: first.start, dueAt: noon, calendar: workCalendar())
        #expect(early.rungs.map(\.rung.key) == ["due"] && !early.awaitsCalendar)
        let answer = try Ladder([Rung("near", .answer, -4, .officer), Rung("due", .answer, 0, .leader)])
            .plan(.answer, begun: first.start, dueAt: noon, calendar: workCalendar())
        #expect(answer.rungs.map(\.rung.key) == ["near", "due"] && !answer.awaitsCalendar)
    }

    @Test func `os-072: a procedure's own ladder takes the place of the one for all, and both are data`() async throws {
        try await Office.open { office in
            let standard = try await office.get("/ladder", as: office.clerk)
            #expect(standard.status == 200)
            #expect(standard.json["rungs"]?.array?.count == Ladder.standard.rungs.count)
            let own: JSON = [
                "rungs": [["key": "soon", "kind": "step", "hours": -2, "reader": "leader"]]
            ]
            let path = "/ladder?procedure=\(Office.criminalRecord)"
            #expect(try await office.send("PUT", path, as: office.leader, own, ifMatch: 1).status == 403)
            #expect(try await office.send("PUT", path, as: office.administrator, own, ifMatch: 2).status == 412)
            let set = try await office.send("PUT", path, as: office.administrator, own, ifMatch: 1)
            #expect(set.status == 200, "\(set.json)")
            let twice: JSON = [
                "rungs": [
                    ["key": "soon", "kind": "step", "hours": -2, "reader": "leader"],
                    ["key": "soon", "kind": "step", "hours": 2, "reader": "leader"],
                ]
            ]
            #expect(
                try await office.send("PUT", path, as: office.administrator, twice, ifMatch: 2).code
                    == "onestop.key-twice")
            #expect(
                try await office.send("PUT", "/ladder?procedure=9.999999", as: office.administrator, own, ifMatch: 1)
                    .code == "onestop.procedure-unknown")
            #expect(try await office.get(path, as: office.clerk).json["rungs"]?.array?.count == 1)
            #expect(try await office.get("/ladder", as: office.clerk).json["rungs"]?.array?.count == 12)
            _ = try await office.inWork()
            try await office.pass("2021-03-20 09:00")
            #expect(try await told(office) == ["step soon leader"])
        }
    }

    /// `rung reader agency` of every answer that was waited for, in order.
    private func awaited(_ office: Office) async throws -> [String] {
        try await office.harness.events(AnswerAwaited.self).map { "\($0.rung) \($0.reader) \($0.toAgency)" }
    }

    @Test func `os-262: an online submission has its ladder until it is answered, each rung once`() async throws {
        try await Office.open { office in
            let (id, answered) = (try await office.submit(), try await office.submit())
            let counter = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk,
                ["submission": Office.submission, "duplicateReason": "Thêm một bản"])
            #expect(counter.status == 201, "\(counter.json)")
            #expect(try await waiting(office) == 2, "what comes over the counter is answered there")
            try await office.done("accept", on: answered, as: office.clerk)
            #expect(
                try await office.harness.count("SELECT count(*) AS n FROM timers WHERE key LIKE 'answer/%'") == 1)
            let shown = try await office.get("/dossiers/\(id)/deadlines", as: office.clerk).json["deadlines"]?.array
            #expect(shown?.compactMap { $0["kind"]?.text } == ["answer"])
            #expect((shown?.first?["leftMinutes"], shown?.first?["usedMinutes"]) == (480, 0))
            // Eight working hours from nine on: Tuesday at nine; the warning four before.
            try await office.pass("2021-03-01 14:29")
            #expect(try await awaited(office) == [])
            try await office.pass("2021-03-01 14:30")
            #expect(try await awaited(office) == ["near officer H19.06"])
            try await office.pass("2021-03-02 09:00")
            #expect(try await awaited(office) == ["near officer H19.06", "due leader H19.06"])
            // Whoever looks once more finds every rung claimed.
            try await Timers.schedule(
                kind: LookAtDeadline.kind, key: "answer/\(id)", dueAt: at("2021-03-01 09:00"),
                in: office.harness.database.database)
            try await office.fire()
            #expect(try await awaited(office).count == 2)
            try await office.set("2021-03-02 09:01")
            let inbox = try await office.get("/inbox", as: office.clerk).json["dossiers"]?.array
            #expect((inbox?.first?["id"]?.text, inbox?.first?["overdue"]) == (id, true))
            // Sent back for papers it is silent; what was supplied is answered within eight hours anew.
            try await office.done("request-supplement", on: id, as: office.clerk, ["missing": "CMND"])
            try await office.pass("2021-03-08 07:30")
            #expect(try await awaited(office).count == 2)
            try await office.done("supply", on: id, as: office.citizen)
            let again = try await office.get("/dossiers/\(id)/deadlines", as: office.clerk).json["deadlines"]?.array
            #expect((again?.first?["leftMinutes"], again?.first?["usedMinutes"]) == (480, 0))
            try await office.pass("2021-03-08 17:00")
            #expect(try await awaited(office).suffix(2) == ["near officer H19.06", "due leader H19.06"])
            #expect(try await awaited(office).count == 4)
        }
    }

    /// The shipped program, killed (SIGKILL) before and after the commit of a rung.
    @Test(.timeLimit(.minutes(5))) func `os-262: killed at any moment each warning of an answer is told once`()
        async throws
    {
        try await Office.open { office in
            for _ in 0..<4 { _ = try await office.submit() }
            try await office.set("2021-03-03 09:00")
            for (point, number) in [("before", 1), ("after", 1), ("before", 2)] {
                try await OneStopProgram.start(office, killAt: "\(point)-timer-commit:\(number)").died()
            }
            let between = try await awaited(office).count
            #expect(between > 0 && between < 8)
            let last = try OneStopProgram.start(office)
            try await eventually("every timer has fired", within: .seconds(60)) { try await waiting(office) == 0 }
            last.stop()
            let told = try await office.harness.events(AnswerAwaited.self).map { "\($0.dossier) \($0.rung)" }
            #expect(told.count == 8 && Set(told).count == 8)
        }
    }

    @Test func `opinions and branches have ladders too, whoever moves their dates`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done(
                "opinions", on: id, as: office.officer,
                ["toAgency": "H19.25", "question": "x", "limit": ["amount": 3, "unit": "workingDays"]])
            // Due 4 March; the warning is 8 working hours before. Then somebody moves it.
            try await office.pass("2021-03-04 07:30")
            #expect(try await told(office).filter { $0.hasPrefix("opinion") } == ["opinion near leader"])
            try await office.harness.database.database.run(
                "UPDATE opinions SET due_at = \(at("2021-03-09 17:00")) WHERE dossier = \(try DossierID(id))")
            try await office.pass("2021-03-08 17:00")
            #expect(try await told(office).filter { $0.hasPrefix("opinion") } == ["opinion near leader"])
            try await office.pass("2021-03-09 17:00")
            #expect(
                try await told(office).filter { $0.hasPrefix("opinion") }
                    == ["opinion near leader", "opinion near leader", "opinion due leader"])
            let shown = try await office.get("/dossiers/\(id)/deadlines", as: office.leader)
            let lines = shown.json["deadlines"]?.array ?? []
            #expect(lines.compactMap { $0["kind"]?.text } == ["dossier", "step", "opinion"])
            #expect(lines.first?["usedMinutes"] == .integer(7 * 480 - 90))
            #expect(lines.first?["leftMinutes"] == .integer(4 * 480))
            #expect(lines.compactMap { $0["overdue"] } == [false, true, false])
            #expect(lines.last?["rungs"]?.array?.compactMap { $0["reachedAt"]?.text }.count == 2)
        }
    }

    /// How many deadlines will be looked at.
    private func waiting(_ office: Office) async throws -> Int {
        try await office.harness.count(
            "SELECT count(*) AS n FROM timers WHERE kind = \(LookAtDeadline.kind)")
    }

    /// The shipped program, killed (SIGKILL) before and after the commit of a rung.
    @Test(.timeLimit(.minutes(5))) func `killed at any moment no rung is lost and none is told twice`() async throws {
        try await Office.open { office in
            var dossiers: [String] = []
            for _ in 0..<8 { dossiers.append(try await office.inWork()) }
            try await office.set("2021-03-20 09:00")
            for (point, number) in [("before", 1), ("after", 1), ("before", 3), ("after", 2)] {
                try await OneStopProgram.start(office, killAt: "\(point)-timer-commit:\(number)").died()
            }
            let between = try await office.harness.announced(DeadlineReached.self)
            #expect(between > 0 && between < 8 * 5)
            let last = try OneStopProgram.start(office)
            try await eventually("every timer has fired", within: .seconds(60)) {
                try await waiting(office) == 0
            }
            last.stop()
            let events = try await office.harness.events(DeadlineReached.self)
            let kinds = events.map { "\($0.dossier) \($0.kind) \($0.rung)" }
            #expect(kinds.count == 8 * 5 && Set(kinds).count == kinds.count)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM deadline_rungs") == 8 * 5)
        }
    }
}
