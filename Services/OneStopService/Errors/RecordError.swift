import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/errors`: a leader of the agency at fault records what went wrong, apologises, and says
/// what it costs the agency (Decree 61/2018/NĐ-CP, Art. 21). The status stays, also a final one (os-084): what was
/// decided is not undone by it, and what is still worked on is put right there.
enum RecordError: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/errors", success: 201)
    static let summary = "Record an error of the agency or lost papers, with the apology and who pays"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.notInStatus, .notThatAgency, .tooManyErrors, .costNegative]

    struct Input: Record {
        var dossier = DossierID()
        var kind = ErrorKind.wrongResult
        var agency: AgencyCode?
        var what = ""
        var apology = ""
        var cost = Money.zero

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("kind", \.kind, .choice, "What kind of error"),
            .init("agency", \.agency, .agency, "The agency at fault; absent: where the dossier is"),
            .init("what", \.what, .text(1...Limits.noteLength), "What went wrong and how it is put right"),
            .init("apology", \.apology, .text(1...Limits.noteLength), "The apology; the applicant reads it"),
            .init("cost", \.cost, .money, default: .zero, "What the agency pays for it, in đồng"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<AgencyError> {
        let before = try await call.dossier(input.dossier)
        let agency = input.agency ?? before.workingAgency
        try await call.require(.dossiersApprove, for: before, at: agency)
        let row = try await call.run(
            """
            SELECT (SELECT count(*) FROM agency_errors WHERE dossier = \(before.id)) AS known,
                   -- Beside the leading step, or wherever it was on its way, also before it was forwarded or its
                   -- branch was a successor's.
                   EXISTS (SELECT 1 FROM branches WHERE dossier = \(before.id) AND agency = \(agency))
                   OR EXISTS (SELECT 1 FROM dossier_history WHERE dossier = \(before.id) AND agency = \(agency))
                   OR EXISTS (SELECT 1 FROM dossier_forwards
                              WHERE dossier = \(before.id) AND from_agency = \(agency))
                   OR EXISTS (SELECT 1 FROM succession_lines
                              WHERE dossier = \(before.id) AND from_agency = \(agency)) AS helped
            """
        ).first
        let error = try decide(
            before, input, at: agency, known: row?("known") ?? 0, helped: row?("helped") ?? false, now: call.now)
        var event = DossierErrorRecorded()
        (event.dossier, event.error, event.actor) = (before.id, error.error, call.caller.person)
        (event.kind, event.agency, event.cost) = (input.kind.rawValue, agency, input.cost)
        event.status = before.status
        return try await call.save(
            Change(before, "error-recorded", note: input.what, notice: before.notice(.errorRecorded), event: event),
            from: before,
            then: [
                (
                    "erred",
                    """
                    INSERT INTO agency_errors (id, dossier, kind, agency, what, apology, cost, recorded_by, recorded_at)
                    SELECT \(error.error), id, \(input.kind.rawValue), \(agency), \(input.what), \(input.apology),
                           \(input.cost), \(call.caller.id), \(call.now) FROM change
                    """
                )
            ],
            answering: Reply(error, version: before.version + 1, location: "/dossiers/\(before.id)/errors"))
    }

    static func decide(
        _ before: Dossier, _ input: Input, at agency: AgencyCode, known: Int, helped: Bool, now: Date
    ) throws(Refused) -> AgencyError {
        guard before.acceptedAt != nil || before.status == .refused else { throw .notInStatus }
        guard helped || before.agencies.contains(agency) else { throw .notThatAgency }
        guard input.cost >= .zero else { throw .costNegative }
        guard known < Limits.OneStop.errors else { throw .tooManyErrors }
        var error = AgencyError()
        (error.error, error.dossier, error.kind) = (.new(), before.id, input.kind)
        (error.agency, error.what, error.apology) = (agency, input.what, input.apology)
        (error.cost, error.recordedAt) = (input.cost, now)
        return error
    }
}

/// `GET /dossiers/{dossier}/errors`: what went wrong with it, and what corrects that.
enum ReadErrors: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/errors")
    static let summary = "The errors of agencies with a dossier, the apologies, and what corrects them"
    static let access = Access.signedIn

    struct Output: Record {
        var errors: [AgencyError] = []
        static let fields: [Field<Self>] = [
            .init("errors", \.errors, .list(.record, 0...Limits.OneStop.errors), "In the order of recording")
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .errors)
        let rows = try await call.run(
            "\(AgencyError.rows) WHERE e.dossier = \(dossier.id) ORDER BY e.id LIMIT \(Limits.OneStop.errors)")
        var output = Output()
        output.errors = try rows.map(AgencyError.init)
        if call.caller.kind == .citizen {
            for index in output.errors.indices { output.errors[index].what = nil }
        }
        return Reply(output)
    }
}
