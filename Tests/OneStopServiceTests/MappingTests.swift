import Contracts
import Foundation
import LegalClock
import ServiceKit
import Testing

@testable import OneStopService

/// The proof of a mapping, by cases and against somebody who plays every run.
@Suite struct MappingTests {
    /// `a:b+c|d` : from a one way to b and c side by side, another to d. `!` joins, `~` cooperates, `$` has a guard.
    private func steps(_ text: String) -> [Step] {
        text.split(separator: " ").map { word in
            let sides = word.split(separator: ":")
            var name = sides[0]
            var made = step("", .receiving, .officer)
            while let mark = name.last, "!~$".contains(mark) {
                if mark == "!" { made.joins = true }
                if mark == "~" { made.cooperates = true }
                if mark == "$" { made.guards = [.feesPaid] }
                name.removeLast()
            }
            made.key = String(name)
            made.ways = (sides.dropFirst().first ?? "").split(separator: "|").map {
                var way = Way()
                way.to = $0.split(separator: "+").map(String.init)
                return way
            }
            return made
        }
    }

    /// `a>x b>y`
    private func found(_ old: String, _ new: String, _ map: String) -> [String] {
        let pairs = map.split(separator: " ").map { pair in
            let sides = pair.split(separator: ">").map(String.init)
            return StepPair(sides[0], sides[1])
        }
        return MappingCheck(pairs, from: steps(old), to: steps(new)).findings.map {
            "\($0.code.dropFirst(12)) \($0.path.joined(separator: " "))"
        }
    }

    @Test func `os-050: every state goes on in a state of the later version, and a refusal names the way`() {
        #expect(found("a b c", "a b c", "a>a b>b c>c") == [])
        // Two steps become one, one is put in between; branches stay branches.
        #expect(found("a b c", "a x c", "a>a b>a c>x") == [])
        let apart = "a:b+x b:j x~:j j!"
        #expect(found(apart, "s:t t:u+y u:k y~:k k!:e e", "a>t b>u x>y j>k") == [])
        // A step without an image, unknown steps, one twice.
        #expect(found("a b c", "a b c", "a>a b>b") == ["step-missing a b c"])
        #expect(found("a b", "a b", "a>a b>q") == ["step-unknown q", "step-missing a b"])
        #expect(found("a b", "a b", "a>a b>b q>a") == ["step-unknown q"])
        #expect(found("a b", "a b", "a>a b>b b>a") == ["step-twice b"])
        // The branch would be where no branch can be, or nowhere.
        #expect(found(apart, "a b c~", "a>a b>b x>c j>b").contains("state-unreachable a b"))
        #expect(found(apart, apart, "a>a b>b x>x j>b").contains("state-unreachable a b x"))
        // What leads cooperates afterwards.
        #expect(found(apart, apart, "a>a b>x x>b j>j").prefix(2) == ["lead b", "lead x"])
        // Who is behind the condition in the later version must have passed it in the earlier one.
        #expect(found("a b c", "a b$ c", "a>a b>b c>c") == ["guard-skipped a b c"])
        #expect(found("a b c", "a b$ c", "a>a b>b c>b") == [])
        #expect(found("a$ b c", "a b$ c", "a>a b>b c>c") == [])
        // On one of two ways it was not passed.
        #expect(found("a:b|c b$:d c:d d", "a b$ d", "a>a b>b c>b d>d") == ["guard-skipped a c d"])
        // A branch that no longer comes after the step where it opened could not be called back.
        #expect(
            found("a:f f:b+x b:j x~:j j!", "a:b+x b:f|j x~:j f:j j!", "a>a f>f b>b x>x j>j").contains("fork f x"))
    }

    @Test func `too many states are refused, not passed over`() {
        let names = (0..<15).map { "x\($0)" }
        let wide =
            "a:b+" + names.joined(separator: "+") + " b:j " + names.map { "\($0)~:j" }.joined(separator: " ") + " j!"
        #expect(MappingCheck([], from: steps(wide), to: steps("a")).findings.map(\.code) == ["onestop.too-many-states"])
    }

    @Test func `the proof finds a mapping sound exactly where playing every run of both versions does`() {
        var counts: [Bool: Int] = [:]
        for seed in UInt64(1)...1_500 {
            var numbers = SeededNumbers(seed &* 7_919)
            let old = guarded(GraphMaker.make(seed), &numbers)
            let new = guarded(
                Bool.random(using: &numbers) ? old : GraphMaker.make(seed / 3 + 1), &numbers, keeping: 0.8)
            guard GraphCheck(old).findings.isEmpty, GraphCheck(new).findings.isEmpty else { continue }
            var pairs = old.map { step in
                StepPair(step.key, new.contains { $0.key == step.key } ? step.key : new[0].key)
            }
            if Bool.random(using: &numbers), let other = new.randomElement(using: &numbers) {
                pairs[Int.random(in: pairs.indices, using: &numbers)].to = other.key
            }
            let (before, after) = (RunPlayer(old), RunPlayer(new))
            guard before.moves > 0, after.moves > 0 else { continue }
            let check = MappingCheck(pairs, from: old, to: new)
            // Forks are a rule of their own, beside the states.
            let isFound = check.findings.contains { $0.code != "onestop.map-fork" }
            let isSound = before.goesOn(in: after, by: pairs, old, new)
            #expect(isFound != isSound, "seed \(seed): \(check.findings.map(\.english))")
            counts[isSound, default: 0] += 1
        }
        #expect(counts.values.allSatisfy { $0 >= 50 } && counts.count == 2, "\(counts)")
    }

    private func guarded(_ steps: [Step], _ numbers: inout SeededNumbers, keeping: Double = 0) -> [Step] {
        steps.map { step in
            var made = step
            if Double.random(in: 0..<1, using: &numbers) < keeping { return made }
            made.guards = Guard.allCases.filter { _ in Int.random(in: 0..<4, using: &numbers) == 0 }
            return made
        }
    }

    private func mapping(_ rule: DueDateRule) -> VersionMapping {
        var mapping = VersionMapping()
        (mapping.id, mapping.procedure, mapping.dueDates) = (.new(), "2.000488", rule)
        (mapping.steps, mapping.reason) = ([StepPair("check", "check"), StepPair("verify", "check")], "Luật mới")
        return mapping
    }

    private func moved(
        _ before: Dossier, _ rule: DueDateRule, limit: Int, now: String = "2021-03-03 09:00"
    ) throws -> MoveDossier.Moved {
        let calendars = [Agencies.justice: try workCalendar()]
        return try MoveDossier.decide(
            before, [], mapping(rule), from: try judicialRecord(),
            to: try judicialRecord(limit: TimeLimit(limit, .workingDays)), kind: .department, calendars: calendars,
            now: try at(now))
    }

    @Test func `os-052: a promised date stays, or is counted anew and explained, as the mapping says`() throws {
        var before = try dossier(.processing)
        (before.step, before.officer) = ("verify", .new())
        let kept = try moved(before, .keep, limit: 5)
        #expect((kept.dossier.dueAt, kept.due, kept.dossier.limitNumber) == (before.dueAt, nil, 1))
        #expect((kept.dossier.step, kept.dossier.procedureNumber) == ("check", 2))
        #expect(kept.dossier.officer == before.officer)
        let anew = try moved(before, .project, limit: 5)
        #expect(try anew.dossier.dueAt == at("2021-03-08 17:00"))
        #expect((anew.dossier.formerDueAt, anew.dossier.actBy) == (before.dueAt, anew.dossier.dueAt))
        #expect((anew.due?.cause, anew.due?.former, anew.dossier.limitNumber) == ("version-changed", before.dueAt, nil))
        #expect(anew.due?.explanation.days.isEmpty == false)
        #expect(anew.dossier.notice(anew.due)?.vietnamese.contains("15/03/2021 sang 08/03/2021") == true)
        // Nobody becomes late by it.
        #expect(refusal { _ = try moved(before, .project, limit: 1) } == "onestop.move-makes-late")
        // Where the clock stands it is counted when it goes on; the one new appointment stays.
        var waiting = try dossier(.awaitingSupplement)
        waiting.step = "check"
        #expect(try moved(waiting, .project, limit: 5).due == nil)
        _ = try before.reappoint(
            on: try Day("2021-03-18"), note: "", at: try at("2021-03-02 08:00"), calendar: try workCalendar())
        #expect(try moved(before, .project, limit: 5).dossier.dueAt == at("2021-03-18 17:00"))
        // Approved: its document may be numbered at any moment.
        before.approvedAt = try at("2021-03-02 09:00")
        #expect(refusal { _ = try moved(before, .keep, limit: 5) } == "onestop.already-approved")
    }
}

/// Plays every run of some steps and remembers each state with what must have been true on the way to it.
struct RunPlayer {
    /// Steps that are worked on, and `from>at` for those done that wait at a join.
    private(set) var passed: [Set<String>: Set<Guard>] = [:]
    private(set) var moves = 4_000
    private let steps: [Step]

    init(_ steps: [Step]) {
        self.steps = steps
        play([steps[0].key], [])
    }

    private func ways(_ key: String) -> [[String]] {
        let index = steps.firstIndex { $0.key == key } ?? 0
        if steps.allSatisfy(\.ways.isEmpty) { return index + 1 < steps.count ? [[steps[index + 1].key]] : [] }
        return steps[index].ways.map(\.to)
    }

    private mutating func play(_ state: Set<String>, _ true_: Set<Guard>) {
        moves -= 1
        guard moves > 0 else { return }
        passed[state] = passed[state]?.intersection(true_) ?? true_
        for key in state where !key.contains(">") {
            let guards = steps.first { $0.key == key }?.guards ?? []
            for way in ways(key) {
                var next = state.subtracting([key])
                for target in way {
                    guard steps.first(where: { $0.key == target })?.joins == true else {
                        next.insert(target)
                        continue
                    }
                    next.insert("\(key)>\(target)")
                    let awaited = steps.map(\.key).filter { ways($0).contains { $0.contains(target) } }
                        .map { "\($0)>\(target)" }
                    if next.isSuperset(of: awaited) { next = next.subtracting(awaited).union([target]) }
                }
                play(next, true_.union(guards))
            }
        }
    }

    func goesOn(in later: RunPlayer, by pairs: [StepPair], _ old: [Step], _ new: [Step]) -> Bool {
        func image(_ key: String) -> String { pairs.first { $0.from == key }?.to ?? "" }
        for pair in pairs {
            let (was, becomes) = (old.first { $0.key == pair.from }, new.first { $0.key == pair.to })
            guard was?.cooperates == becomes?.cooperates else { return false }
        }
        return passed.allSatisfy { state, true_ in
            let goal = Set(state.map { $0.split(separator: ">").map { image(String($0)) }.joined(separator: ">") })
            guard goal.count == state.count, let needed = later.passed[goal] else { return false }
            return needed.isSubset(of: true_)
        }
    }
}
