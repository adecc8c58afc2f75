import Contracts
import ServiceKit

/// Who may act upon a dossier. Every act asks with the field of the procedure that the dossier keeps: an official
/// whose post is limited to other fields does not act upon it, nor is given it. The field comes from the
/// `ProcedureBook`, in memory. What an absent or busy official delegated counts like an own right, on the days of the
/// delegation (os-075), until it is revoked or a post of the two ends (os-076): `Directory` works that out. Reading
/// stays by agency: colleagues stand in for one another, and each read is logged with its purpose. The place of an
/// agency that has ended is its successor's, also for what is closed and stays as it was (os-302).
extension Call {
    /// Refuses, and logs the refusal, unless the caller holds `scope` at `agency` for the dossier's procedure.
    func require(_ scope: Scope, for dossier: Dossier, at agency: AgencyCode) async throws {
        try await require(
            scope, at: try await heir(of: agency), field: try await procedure(of: dossier).definition.field)
    }

    private func holds(_ scope: Scope, for dossier: Dossier, at agency: AgencyCode) async throws -> Bool {
        try await holds(
            scope, at: try await heir(of: agency), field: try await procedure(of: dossier).definition.field)
    }

    /// Who is in charge of its work today; itself where nobody else is (os-302).
    func heir(of agency: AgencyCode) async throws -> AgencyCode {
        try await resource(ProcedureBook.self).inCharge(of: agency, on: today) ?? agency
    }

    /// Refuses unless the caller may pass the dossier on: where it is worked on, or at the counter before its first
    /// step.
    func requireHolding(_ dossier: Dossier) async throws {
        if dossier.step == nil, try await holds(.dossiersReceive, for: dossier, at: dossier.receivingAgency) { return }
        try await require(.dossiersProcess, for: dossier, at: dossier.workingAgency)
    }

    /// Refuses unless the caller is at the counter that received the dossier or works where it is.
    func requireAtDesk(_ dossier: Dossier) async throws {
        if try await holds(.dossiersReceive, for: dossier, at: dossier.receivingAgency) { return }
        try await require(.dossiersProcess, for: dossier, at: dossier.workingAgency)
    }

    /// Refuses unless the caller may add a file of the answer (os-277): whoever works on the dossier or decides it, and
    /// once it is approved whoever issues documents there; when it is finished also the counter that returns it.
    func requireAnswering(_ dossier: Dossier) async throws {
        if dossier.status == .finished,
            try await holds(.dossiersReceive, for: dossier, at: dossier.receivingAgency)
        {
            return
        }
        // What is finished went home from there.
        let place = dossier.answeringAgency ?? dossier.workingAgency
        var scopes = [Scope.dossiersApprove]
        if dossier.approvedAt != nil { scopes.append(.documentsIssue) }
        for scope in scopes where try await holds(scope, for: dossier, at: place) { return }
        try await require(.dossiersProcess, for: dossier, at: place)
    }

    /// Refuses unless the caller may read at an agency that has to do with the dossier.
    func requireReading(_ dossier: Dossier) async throws {
        for agency in dossier.agencies where try await holds(.dossiersRead, at: agency) { return }
        // Whoever is asked for an opinion, or does a step beside the leading one, must see what it is about.
        let asked = try await run(
            """
            SELECT to_agency AS agency FROM opinions WHERE dossier = \(dossier.id)
            UNION SELECT agency FROM branches WHERE dossier = \(dossier.id)
            -- Linked dossiers and their application: who works on one sees the others' papers (os-060).
            UNION SELECT unnest(ARRAY[p.receiving_agency, p.working_agency]) FROM slips s
                JOIN dossiers p ON p.id = s.parent WHERE s.child = \(dossier.id)
            UNION SELECT unnest(ARRAY[c.receiving_agency, c.working_agency]) FROM slips s
                JOIN dossiers c ON c.id = s.child WHERE s.parent = \(dossier.id)
            """)
        let others = try asked.map { row in try row("agency", as: AgencyCode.self) }
        for agency in others where try await holds(.dossiersRead, at: agency) { return }
        // Who succeeded one of them reads what that one might (os-302).
        for agency in Array(dossier.agencies) + others {
            let heir = try await heir(of: agency)
            if heir != agency, try await holds(.dossiersRead, at: heir) { return }
        }
        try await require(.dossiersRead, at: dossier.workingAgency)
    }
}

extension Official {
    /// Whether the post is one that works on dossiers of a procedure of this field.
    func mayProcess(_ field: String) -> Bool { Scope.of(role).contains(.dossiersProcess) && fields.contain(field) }
}
