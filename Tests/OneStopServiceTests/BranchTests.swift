import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Dossiers that go apart and come together.
@Suite struct BranchTests {
    static let code = "9.000001"

    /// Justice checks; then it verifies while the police search their records and the district looks twice; then its
    /// leader signs.
    static func definition() throws -> Definition {
        func aside(_ key: String, _ agency: AgencyCode, to next: String) -> Step {
            var made = step(key, .named, .officer)
            (made.agency, made.cooperates, made.ways) = (agency, true, [Way(next)])
            return made
        }
        var definition = try judicialRecord()
        definition.fees = []
        definition.steps[0].ways = [Way("verify", "records", "land")]
        definition.steps[1].ways = [Way("sign")]
        definition.steps[2].joins = true
        var again = aside("land-again", Agencies.district, to: "sign")
        (again.rule, again.agency) = (.working, nil)
        definition.steps += [
            aside("records", Agencies.police, to: "sign"), aside("land", Agencies.district, to: "land-again"), again,
        ]
        return definition
    }

    /// A dossier that has gone apart.
    static func apart(_ office: Office) async throws -> String {
        try await office.publish(code, try definition())
        let submitted = try await office.send(
            "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", .string(Self.code)))
        let id = try #require(submitted.json["id"]?.text)
        try await office.done("accept", on: id, as: office.clerk)
        try await office.done("hand-over", on: id, as: office.clerk)
        try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(office.officer.text)])
        return id
    }

    static func branch(_ step: String, of dossier: String, _ office: Office) async throws -> JSON {
        let all = try await office.get("/dossiers/\(dossier)/branches", as: office.officer).json["branches"]?.array
        return try #require(all?.last { $0["step"]?.text == step })
    }

    private func finish(
        _ step: String, of dossier: String, as person: PersonID, _ office: Office, key: String? = nil
    ) async throws -> TestService.Answer {
        let id = try #require(try await Self.branch(step, of: dossier, office)["id"]?.text)
        return try await office.act("branches/\(id)/hand-over", on: dossier, as: person, ["note": "Xong"], key: key)
    }

    @Test func `os-020: cooperating agencies work side by side, and the leading one waits for all`() async throws {
        try await Office.open { office in
            let id = try await Self.apart(office)
            let view = try await office.get("/dossiers/\(id)", as: office.officer)
            #expect((view.json["step"], view.json["version"]) == ("verify", 6))
            #expect(try await office.harness.announced(DossierBranchOpened.self) == 2)
            let opened = try #require(try await office.last(DossierBranchOpened.self, of: id))
            #expect((opened.stepKey, opened.toAgency) == ("land", Agencies.district))
            #expect(opened.fromAgency == Agencies.justice)
            #expect(opened.dueAt == (try at("2021-03-02 17:00")))
            let early = try await office.act("hand-over", on: id, as: office.officer)
            #expect((early.status, early.code) == (409, "onestop.branches-open"))
            let mine = try await office.get("/branches", as: office.inspector).json["branches"]?.array ?? []
            #expect(mine.map { $0["step"]?.text } == ["records"])
            #expect(mine.first?["dueAt"]?.text == "2021-03-02T17:00:00+07:00")

            #expect(try await finish("records", of: id, as: office.inspector, office).status == 200)
            #expect(try await office.get("/branches", as: office.inspector).json["branches"] == [])
            let once = try await finish("land", of: id, as: office.districtOfficer, office, key: "k1")
            let first = try #require(once.json["id"]?.text)
            let again = try await office.act(
                "branches/\(first)/hand-over", on: id, as: office.districtOfficer, ["note": "Xong"], key: "k1")
            #expect((once.status, again.status, again.json["id"]) == (200, 200, once.json["id"]))
            let stillOpen = try await office.act("hand-over", on: id, as: office.officer)
            #expect(stillOpen.code == "onestop.branches-open")
            try await office.set("2021-03-03 09:00")
            let late = try await finish("land-again", of: id, as: office.districtLeader, office)
            #expect((late.status, late.json["late"], late.json["waitsAt"]) == (200, true, ["sign"]))
            #expect(try await office.last(DossierBranchClosed.self, of: id)?.late == true)

            try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(office.leader.text)])
            try await office.done("approve", on: id, as: office.leader, [:])
            await office.harness.take(try office.issued(for: id))
            #expect(try await office.status(id) == 9)
            let history = try await office.get("/dossiers/\(id)/history", as: office.officer).json["lines"]?.array ?? []
            #expect(
                history.compactMap { $0["what"]?.text }.filter { $0.hasPrefix("branch") } == [
                    "branch-opened", "branch-opened", "branch-done", "branch-done", "branch-opened", "branch-done",
                ])
        }
    }

    @Test func `of many at once one opens the branches and one finishes each`() async throws {
        try await Office.open { office in
            try await office.publish(Self.code, try Self.definition())
            let submitted = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", .string(Self.code)))
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            func many(_ act: String, as person: PersonID, _ body: JSON) async throws -> [Int] {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 1...6 {
                        group.addTask { try await office.act(act, on: id, as: person, body).status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            let opened = try await many("hand-over", as: office.officer, [:])
            #expect(opened.filter { $0 == 200 }.count == 1 && opened.allSatisfy { [200, 409, 412].contains($0) })
            #expect(try await office.harness.announced(DossierBranchOpened.self) == 2)
            let branch = try #require(try await Self.branch("records", of: id, office)["id"]?.text)
            let done = try await many("branches/\(branch)/hand-over", as: office.inspector, ["note": "x"])
            #expect(done.filter { $0 == 200 }.count == 1 && done.allSatisfy { [200, 409, 412].contains($0) })
            #expect(try await office.harness.announced(DossierBranchClosed.self) == 1)
        }
    }

    @Test func `os-022: a branch is its agency's, which sees what it works on`() async throws {
        try await Office.open { office in
            try await office.publish(Self.code, try Self.definition())
            let other = try await office.inWork()
            #expect(try await office.get("/dossiers/\(other)", as: office.inspector).status == 403)
            let submitted = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", .string(Self.code)))
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            #expect(try await office.get("/dossiers/\(id)", as: office.inspector).status == 403)
            try await office.done("hand-over", on: id, as: office.officer)
            #expect(try await office.get("/dossiers/\(id)", as: office.inspector).status == 200)
            for person in [office.officer, office.leader, office.clerk, office.districtOfficer] {
                #expect(try await finish("records", of: id, as: person, office).code == "forbidden")
            }
            let unknown = try await office.act(
                "branches/\(BranchID.new())/hand-over", on: id, as: office.inspector, ["note": "x"])
            #expect(unknown.status == 404)
            let bare = try await office.act("branches/x/hand-over", on: id, as: office.inspector, [:])
            #expect(bare.status == 422)
            #expect(bare.json["errors"]?.array?.map { $0["field"]?.text } == ["branch", "note"])
            let lost = try #require(try await Self.branch("records", of: id, office)["id"]?.text)
            let stale = try await office.act(
                "branches/\(lost)/hand-over", on: id, as: office.inspector, ["note": "x"], ifMatch: 1)
            #expect(stale.status == 412)
            #expect(try await office.get("/branches?agency=H19.25", as: office.officer).status == 403)
        }
    }

    @Test func `os-021: who goes back calls back what was opened from there on`() async throws {
        try await Office.open { office in
            let id = try await Self.apart(office)
            #expect(try await finish("records", of: id, as: office.inspector, office).status == 200)
            // Once more to the same step: nothing moves.
            try await office.done("hand-over", on: id, as: office.officer, ["step": "verify"])
            #expect(try await Self.branch("land", of: id, office)["outcome"] == nil)
            try await office.done("hand-over", on: id, as: office.officer, ["step": "check"])
            #expect(try await Self.branch("land", of: id, office)["outcome"] == "recalled")
            #expect(try await Self.branch("records", of: id, office)["outcome"] == "recalled")
            let closed = try await finish("land", of: id, as: office.districtOfficer, office)
            #expect((closed.status, closed.code) == (409, "onestop.branch-closed"))
            try await office.done("hand-over", on: id, as: office.officer)
            #expect(try await office.harness.announced(DossierBranchOpened.self) == 4)
            // What was done before counts no more.
            let early = try await office.act("hand-over", on: id, as: office.officer)
            #expect(early.code == "onestop.branches-open")
            let back = try await office.act("hand-over", on: id, as: office.officer, ["step": "records"])
            #expect((back.status, back.code) == (409, "onestop.step-skipped"))
        }
    }

    @Test func `os-019: a step is not left before its time, but back`() async throws {
        try await Office.open { office in
            var definition = try judicialRecord()
            (definition.steps[1].notBefore, definition.steps[1].limit) =
                (TimeLimit(1, .workingDays), TimeLimit(2, .workingDays))
            (definition.fees, definition.steps[1].guards) = ([], [])
            try await office.publish(Self.code, definition)
            let submitted = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", .string(Self.code)))
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.officer)
            try await office.set("2021-03-02 16:59")
            // The time runs from the first hand-over to the step.
            try await office.done("hand-over", on: id, as: office.officer, ["step": "verify"])
            let early = try await office.act("hand-over", on: id, as: office.officer)
            #expect((early.status, early.code) == (409, "onestop.too-early"))
            #expect(early.json["detail"]?.text == "Bước “verify” chưa được kết thúc trước 17:00 ngày 02/03/2021.")
            try await office.set("2021-03-02 17:00")
            try await office.done("hand-over", on: id, as: office.officer)
        }
    }

    @Test func `os-018: where several ways lead on one is named`() throws {
        var definition = try judicialRecord()
        definition.steps[0].ways = [Way("verify"), Way("sign")]
        definition.steps[1].ways = [Way("sign")]
        var copy = try dossier(.processing)
        copy.step = "check"
        let chosen = copy
        #expect(refusal { _ = try HandOver.target(chosen, definition, asked: nil) } == "onestop.way-not-named")
        #expect(try HandOver.target(chosen, definition, asked: "sign").key == "sign")
        #expect(try HandOver.target(chosen, definition, asked: "verify").key == "verify")
        copy.step = "verify"
        #expect(try HandOver.target(copy, definition, asked: "check").key == "check")
    }

    /// What the check promises holds when dossiers move: from wherever a dossier is it can go on, however often it went
    /// back, until it is at an end with no branch open.
    @Test func `os-006: dossiers on steps that passed the check never get stuck`() throws {
        var walked = 0
        for seed in UInt64(1)...600 {
            let steps = GraphMaker.make(seed)
            guard GraphCheck(steps).findings.isEmpty, steps.contains(where: \.joins) else { continue }
            var definition = try judicialRecord()
            definition.steps = steps
            for walk in UInt64(0)..<5 {
                var walker = try Walker(definition, seed &* 31 &+ walk)
                try walker.walk()
                let at = "seed \(seed), walk \(walk), at \(walker.dossier.step ?? "none")"
                #expect(walker.isAtEnd, "\(at): stuck")
                #expect(walker.branches.allSatisfy { $0.outcome != nil }, "\(at): a branch is open")
                walked += 1
            }
        }
        #expect(walked > 200)
    }
}

/// Moves a dossier at random by the service's own decisions.
private struct Walker {
    let definition: Definition
    let graph: StepGraph
    var numbers: SeededNumbers
    var dossier: Dossier
    var branches: [Branch] = []
    private var backs = 3

    init(_ definition: Definition, _ seed: UInt64) throws {
        self.definition = definition
        graph = StepGraph(definition.steps)
        numbers = SeededNumbers(seed)
        dossier = try OneStopServiceTests.dossier(.processing)
        dossier.step = definition.steps.first?.key
    }

    private var here: Int { dossier.step.flatMap(graph.place) ?? 0 }

    var isAtEnd: Bool { graph.isEnd(here) }

    mutating func walk() throws {
        for _ in 0..<1_000 where !isAtEnd {
            if backs > 0, Int.random(in: 0..<8, using: &numbers) == 0 {
                let before = graph.before(here).filter { !definition.steps[$0].cooperates }.sorted()
                if let target = before.randomElement(using: &numbers), target != here {
                    try lead(to: target)
                    backs -= 1
                    continue
                }
            }
            var moves: [() throws -> Walker] = []
            let walker = self
            for head in graph.ways[here].compactMap(graph.head) {
                moves.append {
                    var next = walker
                    try next.lead(to: head)
                    return next
                }
            }
            for branch in branches where branch.outcome == nil {
                for way in graph.ways[graph.place(of: branch.step) ?? 0] {
                    moves.append {
                        var next = walker
                        try next.finish(branch, to: walker.graph.head(way))
                        return next
                    }
                }
            }
            moves.shuffle(using: &numbers)
            var rest = numbers
            guard let next = moves.lazy.compactMap({ try? $0() }).first else { return }
            _ = rest.next()
            self = next
            numbers = rest
        }
    }

    private mutating func lead(to target: Int) throws {
        let step = definition.steps[target]
        let moves = try BranchMoves.lead(dossier, to: step, definition, branches)
        for index in branches.indices where moves.recalls.contains(branches[index].id) {
            branches[index].outcome = .recalled
        }
        open(moves.opens, fork: dossier.step ?? "")
        dossier.step = step.key
    }

    private mutating func finish(_ branch: Branch, to head: Int?) throws {
        let key = head.map { definition.steps[$0].key }
        let move = try BranchMoves.branch(branch, to: key, dossier, definition, branches)
        for index in branches.indices where branches[index].id == branch.id {
            (branches[index].outcome, branches[index].waitsAt) = (.done, move.waitsAt)
        }
        open(move.opens, fork: branch.fork)
    }

    private mutating func open(_ steps: [Step], fork: String) {
        for step in steps {
            var branch = Branch()
            (branch.id, branch.fork, branch.step) = (.new(), fork, step.key)
            branches.append(branch)
        }
    }
}
