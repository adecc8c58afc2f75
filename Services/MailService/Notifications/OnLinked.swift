import Contracts
import ServiceKit

/// An opinion was not given in time: the heads of the one-stop that received the dossier are told.
enum TellOfOverdueOpinion: Reaction {
    static func handle(_ event: DossierOpinionOverdue, _ envelope: Envelope, _ work: Work) async throws {
        var facts = Facts(try await work.note(of: event.dossier))
        (facts.agency, facts.dueAt) = (event.toAgency, event.dueAt)
        let heads = Addressee(role: .leader, agency: event.reportedTo)
        try await work.tell(Notice(.opinionOverdue, facts), to: [heads], of: envelope)
    }
}

/// A step beside the leading one was given to an official.
enum TellOfBranchAssigned: Reaction {
    static func handle(_ event: DossierBranchAssigned, _ envelope: Envelope, _ work: Work) async throws {
        let facts = Facts(try await work.note(of: event.dossier))
        let officer = Addressee(officer: event.toOfficer, role: .officer, agency: event.agency)
        try await work.tell(Notice(.branchAssigned, facts), to: [officer], of: envelope)
    }
}

/// A linked procedure ended: who works on the application is told, and decides where it has no result. What the
/// agency itself left out it knows.
enum TellOfLinkEnd: Reaction {
    static func handle(_ event: DossierLinkClosed, _ envelope: Envelope, _ work: Work) async throws {
        guard event.outcome != .dropped else { return }
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        (facts.agency, facts.late) = (event.agency, event.late)
        let template: Notice.Template = event.outcome == .finished ? .linkFinished : .linkFailed
        try await work.tell(Notice(template, facts), to: [note.worker], of: envelope)
    }
}
