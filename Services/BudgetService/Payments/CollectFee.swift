import Contracts
import ServiceKit

/// `POST /demands/{demand}/collect`: the accountant takes the fee in cash at the counter, exactly what is due.
enum CollectFee: Endpoint {
    static let route = Route.post("/demands/{demand}/collect")
    static let summary = "Collect a fee in cash at the counter, with its numbered receipt"
    static let access = Access.official(.feesCollect)
    static let refusals = [Refused.alreadyPaid, .demandRefused, .demandCancelled, .amountDiffers]

    struct Input: Record {
        var demand = DemandID()
        var amount = Money.zero
        static let fields: [Field<Self>] = [
            .init("demand", \.demand, .id, "The demand", in: .path),
            .init("amount", \.amount, .money, "What was taken; must be what is due"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<FeeDemand> {
        guard let known = try await call.runtime.database.demand(input.demand) else { throw Refused.notFound }
        try await call.require(.feesCollect, at: known.agency)
        return try await call.transaction { work in
            guard let demand = try await work.demand(input.demand, forUpdate: true) else { throw Refused.notFound }
            try decide(demand, taken: input.amount)
            try call.check(Int64(demand.version))
            var received = Payment()
            (received.channel, received.amount, received.paidAt) = (.counter, input.amount, work.now)
            let (_, after) = try await work.book(received, for: demand)
            return Reply(after, version: Int64(after.version))
        }
    }

    static func decide(_ demand: FeeDemand, taken: Money) throws(Refused) {
        switch demand.state {
        case .open: break
        case .paid: throw .alreadyPaid
        case .refused: throw .demandRefused
        case .cancelled: throw .demandCancelled
        }
        guard taken == demand.amount else { throw .amountDiffers }
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
}
