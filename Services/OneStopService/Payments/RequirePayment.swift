import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/require-payment`: status 6. Budget hears of it by event and demands the fee; the clock
/// stands until it is paid. Without a body every fee that the procedure asks for by default is required once. An
/// exemption that was recorded before is taken back.
enum RequirePayment: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/require-payment")
    static let summary = "Require the fees of the procedure; the clock stands until they are paid"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.unlawfulMove, .noFees, .feeUnknown, .keyTwice, .feeAmount, .nothingToPay, .alreadyPaid,
        .alreadyApproved,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var fees: [FeeLine]?
        var copies = 1

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init(
                "fees", \.fees, .list(.record, 1...Limits.OneStop.fees),
                "Which cases of the procedure's fees, each once; absent: all that are asked for by default"),
            .init(
                "copies", \.copies, .integer(1...Limits.OneStop.feeCopies), default: 1,
                "How many times all of that, each with its own cap"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireHolding(before)
        let definition = try await call.procedure(of: before).definition
        let (dossier, amount) = try decide(before, input, definition: definition, demand: .new(), now: call.now)
        var event = DossierPaymentRequired()
        (event.dossier, event.agency, event.amount) = (dossier.id, dossier.receivingAgency, amount)
        // A case that was named may say what kind of person the applicant is: it stays in the dossier.
        let kind = input.fees == nil ? dossier.payment.kind : nil
        (event.demand, event.feeKind) = (dossier.payment.demand ?? event.demand, kind ?? "combined")
        event.status = dossier.status
        return try await call.save(
            Change(
                dossier, "payment-required", note: reckoning(input), notice: dossier.notice(.paymentRequired(amount)),
                event: event), from: before)
    }

    static func decide(
        _ before: Dossier, _ input: Input, definition: Definition, demand: DemandID, now: Date
    ) throws(Refused) -> (Dossier, Money) {
        guard !definition.fees.isEmpty else { throw .noFees }
        guard before.payment.paidAt == nil else { throw .alreadyPaid }
        guard before.approvedAt == nil else { throw .alreadyApproved }
        let lines = input.fees ?? definition.feesByDefault
        let amount = try definition.amount(of: lines, copies: input.copies)
        guard amount > .zero else { throw .nothingToPay }
        var dossier = before
        // Whoever demands takes back an exemption that was a mistake.
        (dossier.payment.exemption, dossier.payment.exemptionReason) = (nil, nil)
        try dossier.move(to: .awaitingPayment)
        (dossier.payment.demand, dossier.payment.amount) = (demand, amount)
        dossier.payment.kind = lines.count == 1 ? lines[0].kind : "combined"
        dossier.suspendClock(.awaitingPayment, at: now)
        return (dossier, amount)
    }

    /// How the amount came about, for the file: `standard × 1, extra-copy × 2; copies: 3`. Nil for what the procedure
    /// itself says.
    private static func reckoning(_ input: Input) -> String? {
        guard input.fees != nil || input.copies > 1 else { return nil }
        let lines = input.fees.map { $0.map { "\($0.kind) × \($0.quantity)" }.joined(separator: ", ") } ?? "default"
        return "\(lines); copies: \(input.copies)"
    }
}

extension Refused {
    static let noFees = Refused(
        "onestop.no-fees", vi: "Thủ tục này không có phí, lệ phí.", en: "This procedure has no fees.")
    static let nothingToPay = Refused(
        "onestop.nothing-to-pay",
        vi: "Không có khoản nào phải nộp: hãy nêu trường hợp phí, lệ phí, hoặc ghi nhận việc miễn.",
        en: "There is nothing to pay: name the cases of the fees, or record the exemption instead.", field: "fees")
    static let alreadyPaid = Refused(
        "onestop.already-paid", vi: "Phí, lệ phí đã được nộp.", en: "The fees are paid already.")
}
