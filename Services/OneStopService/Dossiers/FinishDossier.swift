import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/finish`: the result is ready, for procedures whose result is no numbered document. With
/// one the dossier finishes by itself when the document is issued.
enum FinishDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/finish")
    static let summary = "Finish a dossier whose procedure has no result document"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [
        Refused.notInStatus, .documentAwaited, .feesOpen, .opinionsOpen, .notSignedYet, .notAtLastStep, .tooEarly,
        .linksOpen,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("note", \.note, .text(1...Limits.noteLength), "What the result is"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersApprove, for: before, at: before.workingAgency)
        let definition = try await call.following(try await call.procedure(of: before).definition)
        try await call.requireEarliest(before, definition)
        try await call.requireLinksDone(before)
        let guards = definition.endGuards(before)
        let dossier = try decide(
            before, definition: definition,
            openOpinions: try await call.openOpinions(of: before, guards: guards),
            isSigned: try await call.runtime.database.isSigned(before, guards: guards),
            begunAt: try await call.begun(before, definition), leader: try call.person, now: call.now)
        return try await call.save(
            Change(
                dossier, "finished", note: input.note, notice: dossier.notice(.finished),
                event: event(dossier, at: call.now)), from: before)
    }

    static func decide(
        _ before: Dossier, definition: Definition, openOpinions: Int, isSigned: Bool = false,
        begunAt: AgencyCode? = nil, leader: PersonID, now: Date
    ) throws(Refused) -> Dossier {
        try before.require(.processing)
        guard definition.documentType == nil else { throw .documentAwaited }
        try Approve.pass(
            definition.endGuards(before), before, definition, openOpinions: openOpinions, isSigned: isSigned)
        try Approve.checkPlace(before, definition, begunAt: begunAt)
        var dossier = before
        (dossier.approvedAt, dossier.approvedBy, dossier.answeringAgency) = (now, leader, before.workingAgency)
        try dossier.finish(at: now)
        return dossier
    }

    static func event(_ dossier: Dossier, at now: Date) -> DossierFinished {
        var event = DossierFinished()
        (event.dossier, event.agency) = (dossier.id, dossier.answeringAgency ?? dossier.receivingAgency)
        (event.document, event.documentNumber) = (dossier.document, dossier.documentNumber)
        (event.finishedAt, event.late, event.status) = (now, dossier.late ?? false, dossier.status)
        return event
    }
}

/// The document that answers the dossier was numbered and issued: processing has ended.
enum OnDocumentIssued: Reaction {
    static func handle(_ event: DocumentIssued, _ envelope: Envelope, _ work: Work) async throws {
        guard let id = event.dossier else { return }
        guard let before = try await work.dossier(id, forUpdate: true) else { throw NotYet("dossier:\(id)") }
        guard before.status == .processing, before.approvedAt != nil else {
            // An official document about the dossier that is not its result (it was never approved, or has one).
            return work.log.notice(
                "document of a dossier that awaits none",
                metadata: ["dossier": "\(id)", "document": "\(event.document)", "status": "\(before.status.rawValue)"])
        }
        var dossier = before
        (dossier.document, dossier.documentNumber, dossier.documentHash) = (event.document, event.number, event.sha256)
        try dossier.finish(at: work.now)
        try await work.save(
            Change(
                dossier, "finished", note: event.number, notice: dossier.notice(.finished),
                event: FinishDossier.event(dossier, at: work.now)), from: before)
    }
}

extension Dossier {
    /// The end of processing (status 9): from now on nothing can be late any more.
    mutating func finish(at now: Date) throws(Refused) {
        try move(to: .finished)
        finishedAt = now
        late = dueAt.map { now > $0 } ?? false
        stepDueAt = nil
        goHome()
    }
}

extension Refused {
    static let documentAwaited = Refused(
        "onestop.document-awaited",
        vi: "Kết quả là văn bản: hãy phê duyệt, hồ sơ hoàn thành khi văn bản được ban hành.",
        en: "The result is a document: approve, and the dossier finishes when it is issued.")
}
