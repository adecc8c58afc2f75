import Contracts
import LegalClock
import ServiceKit

extension Dossier {
    /// The times after `since` in which the legal clock stood and then went on: a deadline that began then stood too.
    func stood(since: Date) -> [Suspension] {
        pauses.compactMap { pause in
            guard let until = pause.until, until > since else { return nil }
            return Suspension(from: max(pause.from, since), to: until, policy: .subtract)
        }
    }

    /// Until when time has counted at `now`: while the clock stands, until it began to stand (os-062).
    func counted(_ now: Date) -> Date {
        guard let last = pauses.last, last.until == nil else { return now }
        return min(now, last.from)
    }
}

/// The clock went on after a supplement or a payment: what is due elsewhere, steps done beside the leading one and
/// opinions, is due later by the time in which it stood (os-062), and so is the slip of a linked one (os-270). Counted
/// anew from its beginning each time, so it does not matter how often.
enum ResumeDeadlines: TimedTask {
    static let kind = "onestop.resume-deadlines"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let id = try DossierID(String(key.prefix(36)))
        guard let dossier = try await work.dossier(id, forUpdate: true) else { return }
        for branch in try await work.branches(of: id) where branch.outcome == nil {
            guard
                let due = try await again(
                    branch.explanation, from: branch.begunAt, at: branch.agency, of: dossier, work)
            else { continue }
            try await work.post(
                """
                UPDATE branches SET due_at = \(due.at), explanation = \(due.explanation.json) WHERE id = \(branch.id)
                """)
        }
        for var opinion in try await work.opinions(on: id) where opinion.answeredAt == nil {
            guard
                let due = try await again(
                    opinion.explanation, from: opinion.askedAt, at: opinion.toAgency, of: dossier, work)
            else { continue }
            try await work.post(
                """
                UPDATE opinions SET due_at = \(due.at), explanation = \(due.explanation.json)
                WHERE id = \(opinion.id)
                """)
            opinion.dueAt = due.at
            try await work.schedule(ReportOverdueOpinion.self, key: opinion.id.text, at: opinion.lateAt)
        }
        guard let slip = try await work.openSlips(of: [id])[id],
            let due = try slip.due(dossier, calendar: try await work.calendar(of: slip.agency))
        else { return }
        try await work.date(slip, due)
    }

    /// Nil where no limit is known, or nothing stood since.
    private static func again(
        _ explanation: Explanation, from: Date, at agency: AgencyCode, of dossier: Dossier, _ work: Work
    ) async throws -> (at: Date, explanation: Explanation)? {
        let stood = dossier.stood(since: from)
        guard let limit = explanation.limit, !stood.isEmpty else { return nil }
        return try Deadlines.due(
            from: from, limit: limit, pauses: stood, calendar: try await work.calendar(of: agency))
    }
}
