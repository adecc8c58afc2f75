import Contracts

/// Looks at every state that a dossier can be in on the steps of a procedure, and at every way out of each. What it
/// does not find does not happen; where there are too many states to look at all, it says so.
struct GraphCheck {
    let graph: StepGraph
    private(set) var findings: [Finding] = []
    /// How many states there are.
    private(set) var states = 0
    /// Of each step that can be reached, the shortest way to it, itself included.
    private(set) var paths: [Int: [Int]] = [:]
    private var cameFrom: [StepGraph.Marking: (before: StepGraph.Marking, left: Int)] = [:]
    private var named: Set<[Int]> = []

    init(_ steps: [Step]) {
        graph = StepGraph(steps)
        nameBadWays()
        if let circle = graph.circle {
            add(
                "os-004", "onestop.steps-circle", circle[0], path: circle,
                vi: "Các bước đi vòng tròn", en: "The steps go round in a circle")
        }
        walk()
        for step in steps.indices where paths[step] == nil && states <= Limits.OneStop.graphStates {
            add(
                "os-005", "onestop.step-unreachable", step, path: [step],
                vi: "Không có đường nào dẫn đến bước “\(steps[step].key)”",
                en: "No way leads to step “\(steps[step].key)”")
        }
    }

    private mutating func add(
        _ rule: String, _ code: String, _ step: Int, path: [Int], vi: String, en: String
    ) {
        findings.append(
            Finding(rule, code, at: "steps[\(step)]", path: graph.keys(path), vi: vi, en: en))
    }

    private mutating func nameBadWays() {
        let keys = Set(graph.steps.map(\.key))
        for (index, step) in graph.steps.enumerated() {
            for (number, way) in step.ways.enumerated() {
                let field = "steps[\(index)].ways[\(number)].to"
                for key in way.to where !keys.contains(key) {
                    findings.append(
                        Finding(
                            "os-003", "onestop.way-unknown", at: field, path: [step.key],
                            vi: "Từ bước “\(step.key)”: không có bước “\(key)”",
                            en: "From step “\(step.key)”: there is no step “\(key)”"))
                }
                if Set(way.to).count != way.to.count {
                    findings.append(
                        Finding(
                            "os-003", "onestop.way-twice", at: field, path: [step.key],
                            vi: "Từ bước “\(step.key)”: một bước bị lặp lại trong cùng một hướng",
                            en: "From step “\(step.key)”: a step stands twice in one way"))
                }
            }
            let heads = graph.ways[index].compactMap(graph.head)
            if Set(heads).count != heads.count {
                findings.append(
                    Finding(
                        "os-003", "onestop.ways-alike", at: "steps[\(index)].ways", path: [step.key],
                        vi: "Từ bước “\(step.key)”: hai hướng có cùng bước chủ trì, không phân biệt được",
                        en: "From step “\(step.key)”: two ways have the same leading step and cannot be told apart"))
            }
        }
    }

    /// Breadth first, so that the way that is named is a shortest one.
    private mutating func walk() {
        let start = StepGraph.Marking(active: [0])
        var seen: Set<StepGraph.Marking> = [start]
        var queue = [start]
        let most = Limits.OneStop.graphStates
        var next = 0
        while next < queue.count {
            let marking = queue[next]
            next += 1
            look(at: marking)
            for step in marking.active.sorted() {
                for targets in graph.ways[step] {
                    switch graph.leave(step, to: targets, in: marking) {
                    case .collision(let place): collide(at: place, leaving: step, in: marking)
                    case .next(let after):
                        guard seen.insert(after).inserted else { continue }
                        cameFrom[after] = (marking, step)
                        queue.append(after)
                    }
                }
            }
            states = queue.count
            guard states <= most else {
                return add(
                    "os-005", "onestop.too-many-states", 0, path: [],
                    vi: "Quy trình có hơn \(most) trạng thái, không kiểm tra hết được",
                    en: "The steps have more than \(most) states: they cannot all be looked at")
            }
        }
    }

    /// The steps left one after the other until `marking`.
    private func way(to marking: StepGraph.Marking) -> [Int] {
        var (way, at) = ([Int](), marking)
        while let last = cameFrom[at] {
            way.append(last.left)
            at = last.before
        }
        return way.reversed()
    }

    /// Once for each rule and step: the first, shortest way is enough.
    private mutating func isNew(_ rule: Int, _ step: Int) -> Bool { named.insert([rule, step]).inserted }

    private mutating func look(at marking: StepGraph.Marking) {
        for step in marking.active where paths[step] == nil { paths[step] = way(to: marking) + [step] }
        for end in marking.active.sorted() where graph.isEnd(end) {
            let open = marking.active.subtracting([end]).union(marking.held.map(\.from))
            guard let other = open.min(), isNew(7, end) else { continue }
            let (ending, beside) = (graph.steps[end].key, graph.steps[other].key)
            add(
                "os-007", "onestop.open-at-end", end, path: way(to: marking) + [end],
                vi: "Hồ sơ kết thúc ở bước “\(ending)” khi nhánh “\(beside)” chưa nhập lại",
                en: "The dossier ends at step “\(ending)” while the branch “\(beside)” has not joined")
        }
        if marking.active.isEmpty, let waiting = marking.held.map(\.at).min(), isNew(6, waiting) {
            let missing = graph.sources[waiting].first {
                !marking.held.contains(StepGraph.Arrival(from: $0, at: waiting))
            }
            let (join, source) = (graph.steps[waiting].key, missing.map { graph.steps[$0].key } ?? "")
            add(
                "os-006", "onestop.dead-end", waiting, path: way(to: marking) + [waiting],
                vi: "Ngõ cụt: bước “\(join)” chờ mãi bước “\(source)”",
                en: "A dead end: step “\(join)” waits for step “\(source)” for ever")
        }
        lead(in: marking)
    }

    /// The steps that lead, worked on or held back at a join: it must be one.
    private mutating func lead(in marking: StepGraph.Marking) {
        let leading = (Array(marking.active) + marking.held.map(\.from)).filter { !graph.steps[$0].cooperates }
        guard leading.count != 1 else { return }
        let place = leading.max() ?? marking.active.min() ?? marking.held.map(\.at).min() ?? 0
        guard isNew(8, place) else { return }
        let key = graph.steps[place].key
        add(
            "os-008", "onestop.lead", place, path: way(to: marking) + [place],
            vi: leading.isEmpty
                ? "Không có bước nào chủ trì khi ở bước “\(key)”" : "Hai bước cùng chủ trì, một là “\(key)”",
            en: leading.isEmpty
                ? "No step leads while the dossier is at step “\(key)”"
                : "Two steps lead at the same time, one is “\(key)”")
    }

    private mutating func collide(at place: Int, leaving step: Int, in marking: StepGraph.Marking) {
        guard isNew(70, place) else { return }
        let key = graph.steps[place].key
        add(
            "os-007", "onestop.branches-collide", place, path: way(to: marking) + [step, place],
            vi: "Hai nhánh cùng vào bước “\(key)” mà không nhập lại", en: "Two branches enter step “\(key)” unjoined")
    }
}
