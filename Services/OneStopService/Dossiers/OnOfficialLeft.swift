import Contracts
import ServiceKit

/// An official was transferred while holding dossiers: those that the new post cannot work on go back to their agency,
/// where a leader assigns them anew. Whoever opened the folder last no longer blocks it.
enum OnHolderTransferred: Reaction {
    static func handle(_ event: OfficialTransferred, _ envelope: Envelope, _ work: Work) async throws {
        let works = Scope.of(event.role).contains(.dossiersProcess)
        let fields = ProcedureFields(event.procedureFields)
        // Who comes along to the successor of an agency goes on with what still lies at that one (os-301).
        let places =
            [event.agency] + (try await work.predecessors(of: [event.agency], below: false, on: event.effectiveFrom))
        try await Release.dossiers(of: event.person, why: event.decisionNumber, work) { dossier in
            guard works, places.contains(dossier.workingAgency) else { return false }
            return fields.contain(try await work.procedure(of: dossier).definition.field)
        }
        try await Release.branches(of: event.person, except: works ? places : [], work)
        let reads = Scope.of(event.role).contains(.dossiersRead)
        try await Release.complaints(of: event.person, except: reads ? places : [], work)
    }
}

/// Service ended: everything that the official held goes back.
enum OnHolderLeft: Reaction {
    static func handle(_ event: ServiceEnded, _ envelope: Envelope, _ work: Work) async throws {
        try await Release.dossiers(of: event.person, why: event.decisionNumber, work) { _ in false }
        try await Release.branches(of: event.person, except: [], work)
        try await Release.complaints(of: event.person, except: [], work)
    }
}

enum Release {
    /// Steps done beside the leading one are their agency's again (os-063), except at the agencies where the person
    /// goes on working.
    static func branches(of person: PersonID, except agencies: [AgencyCode], _ work: Work) async throws {
        try await work.post(
            """
            UPDATE branches SET officer = NULL
            WHERE officer = \(person) AND closed_at IS NULL AND agency <> ALL(\(agencies))
            """)
    }

    /// Complaints are their agency's again, where its leader names another who is to answer.
    static func complaints(of person: PersonID, except agencies: [AgencyCode], _ work: Work) async throws {
        try await work.post(
            """
            UPDATE complaints SET handler = NULL, assigned_at = NULL
            WHERE handler = \(person) AND answered_at IS NULL AND agency <> ALL(\(agencies))
            """)
    }

    /// Takes the open dossiers off a person, except those on which the person goes on working.
    static func dossiers(
        of person: PersonID, why decision: String, _ work: Work, keeping keeps: (Dossier) async throws -> Bool
    ) async throws {
        let rows = try await work.run(
            """
            SELECT * FROM dossiers WHERE officer = \(person) AND status IN (1, 2, 4, 5, 6, 7)
            ORDER BY id FOR UPDATE
            """)
        for before in try rows.map(Dossier.init) where try await !keeps(before) {
            var dossier = before
            dossier.officer = nil
            try await work.save(
                Change(dossier, "released", note: decision, event: HandOver.event(from: before, to: dossier)),
                from: before)
        }
    }
}
