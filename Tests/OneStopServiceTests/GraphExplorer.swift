import Contracts

@testable import OneStopService

/// Plays every run of a procedure's steps to its end, one move after the other, and remembers nothing but the run it is
/// in: slow, and so simple that it is the measure of `GraphCheck`.
struct GraphExplorer {
    struct Verdict: Equatable {
        var entered: Set<String> = []
        var deadEnds: Set<String> = []
        var openAtEnd: Set<String> = []
        var collisions: Set<String> = []
        var isLedByOne = true
        var longest = 0
    }

    private struct Token: Equatable {
        var step: String
        /// When it came to the step.
        var since: Int
        /// The join at which it waits, done with its step.
        var at: String?
    }

    private let steps: [String: Step]
    private let order: [String]
    private let ways: [String: [[String]]]
    private(set) var verdict = Verdict()
    /// Moves that may still be made; when they are used up the verdict is worth nothing.
    private(set) var moves: Int

    init(_ list: [Step], moves: Int) {
        order = list.map(\.key)
        steps = Dictionary(uniqueKeysWithValues: list.map { ($0.key, $0) })
        let isLine = !list.contains { !$0.ways.isEmpty }
        var ways: [String: [[String]]] = [:]
        for (index, step) in list.enumerated() {
            ways[step.key] = isLine ? (index + 1 < list.count ? [[list[index + 1].key]] : []) : step.ways.map(\.to)
        }
        (self.ways, self.moves) = (ways, moves)
        play([Token(step: order[0], since: 0)], [])
    }

    /// Whether somebody who follows ways comes back to where he was.
    var goesRound: Bool {
        order.contains { start in
            var (seen, ahead) = (Set<String>(), Array((ways[start] ?? []).joined()))
            while let next = ahead.popLast() {
                if next == start { return true }
                if seen.insert(next).inserted { ahead += (ways[next] ?? []).joined() }
            }
            return false
        }
    }

    private func led(_ tokens: [Token]) -> Int { tokens.filter { steps[$0.step]?.cooperates == false }.count }

    private func place(_ step: String) -> Int { order.firstIndex(of: step) ?? 0 }

    private mutating func play(_ tokens: [Token], _ before: [[String]]) {
        moves -= 1
        let state = tokens.map { "\($0.step)>\($0.at ?? "")" }.sorted()
        guard moves > 0, !before.contains(state) else { return }
        let working = tokens.filter { $0.at == nil }
        verdict.entered.formUnion(working.map(\.step))
        if led(tokens) != 1 { verdict.isLedByOne = false }
        for token in working where (ways[token.step] ?? []).isEmpty {
            if tokens.count > 1 { verdict.openAtEnd.insert(token.step) }
            verdict.longest = max(verdict.longest, token.since + (steps[token.step]?.limit?.amount ?? 0))
        }
        if working.isEmpty, let join = tokens.compactMap(\.at).min(by: { place($0) < place($1) }) {
            verdict.deadEnds.insert(join)
        }
        for token in working {
            for way in ways[token.step] ?? [] { go(token, way, tokens, before + [state]) }
        }
    }

    private mutating func go(_ token: Token, _ way: [String], _ tokens: [Token], _ before: [[String]]) {
        var left = tokens
        left.removeAll { $0 == token }
        let now = token.since + (steps[token.step]?.limit?.amount ?? 0)
        for target in way {
            var since = now
            if steps[target]?.joins == true {
                if left.contains(where: { $0.step == token.step && $0.at == target }) {
                    verdict.collisions.insert(target)
                    return
                }
                left.append(Token(step: token.step, since: now, at: target))
                let awaited = order.filter { (ways[$0] ?? []).contains { $0.contains(target) } }
                let come = left.filter { $0.at == target }
                if Set(come.map(\.step)) != Set(awaited) { continue }
                since = come.map(\.since).max() ?? now
                left.removeAll { $0.at == target }
            }
            if left.contains(where: { $0.step == target && $0.at == nil }) {
                verdict.collisions.insert(target)
                return
            }
            left.append(Token(step: target, since: since))
        }
        play(left, before)
    }
}

/// SplitMix64: the same seed gives the same graphs everywhere.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Graphs of steps: sound ones made of lines, choices and branches that join, and what a few slips make of them.
struct GraphMaker {
    private var numbers: SeededNumbers
    private var steps: [Step] = []

    static func make(_ seed: UInt64) -> [Step] {
        var maker = GraphMaker(numbers: SeededNumbers(seed))
        _ = maker.block(leads: true, depth: 2)
        for _ in 0..<max(0, Int.random(in: -1...3, using: &maker.numbers)) { maker.slip() }
        return maker.steps
    }

    private mutating func add(leads: Bool, joins: Bool = false) -> Int {
        var step = OneStopServiceTests.step("s\(steps.count)", .receiving, .officer)
        (step.cooperates, step.joins) = (!leads, joins)
        step.limit = TimeLimit(Int.random(in: 1...9, using: &numbers), .hours)
        steps.append(step)
        return steps.count - 1
    }

    private mutating func lead(_ from: [Int], to target: Int) {
        for step in from { steps[step].ways.append(Way(steps[target].key)) }
    }

    /// A part of the way: where it begins, and the steps with which it ends.
    private mutating func block(leads: Bool, depth: Int) -> (begins: Int, ends: [Int]) {
        let first = add(leads: leads)
        guard depth > 0, steps.count < 9 else { return (first, [first]) }
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: return (first, [first])
        case 1:
            let rest = block(leads: leads, depth: depth - 1)
            lead([first], to: rest.begins)
            return (first, rest.ends)
        case 2:
            let (one, other) = (block(leads: leads, depth: depth - 1), block(leads: leads, depth: depth - 1))
            lead([first], to: one.begins)
            lead([first], to: other.begins)
            return (first, one.ends + other.ends)
        default:
            var (way, ends) = ([String](), [Int]())
            for branch in 0..<Int.random(in: 2...3, using: &numbers) {
                let leadsHere = leads && branch == 0
                let part = block(leads: leadsHere, depth: depth - 1)
                way.append(steps[part.begins].key)
                guard part.ends.count > 1 else {
                    ends += part.ends
                    continue
                }
                let merged = add(leads: leadsHere)
                lead(part.ends, to: merged)
                ends.append(merged)
            }
            var fork = Way()
            fork.to = way
            steps[first].ways.append(fork)
            let join = add(leads: leads, joins: true)
            lead(ends, to: join)
            return (first, [join])
        }
    }

    private mutating func slip() {
        let step = Int.random(in: steps.indices, using: &numbers)
        let other = Int.random(in: steps.indices, using: &numbers)
        let key = steps[other].key
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0: steps[step].joins.toggle()
        case 1: steps[step].cooperates.toggle()
        case 2: steps[step].ways.append(Way(key))
        case 3: if !steps[step].ways.isEmpty { steps[step].ways.removeLast() }
        case 4:
            guard let last = steps[step].ways.indices.last, !steps[step].ways[last].to.contains(key) else { return }
            steps[step].ways[last].to.append(key)
        default:
            guard let last = steps[step].ways.indices.last else { return }
            steps[step].ways[last].to = [key]
        }
    }
}
