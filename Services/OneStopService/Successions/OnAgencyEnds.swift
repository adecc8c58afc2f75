import Contracts
import ServiceKit

/// An agency ends with a day: what is open there goes to its successor (os-300).
enum OnWorkplaceDissolved: Reaction {
    static func handle(_ event: AgencyDissolved, _ envelope: Envelope, _ work: Work) async throws {
        try await Succession.begin(at: event.code, work)
        // By it others may have a successor, who waited for one (os-304): sooner than their next look, and not before
        // every copy of this service knows.
        let soon = Succession.known(work.now)
        try await work.post(
            """
            UPDATE timers SET due_at = \(soon)
            WHERE kind = \(SucceedBatch.kind) AND due_at > \(soon) AND key IN (
                SELECT s.agency FROM successions s JOIN directory_agencies a ON a.code = s.agency
                WHERE s.finished_at IS NULL AND s.agency <> \(event.code) AND a.valid_to < \(work.today))
            """)
    }
}

/// An agency whose last day was known from the beginning; a successor may be named later, by dissolving it.
enum OnWorkplaceEstablished: Reaction {
    static func handle(_ event: AgencyEstablished, _ envelope: Envelope, _ work: Work) async throws {
        guard event.validTo != nil else { return }
        try await Succession.begin(at: event.code, work)
    }
}

/// What an agency that ended leaves, and who takes it.
enum Succession {
    /// When every copy of this service knows that it ends, so that nothing more is given to it unseen.
    static func begin(at agency: AgencyCode, _ work: Work) async throws {
        work.resource(ProcedureBook.self).forgetAgencies()
        // The timer first, as when it fires.
        try await work.schedule(SucceedBatch.self, key: agency.text, at: known(work.now))
        try await work.post(
            """
            INSERT INTO successions (agency, decided_by, decided_at) VALUES (\(agency), \(work.actor), \(work.now))
            ON CONFLICT (agency) DO UPDATE SET decided_by = excluded.decided_by, decided_at = excluded.decided_at,
                finished_at = NULL
            """)
    }

    static func known(_ time: Date) -> Date { time.addingTimeInterval(Limits.OneStop.bookKept.secondsValue) }

    /// The next open dossiers that name an agency: where they lie or were received, where they come back to, where
    /// a step beside the leading one is done or an opinion is owed, and those whose answer is to be handed out there.
    static func dossiers(at agency: SQL, limit: Int) -> SQL {
        let open: SQL = "status IN (1, 2, 4, 5, 6, 7)"
        let beside: SQL = "JOIN dossiers d ON d.id = b.dossier AND d.status IN (4, 5, 6, 7)"
        return """
            SELECT DISTINCT id FROM (
                (SELECT id FROM dossiers WHERE working_agency = \(agency) AND \(open) LIMIT \(limit))
                UNION ALL
                (SELECT id FROM dossiers
                 WHERE receiving_agency = \(agency) AND working_agency <> receiving_agency AND \(open) LIMIT \(limit))
                UNION ALL
                (SELECT id FROM dossiers WHERE working_agency = \(agency) AND status IN (8, 9) LIMIT \(limit))
                UNION ALL
                (SELECT id FROM dossiers
                 WHERE sent_from @> ARRAY[\(agency)]::text[] AND sent_from <> '{}' AND \(open) LIMIT \(limit))
                UNION ALL
                (SELECT d.id FROM branches b \(beside)
                 WHERE b.agency = \(agency) AND b.closed_at IS NULL LIMIT \(limit))
                UNION ALL
                (SELECT d.id FROM opinions b \(beside)
                 WHERE b.to_agency = \(agency) AND b.answered_at IS NULL LIMIT \(limit))
            ) AS open ORDER BY id LIMIT \(limit)
            """
    }

    /// The next complaints that it has not answered.
    static func complaints(at agency: SQL, limit: Int) -> SQL {
        """
        SELECT id FROM complaints WHERE agency = \(agency) AND answered_at IS NULL ORDER BY due_at, id LIMIT \(limit)
        """
    }
}
