import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/branches/{branch}/assign`: a leader of the cooperating agency gives its step to one of its
/// officials; an official takes one that nobody has (os-063). What has ended with its dossier is given to nobody.
enum AssignBranch: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/branches/{branch}/assign")
    static let summary = "Give a step that is done beside the leading one to an official of its agency, or take it"
    static let access = Access.official(.dossiersProcess)
    static let refusals = [Refused.notInStatus, .branchClosed, .officerNotThere, .sameOfficer]

    struct Input: Record {
        var dossier = DossierID()
        var branch = BranchID()
        var officer = PersonID()

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("branch", \.branch, .id, "The branch", in: .path),
            .init("officer", \.officer, .id, "Who is to do it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Branch> {
        let before = try await call.dossier(input.dossier)
        let known = try await call.runtime.database.branches(of: before.id)
        guard let asked = known.first(where: { $0.id == input.branch }) else { throw Refused.notFound }
        let takes = asked.officer == nil && input.officer == call.caller.person
        try await call.require(takes ? .dossiersProcess : .dossiersApprove, for: before, at: asked.agency)
        let definition = try await call.procedure(of: before).definition
        let officer = try await call.officer(input.officer)
        let branch = try decide(
            before, asked, officer, role: definition.step(asked.step)?.role, field: definition.field)
        var event = DossierBranchAssigned()
        (event.dossier, event.branch, event.agency) = (before.id, branch.id, branch.agency)
        (event.fromOfficer, event.toOfficer) = (asked.officer, input.officer)
        (event.actor, event.status) = (call.caller.person, before.status)
        return try await call.save(
            Change(before, "branch-assigned", note: branch.step, event: event), from: before, taking: officer,
            then: [
                (
                    "given",
                    """
                    UPDATE branches SET officer = \(input.officer) FROM change
                    WHERE branches.id = \(branch.id) AND branches.closed_at IS NULL
                    """
                )
            ], answering: Reply(branch, version: before.version + 1))
    }

    static func decide(
        _ dossier: Dossier, _ asked: Branch, _ officer: Official?, role: PostRole?, field: String
    ) throws(Refused) -> Branch {
        try dossier.require(.processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested)
        guard asked.outcome == nil else { throw .branchClosed }
        guard let officer, officer.agency == asked.agency, officer.fields.contain(field),
            officer.role == role || officer.role == .leader
        else { throw .officerNotThere.at("officer") }
        guard officer.person != asked.officer else { throw .sameOfficer }
        var branch = asked
        branch.officer = officer.person
        return branch
    }
}
