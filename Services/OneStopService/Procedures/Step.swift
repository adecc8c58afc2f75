import Contracts
import ServiceKit

/// Which agency does a step.
enum AgencyRule: String, CaseIterable, Sendable {
    /// The one that received the dossier.
    case receiving
    /// The one above the receiving agency.
    case parent
    /// Where the dossier is.
    case working
    /// The one that the step names.
    case named
}

/// What must be true before a step is left.
enum Guard: String, CaseIterable, Sendable {
    case feesPaid = "fees-paid"
    case opinionsIn = "opinions-in"
    /// The answer lies in the dossier as a signed file (os-279).
    case signed
}

/// A way on from a step: to one step, or to several that are worked on side by side (song song).
struct Way: Record, Hashable {
    var to: [String] = []

    static let fields: [Field<Self>] = [
        .init(
            "to", \.to, .list(.text(1...60, pattern: Pattern.key), 1...Limits.OneStop.branches),
            "Keys of the next step, or of those that are worked on side by side")
    ]

    init() {}

    init(_ to: String...) { self.to = to }
}

/// One step of the way through the agencies. Where no step of a procedure names its ways, the steps are one line in
/// their order; where one does, a step without ways is an end, and there the answer is decided.
struct Step: Record, Hashable {
    var key = ""
    var name = ""
    var nameEn = ""
    var rule = AgencyRule.working
    var agency: AgencyCode?
    var role = PostRole.officer
    var limit: TimeLimit?
    var notBefore: TimeLimit?
    var guards: [Guard] = []
    var ways: [Way] = []
    var joins = false
    var cooperates = false

    static let fields: [Field<Self>] = [
        .init("key", \.key, .text(1...60, pattern: Pattern.key), "Stable key"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("rule", \.rule, .choice, default: .working, "Which agency does it"),
        .init("agency", \.agency, .agency, "The agency of rule “named”"),
        .init("role", \.role, .choice, default: .officer, "Who does it there"),
        .init("limit", \.limit, .record, "How long it may take"),
        .init("notBefore", \.notBefore, .record, "How long it takes at least: it is not left before"),
        .init(
            "guards", \.guards, .list(.choice, 0...Guard.allCases.count), default: [],
            "What must be true before it is left"),
        .init(
            "ways", \.ways, .list(.record, 0...Limits.OneStop.ways), default: [],
            "The ways on, of which whoever hands over takes one"),
        .init("joins", \.joins, .bool, default: false, "Whether it waits for every step that leads to it"),
        .init(
            "cooperates", \.cooperates, .bool, default: false,
            "Whether it is done beside the step that leads (cơ quan phối hợp)"),
    ]
}
