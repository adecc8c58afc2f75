import Contracts
import ServiceKit
import Testing

@testable import OneStopService

/// The check of a procedure's steps, by cases and against a brute-force explorer.
@Suite struct GraphTests {
    /// `a:b+c|d` : from a one way to b and c side by side, another to d. `!` joins, `~` cooperates.
    private func steps(_ text: String) -> [Step] {
        text.split(separator: " ").map { word in
            let sides = word.split(separator: ":")
            var name = sides[0]
            var made = step("", .receiving, .officer)
            while let mark = name.last, mark == "!" || mark == "~" {
                if mark == "!" { made.joins = true } else { made.cooperates = true }
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

    private func found(_ text: String) -> [String] {
        GraphCheck(steps(text)).findings.map { "\($0.rule) \($0.code.dropFirst(8)) \($0.path.joined(separator: " "))" }
    }

    @Test func `what holds together has no findings`() {
        for text in ["a", "a b c", "a:b|c b:d c:d d", "a:b+x b:j x~:j j!", "a:b+x+y b:j x~:j y~:z z~:j j!:k k"] {
            #expect(found(text) == [], "\(text)")
        }
        #expect(GraphCheck(steps("a:b+x+y b:j x~:j y~:j j!")).states == 9)
    }

    @Test func `os-003: a way leads to a step of the procedure, once, and is told from the others`() {
        #expect(found("a:b|q b").first == "os-003 way-unknown a")
        #expect(found("a:b+b b").first == "os-003 way-twice a")
        #expect(found("a:b+x|b+y b:j x~:j y~:j j!").contains("os-003 ways-alike a"))
    }

    @Test func `os-004: the way on does not go round`() {
        #expect(found("a:b b:c|d c:b d") == ["os-004 steps-circle b c b"])
        #expect(found("a:a") == ["os-004 steps-circle a a"])
    }

    @Test func `os-005: every step can be reached`() {
        #expect(found("a:b b c:b") == ["os-005 step-unreachable c"])
    }

    @Test func `os-006: no dead end`() {
        // The join waits for both sides of a choice.
        #expect(found("a:b|c b:j c:j j!").contains("os-006 dead-end a b j"))
    }

    @Test func `os-007: what goes apart comes together`() {
        #expect(found("a:b+x b:e x~:e e").contains("os-007 branches-collide a b x e"))
        #expect(found("a:b+x b x~").contains("os-007 open-at-end a b"))
        #expect(found("a:b+x+y b:j x~:j y~ j!").contains { $0.hasPrefix("os-007 open-at-end") })
    }

    @Test func `os-008: one step leads at any time`() {
        #expect(found("a:b+c b:j c:j j!").first == "os-008 lead a c")
        #expect(found("a:x x~:b b").first == "os-008 lead a x")
        #expect(found("a~").first == "os-008 lead a")
    }

    @Test func `too many states to look at all are refused, not passed over`() {
        var text = "a"
        // Fifteen branches of one step: 65,538 states.
        let names = (0..<15).map { "x\($0)" }
        text += ":b+" + names.joined(separator: "+") + " b:j " + names.map { "\($0)~:j" }.joined(separator: " ") + " j!"
        #expect(found(text).contains { $0.hasPrefix("os-005 too-many-states") })
    }

    @Test func `the check finds what playing every run finds, and nothing else`() {
        var counts: [String: Int] = [:]
        for seed in UInt64(1)...5_000 {
            let steps = GraphMaker.make(seed)
            let explorer = GraphExplorer(steps, moves: 1_500)
            guard explorer.moves > 0 else {
                counts["too long to play", default: 0] += 1
                continue
            }
            let (check, played) = (GraphCheck(steps), explorer.verdict)
            func places(_ code: String) -> Set<String> {
                Set(check.findings.filter { $0.code == code }.map { $0.path.last ?? "" })
            }
            let at = "seed \(seed): \(steps.map { "\($0.key)\($0.ways.map(\.to))" })"
            #expect(places("onestop.step-unreachable") == Set(steps.map(\.key)).subtracting(played.entered), "\(at)")
            #expect(places("onestop.dead-end") == played.deadEnds, "\(at)")
            #expect(places("onestop.open-at-end") == played.openAtEnd, "\(at)")
            #expect(places("onestop.branches-collide") == played.collisions, "\(at)")
            #expect(places("onestop.lead").isEmpty == played.isLedByOne, "\(at)")
            #expect(places("onestop.steps-circle").isEmpty != explorer.goesRound, "\(at)")
            for code in Set(check.findings.map(\.code)) { counts[code, default: 0] += 1 }
            guard check.findings.isEmpty else { continue }
            counts["sound", default: 0] += 1
            if steps.contains(where: \.joins) { counts["sound with branches", default: 0] += 1 }
            // A way is as long as the branch for which it waits longest.
            #expect(StepGraph(steps).longest { steps[$0].limit?.amount ?? 0 }.weight == played.longest, "\(at)")
        }
        // Each verdict is among them often enough to say something.
        for what in [
            "sound", "sound with branches", "onestop.step-unreachable", "onestop.dead-end", "onestop.open-at-end",
            "onestop.branches-collide", "onestop.lead", "onestop.steps-circle",
        ] {
            #expect(counts[what, default: 0] >= 50, "\(what): \(counts)")
        }
        #expect(counts["too long to play", default: 0] < 500)
    }

    @Test func `every way that a finding names is one that can be gone`() {
        for seed in UInt64(1)...2_000 {
            let steps = GraphMaker.make(seed)
            let check = GraphCheck(steps)
            for finding in check.findings
            where ["onestop.dead-end", "onestop.open-at-end", "onestop.branches-collide"].contains(finding.code) {
                let path = finding.path.compactMap(check.graph.place)
                #expect(path.first == 0)
                var markings: Set<StepGraph.Marking> = [StepGraph.Marking(active: [0])]
                for left in path.dropLast() {
                    markings = Set(
                        markings.flatMap { marking -> [StepGraph.Marking] in
                            guard marking.active.contains(left) else { return [] }
                            return check.graph.ways[left].compactMap { way -> StepGraph.Marking? in
                                switch check.graph.leave(left, to: way, in: marking) {
                                case .next(let after): return after
                                case .collision: return left == path.dropLast().last ? marking : nil
                                }
                            }
                        })
                }
                #expect(!markings.isEmpty, "seed \(seed): \(finding.path)")
            }
        }
    }
}
