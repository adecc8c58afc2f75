import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Running dossiers go to a later version.
@Suite struct VersionMoveTests {
    private let path = "/procedures/\(Office.criminalRecord)/mappings"

    /// A later version: one step more, five days, in force from the second of March.
    func publishLater(_ office: Office, _ change: (inout Definition) -> Void = { _ in }) async throws {
        var later = try judicialRecord(limit: TimeLimit(5, .workingDays))
        later.steps.insert(step("appraise", .receiving, .officer), at: 1)
        change(&later)
        let code = Office.criminalRecord
        let draft = try await office.send(
            "POST", "/procedures/\(code)/draft", as: office.administrator,
            ["validFrom": "2021-03-02", "definition": later.json])
        #expect(draft.status == 200)
        let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
        #expect(law.status == 200)
    }

    private func plan(_ pairs: [(String, String)], _ rule: String = "keep") -> JSON {
        [
            "fromVersion": 1, "toVersion": 2, "dueDates": .string(rule), "reason": "Thủ tục được sửa đổi",
            "steps": .array(pairs.map { ["from": .string($0.0), "to": .string($0.1)] }),
        ]
    }

    private let sound = [("check", "check"), ("verify", "verify"), ("sign", "sign")]

    private func write(_ plan: JSON, _ office: Office) async throws -> String {
        let made = try await office.send("POST", path, as: office.administrator, plan)
        guard made.status == 201, let id = made.json["id"]?.text else { throw Office.Unexpected(made) }
        return id
    }

    /// A sound mapping: where it is.
    func written(_ office: Office) async throws -> String { "\(path)/\(try await write(plan(sound), office))" }

    @Test func `a mapping that is not proven is refused with every way on which it goes wrong`() async throws {
        try await Office.open { office in
            try await publishLater(office)
            let bad = plan([("check", "verify"), ("verify", "sign"), ("sign", "sign")])
            let looked = try await office.send("POST", "\(path)/check", as: office.administrator, bad)
            #expect((looked.status, looked.json["proven"]) == (200, false))
            let finding = try #require(looked.json["findings"]?.array?.first)
            #expect((finding["rule"], finding["code"]) == ("os-050", "onestop.map-guard-skipped"))
            #expect(finding["path"] == ["check", "verify"])
            let refused = try await office.send("POST", path, as: office.administrator, bad)
            #expect((refused.status, refused.code) == (422, "onestop.mapping-unproven"))
            #expect(refused.faults == ["steps"])
            let backwards = plan(sound).with("fromVersion", 2).with("toVersion", 1)
            #expect(
                try await office.send("POST", path, as: office.administrator, backwards).code
                    == "onestop.not-a-later-version")
            let unknown = plan(sound).with("toVersion", 9)
            #expect(try await office.send("POST", path, as: office.administrator, unknown).status == 404)
            #expect(try await office.send("POST", path, as: office.leader, plan(sound)).status == 403)
            #expect(try await office.get(path, as: office.administrator).json["mappings"] == [])
        }
    }

    @Test func `os-051: each dossier moves once, in a transaction of its own, also when killed midway`() async throws {
        try await Office.open { office in
            var ids: [String] = []
            for _ in 1...4 { ids.append(try await office.inWork()) }
            let closed = try await office.submit()
            try await office.done("refuse", on: closed, as: office.clerk, ["reasonCode": "x", "reason": "y"])
            try await publishLater(office)
            let id = try await write(plan(sound), office)
            let before = try await office.get("/dossiers/\(ids[0])", as: office.clerk).json
            let asked = try await office.send("POST", "\(path)/\(id)/apply", as: office.administrator)
            #expect((asked.status, asked.json["waiting"], asked.json["moved"]) == (200, 4, 0))
            #expect(try await office.harness.announced(DossierVersionChanged.self) == 0)
            try await office.fire(most: 1)
            #expect(try await office.harness.announced(DossierVersionChanged.self) == 1)
            // Killed before the commit: nothing of the second one stays, and it is taken up again.
            await #expect(throws: Killed.self) {
                try await office.fire { if $0 == 0 { throw Killed() } }
            }
            #expect(try await office.harness.announced(DossierVersionChanged.self) == 1)
            // Asked twice, nothing is done twice.
            _ = try await office.send("POST", "\(path)/\(id)/apply", as: office.administrator)
            #expect(try await office.fire() == 4)
            #expect(try await office.harness.announced(DossierVersionChanged.self) == 4)
            let list = try await office.get(path, as: office.administrator).json["mappings"]?.array?.first
            #expect((list?["waiting"], list?["moved"], list?["stayed"]) == (0, 4, 0))
            let after = try await office.get("/dossiers/\(ids[0])", as: office.clerk).json
            #expect((after["procedureVersion"], after["step"], after["dueAt"]) == (2, "check", before["dueAt"]))
            let lines = try await office.get("/dossiers/\(ids[0])/history", as: office.clerk).json["lines"]?.array ?? []
            #expect(lines.last?["what"] == "version-changed")
            #expect(lines.last?["actor"]?.text == office.administrator.text)
            #expect(lines.last?["note"]?.text == "1 → 2: Thủ tục được sửa đổi")
            let event = try #require(try await office.last(DossierVersionChanged.self, of: ids[0]))
            #expect((event.fromVersion, event.toVersion, event.stepKey) == (1, 2, "check"))
            // From here on it goes by the later version.
            let next = try await office.done("hand-over", on: ids[0], as: office.officer)
            #expect(next["step"] == "appraise")
            #expect(try await office.status(closed) == 3)
        }
    }

    @Test func `os-053: who cannot move stays, is listed with why, and may be moved later`() async throws {
        try await Office.open { office in
            let (late, fits) = (try await office.inWork(), try await office.submit())
            try await office.set("2021-03-11 09:00")
            try await publishLater(office)
            let id = try await write(plan(sound, "project"), office)
            _ = try await office.send("POST", "\(path)/\(id)/apply", as: office.administrator)
            try await office.fire()
            let page = "\(path)/\(id)/dossiers"
            let stayed = try await office.get("\(page)?state=stayed", as: office.administrator).json["dossiers"]?.array
            #expect(stayed?.map { $0["dossier"]?.text } == [late])
            #expect(stayed?.first?["code"] == "onestop.move-makes-late")
            #expect(stayed?.first?["vietnamese"] == "Theo thời hạn mới, hồ sơ đã quá hạn.")
            let first = try await office.get("\(page)?limit=1", as: office.administrator)
            let rest = try await office.get(try #require(first.next), as: office.administrator)
            #expect(rest.json["dossiers"]?.array?.map { $0["state"] } == ["moved"])
            let view = try await office.get("/dossiers/\(late)", as: office.clerk).json
            #expect((view["procedureVersion"], view["version"]) == (1, 3))
            #expect(try await office.get("/dossiers/\(fits)", as: office.clerk).json["procedureVersion"] == 2)
            #expect(try await office.get(page, as: office.leader).status == 403)
            // By another mapping it keeps its date, also after the clock stood.
            let kept = try await write(plan(sound), office)
            _ = try await office.send("POST", "\(path)/\(kept)/apply", as: office.administrator)
            try await office.fire()
            let moved = try await office.get("/dossiers/\(late)", as: office.clerk).json
            #expect((moved["procedureVersion"], moved["dueAt"]) == (2, "2021-03-15T17:00:00+07:00"))
            try await office.done("request-supplement", on: late, as: office.leader, ["missing": "CMND"])
            try await office.set("2021-03-12 10:00")
            let supplied = try await office.done("supply", on: late, as: office.citizen)
            #expect(supplied["dueAt"]?.text == "2021-03-17T17:00:00+07:00")
            #expect(try await office.get("\(path)/\(MappingID.new())/dossiers", as: office.administrator).status == 404)
        }
    }

    @Test func `os-053: a dossier stays where its agency does not receive the later version`() async throws {
        try await Office.open { office in
            let dossier = try await office.inWork()
            try await office.appoint(.new(), .clerk, at: Agencies.district)
            try await publishLater(office) { $0.receivers = [.district] }
            let id = try await write(plan(sound), office)
            _ = try await office.send("POST", "\(path)/\(id)/apply", as: office.administrator)
            try await office.fire()
            let stayed = try await office.get("\(path)/\(id)/dossiers", as: office.administrator).json["dossiers"]
            #expect(stayed?.array?.map { $0["state"] } == ["stayed"])
            #expect(stayed?.array?.first?["code"] == "onestop.agency-does-not-receive")
            #expect(try await office.get("/dossiers/\(dossier)", as: office.clerk).json["procedureVersion"] == 1)
        }
    }

    @Test func `os-268: a step's date by a later version is kept with why`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await publishLater(office) {
                ($0.limit, $0.steps[0].limit) = (TimeLimit(8, .workingDays), TimeLimit(3, .workingDays))
            }
            let mapping = try await write(plan(sound, "project"), office)
            _ = try await office.send("POST", "\(path)/\(mapping)/apply", as: office.administrator)
            try await office.fire()
            let steps = try await office.get("/dossiers/\(id)/due-dates", as: office.clerk).json["steps"]?.array ?? []
            #expect(steps.map { $0["cause"] } == ["step", "version-changed"])
            #expect(steps.map { $0["dueAt"]?.text?.prefix(10) } == ["2021-03-02", "2021-03-04"])
            #expect(steps.last?["explanation"]?["limit"]?["amount"] == 3)
        }
    }

    @Test func `branches move with their dossier and go on in the later version`() async throws {
        try await Office.open { office in
            let code = BranchTests.code
            try await office.publish(code, try BranchTests.definition())
            let submitted = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", .string(code)))
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.officer)
            // The later version looks once at the land, and the search of records is a step of another name.
            var later = try BranchTests.definition()
            later.steps.removeAll { $0.key == "land-again" }
            let (land, records) = (
                try #require(later.steps.firstIndex { $0.key == "land" }),
                try #require(later.steps.firstIndex { $0.key == "records" })
            )
            later.steps[land].ways = [Way("sign")]
            later.steps[records].key = "search"
            later.steps[0].ways = [Way("verify", "search", "land")]
            let draft = try await office.send(
                "POST", "/procedures/\(code)/draft", as: office.administrator,
                ["validFrom": "2021-03-02", "definition": later.json])
            #expect(draft.status == 200)
            let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
            #expect(law.status == 200)
            let pairs = [
                ("check", "check"), ("verify", "verify"), ("sign", "sign"), ("records", "search"), ("land", "land"),
                ("land-again", "land"),
            ]
            let made = try await office.send(
                "POST", "/procedures/\(code)/mappings", as: office.administrator, plan(pairs))
            let mapping = try #require(made.json["id"]?.text)
            _ = try await office.send(
                "POST", "/procedures/\(code)/mappings/\(mapping)/apply", as: office.administrator)
            try await office.fire()
            let branches = try await office.get("/dossiers/\(id)/branches", as: office.officer)
            let open = branches.json["branches"]?.array ?? []
            #expect(Set(open.compactMap { $0["step"]?.text }) == ["search", "land"])
            for branch in open {
                let who = branch["step"] == "land" ? office.districtOfficer : office.inspector
                let done = try await office.act(
                    "branches/\(branch["id"]?.text ?? "")/hand-over", on: id, as: who, ["note": "Xong"])
                #expect(done.status == 200)
            }
            let next = try await office.done("hand-over", on: id, as: office.officer)
            #expect(next["step"] == "sign")
        }
    }
}
