import Contracts
import ServiceKit

enum HandoverTag {}
typealias HandoverID = ID<HandoverTag>

/// `POST /agencies/{agency}/postal-handovers`: the postal company hands over what it collected: Debit 112 or 1111,
/// Credit 138, each payment once (os-235).
enum HandOverPostal: Endpoint {
    static let route = Route.post("/agencies/{agency}/postal-handovers", success: 201)
    static let summary = "Record that the postal company handed over payments it had collected, in one sum"
    static let access = Access.official(.feesCollect)
    static let refusals = [Refused.notHeldByPost, .handedOverAlready, .handoverDiffers, .handoverReferenceUsed]

    enum Way: String, CaseIterable, Sendable {
        case cash, transfer
        var account: String { self == .cash ? ChartOfAccounts.cash : ChartOfAccounts.bank }
    }

    struct Input: Record {
        var agency = AgencyCode.none
        var payments: [PaymentID] = []
        var amount = Money.zero
        var way = Way.transfer
        var reference = ""

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Whose money it is", in: .path),
            .init("payments", \.payments, .list(.id, 1...Limits.Budget.handedOver), "What it is for, each once"),
            .init("amount", \.amount, .money, "What was handed over; must be the sum of these"),
            .init("way", \.way, .choice, default: .transfer, "In cash or by transfer"),
            .init("reference", \.reference, .text(1...Limits.Budget.referenceLength), "Its number; each once"),
        ]
    }

    struct Output: Record {
        var handover = HandoverID()
        var agency = AgencyCode.none
        var amount = Money.zero
        var payments = 0
        var handedAt = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init("handover", \.handover, .id, "The hand-over"),
            .init("agency", \.agency, .agency, "Whose money it is"),
            .init("amount", \.amount, .money, "What was handed over"),
            .init("payments", \.payments, .integer(1...Limits.Budget.handedOver), "For how many payments"),
            .init("handedAt", \.handedAt, .instant, "When it was recorded"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.feesCollect, inChargeOf: input.agency)
        do {
            return try await call.transaction { work in
                let held = try await work.run(
                    """
                    SELECT p.amount, o.payment IS NOT NULL AS handed_over FROM payments p
                    LEFT JOIN handed_over_payments o ON o.payment = p.id
                    WHERE p.agency = \(input.agency) AND p.channel = 'postal'
                      AND p.id = ANY(\(input.payments.map(\.uuid)))
                    """
                ).map { (amount: try $0("amount", as: Money.self), isHandedOver: try $0("handed_over", as: Bool.self)) }
                try decide(input, held: held)
                var output = Output()
                (output.handover, output.agency, output.amount) = (.new(), input.agency, input.amount)
                (output.payments, output.handedAt) = (input.payments.count, work.now)
                try await write(output, input, work)
                return Reply(output)
            }
        } catch let error as PostgresError where error.constraint == "postal_handovers_reference" {
            throw Refused.handoverReferenceUsed
        } catch let error as PostgresError where error.constraint == "handed_over_payments_pkey" {
            throw Refused.handedOverAlready
        }
    }

    static func decide(_ input: Input, held: [(amount: Money, isHandedOver: Bool)]) throws {
        guard held.count == input.payments.count else { throw Refused.notHeldByPost }
        guard held.allSatisfy({ !$0.isHandedOver }) else { throw Refused.handedOverAlready }
        guard try Money.sum(held.map(\.amount)) == input.amount else { throw Refused.handoverDiffers }
    }

    private static func write(_ output: Output, _ input: Input, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO postal_handovers (id, agency, way, reference, amount, handed_at, taken_at, taken_by)
            VALUES (\(output.handover), \(input.agency), \(input.way.rawValue), \(input.reference), \(input.amount),
                    \(output.handedAt), \(work.now), \(work.actor))
            """)
        try await work.run(
            """
            INSERT INTO handed_over_payments (payment, handover)
            SELECT payment, \(output.handover) FROM unnest(\(input.payments.map(\.uuid))) AS payment
            """)
        try await work.post(
            .postHandedOver, .init(agency: input.agency, payment: nil, cause: output.handover.uuid), on: work.today,
            document: input.reference,
            lines: [
                .init(input.way.account, .debit, input.amount),
                .init(ChartOfAccounts.heldByPost, .credit, input.amount),
            ], by: work.actor)
    }
}

extension Refused {
    static let notHeldByPost = Refused(
        "budget.not-held-by-post", 422, vi: "Có khoản không do bưu chính thu hộ cho cơ quan này, hoặc nêu hai lần.",
        en: "One of these was not collected by the post for this agency, or is named twice.", field: "payments")
    static let handedOverAlready = Refused(
        "budget.handed-over-already", vi: "Có khoản bưu chính đã bàn giao.",
        en: "One of these was handed over already.", field: "payments")
    static let handoverDiffers = Refused(
        "budget.handover-differs", 422, vi: "Số tiền bàn giao phải bằng tổng các khoản thu hộ.",
        en: "What is handed over must be the sum of these payments.", field: "amount")
    static let handoverReferenceUsed = Refused(
        "budget.handover-reference-used", vi: "Số chứng từ này đã dùng cho lần bàn giao khác.",
        en: "This reference belongs to another hand-over.", field: "reference")
}
