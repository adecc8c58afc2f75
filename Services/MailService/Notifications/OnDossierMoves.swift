import Contracts
import ServiceKit

/// A dossier came: the counter that must answer it is told, unless it came over that counter.
enum TellOfSubmission: Reaction {
    static func handle(_ event: DossierSubmitted, _ envelope: Envelope, _ work: Work) async throws {
        let rows = try await work.run(
            """
            INSERT INTO dossiers (dossier, submitted_on, receiving_agency, working_agency)
            VALUES (\(event.dossier), \(Day(event.submittedAt)), \(event.agency), \(event.agency)) RETURNING *
            """)
        if event.channel != .counter, let note = try rows.first.map(DossierNote.init) {
            var facts = Facts(note)
            facts.procedure = event.procedure
            try await work.tell(Notice(.dossierSubmitted, facts), to: [note.counter], of: envelope)
        }
        try await work.wake("dossier:\(event.dossier)")
    }
}

/// A dossier was accepted: from now on notifications call it by its code.
enum NoteDossierCode: Reaction {
    static func handle(_ event: DossierAccepted, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post("UPDATE dossiers SET code = \(event.code) WHERE dossier = \(event.dossier)")
    }
}

/// A dossier was handed over: who takes it is told, or the leader who names somebody.
enum TellOfHandOver: Reaction {
    static func handle(_ event: DossierHandedOver, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.place(event.dossier, at: event.toAgency, officer: event.toOfficer)
        var facts = Facts(note)
        (facts.agency, facts.dueAt) = (event.fromAgency, event.dueAt)
        try await work.tell(Notice(.dossierHandedOver, facts), to: [note.worker], of: envelope)
    }
}

/// The successor of a dissolved agency takes its place in a dossier. Nobody is told: it may be all that there was.
enum NoteSuccessor: Reaction {
    static func handle(_ event: DossierTakenOver, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            UPDATE dossiers SET
                receiving_agency = CASE WHEN \(event.receives) THEN \(event.toAgency) ELSE receiving_agency END,
                working_agency = CASE WHEN \(event.works) THEN \(event.toAgency) ELSE working_agency END,
                officer = CASE WHEN \(event.works) THEN \(event.officer) ELSE officer END
            WHERE dossier = \(event.dossier)
            """)
    }
}

/// A dossier was given to another officer, who is told.
enum TellOfAssignment: Reaction {
    static func handle(_ event: DossierAssigned, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.place(event.dossier, at: event.agency, officer: event.toOfficer)
        try await work.tell(Notice(.dossierAssigned, Facts(note)), to: [note.worker], of: envelope)
    }
}

/// The applicant completed a dossier: who works on it is told, or the counter while nobody does.
enum TellOfSupplement: Reaction {
    static func handle(_ event: DossierSupplementSupplied, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        facts.dueAt = event.dueAt
        let reader = event.status == .processing ? note.worker : note.counter
        try await work.tell(Notice(.supplementSupplied, facts), to: [reader], of: envelope)
    }
}

/// The applicant wants to withdraw: who works on it must answer, or the counter while nobody does.
enum TellOfWithdrawal: Reaction {
    static func handle(_ event: DossierWithdrawalRequested, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        let reader = note.officer == nil && note.workingAgency == note.receivingAgency ? note.counter : note.worker
        try await work.tell(Notice(.withdrawalRequested, Facts(note)), to: [reader], of: envelope)
    }
}

/// A new appointment after an apology: the counter informs the applicant.
enum TellOfReappointment: Reaction {
    static func handle(_ event: DossierReappointed, _ envelope: Envelope, _ work: Work) async throws {
        let note = try await work.note(of: event.dossier)
        var facts = Facts(note)
        (facts.formerDueAt, facts.dueAt) = (event.formerDueAt, event.dueAt)
        try await work.tell(Notice(.dossierReappointed, facts), to: [note.counter], of: envelope)
    }
}

/// A rung of the ladder of an answer: the counter that has to give it is told, or whom the rung is for above it.
enum TellOfAwaitedAnswer: Reaction {
    static func handle(_ event: AnswerAwaited, _ envelope: Envelope, _ work: Work) async throws {
        var facts = Facts(try await work.note(of: event.dossier))
        (facts.dueAt, facts.agency) = (event.dueAt, event.agency)
        let template: Notice.Template =
            event.hours < 0 ? .answerNear : event.hours == 0 ? .answerDue : .answerPassed
        let role: PostRole = event.reader == .officer ? .clerk : .leader
        try await work.tell(
            Notice(template, facts), to: [Addressee(role: role, agency: event.toAgency)], of: envelope)
    }
}

/// A rung of a deadline's ladder: whom it is for is told. An official whose post ended is stood for by the leaders.
enum TellOfDeadline: Reaction {
    static func handle(_ event: DeadlineReached, _ envelope: Envelope, _ work: Work) async throws {
        var facts = Facts(try await work.note(of: event.dossier))
        (facts.deadline, facts.dueAt, facts.agency) = (event.kind, event.dueAt, event.agency)
        let template: Notice.Template =
            event.hours < 0 ? .deadlineNear : event.hours == 0 ? .deadlineDue : .deadlinePassed
        let reader = Addressee(officer: event.toOfficer, role: .leader, agency: event.toAgency)
        try await work.tell(Notice(template, facts), to: [reader], of: envelope)
    }
}
