import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/accept`: form 01. The dossier gets its code and its appointment; the clock runs.
enum AcceptDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/accept")
    static let summary = "Accept a dossier: code, appointment, hand-over deadline"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.unlawfulMove, .agencyDissolved]

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<DossierView> {
        let known = try await call.dossier(input.dossier)
        try await call.require(.dossiersReceive, for: known, at: known.receivingAgency)
        try check(known)
        // Its successor has it in a moment: a code names the agency that accepts (os-303).
        try await call.requireStanding(known.receivingAgency, field: "dossier")
        call.logRead(of: "dossier", input.dossier.text, purpose: "accepted")
        let procedure = try await call.procedure(of: known)
        let calendar = try await call.calendar(of: known.receivingAgency)
        // Decided before it meets others: all accepts of an agency wait for its serial.
        let (decided, due) = try decide(known, definition: procedure.definition, calendar: calendar, now: call.now)
        let (agency, day) = (known.receivingAgency, call.today)
        return try await call.transaction(
            together: "\(agency) \(day)", holding: DossierSQL.hold(known),
            taking: { take($0, of: agency, on: day) }
        ) { work, serial in
            let code = try DossierCode(agency: agency, received: day, serial: Int(serial))
            var dossier = decided
            (dossier.code, dossier.version) = (code, known.version + 1)
            var event = DossierAccepted()
            (event.dossier, event.code, event.procedure) = (dossier.id, code.text, dossier.procedure)
            (event.agency, event.actor) = (dossier.receivingAgency, call.caller.person)
            (event.acceptedAt, event.dueAt, event.status) = (work.now, due.at, dossier.status)
            event.handOverBy = dossier.handOverBy ?? due.at
            let change = Change(
                dossier, "accepted", due: due, notice: dossier.notice(.accepted(due: due.at)), event: event)
            let reply = Reply(
                DossierView(dossier, procedure.definition), version: dossier.version)
            try await work.save(change, from: known, answering: reply)
            return reply
        }
    }

    /// Only what was submitted is accepted. 5 and 7 also go back to 2, but by supplying and by declining: accepting
    /// again would give a second code.
    static func check(_ before: Dossier) throws(Refused) {
        try DossierMoves.check(before.status, .accepted)
        guard before.status == .submitted else { throw .unlawfulMove(before.status, .accepted) }
    }

    /// The next numbers of the day at this agency; their row is the lock, so there is no gap and no double.
    static func take(_ count: Int, of agency: AgencyCode, on day: Day) -> SQL {
        """
        INSERT INTO dossier_serials (agency, day, last) VALUES (\(agency), \(day), \(Int32(count)))
        ON CONFLICT (agency, day) DO UPDATE SET last = dossier_serials.last + \(Int32(count)) RETURNING last::int8
        """
    }

    /// All but the code.
    static func decide(
        _ before: Dossier, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate) {
        try check(before)
        var dossier = before
        try dossier.move(to: .accepted)
        let due = try Deadlines.due(from: now, limit: definition.limit, calendar: calendar)
        dossier.acceptedAt = now
        dossier.dueAt = due.at
        dossier.actBy = due.at
        dossier.handOverBy = try Deadlines.handOverBy(now, calendar: calendar)
        return (dossier, PromisedDate(cause: "accepted", at: due.at, former: nil, explanation: due.explanation))
    }
}
