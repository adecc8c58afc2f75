import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/require-payment`: fees are asked for. Budget hears of each demand by its event. Phí and
/// lệ phí are demands of their own, and so is what is collected at another moment (os-090). While work is not done the
/// clock stands until they are paid (status 6). Without a body every fee that the procedure asks for by default and
/// that is due is required once. An exemption that was recorded before is taken back.
enum RequirePayment: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/require-payment")
    static let summary = "Require fees of the procedure; while work is not done the clock stands until they are paid"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.unlawfulMove, .noFees, .feeUnknown, .keyTwice, .feeAmount, .nothingToPay, .alreadyPaid,
        .alreadyDemanded, .alreadyApproved, .feeReason, .proofMissing, .tooManyFees, .correctionFree,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var fees: [FeeLine]?
        var copies = 1
        var reason: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init(
                "fees", \.fees, .list(.record, 1...Limits.OneStop.fees),
                "Which cases of the procedure's fees, each once; absent: all that are asked for by default"),
            .init(
                "copies", \.copies, .integer(1...Limits.OneStop.feeCopies), default: 1,
                "How many times all of that, each with its own cap"),
            .init(
                "reason", \.reason, .text(1...Limits.noteLength),
                "Why a case applies that needs proof (giảm phí, lệ phí)"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireFees(of: before)
        let definition = try await call.procedure(of: before).definition
        let steps = try decide(before, input, definition: definition, demand: .new(), now: call.now)
        let named = try (input.fees ?? []).map { try definition.fee($0.kind) }
        try await call.requireProof(of: named, reason: input.reason, in: before.id)
        let changes = steps.map { dossier, fee in
            var event = DossierPaymentRequired()
            (event.dossier, event.agency, event.amount) = (dossier.id, dossier.receivingAgency, fee.amount)
            // A case that was named may say what kind of person the applicant is: it stays in the dossier.
            let kind = input.fees == nil && fee.cases.count == 1 ? fee.cases[0] : nil
            (event.demand, event.feeKind) = (fee.demand ?? event.demand, kind ?? "combined")
            (event.nature, event.moment, event.status) = (fee.nature, fee.moment, dossier.status)
            return Change(
                dossier, "payment-required", note: reckoning(input, fee),
                notice: dossier.notice(.paymentRequired(fee.amount)), event: event)
        }
        return try await call.save(changes, from: before)
    }

    /// The dossier after each demand, in the order in which they are told.
    static func decide(
        _ before: Dossier, _ input: Input, definition: Definition, demand: @autoclosure () -> DemandID, now: Date
    ) throws(Refused) -> [(dossier: Dossier, fee: DossierFee)] {
        guard !definition.fees.isEmpty else { throw .noFees }
        // os-085
        let isFree = before.payment.fees.contains { $0.state == .exempt && $0.exemption == CorrectError.exemption }
        guard !isFree else { throw .correctionFree }
        let lines = try lines(before, input, definition)
        var amounts: [FeeSlot: (cases: [FeeLine], amount: Money)] = [:]
        var order: [FeeSlot] = []
        for (slot, line) in lines {
            if amounts[slot] == nil { order.append(slot) }
            amounts[slot, default: ([], .zero)].cases.append(line)
        }
        var (dossier, steps) = (before, [(dossier: Dossier, fee: DossierFee)]())
        // A case named twice is refused also where the two would come to different demands.
        guard Set(lines.map(\.line.kind)).count == lines.count else { throw .keyTwice.at("fees") }
        for slot in order {
            let cases = amounts[slot]?.cases ?? []
            let amount = try definition.amount(of: cases, copies: input.copies)
            guard amount > .zero else { continue }
            var fee = DossierFee()
            (fee.demand, fee.nature, fee.moment) = (demand(), slot.nature, slot.moment)
            (fee.cases, fee.amount, fee.askedAt) = (cases.map(\.kind), amount, now)
            try dossier.ask(for: fee, at: now)
            steps.append((dossier, dossier.payment.fees.last ?? fee))
        }
        guard !steps.isEmpty else { throw .nothingToPay }
        guard dossier.payment.fees.count <= Limits.OneStop.dossierFees else { throw .tooManyFees }
        return steps
    }

    /// What is asked for, each with the demand that it belongs to: what is named, or what is due by default.
    private static func lines(
        _ before: Dossier, _ input: Input, _ definition: Definition
    ) throws(Refused) -> [(slot: FeeSlot, line: FeeLine)] {
        let now: FeeMoment =
            switch before.status {
            case .finished: .handingOver
            case .awaitingSupplement: .supplement
            default: .reception
            }
        if let named = input.fees {
            let lines = try named.map { line throws(Refused) in
                (slot: try definition.fee(line.kind).slot(otherwise: now), line: line)
            }
            for (slot, line) in lines {
                guard try definition.fee(line.kind).amount > .zero else { continue }
                guard !before.payment.isOpen(slot) else { throw .alreadyDemanded }
                let isPaid = before.payment.fees.contains { fee in
                    fee.state == .paid && fee.concerns(slot.nature) && fee.moment == slot.moment
                        && (fee.nature == nil || fee.cases.contains(line.kind))
                }
                guard !isPaid else { throw .alreadyPaid }
            }
            return lines
        }
        let due = definition.fees.filter { fee in
            guard fee.byDefault else { return false }
            let moment = fee.slot().moment
            return moment == now
                || (moment == .supplement && now == .reception && before.supplementRequestedAt != nil)
        }.map { (slot: $0.slot(), line: FeeLine($0.kind)) }
        if due.isEmpty, now != .reception { throw .unlawfulMove(before.status, .awaitingPayment) }
        let paid = Set(before.payment.fees.filter { $0.state == .paid }.map { $0.nature })
        let rest = due.filter { slot, _ in
            !before.payment.isOpen(slot) && !(before.payment.isPaid(slot) || paid.contains(nil))
        }
        guard due.isEmpty || !rest.isEmpty else {
            throw due.contains { before.payment.isOpen($0.slot) } ? .alreadyDemanded : .alreadyPaid
        }
        return rest
    }

    /// How the amount came about, for the file: `standard × 1, extra-copy × 2; copies: 3`. Nil for what the procedure
    /// itself says.
    private static func reckoning(_ input: Input, _ fee: DossierFee) -> String? {
        guard input.fees != nil || input.copies > 1 else { return nil }
        let own = input.fees.map { $0.filter { fee.cases.contains($0.kind) } }
        let lines = own.map { $0.map { "\($0.kind) × \($0.quantity)" }.joined(separator: ", ") } ?? "default"
        return "\(lines); copies: \(input.copies)" + (input.reason.map { "; \($0)" } ?? "")
    }
}

extension Dossier.Payment {
    func isPaid(_ slot: FeeSlot) -> Bool {
        fees.contains { $0.state == .paid && $0.nature == slot.nature && $0.moment == slot.moment }
    }
}

extension Dossier {
    /// Adds an open demand: what it does to status and clock depends on when it is collected.
    mutating func ask(for fee: DossierFee, at now: Date) throws(Refused) {
        var fee = fee
        switch status {
        case .accepted, .processing:
            guard approvedAt == nil || fee.moment == .handingOver else { throw .alreadyApproved }
            fee.stops = fee.isDueOnWork
            guard fee.stops else { break }
            try move(to: .awaitingPayment)
            suspendClock(.awaitingPayment, at: now)
        case .awaitingPayment: fee.stops = fee.isDueOnWork
        // The clock stands already.
        case .awaitingSupplement where fee.moment == .supplement: break
        case .finished where fee.moment == .handingOver: break
        default: throw .unlawfulMove(status, .awaitingPayment)
        }
        // Whoever demands takes back an exemption that was a mistake.
        for place in payment.fees.indices
        where payment.fees[place].isExemption && payment.fees[place].concerns(fee.nature) {
            if payment.fees[place].state == .exempt {
                payment.settle(place, .withdrawn, at: now)
            } else {
                // Its money came all the same: that stays.
                (payment.fees[place].exemption, payment.fees[place].exemptionReason) = (nil, nil)
            }
        }
        payment.fees.append(fee)
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
    static let alreadyDemanded = Refused(
        "onestop.already-demanded", vi: "Khoản phí, lệ phí này đã được yêu cầu nộp và chưa nộp.",
        en: "This fee was asked for and is not paid yet.", field: "fees")
    static let correctionFree = Refused(
        "onestop.correction-free",
        vi: "Hồ sơ khắc phục sai sót của cơ quan: người nộp không phải nộp phí, lệ phí.",
        en: "This dossier corrects an error of the agency, which bears the costs: no fee is asked for.")
    static let tooManyFees = Refused(
        "onestop.too-many-fees", vi: "Hồ sơ đã có quá nhiều khoản phí, lệ phí.",
        en: "The dossier has too many fees.", field: "fees")
}
