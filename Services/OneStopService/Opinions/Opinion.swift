import Contracts
import ServiceKit

/// An opinion that another agency is asked for (lấy ý kiến), with a deadline of its own.
struct Opinion: Record {
    var id = OpinionID()
    var dossier = DossierID()
    var fromAgency = AgencyCode.none
    var toAgency = AgencyCode.none
    var question = ""
    var askedAt = Date(timeIntervalSince1970: 0)
    var dueAt = Date(timeIntervalSince1970: 0)
    var explanation = Explanation()
    var answeredAt: Date?
    var verdict: OpinionVerdict?
    var answer: String?
    var late: Bool?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("fromAgency", \.fromAgency, .agency, "Who asks"),
        .init("toAgency", \.toAgency, .agency, "Who is asked"),
        .init("question", \.question, .text(1...Limits.noteLength), "What is asked"),
        .init("askedAt", \.askedAt, .instant, "When"),
        .init("dueAt", \.dueAt, .instant, "When the answer is due"),
        .init("explanation", \.explanation, .record, "Why it is due then"),
        .init("answeredAt", \.answeredAt, .instant, "When it was answered"),
        .init("verdict", \.verdict, .choice, "The answer"),
        .init("answer", \.answer, .text(1...Limits.noteLength), "The answer in words"),
        .init("late", \.late, .bool, "Answered after its deadline"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        dossier = try row("dossier")
        fromAgency = try row("from_agency")
        toAgency = try row("to_agency")
        question = try row("question")
        askedAt = try row("asked_at")
        dueAt = try row("due_at")
        explanation = try Explanation(decoding: try row("explanation"), unknown: .ignore)
        answeredAt = try row("answered_at")
        let word: String? = try row("verdict")
        verdict = word.flatMap(OpinionVerdict.init)
        answer = try row("answer")
        late = try row("late")
    }
}

extension Session {
    /// The opinions on a dossier, in the order in which they were asked for.
    func opinions(on dossier: DossierID) async throws -> [Opinion] {
        try await run("SELECT * FROM opinions WHERE dossier = \(dossier) ORDER BY asked_at, id").map(Opinion.init)
    }
}
