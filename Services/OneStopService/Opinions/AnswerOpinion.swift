import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/opinions/{opinion}/answer`: the asked agency answers; a late answer says so. A post
/// there that is limited answers about the fields that it names, which may be of procedures that only others have.
enum AnswerOpinion: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/opinions/{opinion}/answer")
    static let summary = "Answer a request for an opinion"
    static let access = Access.official(.dossiersProcess)
    static let refusals = [Refused.notInStatus, .opinionAnswered, .reasonNeeded]

    struct Input: Record {
        var dossier = DossierID()
        var opinion = OpinionID()
        var verdict = OpinionVerdict.agree
        var answer: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("opinion", \.opinion, .id, "The request", in: .path),
            .init("verdict", \.verdict, .choice, "Agree, disagree, or agree with a remark"),
            .init("answer", \.answer, .text(1...Limits.noteLength), "In words; needed unless the verdict is “agree”"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Opinion> {
        // The dossier first: its version then vouches for what is read of the opinion.
        let before = try await call.dossier(input.dossier)
        let known = try await call.runtime.database.opinions(on: before.id)
        guard let asked = known.first(where: { $0.id == input.opinion }) else { throw Refused.notFound }
        try await call.require(.dossiersProcess, for: before, at: asked.toAgency)
        let opinion = try decide(before, asked, input, now: call.now)
        var event = DossierOpinionAnswered()
        (event.dossier, event.opinion, event.actor) = (before.id, opinion.id, call.caller.person)
        (event.fromAgency, event.verdict) = (opinion.toAgency, input.verdict)
        (event.late, event.status) = (opinion.late ?? false, before.status)
        return try await call.save(
            Change(before, "opinion-answered", note: input.answer, event: event), from: before,
            then: [
                (
                    "answered",
                    """
                    UPDATE opinions SET answered_by = \(call.caller.id), answered_at = \(opinion.answeredAt),
                        verdict = \(input.verdict.rawValue), answer = \(input.answer), late = \(opinion.late)
                    FROM change WHERE opinions.id = \(opinion.id)
                    """
                )
            ], answering: Reply(opinion, version: before.version + 1))
    }

    static func decide(
        _ dossier: Dossier, _ asked: Opinion, _ input: Input, now: Date
    ) throws(Refused) -> Opinion {
        guard asked.answeredAt == nil else { throw .opinionAnswered }
        try dossier.require(.processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested)
        guard input.verdict == .agree || input.answer != nil else { throw .reasonNeeded }
        var opinion = asked
        (opinion.answeredAt, opinion.verdict, opinion.answer) = (now, input.verdict, input.answer)
        opinion.late = dossier.counted(now) > asked.dueAt
        return opinion
    }
}

extension Refused {
    static let opinionAnswered = Refused(
        "onestop.opinion-answered", vi: "Yêu cầu lấy ý kiến này đã được trả lời.",
        en: "This request was answered already.")
    static let reasonNeeded = Refused(
        "onestop.reason-needed", 422, vi: "Không đồng ý hoặc có ý kiến khác thì phải nêu nội dung.",
        en: "Say why you disagree, or what you remark.", field: "answer")
}
