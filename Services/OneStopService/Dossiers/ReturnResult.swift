import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/return`: the result, or the papers of a stopped dossier, are handed over at the counter
/// that received it; final.
enum ReturnResult: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/return")
    static let summary = "Hand the result over to the applicant"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.unlawfulMove, .returnedTogether, .feesOpen]

    struct Input: Record {
        var dossier = DossierID()
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("note", \.note, .text(1...Limits.noteLength), "To whom and how: at the counter, by post"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersReceive, for: before, at: before.receivingAgency)
        let dossier = try decide(
            before, definition: try await call.procedure(of: before).definition, now: call.now)
        try await call.requireReturnedAlone(before)
        var event = DossierReturned()
        (event.dossier, event.agency, event.actor) = (dossier.id, dossier.workingAgency, call.caller.person)
        (event.returnedAt, event.status) = (call.now, dossier.status)
        return try await call.save(
            Change(dossier, "returned", note: input.note, notice: dossier.notice(.returned), event: event),
            from: before)
    }

    static func decide(_ before: Dossier, definition: Definition, now: Date) throws(Refused) -> Dossier {
        var dossier = before
        try dossier.move(to: .returned)
        // What is collected at the return is paid before the result is given out (os-095).
        guard before.status != .finished || !before.owesAtReturn(definition) else { throw .feesOpen }
        dossier.returnedAt = now
        return dossier
    }
}
