import Contracts
import ServiceKit

enum MappingTag {}
typealias MappingID = ID<MappingTag>

/// Where a dossier that is at a step of the earlier version goes on in the later one.
struct StepPair: Record, Hashable {
    var from = ""
    var to = ""

    static let fields: [Field<Self>] = [
        .init("from", \.from, .text(1...60, pattern: Pattern.key), "Step of the earlier version"),
        .init("to", \.to, .text(1...60, pattern: Pattern.key), "Step of the later version"),
    ]

    init() {}

    init(_ from: String, _ to: String) { (self.from, self.to) = (from, to) }
}

/// What becomes of promised dates when a dossier moves: they stay as they were promised, or are counted anew by the
/// limits of the later version.
enum DueDateRule: String, CaseIterable, Sendable { case keep, project }

/// How running dossiers go from one version of a procedure to a later one. It is written down only when it is proven
/// (os-050) and never changes; versions do not change either, so what was proven stays so.
struct VersionMapping: Record {
    var id = MappingID()
    var procedure = ""
    var fromVersion = 1
    var toVersion = 2
    var steps: [StepPair] = []
    var dueDates = DueDateRule.keep
    var reason = ""
    var states = 0
    var madeAt = Date(timeIntervalSince1970: 0)
    var waiting = 0
    var moved = 0
    var stayed = 0

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
        .init("fromVersion", \.fromVersion, .integer(1...Limits.OneStop.procedureVersions), "The earlier version"),
        .init("toVersion", \.toVersion, .integer(1...Limits.OneStop.procedureVersions), "The later version"),
        .init("steps", \.steps, .list(.record, 0...Limits.OneStop.steps), "Where a dossier goes on, step by step"),
        .init("dueDates", \.dueDates, .choice, "Whether promised dates stay or are counted anew"),
        .init("reason", \.reason, .text(1...Limits.noteLength), "Why dossiers move"),
        .init("states", \.states, .integer(0...Limits.OneStop.graphStates * 64), "How many states were looked at"),
        .init("madeAt", \.madeAt, .instant, "When it was written down"),
        .init("waiting", \.waiting, .integer(0...Int.max), "Dossiers that are still to be moved"),
        .init("moved", \.moved, .integer(0...Int.max), "Dossiers that were moved"),
        .init("stayed", \.stayed, .integer(0...Int.max), "Dossiers that could not be moved"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        procedure = try row("procedure")
        (fromVersion, toVersion) = (try row("from_number"), try row("to_number"))
        let pairs: JSON = try row("steps")
        steps = try (pairs.array ?? []).map { try StepPair(decoding: $0, unknown: .ignore) }
        dueDates = DueDateRule(rawValue: try row("due_dates")) ?? .keep
        reason = try row("reason")
        states = try row("states")
        madeAt = try row("made_at")
        (waiting, moved, stayed) = (try row("waiting"), try row("moved"), try row("stayed"))
    }

    /// The step at which a dossier at `key` goes on; nil where the mapping has none.
    func image(of key: String) -> String? { steps.first { $0.from == key }?.to }

    /// A mapping with the numbers of its dossiers; `m` is the mapping.
    static let columns: SQL = """
        m.*, (SELECT count(*) FROM version_moves v WHERE v.mapping = m.id AND v.state = 'waiting') AS waiting,
        (SELECT count(*) FROM version_moves v WHERE v.mapping = m.id AND v.state = 'moved') AS moved,
        (SELECT count(*) FROM version_moves v WHERE v.mapping = m.id AND v.state = 'stayed') AS stayed
        """
}

extension Session {
    func mapping(_ id: MappingID) async throws -> VersionMapping? {
        try await run("SELECT \(VersionMapping.columns) FROM version_mappings m WHERE id = \(id)").first
            .map(VersionMapping.init)
    }
}

extension ProcedureBook {
    /// The version that a dossier keeps, with the limit of the version before where it moved and its date stayed
    /// (os-052).
    func version(of dossier: Dossier) async throws -> Procedure {
        var procedure = try await version(dossier.procedure, dossier.procedureNumber)
        if let limits = dossier.limitNumber {
            procedure.definition.limit = try await version(dossier.procedure, limits).definition.limit
        }
        return procedure
    }
}
