import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

/// The dates of steps: kept whenever they are set or move, and what is judged by them.
@Suite struct StepDateTests {
    /// At “check” since 1 March at nine, with two working days for it.
    private func atCheck() throws -> (Dossier, Definition) {
        var definition = try judicialRecord()
        definition.steps[0].limit = TimeLimit(2, .workingDays)
        var before = try dossier(.processing)
        (before.step, before.stepBegunAt, before.stepDueAt) =
            ("check", try at("2021-03-01 09:00"), try at("2021-03-03 17:00"))
        return (before, definition)
    }

    /// What is kept of the date of its step when it is handed over.
    private func kept(_ before: Dossier, to step: Int, _ definition: Definition, at time: String) throws
        -> PromisedDate?
    {
        let after = try HandOver.decide(
            before, to: definition.steps[step], agency: Agencies.justice, officer: nil, definition: definition,
            openOpinions: 0, calendar: try workCalendar(), now: try at(time))
        return try Change(after, "handed-over", event: DossierHandedOver())
            .dated(from: before, definition, try workCalendar()).stepDue
    }

    @Test func `os-268: a step that begins has its date, also where it is the former's; the same step has no other`()
        throws
    {
        let (before, definition) = try atCheck()
        #expect(try kept(before, to: 0, definition, at: "2021-03-03 16:00") == nil)
        let next = try #require(try kept(before, to: 1, definition, at: "2021-03-02 10:00"))
        #expect(next.at == before.stepDueAt)
        #expect((next.cause, next.former) == ("step", nil))
        #expect(try next.explanation.from == at("2021-03-02 10:00"))
        #expect(!next.explanation.days.isEmpty)
        // It goes on after a pause: the same step, later by that time.
        var waiting = before
        waiting.pauses = [Pause(from: try at("2021-03-02 10:00"), cause: .awaitingSupplement)]
        var after = waiting
        after.pauses[0].until = try at("2021-03-04 10:00")
        let resumed = try Change(after, "supplied", event: DossierHandedOver())
            .dated(from: waiting, definition, try workCalendar())
        #expect(try resumed.dossier.stepDueAt == at("2021-03-08 17:00"))
        #expect(try resumed.stepDue?.at == at("2021-03-08 17:00"))
        #expect((resumed.stepDue?.cause, resumed.stepDue?.former) == ("resumed", before.stepDueAt))
    }

    @Test func `os-268: by a later version it is counted anew, or stays and is that of the step's new name`() throws {
        let (before, old) = try atCheck()
        var new = old
        (new.steps[0].key, new.steps[0].limit) = ("look", TimeLimit(4, .workingDays))
        var mapping = VersionMapping()
        (mapping.procedure, mapping.reason) = ("2.000488", "Luật mới")
        mapping.steps = [StepPair("check", "look"), StepPair("verify", "verify"), StepPair("sign", "sign")]
        func moved(_ before: Dossier, _ rule: DueDateRule) throws -> MoveDossier.Moved {
            mapping.dueDates = rule
            return try MoveDossier.decide(
                before, [], mapping, from: old, to: new, kind: .department,
                calendars: [Agencies.justice: try workCalendar()], now: try at("2021-03-02 09:00"))
        }
        let anew = try moved(before, .project)
        #expect(try anew.dossier.stepDueAt == at("2021-03-05 17:00"))
        #expect(anew.stepDue?.at == anew.dossier.stepDueAt)
        #expect((anew.stepDue?.cause, anew.stepDue?.former) == ("version-changed", before.stepDueAt))
        #expect(anew.stepDue?.explanation.limit == new.steps[0].limit)
        let same = try moved(before, .keep)
        #expect((same.dossier.step, same.dossier.stepDueAt) == ("look", before.stepDueAt))
        #expect(same.stepDue?.at == before.stepDueAt)
        #expect(same.stepDue?.explanation.limit == old.steps[0].limit)
        // A restart of the limit is one of its step's too; while the clock stands nothing is counted.
        (new.supplementClock, new.steps[0].key) = (.restart, "check")
        mapping.steps[0] = StepPair("check", "check")
        var stood = before
        stood.pauses = [
            Pause(from: try at("2021-03-03 10:00"), until: try at("2021-03-04 10:00"), cause: .awaitingSupplement)
        ]
        #expect(try moved(stood, .project).dossier.stepDueAt == at("2021-03-10 17:00"))
        stood.pauses[0].until = nil
        stood.status = .awaitingSupplement
        let standing = try moved(stood, .project)
        #expect(standing.stepDue == nil && standing.dossier.stepDueAt == before.stepDueAt)
    }

    @Test func `os-268: every date of a step is kept with why, whoever moves it`() async throws {
        try await Office.open { office in
            let other = PersonID.new()
            try await office.appoint(other, .officer, at: Agencies.justice)
            let id = try await office.inWork()
            try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "x"])
            try await office.set("2021-03-02 09:00")
            try await office.done(
                "hand-over", on: id, as: office.officer, ["step": "check", "toOfficer": .string(other.text)])
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "x"])
            try await office.set("2021-03-08 10:00")
            try await office.done("supply", on: id, as: office.citizen)
            var calendar = try calendar2021()
            var day = SpecialDay()
            (day.validFrom, day.validTo, day.kind) = (try Day("2021-03-09"), try Day("2021-03-09"), .off)
            (day.vietnamese, day.english) = ("Quốc tang", "State mourning")
            calendar.specialDays.append(day)
            let loaded = try await office.send(
                "PUT", "/calendar", as: office.administrator, calendar.json, ifMatch: 2)
            #expect(loaded.status == 200)
            try await office.pass("2021-03-08 10:01")
            try await office.set("2021-03-10 16:00")
            let next = try await office.done("hand-over", on: id, as: office.officer, ["step": "verify"])
            let steps = try await office.get("/dossiers/\(id)/due-dates", as: office.citizen).json["steps"]?.array ?? []
            let seen = steps.map { "\($0["cause"]?.text ?? "") \($0["step"]?.text ?? "")" }
            #expect(seen == ["step check", "resumed check", "calendar check", "step verify"])
            let days = ["2021-03-02", "2021-03-09", "2021-03-10", "2021-03-11"]
            let dates: [Date?] = try days.map { try at("\($0) 17:00") }
            #expect(steps.map { $0["dueAt"]?.text.flatMap(Instant.read) } == dates)
            #expect(next["stepDueAt"] == steps.last?["dueAt"])
            let formers = steps.map { $0["formerDueAt"]?.text.flatMap(Instant.read) }
            #expect(formers == [nil, dates[0], dates[1], nil])
            for step in steps {
                #expect(step["explanation"]?["days"]?.array?.isEmpty == false)
                #expect(step["sentence"]?["vietnamese"]?.text?.hasPrefix("Bước này phải xong") == true)
            }
        }
    }

    @Test func `os-268: passing a dossier round erases no lateness, and a pause makes none`() async throws {
        try await Office.open { office in
            let (late, stood) = (try await office.inWork(), try await office.inWork())
            for id in [late, stood] {
                try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "x"])
            }
            try await office.set("2021-03-02 09:00")
            try await office.done("request-supplement", on: stood, as: office.officer, ["missing": "CMND"])
            // Two days late it goes to another official at the same step, who is done at once.
            try await office.set("2021-03-04 10:00")
            try await office.done(
                "hand-over", on: late, as: office.officer, ["step": "check", "toOfficer": .string(office.leader.text)])
            try await finish(late, office)
            // Ten days of waiting for papers: the step is due on Monday the 15th.
            try await office.set("2021-03-12 10:00")
            try await office.done("supply", on: stood, as: office.citizen)
            try await finish(stood, office)
            try await office.set("2021-04-01 01:00")
            let answer = try await office.get(
                "/agencies/H19.06/reports/2021-Q1/points?key=H19.06&indicator=2", as: office.leader)
            let points = try ListPoints.Output(decoding: answer.json, unknown: .refuse).dossiers
            let found = Dictionary(uniqueKeysWithValues: points.map { ($0.dossier.text, $0.points) })
            #expect(found == [late: 0, stood: 2], "\(answer.json)")
        }
    }

    private func finish(_ id: String, _ office: Office) async throws {
        for who in [office.officer, office.leader] {
            try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(who.text)])
        }
        try await office.done("approve", on: id, as: office.leader, [:])
        await office.harness.take(try office.issued(for: id))
        #expect(try await office.status(id) == 9)
    }

    @Test func `os-269: a dossier takes the date of its step along, to another level and back`() async throws {
        let (before, _) = try atCheck()
        let sent = try SendDossier.decide(before, to: Agencies.police)
        #expect(sent.stepDueAt == before.stepDueAt)
        #expect(try SendBack.decide(sent).stepDueAt == before.stepDueAt)
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.set("2021-03-02 16:00")
            let there = try await office.done("send", on: id, as: office.officer, ["toAgency": "H19.25"])
            #expect(try there["stepDueAt"]?.text.flatMap(Instant.read) == at("2021-03-02 17:00"))
            // Whoever has it is told when the step is due.
            try await office.pass("2021-03-02 17:00")
            let told = try await office.harness.events(DeadlineReached.self).filter { $0.kind == .step }
            #expect(told.map { "\($0.rung) \($0.toAgency)" } == ["near H19.25", "due H19.25"])
            try await office.set("2021-03-03 09:00")
            let back = try await office.done("send-back", on: id, as: office.inspector, ["note": "x"])
            #expect(back["stepDueAt"] == there["stepDueAt"])
            let lines = try await office.get("/dossiers/\(id)/deadlines", as: office.leader).json["deadlines"]?.array
            let step = try #require(lines?.first { $0["kind"] == "step" })
            #expect((step["overdue"], step["agency"]) == (true, "H19.06"))
        }
    }
}
