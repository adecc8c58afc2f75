import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/exempt-fees`: the applicant is exempt (miễn phí, lệ phí; Law 97/2015/QH13, Art. 10), by a
/// case of the procedure that costs nothing. It stands in the place of the payment: whoever holds the dossier goes on
/// at once, the status stays and so does the clock.
enum ExemptFees: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/exempt-fees")
    static let summary = "Record that the applicant is exempt from the fees, by which case and why"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.notInStatus, .feeUnknown, .notAnExemption, .alreadyPaid, .alreadyExempted, .alreadyApproved,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var fee = ""
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init(
                "fee", \.fee, .text(1...Limits.OneStop.feeKind, pattern: Pattern.key),
                "The case of the procedure's fees that costs nothing"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why it applies; the applicant reads it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireHolding(before)
        let dossier = try decide(before, input, definition: try await call.procedure(of: before).definition)
        var event = DossierFeesExempted()
        (event.dossier, event.agency, event.actor) = (dossier.id, dossier.receivingAgency, call.caller.person)
        event.status = dossier.status
        return try await call.save(
            Change(
                dossier, "fees-exempted", note: input.reason, notice: dossier.notice(.feesExempted), event: event),
            from: before)
    }

    static func decide(_ before: Dossier, _ input: Input, definition: Definition) throws(Refused) -> Dossier {
        // In status 6 Budget has demanded the fee already: what it has asked for is paid or refused there.
        try before.require(.accepted, .processing)
        guard before.payment.paidAt == nil else { throw .alreadyPaid }
        guard before.payment.exemption == nil else { throw .alreadyExempted }
        guard before.approvedAt == nil else { throw .alreadyApproved }
        do throws(Refused) {
            guard try definition.fee(input.fee).amount == .zero else { throw Refused.notAnExemption }
        } catch { throw error.at("fee") }
        var dossier = before
        (dossier.payment.exemption, dossier.payment.exemptionReason) = (input.fee, input.reason)
        return dossier
    }
}

extension Dossier {
    /// Whether the fees keep it from going on: neither paid nor exempt, and asked for by the procedure or by a demand,
    /// also one that Budget refused.
    func owesFees(_ definition: Definition) -> Bool {
        guard payment.paidAt == nil, payment.exemption == nil else { return false }
        return payment.kind != nil || !definition.feesByDefault.isEmpty
    }
}

extension Refused {
    static let notAnExemption = Refused(
        "onestop.not-an-exemption", 422, vi: "Trường hợp này phải nộp phí, lệ phí, không phải trường hợp miễn.",
        en: "This case is paid for; it is no exemption.", field: "fee")
    static let alreadyExempted = Refused(
        "onestop.already-exempted", vi: "Hồ sơ đã được miễn phí, lệ phí.", en: "The dossier is exempt from its fees.")
}
