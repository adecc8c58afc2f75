import Contracts
import ServiceKit

/// An agency was asked for an opinion: its leaders, who give it to somebody, are told.
enum TellOfOpinionRequest: Reaction {
    static func handle(_ event: DossierOpinionRequested, _ envelope: Envelope, _ work: Work) async throws {
        var facts = Facts(try await work.note(of: event.dossier))
        (facts.agency, facts.dueAt) = (event.fromAgency, event.dueAt)
        let leaders = Addressee(role: .leader, agency: event.toAgency)
        try await work.tell(Notice(.opinionRequested, facts), to: [leaders], of: envelope)
    }
}

/// An opinion came: who works on the dossier is told.
enum TellOfOpinion: Reaction {
    static func handle(_ event: DossierOpinionAnswered, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        (facts.agency, facts.verdict, facts.late) = (event.fromAgency, event.verdict, event.late)
        try await work.tell(Notice(.opinionAnswered, facts), to: [note.worker], of: envelope)
    }
}

/// An agency was given a step beside the leading one: its leaders, who give it to somebody, are told.
enum TellOfBranch: Reaction {
    static func handle(_ event: DossierBranchOpened, _ envelope: Envelope, _ work: Work) async throws {
        var facts = Facts(try await work.note(of: event.dossier))
        (facts.agency, facts.dueAt) = (event.fromAgency, event.dueAt)
        let leaders = Addressee(role: .leader, agency: event.toAgency)
        try await work.tell(Notice(.branchOpened, facts), to: [leaders], of: envelope)
    }
}

/// Such a step is done: who works on the dossier is told. It was called back: the agency that was to do it.
enum TellOfBranchEnd: Reaction {
    static func handle(_ event: DossierBranchClosed, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        switch event.outcome {
        case .done:
            (facts.agency, facts.late) = (event.agency, event.late)
            try await work.tell(Notice(.branchDone, facts), to: [note.worker], of: envelope)
        case .recalled:
            let leaders = Addressee(role: .leader, agency: event.agency)
            try await work.tell(Notice(.branchRecalled, facts), to: [leaders], of: envelope)
        }
    }
}

/// The result was approved: who drafts its document is told.
enum TellOfApproval: Reaction {
    static func handle(_ event: DossierApproved, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        let drafter = Addressee(officer: event.officer, role: .officer, agency: event.agency)
        try await work.tell(Notice(.dossierApproved, Facts(note)), to: [drafter], of: envelope)
    }
}

/// The result is ready: the counter hands it over.
enum TellOfResult: Reaction {
    static func handle(_ event: DossierFinished, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        (facts.document, facts.number, facts.late) = (event.document, event.documentNumber, event.late)
        try await work.tell(Notice(.dossierFinished, facts), to: [note.counter], of: envelope)
    }
}

/// A document was drafted: the leaders of its agency approve it.
enum TellOfDraft: Reaction {
    static func handle(_ event: DocumentDrafted, _ envelope: Envelope, _ work: Work) async throws {
        var facts = Facts()
        if let dossier = event.dossier { facts = Facts(try await work.note(of: dossier)) }
        (facts.document, facts.number) = (event.document, event.documentType)
        let leaders = Addressee(role: .leader, agency: event.agency)
        try await work.tell(Notice(.documentDrafted, facts), to: [leaders], of: envelope)
    }
}

/// A fee was paid: the accountants who keep the ledger are told, and who works on the dossier.
enum TellOfPayment: Reaction {
    static func handle(_ event: FeePaid, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        (facts.amount, facts.number) = (event.amount, event.receiptNumber)
        let accountants = Addressee(role: .accountant, agency: event.agency)
        try await work.tell(Notice(.feePaid, facts), to: [accountants, note.worker], of: envelope)
    }
}
