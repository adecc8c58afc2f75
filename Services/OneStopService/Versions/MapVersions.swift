import Contracts
import ServiceKit

/// Which versions, and where a dossier goes on.
struct MappingPlan: Record {
    var code = ""
    var fromVersion = 1
    var toVersion = 2
    var steps: [StepPair] = []
    var dueDates = DueDateRule.keep
    var reason = ""

    static let fields: [Field<Self>] = [
        .init("code", \.code, .text(1...40, pattern: Pattern.procedure), "National code", in: .path),
        .init("fromVersion", \.fromVersion, .integer(1...Limits.OneStop.procedureVersions), "The earlier version"),
        .init("toVersion", \.toVersion, .integer(1...Limits.OneStop.procedureVersions), "The later version"),
        .init("steps", \.steps, .list(.record, 0...Limits.OneStop.steps), "Where a dossier goes on, step by step"),
        .init("dueDates", \.dueDates, .choice, default: .keep, "Whether promised dates stay or are counted anew"),
        .init("reason", \.reason, .text(1...Limits.noteLength), "Why dossiers move; it stands in their history"),
    ]
}

/// `POST /procedures/{code}/mappings/check`: what stands in the way of a mapping, and how many dossiers it is about.
enum CheckMapping: Endpoint {
    static let route = Route.post("/procedures/{code}/mappings/check")
    static let summary = "Check how dossiers would go from one version of a procedure to a later one"
    static let access = Access.official(.proceduresPublish)
    static let refusals = [Refused.notALaterVersion]

    struct Output: Record {
        var proven = false
        var states = 0
        var dossiers = 0
        var findings: [Finding] = []

        static let fields: [Field<Self>] = [
            .init("proven", \.proven, .bool, "Whether nothing was found"),
            .init(
                "states", \.states, .integer(0...Limits.OneStop.graphStates * 64),
                "How many states of both versions were looked at"),
            .init("dossiers", \.dossiers, .integer(0...Int.max), "Open dossiers of the earlier version"),
            .init(
                "findings", \.findings, .list(.record, 0...Limits.OneStop.findings),
                "What was found, each with its way"),
        ]
    }

    static func handle(_ input: MappingPlan, _ call: Call) async throws -> Reply<Output> {
        let check = try await look(at: input, call)
        var output = Output()
        (output.proven, output.states) = (check.findings.isEmpty, check.states)
        output.findings = Array(check.findings.prefix(Limits.OneStop.findings))
        let row = try await call.run("SELECT count(*) AS n FROM dossiers \(open(input.code, input.fromVersion))").first
        output.dossiers = try row?("n") ?? 0
        return Reply(output)
    }

    /// The open dossiers of a version.
    static func open(_ code: String, _ number: Int) -> SQL {
        """
        WHERE procedure = \(code) AND procedure_number = \(Int32(number)) AND status IN (1, 2, 4, 5, 6, 7)
        """
    }

    static func look(at plan: MappingPlan, _ call: Call) async throws -> MappingCheck {
        guard plan.fromVersion < plan.toVersion else { throw Refused.notALaterVersion }
        let book = call.resource(ProcedureBook.self)
        do {
            let earlier = try await book.version(plan.code, plan.fromVersion).definition
            let later = try await book.version(plan.code, plan.toVersion).definition
            return MappingCheck(plan.steps, from: earlier.steps, to: later.steps)
        } catch let refused as Refused where refused.code == Refused.procedureUnknown.code { throw Refused.notFound }
    }
}

/// `POST /procedures/{code}/mappings`: writes a mapping down when it is proven, and refuses it otherwise, with the ways
/// on which it goes wrong. No dossier moves yet.
enum MapVersions: Endpoint {
    static let route = Route.post("/procedures/{code}/mappings", success: 201)
    static let summary = "Write down how dossiers go from one version of a procedure to a later one, when it is proven"
    static let access = Access.official(.proceduresPublish)
    static let refusals = [Refused.notALaterVersion, .mappingUnproven]

    static func handle(_ input: MappingPlan, _ call: Call) async throws -> Reply<VersionMapping> {
        // A procedure is the whole province's: the right at one commune is not enough.
        try await call.require(.proceduresPublish, at: .none)
        let check = try await CheckMapping.look(at: input, call)
        guard check.findings.isEmpty else {
            let faults = check.findings.prefix(Limits.OneStop.findings).map(\.fault)
            throw Refused.mappingUnproven.naming(Array(faults))
        }
        var mapping = VersionMapping()
        (mapping.id, mapping.procedure, mapping.madeAt) = (.new(), input.code, call.now)
        (mapping.fromVersion, mapping.toVersion) = (input.fromVersion, input.toVersion)
        (mapping.steps, mapping.dueDates) = (input.steps, input.dueDates)
        (mapping.reason, mapping.states) = (input.reason, check.states)
        return try await call.transaction { work in
            try await work.run(
                """
                INSERT INTO version_mappings (id, procedure, from_number, to_number, steps, due_dates, reason, states,
                                              made_by, made_at)
                VALUES (\(mapping.id), \(mapping.procedure), \(Int32(mapping.fromVersion)),
                        \(Int32(mapping.toVersion)), \(JSON.array(mapping.steps.map(\.json))),
                        \(mapping.dueDates.rawValue), \(mapping.reason), \(Int32(mapping.states)), \(work.actor),
                        \(mapping.madeAt))
                """)
            return Reply(mapping, location: "/procedures/\(input.code)/mappings")
        }
    }
}

extension Refused {
    static let notALaterVersion = Refused(
        "onestop.not-a-later-version", 422, vi: "Hồ sơ chỉ chuyển sang phiên bản sau.",
        en: "Dossiers move to a later version only.", field: "toVersion")
    static let mappingUnproven = Refused(
        "onestop.mapping-unproven", 422, vi: "Chưa chứng minh được mọi hồ sơ đều chuyển đúng.",
        en: "It is not proven that every dossier goes on rightly.")
}
