import Contracts
import LegalClock
import Postgres
import ServiceKit

/// A time limit that runs: of the answer to an online submission, of a dossier, of the step it is at, of an opinion, of
/// a branch. Nothing says “overdue” of it: it is, when its date has passed and it still runs.
struct Deadline: Sendable, Equatable {
    enum Kind: String, CaseIterable, Sendable {
        case answer, dossier, step, opinion, branch

        /// As `DeadlineReached` says it; nil of an answer, which has an event of its own: that one's kinds are fixed.
        var announced: DeadlineKind? { DeadlineKind(rawValue: rawValue) }
    }

    var kind = Kind.dossier
    /// Of the dossier for the whole and its step, else of the opinion or the branch.
    var subject: UUID
    var dossier: DossierID
    var procedure: String
    var step: String?
    /// Whose calendar counts it.
    var calendar: AgencyCode
    /// Who has to act, and the agency that promised the citizen a date.
    var agency: AgencyCode
    var officer: PersonID?
    var receiver: AgencyCode
    var begun: Date
    var dueAt: Date
    var stands: Bool

    /// The key of its timer.
    var key: String { Self.key(kind, subject) }

    static func key(_ kind: Kind, _ subject: UUID) -> String { "\(kind.rawValue)/\(subject.text)" }

    /// What rungs are claimed of: a step is another deadline than the one before it.
    var identity: String { step.map { "\(key)/\($0)" } ?? key }
}

extension Dossier {
    /// Whether its clock stands: it waits for papers or for money.
    var clockStands: Bool { pauses.last.map { $0.until == nil } ?? false }

    /// Whether its time limit runs: accepted, not at its end, and the clock does not stand.
    var runs: Bool { [.accepted, .processing, .withdrawalRequested].contains(status) && !clockStands }

    private func deadline(_ kind: Deadline.Kind, calendar: AgencyCode, begun: Date, dueAt: Date) -> Deadline {
        Deadline(
            kind: kind, subject: id.uuid, dossier: id, procedure: procedure, calendar: calendar, agency: workingAgency,
            officer: officer, receiver: receivingAgency, begun: begun, dueAt: dueAt, stands: clockStands)
    }

    /// That of the answer to an online submission (os-262); nil once it is answered. What comes over the counter is
    /// answered there.
    var answerDeadline: Deadline? {
        guard status == .submitted, channel == .online else { return nil }
        return deadline(.answer, calendar: receivingAgency, begun: submittedAt, dueAt: actBy)
    }

    /// The dossier's own; nil before acceptance and after the end.
    var deadline: Deadline? {
        guard let acceptedAt, let dueAt, runs || clockStands else { return nil }
        return deadline(.dossier, calendar: receivingAgency, begun: acceptedAt, dueAt: dueAt)
    }

    /// By when somebody has to act on it next: its own, or before acceptance that of the answer, whatever the channel.
    var foremost: Deadline {
        if let own = deadline { return own }
        return deadline(
            acceptedAt == nil ? .answer : .dossier, calendar: receivingAgency, begun: acceptedAt ?? submittedAt,
            dueAt: actBy)
    }

    /// That of the step it is at.
    var stepDeadline: Deadline? {
        guard let step, let stepDueAt, let acceptedAt, runs || clockStands else { return nil }
        var found = deadline(.step, calendar: workingAgency, begun: stepBegunAt ?? acceptedAt, dueAt: stepDueAt)
        found.step = step
        return found
    }

    func deadline(of opinion: Opinion) -> Deadline? {
        guard opinion.answeredAt == nil, runs || clockStands else { return nil }
        var found = deadline(.opinion, calendar: opinion.toAgency, begun: opinion.askedAt, dueAt: opinion.dueAt)
        (found.subject, found.agency, found.officer) = (opinion.id.uuid, opinion.toAgency, nil)
        return found
    }

    func deadline(of branch: Branch) -> Deadline? {
        guard branch.outcome == nil, runs || clockStands else { return nil }
        var found = deadline(.branch, calendar: branch.agency, begun: branch.begunAt, dueAt: branch.dueAt)
        (found.subject, found.agency, found.officer) = (branch.id.uuid, branch.agency, nil)
        found.step = branch.step
        return found
    }

    /// The times in which its clock stood, as the procedure counts them.
    func suspensions(_ definition: Definition) -> [Suspension] {
        pauses.map { pause in
            let restarts = pause.cause == .awaitingSupplement && definition.supplementClock == .restart
            return Suspension(from: pause.from, to: pause.until, policy: restarts ? .restart : .subtract)
        }
    }

    /// From when the time of a deadline counts: where a supplement let its limit begin anew, from then on (os-086).
    /// What was late before that stays so, and the one new appointment is not counted anew.
    func counts(_ deadline: Deadline, _ definition: Definition) -> Date {
        guard let anew = suspensions(definition).last(where: { $0.policy == .restart })?.to,
            deadline.begun < anew, anew < deadline.dueAt
        else { return deadline.begun }
        switch deadline.kind {
        case .step: return anew
        case .dossier: return reappointedAt.map { anew <= $0 } ?? true ? anew : deadline.begun
        case .answer, .opinion, .branch: return deadline.begun
        }
    }

    /// When its step is due, and why: counted from when the dossier came to it, without the times in which the clock
    /// stood (os-070). Who gets it from a colleague gets no more time; who gets it again, later, does.
    func stepDue(
        _ definition: Definition, calendar: WorkCalendar
    ) throws(Refused) -> (at: Date, explanation: Explanation)? {
        guard let limit = step.flatMap(definition.step)?.limit, let begun = stepBegunAt else { return nil }
        return try Deadlines.due(
            from: begun, limit: limit, pauses: suspensions(definition), calendar: calendar)
    }
}

extension Dossier {
    /// Whether it goes on with its step's date as it was before the clock stood.
    func goesOn(from before: Dossier) -> Bool {
        before.clockStands && !clockStands && before.stepDueAt != nil && stepDueAt == before.stepDueAt
    }

    /// What is kept of its step's date where that is another one than before, or that of another step (os-268).
    /// - Parameter due: the count that gives it; where it gives another date, what is kept says only from when it runs.
    func stepPromise(
        _ cause: String, from before: Dossier, former: Date?, _ due: (at: Date, explanation: Explanation)?
    ) -> PromisedDate? {
        guard let at = stepDueAt, at != before.stepDueAt || step != before.step else { return nil }
        var explanation = Explanation()
        explanation.from = stepBegunAt ?? acceptedAt ?? submittedAt
        if let due, due.at == at { explanation = due.explanation }
        return PromisedDate(cause: cause, at: at, former: former, explanation: explanation)
    }
}

extension Change {
    /// With its step's date as it is after it (os-268).
    func dated(
        from before: Dossier, _ definition: Definition, _ calendar: WorkCalendar
    ) throws(Refused) -> Change {
        var change = self
        let goesOn = dossier.goesOn(from: before)
        let due = try dossier.stepDue(definition, calendar: calendar)
        if goesOn, let due { change.dossier.stepDueAt = due.at }
        change.stepDue = change.dossier.stepPromise(
            goesOn ? "resumed" : "step", from: before,
            former: dossier.step == before.step ? before.stepDueAt : nil, due)
        return change
    }
}

extension Session {
    /// The deadline of a timer, as it is now; nil when it is over.
    func deadline(_ key: String) async throws -> Deadline? {
        let parts = key.split(separator: "/").map(String.init)
        guard parts.count == 2, let kind = Deadline.Kind(rawValue: parts[0]), let subject = UUID(text: parts[1]) else {
            return nil
        }
        switch kind {
        case .answer: return try await dossier(DossierID(subject))?.answerDeadline
        case .dossier: return try await dossier(DossierID(subject))?.deadline
        case .step: return try await dossier(DossierID(subject))?.stepDeadline
        case .opinion:
            let rows = try await run("SELECT * FROM opinions WHERE id = \(subject)")
            guard let opinion = try rows.first.map(Opinion.init) else { return nil }
            return try await dossier(opinion.dossier)?.deadline(of: opinion)
        case .branch:
            let rows = try await run("SELECT * FROM branches WHERE id = \(subject)")
            guard let branch = try rows.first.map(Branch.init) else { return nil }
            return try await dossier(branch.dossier)?.deadline(of: branch)
        }
    }
}
