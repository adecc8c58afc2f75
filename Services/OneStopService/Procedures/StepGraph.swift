import Contracts

/// The steps of a procedure as a graph, by their places in the list. The first step is where a dossier enters; a step
/// without ways is an end.
struct StepGraph: Sendable {
    let steps: [Step]
    /// Of each step: its ways, each to one step or to several side by side.
    let ways: [[[Int]]]
    /// Of each step that joins: the steps that lead to it, each of which it waits for. Of the others: those that lead
    /// to it, any of which is enough.
    let sources: [[Int]]

    /// Ways to steps that there are not are left out; `GraphCheck` names them.
    init(_ steps: [Step]) {
        self.steps = steps
        let places = Dictionary(
            steps.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        let isLine = steps.allSatisfy(\.ways.isEmpty)
        let ways = steps.indices.map { step -> [[Int]] in
            if isLine { return step + 1 < steps.count ? [[step + 1]] : [] }
            return steps[step].ways.map { $0.to.compactMap { places[$0] } }.filter { !$0.isEmpty }
        }
        var sources: [[Int]] = steps.map { _ in [] }
        for (step, ways) in ways.enumerated() {
            for target in Set(ways.joined()) { sources[target].append(step) }
        }
        (self.ways, self.sources) = (ways, sources)
    }

    func place(of key: String) -> Int? { steps.firstIndex { $0.key == key } }

    func isEnd(_ step: Int) -> Bool { ways[step].isEmpty }

    /// By which step a way is named: the one that leads on it, or the first where none does.
    func head(_ way: [Int]) -> Int? { way.first { !steps[$0].cooperates } ?? way.first }

    func keys(_ places: [Int]) -> [String] { places.map { steps[$0].key } }

    /// The steps one after the other so that every way goes forward; nil where one goes round.
    var inOrder: [Int]? {
        var awaited = sources.map(\.count)
        var ready = steps.indices.filter { awaited[$0] == 0 }
        var order: [Int] = []
        while let step = ready.popLast() {
            order.append(step)
            for target in Set(ways[step].joined()) {
                awaited[target] -= 1
                if awaited[target] == 0 { ready.append(target) }
            }
        }
        return order.count == steps.count ? order : nil
    }

    /// A way that comes back to where it began, with that step at both ends; nil where none does.
    var circle: [Int]? {
        var (isDone, way) = (Set<Int>(), [Int]())
        func visit(_ step: Int) -> [Int]? {
            if let begin = way.firstIndex(of: step) { return Array(way[begin...]) + [step] }
            guard isDone.insert(step).inserted else { return nil }
            way.append(step)
            defer { way.removeLast() }
            for target in Set(ways[step].joined()).sorted() {
                if let found = visit(target) { return found }
            }
            return nil
        }
        for step in steps.indices {
            if let found = visit(step) { return found }
        }
        return nil
    }

    /// The steps that are done before `step` on some way to it, it included.
    func before(_ step: Int) -> Set<Int> {
        var (found, ahead): (Set<Int>, [Int]) = ([step], [step])
        while let next = ahead.popLast() {
            for source in sources[next] where found.insert(source).inserted { ahead.append(source) }
        }
        return found
    }

    /// Where a dossier is on its way: steps that are worked on, and those done that a join holds back until all are.
    struct Marking: Hashable, Sendable {
        var active: Set<Int>
        var held: Set<Arrival> = []
    }

    /// A step is done and waits at a join for the others.
    struct Arrival: Hashable, Sendable {
        var from: Int
        var at: Int
    }

    /// What becomes of a marking when `step` is left by a way.
    enum Outcome: Equatable, Sendable {
        case next(Marking)
        /// A step is entered while it is still worked on, or arrives at a join a second time.
        case collision(at: Int)
    }

    func leave(_ step: Int, to targets: [Int], in marking: Marking) -> Outcome {
        var next = marking
        next.active.remove(step)
        for target in targets {
            if steps[target].joins {
                guard next.held.insert(Arrival(from: step, at: target)).inserted else { return .collision(at: target) }
                let awaited = sources[target].map { Arrival(from: $0, at: target) }
                guard next.held.isSuperset(of: awaited) else { continue }
                next.held.subtract(awaited)
            }
            guard next.active.insert(target).inserted else { return .collision(at: target) }
        }
        return .next(next)
    }
}
