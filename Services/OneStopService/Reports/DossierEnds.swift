import Contracts
import ServiceKit

extension DossierSQL {
    /// What the end of an accepted dossier writes beside its history: a line for the agency that received it, and one
    /// for each other at which officials held it. Reports find by them what was carried into a period and ended since
    /// (os-212), and whom an agency judges for dossiers that others received (os-274); no index of history leads there.
    static func ends(_ dossier: Dossier, from before: DossierStatus?, at now: Date) -> [(String, SQL)] {
        let isEnd = dossier.status == .finished || dossier.status == .stopped
        guard isEnd, let before, before != dossier.status, let accepted = dossier.acceptedAt else { return [] }
        return [
            (
                "ended",
                """
                INSERT INTO dossier_ends (agency, ended_at, dossier, accepted_at, received)
                SELECT \(dossier.receivingAgency)::text, \(now)::timestamptz, id, \(accepted)::timestamptz, true
                FROM change
                UNION ALL
                SELECT DISTINCT h.agency, \(now)::timestamptz, h.dossier, \(accepted)::timestamptz, false
                FROM change JOIN dossier_history h ON h.dossier = change.id
                WHERE h.officer IS NOT NULL AND h.agency <> \(dossier.receivingAgency)
                """
            )
        ]
    }
}
