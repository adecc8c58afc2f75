import Contracts
import ServiceKit

/// `GET /payments`: money that came, newest first; what is owed back when asked.
enum ListPayments: Endpoint {
    static let route = Route.get("/payments")
    static let summary = "The payments of an agency, newest first; only those with something owed back when asked"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var toRefund = false
        var heldByPost = false
        var demand: DemandID?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Who received them", in: .query),
            .init("toRefund", \.toRefund, .bool, default: false, "Only with something still owed back", in: .query),
            .init(
                "heldByPost", \.heldByPost, .bool, default: false, "Only what the post has not handed over",
                in: .query),
            .init("demand", \.demand, .id, "Only for this demand", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var payments: [Payment] = []
        static let fields: [Field<Self>] = [
            .init("payments", \.payments, .list(.record, 0...Limits.pageMaximum), "The payments")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try PaymentID(cursor)
        let rows = try await call.run(
            """
            \(Payment.selection)
            WHERE p.agency = \(input.agency) AND (\(before)::uuid IS NULL OR p.id < \(before))
              AND (NOT \(input.toRefund) OR p.to_refund > 0 AND r.payment IS NULL)
              AND (NOT \(input.heldByPost) OR p.channel = 'postal' AND o.payment IS NULL)
              AND (\(input.demand)::uuid IS NULL OR p.demand = \(input.demand))
            ORDER BY p.id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.payments = try rows.prefix(input.limit).map(Payment.init)
        guard rows.count > input.limit, let last = output.payments.last else { return Reply(output) }
        var next = "/payments?agency=\(input.agency)&toRefund=\(input.toRefund)&limit=\(input.limit)"
        if input.heldByPost { next += "&heldByPost=true" }
        if let demand = input.demand { next += "&demand=\(demand)" }
        return Reply(output, next: "\(next)&cursor=\(Cursor(text: last.payment.text))")
    }
}
