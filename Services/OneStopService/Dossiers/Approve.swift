import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/approve`: the leader approves the answer; a numbered document is to be issued.
enum Approve: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/approve")
    static let summary = "Approve the answer to a dossier"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [
        Refused.notInStatus, .alreadyApproved, .feesOpen, .opinionsOpen, .notSignedYet, .nothingToIssue, .notAtLastStep,
        .tooEarly, .linksOpen,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("note", \.note, .text(1...Limits.noteLength), "A remark for the file"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersApprove, for: before, at: before.workingAgency)
        let definition = try await call.following(try await call.procedure(of: before).definition)
        try await call.requireEarliest(before, definition)
        try await call.requireLinksDone(before)
        let leader = try call.person
        let guards = definition.endGuards(before)
        let (dossier, type) = try decide(
            before, definition: definition,
            openOpinions: try await call.openOpinions(of: before, guards: guards),
            isSigned: try await call.runtime.database.isSigned(before, guards: guards),
            begunAt: try await call.begun(before, definition), leader: leader, now: call.now)
        var event = DossierApproved()
        (event.dossier, event.code, event.agency) = (dossier.id, dossier.code?.text ?? "", dossier.workingAgency)
        (event.actor, event.documentType, event.subject) = (leader, type, definition.name)
        (event.field, event.officer, event.status) = (definition.field, dossier.officer, dossier.status)
        return try await call.save(Change(dossier, "approved", note: input.note, event: event), from: before)
    }

    static func decide(
        _ before: Dossier, definition: Definition, openOpinions: Int, isSigned: Bool = false,
        begunAt: AgencyCode? = nil, leader: PersonID, now: Date
    ) throws(Refused) -> (Dossier, documentType: String) {
        try before.require(.processing)
        guard before.approvedAt == nil else { throw .alreadyApproved }
        guard let type = definition.documentType else { throw .nothingToIssue }
        try pass(definition.endGuards(before), before, definition, openOpinions: openOpinions, isSigned: isSigned)
        try checkPlace(before, definition, begunAt: begunAt)
        var dossier = before
        dossier.approvedAt = now
        dossier.approvedBy = leader
        dossier.answeringAgency = before.workingAgency
        return (dossier, type)
    }

    /// Refuses unless the dossier is at a last step and where that step is done: only there sits the authority that
    /// decides, also when the dossier was sent elsewhere in between.
    /// - Parameter begunAt: where that step was begun at the agency above: it ends there, also when who received the
    ///   dossier was succeeded by one with another above it (os-300).
    static func checkPlace(
        _ dossier: Dossier, _ definition: Definition, begunAt: AgencyCode? = nil
    ) throws(Refused) {
        let graph = StepGraph(definition.steps)
        guard let place = dossier.step.flatMap(graph.place), graph.isEnd(place) else { throw .notAtLastStep }
        let last = definition.steps[place]
        if last.rule == .parent, dossier.workingAgency == begunAt { return }
        guard try HandOver.place(of: last, dossier) == dossier.workingAgency else { throw .notAtLastStep }
    }

    /// Refuses unless what the guards ask for is true.
    static func pass(
        _ guards: [Guard], _ dossier: Dossier, _ definition: Definition, openOpinions: Int, isSigned: Bool
    ) throws(Refused) {
        for guardian in guards {
            switch guardian {
            case .feesPaid:
                guard !dossier.owesFees(definition) else { throw .feesOpen }
            case .opinionsIn:
                guard openOpinions == 0 else { throw .opinionsOpen }
            case .signed:
                guard isSigned else { throw .notSignedYet }
            }
        }
    }
}

extension Refused {
    static let feesOpen = Refused(
        "onestop.fees-open", vi: "Phí, lệ phí chưa được nộp.", en: "The fees are not paid yet.")
    static let opinionsOpen = Refused(
        "onestop.opinions-open", vi: "Còn cơ quan chưa trả lời lấy ý kiến.", en: "An opinion is still awaited.")
    static let notAtLastStep = Refused(
        "onestop.not-at-last-step", vi: "Hồ sơ chưa đến bước cuối tại cơ quan có thẩm quyền quyết định.",
        en: "The dossier is not at its last step, at the agency that decides.")
    static let nothingToIssue = Refused(
        "onestop.nothing-to-issue", vi: "Thủ tục này không có văn bản kết quả; hãy hoàn thành hồ sơ.",
        en: "This procedure has no result document; finish the dossier instead.")
}
