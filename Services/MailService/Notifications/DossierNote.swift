import Contracts
import ServiceKit

/// What Mail remembers of a dossier: how officials call it, where it lies, and who works on it.
struct DossierNote: Sendable {
    let dossier: DossierID
    let code: String?
    let submittedOn: Day
    let receivingAgency: AgencyCode
    let workingAgency: AgencyCode
    let officer: PersonID?

    init(_ row: Row) throws {
        dossier = try row("dossier")
        code = try row("code")
        submittedOn = try row("submitted_on")
        receivingAgency = try row("receiving_agency")
        workingAgency = try row("working_agency")
        officer = try row("officer")
    }

    /// Who works on it: its officer, or whoever leads the agency where it lies.
    var worker: Addressee { Addressee(officer: officer, role: .leader, agency: workingAgency) }

    /// The counter that received it.
    var counter: Addressee { Addressee(role: .clerk, agency: receivingAgency) }
}

extension Work {
    /// - Throws: `NotYet` when its submission has not been heard of: another aggregate's event overtook it.
    func note(of dossier: DossierID) async throws -> DossierNote {
        let rows = try await run("SELECT * FROM dossiers WHERE dossier = \(dossier)")
        guard let row = rows.first else { throw NotYet("dossier:\(dossier)") }
        return try DossierNote(row)
    }

    /// Where a dossier lies now and who works on it.
    func place(_ dossier: DossierID, at agency: AgencyCode, officer: PersonID?) async throws -> DossierNote {
        let rows = try await run(
            """
            UPDATE dossiers SET working_agency = \(agency), officer = \(officer) WHERE dossier = \(dossier) RETURNING *
            """)
        guard let row = rows.first else { throw NotYet("dossier:\(dossier)") }
        return try DossierNote(row)
    }
}
