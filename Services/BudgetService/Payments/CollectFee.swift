import Contracts
import ServiceKit

/// `POST /demands/{demand}/collect`: the accountant records the fee, exactly what is due: in cash at the counter, by
/// transfer to the agency's account, or as collected by the postal company (thu hộ). The latter two with their
/// reference, and by whom and when, from the demand on: a dossier's clock goes on from there (os-235).
enum CollectFee: Endpoint {
    static let route = Route.post("/demands/{demand}/collect")
    static let summary = "Collect a fee in cash, by transfer or through the post, with its numbered receipt"
    static let access = Access.official(.feesCollect)
    static let refusals = [
        Refused.alreadyPaid, .demandRefused, .demandCancelled, .amountDiffers, .wayMembers, .notYetCollected,
        .collectedBeforeDemand, .referenceUsed,
    ]

    enum Way: String, CaseIterable, Sendable {
        case cash, transfer, postal

        var channel: Payment.Channel {
            switch self {
            case .cash: .counter
            case .transfer: .transfer
            case .postal: .postal
            }
        }
    }

    struct Input: Record {
        var demand = DemandID()
        var amount = Money.zero
        var way = Way.cash
        var reference: String?
        var collector: String?
        var collectedAt: Date?

        static let fields: [Field<Self>] = [
            .init("demand", \.demand, .id, "The demand", in: .path),
            .init("amount", \.amount, .money, "What was taken; must be what is due"),
            .init("way", \.way, .choice, default: .cash, "In cash, by transfer, or collected by the post"),
            .init(
                "reference", \.reference, .text(1...Limits.Budget.referenceLength, pattern: #"^[A-Za-z0-9._:/-]+$"#),
                "Of the transfer, or the post's; each once at an agency. Not with cash"),
            .init(
                "collector", \.collector, .text(1...Limits.Budget.collectorLength),
                "The post office that collected it; with the post only"),
            .init(
                "collectedAt", \.collectedAt, .instant,
                "When the money came to the account or the post, not before the demand; now when absent. Not with cash"
            ),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<FeeDemand> {
        guard let known = try await call.runtime.database.demand(input.demand) else { throw Refused.notFound }
        try await call.require(.feesCollect, inChargeOf: known.agency)
        let received = try received(input, now: call.now)
        do {
            return try await call.transaction { work in
                guard let demand = try await work.demand(input.demand, forUpdate: true) else { throw Refused.notFound }
                try decide(demand, taken: input.amount, at: input.collectedAt)
                try call.check(Int64(demand.version))
                let (_, after) = try await work.book(received, for: demand)
                return Reply(after, version: Int64(after.version))
            }
        } catch let error as PostgresError where Payment.references.contains(error.constraint ?? "") {
            throw Refused.referenceUsed
        }
    }

    /// - Parameter at: when the money came, where that is named.
    static func decide(_ demand: FeeDemand, taken: Money, at: Date? = nil) throws(Refused) {
        switch demand.state {
        case .open: break
        case .paid: throw .alreadyPaid
        case .refused: throw .demandRefused
        case .cancelled: throw .demandCancelled
        }
        guard taken == demand.amount else { throw .amountDiffers }
        if let at, at < demand.demandedAt { throw .collectedBeforeDemand }
    }

    /// What came, by its way: money that was not handed over here has its reference, and the post its office.
    static func received(_ input: Input, now: Date) throws(Refused) -> Payment {
        let isCash = input.way == .cash
        guard isCash == (input.reference == nil) else { throw .wayMembers.at("reference") }
        guard (input.way == .postal) == (input.collector != nil) else { throw .wayMembers.at("collector") }
        guard !isCash || input.collectedAt == nil else { throw .wayMembers.at("collectedAt") }
        let at = input.collectedAt ?? now
        guard at <= now else { throw .notYetCollected }
        var payment = Payment()
        (payment.channel, payment.amount, payment.paidAt) = (input.way.channel, input.amount, at)
        (payment.reference, payment.collector) = (input.reference ?? "", input.collector)
        return payment
    }
}

extension Refused {
    static let alreadyPaid = Refused(
        "budget.already-paid", vi: "Khoản phí này đã được nộp.", en: "This fee has been paid.")
    static let demandRefused = Refused(
        "budget.demand-refused", vi: "Yêu cầu nộp phí này không có hiệu lực.", en: "This demand was refused.")
    static let demandCancelled = Refused(
        "budget.demand-cancelled", vi: "Yêu cầu nộp phí này đã được rút lại.", en: "This demand was taken back.")
    static let amountDiffers = Refused(
        "budget.amount-differs", 422, vi: "Số tiền phải đúng bằng số phải nộp.",
        en: "The amount must be exactly what is due.", field: "amount")
    static let wayMembers = Refused(
        "budget.way-members", 422,
        vi: "Chuyển khoản phải có mã tham chiếu; thu hộ phải có thêm bưu cục; tiền mặt không có các mục này.",
        en: "A transfer needs its reference, the post also its office; cash has neither, nor a time of its own.")
    static let collectedBeforeDemand = Refused(
        "budget.collected-before-demand", 422, vi: "Thời điểm thu không được trước khi có yêu cầu nộp phí.",
        en: "The money cannot have come before it was demanded.", field: "collectedAt")
    static let notYetCollected = Refused(
        "budget.not-yet-collected", 422, vi: "Thời điểm thu không được ở tương lai.",
        en: "The money cannot have come later than now.", field: "collectedAt")
}
