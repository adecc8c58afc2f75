import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/assign`: a leader gives it to an officer of the agency; an officer takes one that nobody
/// holds.
enum AssignDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/assign")
    static let summary = "Give a dossier to an officer of the agency, or take one that nobody holds"
    static let access = Access.official(.dossiersProcess)
    static let refusals = [Refused.notInStatus, .officerNotThere, .sameOfficer, .officerAbsent]

    struct Input: Record {
        var dossier = DossierID()
        var officer = PersonID()
        var reasonCode = "workload"
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("officer", \.officer, .id, "Who is to work on it"),
            .init(
                "reasonCode", \.reasonCode, .text(1...60, pattern: Pattern.key), default: "workload",
                "Stable code of the reason"),
            .init("note", \.note, .text(1...Limits.noteLength), "What is to be done"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        let takes = before.officer == nil && input.officer == call.caller.person
        try await call.require(takes ? .dossiersProcess : .dossiersApprove, for: before, at: before.workingAgency)
        let officer = try await call.officer(input.officer)
        let dossier = try decide(before, officer: officer, field: try await call.procedure(of: before).definition.field)
        var event = DossierAssigned()
        (event.dossier, event.agency) = (dossier.id, dossier.workingAgency)
        (event.fromOfficer, event.toOfficer) = (before.officer, input.officer)
        (event.reasonCode, event.status) = (input.reasonCode, dossier.status)
        return try await call.save(
            Change(dossier, "assigned", note: input.note, event: event), from: before, taking: officer)
    }

    static func decide(_ before: Dossier, officer: Official?, field: String) throws(Refused) -> Dossier {
        try before.require(.accepted, .processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested)
        guard let officer, officer.agency == before.workingAgency, officer.mayProcess(field) else {
            throw .officerNotThere.at("officer")
        }
        guard officer.person != before.officer else { throw .sameOfficer }
        var dossier = before
        dossier.officer = officer.person
        return dossier
    }
}

extension Refused {
    static let sameOfficer = Refused(
        "onestop.same-officer", 422, vi: "Người này đang giữ hồ sơ.", en: "This official holds the dossier.",
        field: "officer")
}
