import Contracts
import ServiceKit

/// The successor takes the place of a dissolved agency in whatever is open there. No date moves (os-301): what is
/// counted from now on is counted by the successor's calendar.
struct TakeOver: Sendable {
    var agency = AgencyCode.none
    var successor = AgencyCode.none

    /// One dossier, with what lies beside it; whether there was anything to take. Its row is locked.
    func take(_ before: Dossier, _ work: Work) async throws -> Bool {
        var dossier = before.takenOver(from: agency, by: successor)
        let (branches, opinions) = try await beside(before, work)
        guard dossier != before || !branches.isEmpty || !opinions.isEmpty else { return false }
        let field = try await work.procedure(of: before).definition.field
        let (works, receives) = (before.workingAgency == agency, dossier.receivingAgency != before.receivingAgency)
        // What is answered keeps the name of who held it last.
        let former = try await works && !before.isAnswered ? releasedHolder(of: before, field, work) : nil
        if let former {
            dossier.officer = former.person
        } else if works, !before.isAnswered, try await !goesOn(before.officer, field, at: successor, work) {
            dossier.officer = nil
        }
        var event = DossierTakenOver()
        (event.dossier, event.fromAgency, event.toAgency) = (before.id, agency, successor)
        (event.receives, event.works, event.officer) = (receives, works, works ? dossier.officer : nil)
        (event.branches, event.opinions, event.status) = (branches.count, opinions.count, dossier.status)
        // What is answered lies at the desk that hands it out, also where that is a successor's already.
        let isDesk = receives || before.isAnswered
        try await work.save(
            Change(
                dossier, "taken-over", note: "\(agency) → \(successor)",
                notice: isDesk ? dossier.notice(.takenOver(by: successor)) : nil, event: event), from: before,
            onlyIf: former.map { DossierSQL.holds($0, of: field, on: work.today) } ?? "true")
        if receives { try await receive(before, work) }
        for branch in branches {
            let keeps = try await goesOn(branch.officer, field, at: successor, work)
            // Whom a transfer released in between stays so.
            try await work.post(
                """
                UPDATE branches SET agency = \(successor), officer = CASE WHEN \(keeps) THEN officer END
                WHERE id = \(branch.id)
                """)
        }
        try await work.post("UPDATE opinions SET to_agency = \(successor) WHERE id = ANY(\(opinions.map(\.id)))")
        let ids = [before.id.uuid] + branches.map(\.id.uuid) + opinions.map(\.id.uuid)
        let kinds = ["dossier"] + branches.map { _ in "branch" } + opinions.map { _ in "opinion" }
        try await work.post(
            """
            INSERT INTO succession_lines (subject, version, kind, dossier, from_agency, to_agency, at)
            SELECT subject, \(before.version + 1), kind, \(before.id), \(agency), \(successor), \(work.now)
            FROM unnest(\(ids), \(kinds)) AS t (subject, kind)
            """)
        return true
    }

    /// The steps done beside the leading one there, and the opinions that it owes.
    private func beside(_ dossier: Dossier, _ work: Work) async throws -> ([Branch], [Opinion]) {
        // With the dossier they ended too.
        guard !dossier.isAnswered else { return ([], []) }
        let branches = try await work.branches(of: dossier.id).filter { $0.outcome == nil && $0.agency == agency }
        let opinions = try await work.opinions(on: dossier.id)
        return (branches, opinions.filter { $0.answeredAt == nil && $0.toAgency == agency })
    }

    /// What `DossierSQL.update` does not write, because nothing else changes it but forwarding: who received it.
    /// Reports about the time before count it where it was then. Slips name both sides of linked dossiers.
    private func receive(_ before: Dossier, _ work: Work) async throws {
        try await work.post("UPDATE dossiers SET receiving_agency = \(successor) WHERE id = \(before.id)")
        try await work.post(
            """
            INSERT INTO dossier_forwards (dossier, version, from_agency, to_agency, reason, by, at)
            VALUES (\(before.id), \(before.version + 1), \(agency), \(successor), 'Giải thể, sáp nhập cơ quan',
                    \(work.actor), \(work.now))
            """)
        try await work.post(
            """
            UPDATE slips SET
                agency = CASE WHEN child = \(before.id) AND agency = \(agency) THEN \(successor) ELSE agency END,
                from_agency = CASE WHEN parent = \(before.id) AND from_agency = \(agency) THEN \(successor)
                    ELSE from_agency END
            WHERE (child = \(before.id) OR parent = \(before.id)) AND outcome IS NULL
            """)
    }

    /// Whether an official goes on with what he or she had: at the successor, where the post allows it; or while HR has
    /// not said where to, because nobody's post outlives the agency: then that event decides (os-301).
    /// - Parameter field: of the dossier's procedure; nil of a complaint.
    /// - Parameter place: who has it from now on.
    private func goesOn(
        _ person: PersonID?, _ field: String?, at place: AgencyCode, _ work: Work
    ) async throws -> Bool {
        guard let person, let official = try await work.official(person, on: work.today) else { return false }
        guard official.agency != agency else { return true }
        let may = field.map(official.mayProcess) ?? Scope.of(official.role).contains(.dossiersRead)
        return official.agency == place && may
    }

    /// Who held it until the transfer to the successor took it away, before anybody knew that the agency ends: the last
    /// that was done with it (os-301).
    private func releasedHolder(of dossier: Dossier, _ field: String, _ work: Work) async throws -> Official? {
        guard dossier.officer == nil else { return nil }
        let lines = try await work.run(
            "SELECT what, officer FROM dossier_history WHERE dossier = \(dossier.id) ORDER BY version DESC LIMIT 2")
        guard let last = lines.first, try last("what", as: String.self) == "released", lines.count == 2,
            let person = try lines[1]("officer", as: PersonID?.self),
            let official = try await work.official(person, on: work.today)
        else { return nil }
        return official.agency == successor && official.mayProcess(field) ? official : nil
    }

    /// Complaints that wait for an answer; about whom they are stays, and who leads the successor does not answer what
    /// is said about him or her (os-137). How many.
    func take(complaints: [ComplaintID], _ work: Work) async throws -> Int {
        let rows = try await work.run(
            """
            SELECT * FROM complaints WHERE id = ANY(\(complaints)) AND agency = \(agency) AND answered_at IS NULL
            ORDER BY id FOR UPDATE
            """)
        for before in try rows.map(Complaint.init) {
            let place = try await work.resource(ProcedureBook.self).answering(
                before.official, at: successor, on: work.today, in: work)
            let handler = try await goesOn(before.handler, nil, at: place, work) ? before.handler : nil
            var event = ComplaintTakenOver()
            (event.complaint, event.fromAgency, event.toAgency) = (before.id, agency, place)
            event.handler = handler
            try await work.flight(
                """
                UPDATE complaints SET version = \(before.version + 1), agency = \(place), handler = \(handler)
                WHERE id = \(before.id) AND version = \(before.version) RETURNING id, version
                """,
                then: [
                    ComplaintSQL.noted("taken-over", handler, at: work.now, actor: work.actor),
                    (
                        "taken",
                        """
                        INSERT INTO succession_lines (subject, version, kind, from_agency, to_agency, at)
                        SELECT id, version, 'complaint', \(agency), \(place), \(work.now) FROM change
                        """
                    ),
                ], announcing: event, to: agency)
        }
        return rows.count
    }
}

extension Dossier {
    /// Whether all that is left to do is to hand out what became of it: status 8 or 9.
    var isAnswered: Bool { status == .stopped || status == .finished }

    /// With the successor wherever an agency stood. What is answered was received and answered by that one, for good
    /// (reports and books say so); it lies with the successor, who hands it out.
    func takenOver(from agency: AgencyCode, by successor: AgencyCode) -> Dossier {
        func now(_ place: AgencyCode) -> AgencyCode { place == agency ? successor : place }
        var dossier = self
        dossier.workingAgency = now(workingAgency)
        guard !isAnswered else { return dossier }
        (dossier.receivingAgency, dossier.answeringAgency) = (now(receivingAgency), answeringAgency.map(now))
        dossier.sentFrom = Succession.way(sentFrom.map(now), to: dossier.workingAgency)
        return dossier
    }
}

extension Succession {
    /// The agencies that a dossier comes back to, none of them twice: where one now stands for two, what went round
    /// between them does not come back.
    static func way(_ sent: [AgencyCode], to here: AgencyCode) -> [AgencyCode] {
        var way: [AgencyCode] = []
        for place in sent + [here] {
            if let before = way.firstIndex(of: place) { way.removeSubrange(before...) }
            way.append(place)
        }
        return Array(way.dropLast())
    }
}
