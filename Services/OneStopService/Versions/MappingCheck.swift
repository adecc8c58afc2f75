import Contracts

/// Proves a mapping from one version's steps to a later one's (os-050): whatever state a dossier can be in, its image
/// is a state that a dossier of the later version can be in by that version's own rules. From there it comes to an end,
/// for the later version was checked before it was published. What cannot be proven is named with a way to it.
struct MappingCheck {
    private(set) var findings: [Finding] = []
    /// How many states were looked at, of both versions.
    private(set) var states = 0
    private let old: StepGraph
    private let new: StepGraph
    private var image: [Int: Int] = [:]
    private var named: Set<String> = []

    init(_ pairs: [StepPair], from earlier: [Step], to later: [Step]) {
        old = StepGraph(earlier)
        new = StepGraph(later)
        guard let before = old.explore(), let after = new.explore() else {
            add(
                "onestop.too-many-states", at: "steps", path: [],
                vi: "Quy trình có quá nhiều trạng thái, không kiểm tra hết được",
                en: "The steps have too many states: they cannot all be looked at")
            return
        }
        states = before.order.count + after.order.count
        read(pairs)
        if findings.isEmpty { keepForks() }
        for marking in before.order where findings.count < Limits.OneStop.findings {
            guard let reached = before.reached[marking] else { continue }
            look(at: marking, reached, after.reached)
        }
    }

    private mutating func add(_ code: String, at field: String, path: [String], vi: String, en: String) {
        guard named.insert("\(code) \(path.last ?? field) \(en)").inserted else { return }
        var finding = Finding("os-050", code, at: field, path: path, vi: vi, en: en)
        finding.field = field
        findings.append(finding)
    }

    private mutating func read(_ pairs: [StepPair]) {
        for (index, pair) in pairs.enumerated() {
            guard let from = old.place(of: pair.from) else {
                add(
                    "onestop.map-step-unknown", at: "steps[\(index)].from", path: [pair.from],
                    vi: "Phiên bản cũ không có bước “\(pair.from)”",
                    en: "The earlier version has no step “\(pair.from)”")
                continue
            }
            guard let to = new.place(of: pair.to) else {
                add(
                    "onestop.map-step-unknown", at: "steps[\(index)].to", path: [pair.to],
                    vi: "Phiên bản mới không có bước “\(pair.to)”", en: "The later version has no step “\(pair.to)”")
                continue
            }
            guard image[from] == nil else {
                add(
                    "onestop.map-step-twice", at: "steps[\(index)].from", path: [pair.from],
                    vi: "Bước “\(pair.from)” được ánh xạ hai lần", en: "Step “\(pair.from)” is mapped twice")
                continue
            }
            image[from] = to
            guard old.steps[from].cooperates != new.steps[to].cooperates else { continue }
            add(
                "onestop.map-lead", at: "steps[\(index)].to", path: [pair.from],
                vi: "Bước “\(pair.from)” và bước “\(pair.to)” không cùng là chủ trì hoặc cùng là phối hợp",
                en: "Of the steps “\(pair.from)” and “\(pair.to)” one leads and one cooperates")
        }
    }

    /// A branch still comes after the step at which it opened: who goes back there calls it back (os-021).
    private mutating func keepForks() {
        for (fork, ways) in old.ways.enumerated() where !old.steps[fork].cooperates {
            for branch in Set(ways.joined()).sorted() where old.steps[branch].cooperates {
                guard let opened = image[fork], let goesOn = image[branch] else { continue }
                guard opened == goesOn || !new.before(goesOn).contains(opened) else { continue }
                let (at, key) = (old.steps[fork].key, old.steps[branch].key)
                add(
                    "onestop.map-fork", at: "steps", path: [at, key],
                    vi: "Nhánh “\(key)” không còn đứng sau bước “\(at)” đã mở nó",
                    en: "The branch “\(key)” no longer comes after step “\(at)”, which opened it")
            }
        }
    }

    private mutating func look(
        at marking: StepGraph.Marking, _ reached: StepGraph.Reached, _ later: [StepGraph.Marking: StepGraph.Reached]
    ) {
        let leading = marking.active.first { !old.steps[$0].cooperates } ?? marking.active.min() ?? 0
        for step in marking.active.union(marking.held.flatMap { [$0.from, $0.at] }).sorted() where image[step] == nil {
            let key = old.steps[step].key
            return add(
                "onestop.map-step-missing", at: "steps", path: old.keys(reached.way + [step]),
                vi: "Chưa nêu hồ sơ ở bước “\(key)” sẽ tiếp tục ở bước nào",
                en: "It is not said where a dossier at step “\(key)” goes on")
        }
        var goal = StepGraph.Marking(active: Set(marking.active.compactMap { image[$0] }))
        for arrival in marking.held {
            guard let from = image[arrival.from], let at = image[arrival.at] else { continue }
            goal.held.insert(StepGraph.Arrival(from: from, at: at))
        }
        let keepsApart = goal.active.count == marking.active.count && goal.held.count == marking.held.count
        guard keepsApart, let there = later[goal] else {
            let (was, becomes) = (old.words(marking), new.words(goal))
            return add(
                "onestop.map-state-unreachable", at: "steps", path: old.keys(reached.way + [leading]),
                vi: "Hồ sơ đang ở “\(was)” sẽ thành “\(becomes)”, trạng thái mà phiên bản mới không đi đến được",
                en: "A dossier at “\(was)” would be at “\(becomes)”, which the later version never comes to")
        }
        for skipped in there.passed.subtracting(reached.passed).sorted(by: { $0.rawValue < $1.rawValue }) {
            let key = new.keys(goal.active.filter { !new.steps[$0].cooperates }.sorted()).first ?? ""
            add(
                "onestop.map-guard-skipped", at: "steps",
                path: old.keys((reached.without[skipped] ?? reached.way) + [leading]),
                vi: "Hồ sơ sẽ ở bước “\(key)” mà chưa qua điều kiện “\(skipped.rawValue)” của phiên bản mới",
                en: "The dossier would be at step “\(key)” and has not passed “\(skipped.rawValue)” of the later one")
        }
    }
}

extension StepGraph {
    /// How a state is reached: the steps left one after the other on a shortest way; what must have been true on every
    /// way; and for each guard that need not have been, a way on which it was not.
    struct Reached: Sendable {
        var way: [Int] = []
        var passed: Set<Guard> = []
        var without: [Guard: [Int]] = [:]

        /// From here by leaving `step`, with no more passed than `passed`.
        mutating func come(from here: Reached, leaving step: Int, passed: Set<Guard>) {
            for lost in Guard.allCases where !passed.contains(lost) && without[lost] == nil {
                without[lost] = (here.without[lost] ?? here.way) + [step]
            }
            self.passed.formIntersection(passed)
        }
    }

    /// Every state that a dossier can be in, nearest first; nil where there are more than may be looked at. What was
    /// passed is the same on every way to a state, so a state is looked at again when less was passed than thought.
    func explore() -> (order: [Marking], reached: [Marking: Reached])? {
        let start = Marking(active: [0])
        var (order, reached) = ([start], [start: Reached()])
        var (queue, next) = ([start], 0)
        while next < queue.count {
            let marking = queue[next]
            next += 1
            let here = reached[marking] ?? Reached()
            for step in marking.active.sorted() {
                let passed = here.passed.union(steps[step].guards)
                for way in ways[step] {
                    guard case .next(let after) = leave(step, to: way, in: marking) else { continue }
                    if let known = reached[after]?.passed {
                        guard !known.isSubset(of: passed) else { continue }
                    } else {
                        reached[after] = Reached(way: here.way + [step], passed: passed)
                        order.append(after)
                    }
                    reached[after]?.come(from: here, leaving: step, passed: passed)
                    queue.append(after)
                }
            }
            guard order.count <= Limits.OneStop.graphStates else { return nil }
        }
        return (order, reached)
    }

    /// The steps that are worked on, the leading one first, with the joins that wait.
    func words(_ marking: Marking) -> String {
        let active = marking.active.sorted { (steps[$0].cooperates ? 1 : 0, $0) < (steps[$1].cooperates ? 1 : 0, $1) }
        let waiting = marking.held.map { "\(steps[$0.from].key)→\(steps[$0.at].key)" }.sorted()
        return (keys(active) + waiting).joined(separator: " + ")
    }
}
