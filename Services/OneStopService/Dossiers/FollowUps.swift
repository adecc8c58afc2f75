import Contracts
import ServiceKit

extension DossierSQL {
    /// What follows a change of status by itself: timers that are set with the change and fire once. Each change has
    /// its own; what fires looks at how things stand then.
    static func followUps(_ change: Change, from before: DossierStatus?, at now: Date) -> [(String, SQL)] {
        let after = change.dossier.status
        guard let before, before != after, change.dossier.isAccompanied else { return [] }
        var steps: [(String, SQL)] = []
        let linked: Set<DossierStatus> = [.accepted, .processing, .refused, .stopped, .finished, .returned]
        // A withdrawal that was declined lets an application go on, whatever it goes back to.
        if linked.contains(after) || before == .withdrawalRequested {
            steps.append(
                (
                    "links_follow",
                    """
                    \(timer(FollowLinks.self, at: now))
                    WHERE EXISTS (SELECT 1 FROM linked_cases WHERE parent = change.id)
                       OR EXISTS (SELECT 1 FROM slips WHERE child = change.id)
                    """
                ))
        }
        let stood: Set<DossierStatus> = [.awaitingSupplement, .awaitingPayment]
        if stood.contains(before), change.dossier.pauses.last?.until != nil {
            steps.append(
                (
                    "deadlines_follow",
                    """
                    \(timer(ResumeDeadlines.self, at: now))
                    WHERE EXISTS (SELECT 1 FROM branches b WHERE b.dossier = change.id AND b.closed_at IS NULL)
                       OR EXISTS (SELECT 1 FROM opinions o WHERE o.dossier = change.id AND o.answered_at IS NULL)
                       OR EXISTS (SELECT 1 FROM slips WHERE child = change.id AND outcome IS NULL)
                    """
                ))
        }
        return steps
    }

    private static func timer(_ task: any TimedTask.Type, at now: Date) -> SQL {
        """
        INSERT INTO timers (kind, key, due_at, payload)
        SELECT \(task.kind), id::text || '@' || version::text, \(now), '{}'::jsonb FROM change
        """
    }
}
