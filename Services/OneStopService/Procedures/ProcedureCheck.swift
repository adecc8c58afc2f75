import Contracts
import LegalClock
import ServiceKit

/// Everything that is looked at before a version is published. Pure: the directory is data.
enum ProcedureCheck {
    struct Outcome: Sendable {
        var findings: [Finding]
        var states: Int
    }

    static func look(at definition: Definition, staffing: Staffing) -> Outcome {
        let check = GraphCheck(definition.steps)
        var findings = check.findings
        findings += timers(definition, check)
        if findings.isEmpty { findings += length(definition, check.graph) }
        findings += staffing.check(definition, check.graph, paths: check.paths)
        findings += keys(definition)
        return Outcome(findings: Array(findings.prefix(Limits.OneStop.findings)), states: check.states)
    }

    /// Every wait has a timer, and nothing has to wait longer than it may.
    private static func timers(_ definition: Definition, _ check: GraphCheck) -> [Finding] {
        var findings: [Finding] = []
        for (index, step) in definition.steps.enumerated() {
            let path = check.graph.keys(check.paths[index] ?? [index])
            guard let limit = step.limit else {
                findings.append(
                    Finding(
                        "os-009", "onestop.step-without-limit", at: "steps[\(index)].limit", path: path,
                        vi: "Bước “\(step.key)” không có thời hạn", en: "Step “\(step.key)” has no limit"))
                continue
            }
            guard let least = step.notBefore, least.weight > limit.weight else { continue }
            findings.append(
                Finding(
                    "os-009", "onestop.limit-before-earliest", at: "steps[\(index)].notBefore", path: path,
                    vi: "Bước “\(step.key)” phải chờ lâu hơn thời hạn của nó",
                    en: "Step “\(step.key)” has to wait longer than its limit"))
        }
        return findings
    }

    /// Papers have keys of their own: the answer's, and that of what nobody named, are taken.
    private static func keys(_ definition: Definition) -> [Finding] {
        definition.parts.enumerated().filter { Part.reserved.contains($1.key) }.map { index, part in
            Finding(
                "os-278", "onestop.part-key-reserved", at: "parts[\(index)].key",
                vi: "Mã “\(part.key)” dành riêng, thành phần hồ sơ phải có mã khác",
                en: "The key “\(part.key)” is reserved, a paper needs another one")
        }
    }

    /// The limits of the longest way together are within the legal limit. Only asked where the steps are sound.
    private static func length(_ definition: Definition, _ graph: StepGraph) -> [Finding] {
        let longest = graph.longest { definition.steps[$0].limit?.weight ?? 0 }
        guard longest.weight > definition.limit.weight else { return [] }
        let (needed, allowed) = (hours(longest.weight), hours(definition.limit.weight))
        return [
            Finding(
                "os-010", "onestop.steps-too-long", at: "limit", path: graph.keys(longest.path),
                vi: "Các bước cần \(needed) giờ làm việc, thời hạn chỉ có \(allowed)",
                en: "The steps need \(needed) working hours, the limit is \(allowed)")
        ]
    }

    /// Of sevenths; rounded up, so that what is too long does not look equal.
    private static func hours(_ weight: Int) -> Int { (weight + 6) / 7 }
}

extension StepGraph {
    /// The way on which the weights of the steps together are most, from the first step on; of a graph without circles.
    func longest(_ weight: (Int) -> Int) -> (weight: Int, path: [Int]) {
        var best: [Int: (weight: Int, path: [Int])] = [0: (weight(0), [0])]
        for step in inOrder ?? [] {
            guard let here = best[step] else { continue }
            for target in Set(ways[step].joined()) {
                let there = here.weight + weight(target)
                if let known = best[target], known.weight >= there { continue }
                best[target] = (there, here.path + [target])
            }
        }
        return best.values.max { ($0.weight, $1.path.count) < ($1.weight, $0.path.count) } ?? (0, [])
    }
}

extension TimeLimit {
    /// To compare limits of different units, in sevenths of a working hour: a working day has 8 hours, a calendar day
    /// is 5/7 of one, a month 20. Dates are never made of this; `LegalClock` counts those day by day.
    var weight: Int {
        switch unit {
        case .hours: amount * 7
        case .workingDays: amount * 56
        case .days: amount * 40
        case .months: amount * 1_120
        }
    }
}

/// `GET /procedures/{code}/draft/check`: everything that stands in the way of publishing the draft.
enum CheckDraft: Endpoint {
    static let route = Route.get("/procedures/{code}/draft/check")
    static let summary = "Check the draft of a procedure: every state of its steps, limits, roles and form"
    static let access = Access.official(.proceduresPublish)

    struct Input: Record {
        var code = ""
        static let fields: [Field<Self>] = [.init("code", \.code, .text(1...40), "National code", in: .path)]
    }

    struct Output: Record {
        var number = 0
        var publishable = false
        var states = 0
        var findings: [Finding] = []

        static let fields: [Field<Self>] = [
            .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version that it would become"),
            .init("publishable", \.publishable, .bool, "Whether nothing was found"),
            .init(
                "states", \.states, .integer(0...Limits.OneStop.graphStates * 64),
                "How many states of a dossier were looked at"),
            .init(
                "findings", \.findings, .list(.record, 0...Limits.OneStop.findings),
                "What was found, each with its way"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let (draft, revision) = try await call.runtime.database.draft(of: input.code)
        let outcome = ProcedureCheck.look(
            at: draft.definition, staffing: try await call.runtime.database.staffing(on: draft.firstUse(call.today)))
        var output = Output()
        (output.number, output.states) = (draft.number, outcome.states)
        (output.publishable, output.findings) = (outcome.findings.isEmpty, outcome.findings)
        return Reply(output, version: revision)
    }
}

extension Session {
    /// The draft of a procedure with its revision; 404 when there is none.
    func draft(of code: String) async throws -> (Procedure, revision: Int64) {
        let rows = try await run(
            """
            SELECT code, number, state, valid_from, valid_to, published_at, definition, revision FROM procedures
            WHERE code = \(code) AND state = 'draft'
            """)
        guard let row = rows.first else { throw Refused.notFound }
        return (try Procedure(row), try row("revision"))
    }
}

extension Procedure {
    /// The first day on which a dossier can be handed in under it from now on: then its posts must be held.
    func firstUse(_ today: Day) -> Day { max(validFrom, today) }
}

extension Refused {
    /// - Parameter findings: at least one.
    static func unsound(_ findings: [Finding]) -> Refused {
        guard let first = findings.first else { return checkFailed }
        let more = findings.count == 1 ? "" : " (+\(findings.count - 1))"
        return Refused(checkFailed.code, 422, vi: first.vietnamese + more, en: first.english + more)
            .naming(findings.map(\.fault))
    }

    static let checkFailed = Refused(
        "onestop.check-failed", 422, vi: "Bản dự thảo chưa qua kiểm tra.", en: "The draft does not pass its check.")
}
