import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/errors/{error}/correct`: what was finished, stopped or returned is not opened again; a
/// new dossier corrects it (os-085): of the same applicant and version of the procedure, registered by the agency
/// itself, free of fees because the agency pays (Decree 61/2018/NĐ-CP, Art. 21), once for each error. Its way, codes
/// and dates are those of any dossier.
enum CorrectError: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/errors/{error}/correct", success: 201)
    static let summary = "Open a dossier, free of fees, that corrects an error in one that is over"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.notInStatus, .alreadyCorrected, .agencyDissolved]

    struct Input: Record {
        var dossier = DossierID()
        var error = AgencyErrorID()
        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier that is over", in: .path),
            .init("error", \.error, .id, "The error", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<SubmitDossier.Output> {
        let former = try await call.dossier(input.dossier)
        try await call.requireCorrecting(former)
        let rows = try await call.run(
            "\(AgencyError.rows) WHERE e.id = \(input.error) AND e.dossier = \(former.id)")
        guard let error = try rows.first.map(AgencyError.init) else { throw Refused.notFound }
        guard error.correction == nil else { throw Refused.alreadyCorrected }
        // By whoever is in charge now (os-303).
        let place = try await call.heir(of: former.receivingAgency)
        try await call.requireStanding(place, field: "dossier")
        var made = try decide(former, now: call.now, calendar: try await call.calendar(of: place))
        (made.receivingAgency, made.workingAgency) = (place, place)
        let dossier = made
        call.logRead(of: former.id, purpose: .correction)
        do {
            return try await call.transaction { work in try await open(dossier, error, of: former, work) }
        } catch let fault as PostgresError where fault.constraint == "corrections_error_key" {
            throw Refused.alreadyCorrected
        }
    }

    private static func open(
        _ dossier: Dossier, _ error: AgencyError, of former: Dossier, _ work: Work
    ) async throws -> Reply<SubmitDossier.Output> {
        let event = dossier.submitted
        let note = former.code.map(\.text) ?? former.id.text
        let change = Change(
            dossier, "correction-opened", note: note, notice: dossier.notice(.correctionOpened), event: event)
        let name = try await work.procedure(of: dossier).definition.name
        try await work.flight(
            DossierSQL.insert(dossier),
            then: DossierSQL.opening(change, procedureName: name, at: work.now, actor: work.actor)
                + DossierSQL.acted(work.actingPerson, for: work.actsFor),
            announcing: event, to: dossier.receivingAgency)
        try await work.post(
            """
            UPDATE dossiers SET fees = \(JSON.array(dossier.payment.fees.map(\.json))) WHERE id = \(dossier.id)
            """)
        try await work.run(
            """
            INSERT INTO corrections (dossier, corrects, error) VALUES (\(dossier.id), \(former.id), \(error.error))
            """)
        var output = SubmitDossier.Output()
        (output.id, output.status, output.answerBy) = (dossier.id, dossier.status, dossier.actBy)
        return Reply(output, version: 1, location: "/dossiers/\(dossier.id)")
    }

    static let exemption = "agency-error"
    static let reason = "Khắc phục sai sót của cơ quan (Nghị định 61/2018/NĐ-CP, Điều 21)."

    static func decide(_ former: Dossier, now: Date, calendar: WorkCalendar) throws(Refused) -> Dossier {
        try former.require(.finished, .stopped, .returned)
        var dossier = Dossier()
        (dossier.id, dossier.version, dossier.channel) = (.new(), 1, .counter)
        (dossier.procedure, dossier.procedureNumber) = (former.procedure, former.procedureNumber)
        (dossier.receivingAgency, dossier.workingAgency) = (former.receivingAgency, former.receivingAgency)
        (dossier.applicant, dossier.form) = (former.applicant, former.form)
        dossier.subject = String("Khắc phục sai sót: \(former.subject)".prefix(Limits.nameLength))
        dossier.submittedAt = now
        var free = DossierFee()
        (free.state, free.settledAt, free.exemption, free.exemptionReason) = (.exempt, now, exemption, reason)
        dossier.payment.fees = [free]
        dossier.actBy = try Deadlines.answerBy(now, calendar: calendar)
        return dossier
    }
}

extension Call {
    /// Refuses unless the caller receives where the dossier was received, or leads where it was answered.
    fileprivate func requireCorrecting(_ dossier: Dossier) async throws {
        let field = try await procedure(of: dossier).definition.field
        let place = try await heir(of: dossier.receivingAgency)
        if try await holds(.dossiersReceive, at: place, field: field) { return }
        try await require(.dossiersApprove, for: dossier, at: dossier.answeringAgency ?? dossier.receivingAgency)
    }
}
