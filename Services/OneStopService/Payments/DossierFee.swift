import Contracts
import LegalClock
import ServiceKit

/// A fee of a dossier that was asked for, each with a demand of its own at Budget, or from which the applicant is
/// exempt. Personal data, as the reason of an exemption may be.
struct DossierFee: Record, Hashable {
    /// Refunded is what was given back whole: it is paid no more (os-233).
    enum State: String, CaseIterable, Sendable { case open, paid, exempt, refused, withdrawn, refunded }

    /// Nil where the applicant was exempt before anything was asked for.
    var demand: DemandID?
    /// Nil for whatever is due: an exemption from all, or what was asked for before there were several demands.
    var nature: FeeNature?
    var moment = FeeMoment.reception
    var cases: [String] = []
    var amount = Money.zero
    var state = State.open
    /// Whether the clock stands until it is settled.
    var stops = false
    var askedAt: Date?
    var settledAt: Date?
    /// How it was paid, and when that was known here, which is when its line of history was written. Neither changes
    /// any more, also where the money is given back. Absent where Budget did not say how.
    var channel: PaymentChannel?
    var reportedAt: Date?
    var receiptNumber: String?
    /// The number of the receipt before it, which is void.
    var voidedReceipt: String?
    /// What was given back in all.
    var refunded: Money?
    var refundedAt: Date?
    /// Of one that was paid all the same: when it was taken back, or the applicant exempted from it (os-271).
    var takenBackAt: Date?
    var reasonCode: String?
    var exemption: String?
    var exemptionReason: String?

    static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand at Budget; absent where none was made"),
        .init("nature", \.nature, .choice, "Phí or lệ phí; absent for whatever is due"),
        .init("moment", \.moment, .choice, "When it is collected (HinhThucThu 1, 2, 4)"),
        .init(
            "cases", \.cases, .list(.text(1...Limits.OneStop.feeKind), 0...Limits.OneStop.fees),
            "The cases of the procedure's fees that it comes from"),
        .init("amount", \.amount, .money, "What is or was due"),
        .init("state", \.state, .choice, "Open, paid, exempt, refused by Budget, withdrawn, or paid and given back"),
        .init("stops", \.stops, .bool, "Whether the clock stands until it is settled"),
        .init("askedAt", \.askedAt, .instant, "When it was asked for"),
        .init("settledAt", \.settledAt, .instant, "When it was paid, exempted, refused or withdrawn"),
        .init("channel", \.channel, .choice, "How the money came; absent where that was not said"),
        .init("reportedAt", \.reportedAt, .instant, "When the payment was known here"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt that counts"),
        .init("voidedReceipt", \.voidedReceipt, .text(1...40), "The void receipt in whose place it was issued"),
        .init("refunded", \.refunded, .money, "What was given back in all"),
        .init("refundedAt", \.refundedAt, .instant, "When something was given back last"),
        .init(
            "takenBackAt", \.takenBackAt, .instant,
            "Of one that was paid all the same: when it was taken back, or the applicant exempted from it"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Why Budget refused it, or why it was withdrawn"),
        .init("exemption", \.exemption, .text(1...Limits.OneStop.feeKind), "The case that exempts"),
        .init("exemptionReason", \.exemptionReason, .text(1...Limits.noteLength), "Why it applies"),
    ]

    var isDueOnWork: Bool { moment != .handingOver }

    /// Whether it stands for an exemption, also where the money came all the same.
    var isExemption: Bool { state == .exempt || (takenBackAt != nil && exemption != nil) }

    /// Until when the clock stood for it.
    var stoodUntil: Date? { settledAt.map { min($0, takenBackAt ?? $0) } }

    /// Whether a case of this nature is meant; nil is all of them.
    func concerns(_ nature: FeeNature?) -> Bool { self.nature == nil || nature == nil || self.nature == nature }
}

/// What is asked for by one demand: phí and lệ phí apart, and each at its moment (os-090).
struct FeeSlot: Hashable, Sendable {
    var nature: FeeNature
    var moment: FeeMoment
}

extension Dossier.Payment {
    var open: [DossierFee] { fees.filter { $0.state == .open } }

    /// The demand that was made last and is open or paid: what stands beside the dossier where there is room for one.
    private var last: DossierFee? { fees.last { $0.demand != nil && ($0.state == .open || $0.state == .paid) } }
    private var exempt: DossierFee? { fees.last(where: \.isExemption) }

    var demand: DemandID? { last?.demand }
    var amount: Money? { last?.amount }
    var kind: String? { fees.last { $0.state != .exempt }.map { $0.cases.count == 1 ? $0.cases[0] : "combined" } }
    var paidAt: Date? { last?.settledAt }
    var paidAmount: Money? { last.flatMap { $0.state == .paid ? $0.amount : nil } }
    var receipt: String? { last?.receiptNumber }
    var exemption: String? { exempt?.exemption }
    var exemptionReason: String? { exempt?.exemptionReason }

    /// Whether it stands open for this very demand.
    func place(of demand: DemandID) -> Int? { fees.firstIndex { $0.demand == demand && $0.state == .open } }

    /// Whether this very demand was taken back, or the applicant exempted from it.
    func formerPlace(of demand: DemandID) -> Int? {
        fees.firstIndex { $0.demand == demand && ($0.state == .withdrawn || $0.state == .exempt) }
    }

    /// Whether a slot was paid, or the applicant is exempt from it.
    func covers(_ slot: FeeSlot) -> Bool {
        fees.contains { fee in
            guard fee.concerns(slot.nature) else { return false }
            return fee.isExemption || fee.state == .paid && (fee.moment == slot.moment || fee.nature == nil)
        }
    }

    func isOpen(_ slot: FeeSlot) -> Bool {
        fees.contains { $0.state == .open && $0.moment == slot.moment && $0.concerns(slot.nature) }
    }

    mutating func settle(_ place: Int, _ state: DossierFee.State, at now: Date, reasonCode: String? = nil) {
        (fees[place].state, fees[place].settledAt, fees[place].reasonCode) = (state, now, reasonCode)
    }

    /// The money of that fee came.
    mutating func take(_ event: FeePaid, for place: Int, at now: Date) {
        settle(place, .paid, at: event.paidAt)
        (fees[place].amount, fees[place].receiptNumber) = (event.amount, event.receiptNumber)
        (fees[place].channel, fees[place].reportedAt) = (event.channel, event.channel.map { _ in now })
    }

    /// What is open is asked for no more: processing was stopped. Budget hears it by that event (os-093).
    mutating func withdrawOpen(at now: Date) {
        for place in fees.indices where fees[place].state == .open {
            settle(place, .withdrawn, at: now, reasonCode: "stopped")
        }
    }
}

extension Dossier {
    /// Whether the fees keep work from going on (os-091): one is open, or what the procedure asks for by default or
    /// what Budget refused is neither paid nor exempt. What is collected at the return keeps nothing before that.
    func owesFees(_ definition: Definition) -> Bool {
        payment.open.contains(where: \.isDueOnWork)
            || owes(definition) { $0 == .reception || ($0 == .supplement && supplementRequestedAt != nil) }
    }

    /// Whether the result may not be handed over yet: any demand is open, or a fee of the return was not asked for.
    func owesAtReturn(_ definition: Definition) -> Bool {
        !payment.open.isEmpty || owes(definition) { $0 == .handingOver }
    }

    private func owes(_ definition: Definition, when isDue: (FeeMoment) -> Bool) -> Bool {
        let asked = definition.fees.filter(\.byDefault).map { $0.slot() }
        let refused = payment.fees.filter { $0.state == .refused }
            .map { FeeSlot(nature: $0.nature ?? .fee, moment: $0.moment) }
        return (asked + refused).contains { isDue($0.moment) && !payment.covers($0) }
    }

    /// Status 6 is left when the last open demand for which the clock stands is settled (os-092). The clock goes on
    /// from the last settlement, however late its report came.
    mutating func goOnWhenSettled(
        definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> PromisedDate? {
        guard status == .awaitingPayment, !payment.fees.contains(where: { $0.state == .open && $0.stops }) else {
            return nil
        }
        let begun = pauses.last?.from
        let last = payment.fees.filter(\.stops).compactMap(\.stoodUntil).max() ?? now
        try move(to: .processing)
        // Two services, two clocks: the clock neither runs before it stood nor from a moment that is still to come.
        return try resumeClock(at: max(min(last, now), begun ?? last), definition: definition, calendar: calendar)
    }
}

extension Fee {
    /// Where it is asked for; a case that names no moment is collected at reception unless `otherwise` says more.
    func slot(otherwise moment: FeeMoment = .reception) -> FeeSlot {
        FeeSlot(nature: nature ?? .fee, moment: self.moment ?? moment)
    }
}

extension Call {
    /// Several changes of a dossier in one commit: each has its version, its history and its event.
    func save(_ changes: [Change], from before: Dossier) async throws -> Reply<DossierView> {
        guard let last = changes.last else { throw Refused.nothingToPay }
        guard changes.count > 1 else { return try await save(last, from: before) }
        logRead(of: "dossier", before.id.text, purpose: last.what)
        return try await transaction { work in
            try await work.post(DossierSQL.hold(before))
            let after = try await work.save(changes, from: before)
            return Reply(try await view(of: after), version: after.version)
        }
    }

    /// Who asks for fees and takes them back: whoever holds the dossier, and of what is done the counter.
    func requireFees(of dossier: Dossier) async throws {
        guard dossier.status == .finished || dossier.status == .awaitingSupplement else {
            return try await requireHolding(dossier)
        }
        try await requireAtDesk(dossier)
    }

    /// Refuses unless the papers that prove these cases lie in the dossier (os-094).
    func requireProof(of cases: [Fee], reason: String?, in dossier: DossierID) async throws {
        let proofs = cases.compactMap(\.proof)
        guard !proofs.isEmpty else { return }
        guard reason != nil else { throw Refused.feeReason }
        // As a file, on paper as a clerk ticked it (os-044), or as the result of an earlier dossier (os-042).
        let rows = try await run(
            """
            SELECT part FROM attachments WHERE dossier = \(dossier)
            UNION SELECT part FROM dossier_papers WHERE dossier = \(dossier)
            """)
        let parts: Set<String> = try Set(rows.map { try $0("part") })
        guard parts.isSuperset(of: proofs) else { throw Refused.proofMissing }
    }
}

extension Refused {
    static let feeReason = Refused(
        "onestop.fee-reason", 422, vi: "Trường hợp miễn, giảm phải nêu lý do.",
        en: "An exemption or reduction needs its reason.", field: "reason")
    static let proofMissing = Refused(
        "onestop.proof-missing", vi: "Hồ sơ chưa có giấy tờ chứng minh trường hợp miễn, giảm này.",
        en: "The paper that proves this exemption or reduction is not in the dossier.", field: "fee")
}
