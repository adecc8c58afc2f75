import Contracts
import ServiceKit

/// What a move on the steps does beside the step that moves. Pure; the same `StepGraph.leave` that the check explores.
struct BranchMoves: Equatable {
    /// Steps that begin beside the leading one.
    var opens: [Step] = []
    /// Branches that the dossier left behind by going back to where they opened, or before.
    var recalls: [BranchID] = []

    var isNothing: Bool { opens.isEmpty && recalls.isEmpty }

    /// The leading step goes on (os-020), or back (os-021).
    static func lead(
        _ before: Dossier, to target: Step, _ definition: Definition, _ branches: [Branch]
    ) throws(Refused) -> BranchMoves {
        let graph = StepGraph(definition.steps)
        guard let here = before.step.flatMap(graph.place), let there = graph.place(of: target.key) else {
            return BranchMoves()
        }
        guard let way = graph.ways[here].first(where: { graph.head($0) == there }) else {
            let kept = graph.before(there).subtracting([there])
            let left = branches.filter { branch in
                branch.outcome != .recalled && !(graph.place(of: branch.fork).map(kept.contains) ?? false)
            }
            return BranchMoves(recalls: left.map(\.id))
        }
        let marking = graph.marking(here, branches)
        guard case .next(let next) = graph.leave(here, to: way, in: marking), next.active.contains(there) else {
            throw .branchesOpen
        }
        let opened = next.active.subtracting(marking.active).subtracting([there]).sorted()
        return BranchMoves(opens: opened.map { definition.steps[$0] })
    }

    /// A branch is done and goes on: the steps that begin now, and the joins at which it waits.
    static func branch(
        _ branch: Branch, to asked: String?, _ dossier: Dossier, _ definition: Definition, _ branches: [Branch]
    ) throws(Refused) -> (opens: [Step], waitsAt: [String]) {
        let graph = StepGraph(definition.steps)
        guard let leading = dossier.step.flatMap(graph.place), let here = graph.place(of: branch.step) else {
            throw .stepUnknown
        }
        let way = try Self.way(from: here, asked, graph)
        let marking = graph.marking(leading, branches)
        guard case .next(let next) = graph.leave(here, to: way, in: marking) else { throw .branchesOpen }
        let opened = next.active.subtracting(marking.active).sorted()
        return (opened.map { definition.steps[$0] }, graph.keys(way.filter { definition.steps[$0].joins }))
    }

    /// The way whose leading step was asked for; the only one where none was.
    static func way(from step: Int, _ asked: String?, _ graph: StepGraph) throws(Refused) -> [Int] {
        let ways = graph.ways[step]
        guard let asked else {
            guard let way = ways.first else { throw .stepUnknown }
            guard ways.count == 1 else { throw .wayNotNamed }
            return way
        }
        guard let place = graph.place(of: asked) else { throw .stepUnknown }
        guard let way = ways.first(where: { graph.head($0) == place }) else { throw .stepSkipped }
        return way
    }
}

extension Refused {
    static let branchesOpen = Refused(
        "onestop.branches-open", vi: "Còn cơ quan phối hợp chưa hoàn thành bước của mình.",
        en: "A cooperating agency has not done its step yet.")
    static let wayNotNamed = Refused(
        "onestop.way-not-named", 422, vi: "Từ bước này có nhiều hướng; hãy nêu bước tiếp theo.",
        en: "Several ways lead on from this step; name the next one.", field: "step")

    static func tooEarly(_ step: String, until: Date) -> Refused {
        let (day, clock) = (Day(until), Instant.write(until).dropFirst(11).prefix(5))
        return Refused(
            "onestop.too-early", vi: "Bước “\(step)” chưa được kết thúc trước \(clock) ngày \(day.vietnamese).",
            en: "Step “\(step)” is not left before \(day) \(clock).")
    }

    static let tooEarly = Refused(
        "onestop.too-early", vi: "Bước này chưa được kết thúc.", en: "This step is not left yet.")
}
