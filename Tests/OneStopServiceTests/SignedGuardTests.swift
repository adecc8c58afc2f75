import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// The guard “signed”: before a step is left the answer is signed.
@Suite(.timeLimit(.minutes(5))) struct SignedGuardTests {
    private static let draft = AttachmentTests.page
    private static let refused = "onestop.not-signed-yet"

    @Test func `os-279: the newest file counts, and only what came after papers were supplied`() {
        func file(_ signed: Bool?, overtaken: Bool = false) -> ResultFile {
            var file = ResultFile()
            (file.file.signed, file.isOvertaken) = (signed, overtaken)
            return file
        }
        #expect(![ResultFile]().isSigned && ![file(nil)].isSigned && ![file(false)].isSigned)
        #expect([file(true)].isSigned && [file(false), file(true)].isSigned)
        #expect(![file(true), file(false)].isSigned && ![file(true), file(nil)].isSigned)
        #expect(![file(true, overtaken: true)].isSigned)
        #expect([file(true, overtaken: true), file(true)].isSigned)
        #expect(![file(true, overtaken: true), file(nil)].isSigned)
    }

    @Test func `os-279: wherever a step is left its guard is asked, and going back asks nothing`() throws {
        let (calendar, now) = (try workCalendar(), try at("2021-03-02 09:00"))
        let definition = try ResultDesk.definition { definition in
            definition.steps[1].guards = [.signed]
            definition.steps[2].guards = [.signed]
        }
        var known = try dossier(.processing)
        known.step = "verify"
        let here = known
        func leave(to step: Int, _ isSigned: Bool) -> String? {
            refusal {
                _ = try HandOver.decide(
                    here, to: definition.steps[step], agency: Agencies.justice, officer: nil, definition: definition,
                    openOpinions: 0, isSigned: isSigned, calendar: calendar, now: now)
            }
        }
        #expect(leave(to: 2, false) == Self.refused && leave(to: 2, true) == nil)
        // To a colleague, and back to who is to do it better.
        #expect(leave(to: 1, false) == nil && leave(to: 0, false) == nil)

        known.step = "sign"
        let last = known
        var plain = definition
        plain.documentType = nil
        // The step's own, and what every approval asks for.
        var asked = plain
        (asked.steps[2].guards, asked.approvalGuards) = ([], [.signed])
        let finishing = plain
        func ends(_ isSigned: Bool) -> [String?] {
            [
                refusal {
                    _ = try Approve.decide(
                        last, definition: definition, openOpinions: 0, isSigned: isSigned, leader: .new(), now: now)
                },
                refusal {
                    _ = try FinishDossier.decide(
                        last, definition: finishing, openOpinions: 0, isSigned: isSigned, leader: .new(), now: now)
                },
                refusal {
                    _ = try FollowLinks.finished(last, asked, openOpinions: 0, isSigned: isSigned, now: now)
                },
            ]
        }
        #expect(ends(false) == [Self.refused, Self.refused, Self.refused])
        #expect(ends(true) == [nil, nil, nil])

        var branched = try BranchTests.definition()
        branched.steps[3].guards = [.signed]
        let forked = branched
        known.step = "verify"
        let leading = known
        func closes(_ isSigned: Bool) -> String? {
            refusal {
                let branch = try Branch.open(
                    forked.steps[3], of: leading, fork: "check", agency: Agencies.police, calendar: calendar, now: now)
                _ = try HandOnBranch.decide(
                    branch, HandOnBranch.Input(), leading, forked, [branch], openOpinions: 0, isSigned: isSigned,
                    calendar: calendar, now: now)
            }
        }
        #expect(closes(false) == Self.refused && closes(true) == nil)
    }

    @Test func `os-279: a dossier waits for the signature, and asks for it again when papers came`() async throws {
        try await Office.open { office in
            let desk = ResultDesk(office)
            let id = try await desk.opened(
                try ResultDesk.definition { definition in
                    definition.steps[1].guards = [.signed]
                    definition.approvalGuards = [.signed]
                })
            func leave(_ action: String = "hand-over", as person: PersonID? = nil) async throws -> String? {
                let answer = try await office.act(action, on: id, as: person ?? office.officer, [:])
                return answer.status == 200 ? nil : answer.code
            }
            #expect(try await leave() == nil)
            #expect(try await leave() == Self.refused)
            try await office.done("hand-over", on: id, as: office.officer, ["step": "check"])
            #expect(try await leave() == nil)
            try await desk.added(Self.draft, to: id)
            #expect(try await leave() == Self.refused)
            let signed = try SignedPDFTests.signed()
            try await desk.added(signed, to: id, as: office.leader)
            // Written anew after it was signed.
            try await desk.added(UploadTests.document(60), to: id)
            #expect(try await leave() == Self.refused)
            try await desk.added(signed, to: id, as: office.leader)
            #expect(try await leave() == nil)
            // The clock stands still in this test: what counts is which came first, not when.
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "CCCD"])
            #expect(try await desk.add(signed, to: id, as: office.leader).code == "onestop.not-in-status")
            try await office.done("supply", on: id, as: office.citizen, [:])
            #expect(try await leave("approve", as: office.leader) == Self.refused)
            try await desk.added(signed, to: id, as: office.leader)
            #expect(try await leave("approve", as: office.leader) == nil)
        }
    }

    @Test func `os-279: a branch and a finish wait for it too`() async throws {
        try await Office.open { office in
            let desk = ResultDesk(office)
            var definition = try BranchTests.definition()
            (definition.documentType, definition.steps[3].guards) = (nil, [.signed])
            definition.approvalGuards = [.signed]
            let id = try await desk.opened(definition)
            try await office.done("hand-over", on: id, as: office.officer)
            func close(_ step: String, as person: PersonID) async throws -> String? {
                let branch = try #require(try await BranchTests.branch(step, of: id, office)["id"]?.text)
                let answer = try await office.act(
                    "branches/\(branch)/hand-over", on: id, as: person, ["note": "Xong"])
                return answer.status == 200 ? nil : answer.code
            }
            #expect(try await close("records", as: office.inspector) == Self.refused)
            try await desk.added(try SignedPDFTests.signed(), to: id)
            #expect(try await close("records", as: office.inspector) == nil)
            for step in ["land", "land-again"] { #expect(try await close(step, as: office.districtOfficer) == nil) }
            try await office.done("hand-over", on: id, as: office.officer)
            try await desk.added(Self.draft, to: id)
            let early = try await office.act("finish", on: id, as: office.leader, [:])
            #expect((early.status, early.code) == (409, Self.refused))
            try await desk.added(try SignedPDFTests.signed("Kết quả"), to: id)
            try await office.done("finish", on: id, as: office.leader, [:])
            #expect(try await desk.shown(id, to: office.citizen).count == 1)
        }
    }

    /// An application whose only link is done ends by itself, unless its answer is not signed.
    @Test(arguments: [false, true])
    func `os-279: linked procedures do not end an application that nobody signed`(isSigned: Bool) async throws {
        try await Office.open { office in
            let districtClerk = PersonID.new()
            try await office.appoint(districtClerk, .clerk, at: Agencies.district)
            func publish(_ code: String, _ receiver: AgencyKind, _ step: Step, _ guards: [Guard]) async throws {
                try await office.publish(
                    code,
                    try ResultDesk.definition { definition in
                        (definition.receivers, definition.steps) = ([receiver], [step])
                        (definition.documentType, definition.approvalGuards) = (nil, guards)
                    })
            }
            try await publish(LinkTests.lead, .commune, step("assemble", .receiving, .clerk), [.signed])
            try await publish(LinkTests.card, .district, step("issue", .receiving, .leader), [])
            let set = LinkTests.set(.parallel)
            let links = try #require(set["links"]?.array).filter { $0["key"] == "card" }
            let made = try await office.send(
                "POST", "/linked-procedures/birth", as: office.administrator, set.with("links", .array(links)))
            #expect(made.status == 200, "\(made.code ?? "")")
            let applied = try await office.send(
                "POST", "/linked-dossiers", as: office.citizen, LinkTests.application.with("forms", nil))
            let id = try #require(applied.json["id"]?.text, "\(applied.code ?? "")")
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.done("hand-over", on: id, as: office.communeClerk)
            try await office.fire()
            let desk = ResultDesk(office)
            if isSigned { try await desk.added(try SignedPDFTests.signed(), to: id, as: office.districtLeader) }
            let all = try await office.get("/dossiers/\(id)/links", as: office.citizen).json["links"]?.array
            let card = try #require(all?.first?["dossier"]?.text)
            try await office.done("accept", on: card, as: districtClerk)
            try await office.done("hand-over", on: card, as: districtClerk)
            try await office.done("finish", on: card, as: office.districtLeader)
            try await office.fire()
            #expect(try await office.status(id) == (isSigned ? 9 : 4))
            guard !isSigned else { return }
            let early = try await office.act("finish", on: id, as: office.districtLeader, [:])
            #expect(early.code == Self.refused)
            try await desk.added(try SignedPDFTests.signed(), to: id, as: office.districtLeader)
            try await office.done("finish", on: id, as: office.districtLeader, [:])
        }
    }

    @Test func `os-279: the guard is part of a procedure: of its file, and of the proof of a mapping`() async throws {
        let all = try ResultDesk.definition { definition in
            definition.steps[1].guards = Guard.allCases
            definition.approvalGuards = Guard.allCases
        }
        try await Office.open { office in
            try await office.publish(ResultDesk.code, all)
            let file = try await office.get("/procedures/export?on=2021-03-01")
            let lines = String(decoding: file.body, as: UTF8.self).split(separator: "\n")
            let line = try #require(lines.first { $0.contains(ResultDesk.code) })
            #expect(line.contains("[\"fees-paid\",\"opinions-in\",\"signed\"]"))
            let back = try await office.harness.send(
                "POST", "/procedures/import", as: office.administrator, .administrator, body: file.body,
                headers: [("content-type", ProcedureFile.mediaType)])
            #expect(back.json["lines"]?.array?.map { $0["outcome"] } == ["unchanged", "unchanged", "unchanged"])
        }
        // Who is past the step in the later version must have signed in the earlier one.
        let pairs = all.steps.map { StepPair($0.key, $0.key) }
        func codes(_ old: [Guard], _ new: [Guard]) -> [String] {
            var (earlier, later) = (all.steps, all.steps)
            (earlier[1].guards, later[1].guards) = (old, new)
            return MappingCheck(pairs, from: earlier, to: later).findings.map(\.code)
        }
        #expect(codes([.feesPaid, .opinionsIn], Guard.allCases) == ["onestop.map-guard-skipped"])
        #expect(codes(Guard.allCases, Guard.allCases).isEmpty && codes(Guard.allCases, []).isEmpty)
    }
}
