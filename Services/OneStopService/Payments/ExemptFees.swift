import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/exempt-fees`: the applicant is exempt (miễn phí, lệ phí; Law 97/2015/QH13, Art. 10), by a
/// case of the procedure that costs nothing, from all that it concerns or from one demand (os-094). It stands in the
/// place of the payment: a demand that is open is taken back, and what stood for it goes on.
enum ExemptFees: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/exempt-fees")
    static let summary = "Record that the applicant is exempt from the fees or from one demand, by which case and why"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.notInStatus, .feeUnknown, .notAnExemption, .alreadyPaid, .alreadyExempted, .alreadyApproved,
        .proofMissing, .demandNotOpen,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var fee = ""
        var reason = ""
        var demand: DemandID?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init(
                "fee", \.fee, .text(1...Limits.OneStop.feeKind, pattern: Pattern.key),
                "The case of the procedure's fees that costs nothing"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why it applies; the applicant reads it"),
            .init("demand", \.demand, .id, "Only from this demand; absent: from all that the case concerns"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireFees(of: before)
        let definition = try await call.procedure(of: before).definition
        let steps = try decide(
            before, input, definition: definition, calendar: try await call.calendar(of: before.receivingAgency),
            now: call.now)
        try await call.requireProof(of: [try definition.fee(input.fee)], reason: input.reason, in: before.id)
        let changes = steps.map { step in
            var event = DossierFeesExempted()
            (event.dossier, event.agency) = (before.id, before.receivingAgency)
            (event.actor, event.status) = (call.caller.person, step.dossier.status)
            (event.demand, event.dueAt) = (step.demand, step.demand == nil ? nil : step.dossier.dueAt)
            return Change(
                step.dossier, "fees-exempted", note: input.reason, due: step.due,
                notice: step.dossier.notice(.feesExempted), event: event)
        }
        return try await call.save(changes, from: before)
    }

    /// A demand that is taken back, or nil where none was made, and the dossier after it.
    typealias Step = (dossier: Dossier, demand: DemandID?, due: PromisedDate?)

    static func decide(
        _ before: Dossier, _ input: Input, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> [Step] {
        let exemption: Fee
        do throws(Refused) {
            exemption = try definition.fee(input.fee)
            guard exemption.amount == .zero else { throw Refused.notAnExemption }
        } catch { throw error.at("fee") }
        let places = before.payment.fees.indices.filter { place in
            let fee = before.payment.fees[place]
            return fee.state == .open && fee.concerns(exemption.nature)
                && (input.demand == nil || fee.demand == input.demand)
        }
        guard input.demand == nil || !places.isEmpty else { throw .demandNotOpen }
        guard !places.isEmpty else {
            return [(try exempt(before, input, exemption, now: now), demand: nil, due: nil)]
        }
        var (dossier, steps) = (before, [Step]())
        for place in places {
            dossier.payment.settle(place, .exempt, at: now)
            dossier.payment.fees[place].exemption = input.fee
            dossier.payment.fees[place].exemptionReason = input.reason
            let due = try dossier.goOnWhenSettled(definition: definition, calendar: calendar, now: now)
            steps.append((dossier, demand: dossier.payment.fees[place].demand, due: due))
        }
        return steps
    }

    /// Before anything was asked for: the status stays and so does the clock.
    private static func exempt(
        _ before: Dossier, _ input: Input, _ exemption: Fee, now: Date
    ) throws(Refused) -> Dossier {
        try before.require(.accepted, .processing)
        let known = before.payment.fees.filter { $0.concerns(exemption.nature) }
        guard !known.contains(where: { $0.state == .paid }) else { throw .alreadyPaid }
        guard !known.contains(where: \.isExemption) else { throw .alreadyExempted }
        guard before.approvedAt == nil else { throw .alreadyApproved }
        guard before.payment.fees.count < Limits.OneStop.dossierFees else { throw .tooManyFees }
        var fee = DossierFee()
        (fee.nature, fee.state, fee.settledAt) = (exemption.nature, .exempt, now)
        (fee.exemption, fee.exemptionReason) = (input.fee, input.reason)
        var dossier = before
        dossier.payment.fees.append(fee)
        return dossier
    }
}

extension Refused {
    static let notAnExemption = Refused(
        "onestop.not-an-exemption", 422, vi: "Trường hợp này phải nộp phí, lệ phí, không phải trường hợp miễn.",
        en: "This case is paid for; it is no exemption.", field: "fee")
    static let alreadyExempted = Refused(
        "onestop.already-exempted", vi: "Hồ sơ đã được miễn phí, lệ phí.", en: "The dossier is exempt from its fees.")
    static let demandNotOpen = Refused(
        "onestop.demand-not-open", vi: "Hồ sơ không có khoản phải nộp này, hoặc khoản này không còn phải nộp.",
        en: "The dossier has no such demand, or it is not open any more.", field: "demand")
}
