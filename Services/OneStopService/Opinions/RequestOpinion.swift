import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/opinions`: asks another agency, with a deadline by its own calendar (Decree
/// 61/2018/NĐ-CP, Art. 19.5). The dossier stays where it is and its clock runs on.
enum RequestOpinion: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/opinions", success: 201)
    static let summary = "Ask another agency for an opinion, with a deadline"
    static let access = Access.official(.dossiersProcess)
    static let refusals = [
        Refused.notInStatus, .alreadyApproved, .agencyUnknown, .sameAgency, .opinionAlreadyAsked, .tooManyOpinions,
        .agencyDissolved,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var toAgency = AgencyCode.none
        var question = ""
        var limit = TimeLimit()

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("toAgency", \.toAgency, .agency, "Who is asked"),
            .init("question", \.question, .text(1...Limits.noteLength), "What is asked"),
            .init("limit", \.limit, .record, "Within what time the answer is due"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Opinion> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersProcess, for: before, at: before.workingAgency)
        try await call.requireKnown(input.toAgency)
        let opinion = try decide(
            before, input, known: try await call.runtime.database.opinions(on: before.id),
            calendar: try await call.calendar(of: input.toAgency), now: call.now)
        var event = DossierOpinionRequested()
        (event.dossier, event.opinion, event.actor) = (before.id, opinion.id, call.caller.person)
        (event.fromAgency, event.toAgency) = (opinion.fromAgency, opinion.toAgency)
        (event.dueAt, event.status) = (opinion.dueAt, before.status)
        return try await call.save(
            Change(before, "opinion-requested", note: input.question, event: event), from: before,
            then: [
                (
                    "asked",
                    """
                    INSERT INTO opinions (id, dossier, from_agency, to_agency, question, asked_by, asked_at, due_at,
                                          explanation)
                    SELECT \(opinion.id), id, \(opinion.fromAgency), \(opinion.toAgency), \(opinion.question),
                           \(call.caller.id), \(opinion.askedAt), \(opinion.dueAt), \(opinion.explanation.json)
                    FROM change
                    """
                ),
                ("watched", DossierSQL.watch(opinion)),
            ],
            answering: Reply(opinion, version: before.version + 1, location: "/dossiers/\(before.id)/opinions"))
    }

    static func decide(
        _ before: Dossier, _ input: Input, known: [Opinion], calendar: WorkCalendar, now: Date
    ) throws(Refused) -> Opinion {
        try before.require(.processing)
        guard before.approvedAt == nil else { throw .alreadyApproved }
        guard input.toAgency != before.workingAgency else { throw .sameAgency }
        guard known.count < Limits.OneStop.opinions else { throw .tooManyOpinions }
        guard !known.contains(where: { $0.toAgency == input.toAgency && $0.answeredAt == nil }) else {
            throw .opinionAlreadyAsked
        }
        let due = try Deadlines.due(from: now, limit: input.limit, calendar: calendar)
        var opinion = Opinion()
        (opinion.id, opinion.dossier) = (.new(), before.id)
        (opinion.fromAgency, opinion.toAgency) = (before.workingAgency, input.toAgency)
        (opinion.question, opinion.askedAt) = (input.question, now)
        (opinion.dueAt, opinion.explanation) = (due.at, due.explanation)
        return opinion
    }
}

extension Refused {
    static let opinionAlreadyAsked = Refused(
        "onestop.opinion-already-asked", vi: "Cơ quan này đang được lấy ý kiến về hồ sơ.",
        en: "This agency is being asked already.", field: "toAgency")
    static let tooManyOpinions = Refused(
        "onestop.too-many-opinions", vi: "Hồ sơ đã lấy quá nhiều ý kiến.", en: "Too many opinions were asked for.")
}
