import Contracts
import Foundation
import ServiceKit

/// `POST /payments/callback`: the payment gateway reports money. It may do so many times: a reference counts once and
/// is answered the same each time. A demand that is not known yet is 404; the gateway's repetition finds it.
enum ReceivePaymentCallback: RawEndpoint {
    static let route = Route.post("/payments/callback")
    static let summary = "The payment gateway reports a payment (call-back, signed with HMAC-SHA-256)"
    static let access = Access.open
    static let refusals = [
        Refused.callbackUnsigned, .callbackStale, .callbackMalformed, .demandUnknown, .referenceUsed,
    ]
    static let bodyLimit = Limits.Budget.callbackBytes

    /// What the gateway sends. Members that we do not know are ignored: the specification is the gateway's.
    struct Report: Record {
        enum Currency: String, CaseIterable, Sendable { case dong = "VND" }

        var reference = ""
        var demand = DemandID()
        var amount = 0
        var currency = Currency.dong
        var paidAt = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init(
                "reference", \.reference, .text(1...Limits.Budget.referenceLength, pattern: #"^[A-Za-z0-9._:-]+$"#),
                "The gateway's reference of the payment"),
            .init("demand", \.demand, .id, "The demand that was paid for"),
            .init("amount", \.amount, .integer(1...Int(Limits.Budget.paymentDong)), "What was paid, in whole đồng"),
            .init("currency", \.currency, .choice, "Always VND"),
            .init("paidAt", \.paidAt, .instant, "When it was paid"),
        ]
    }

    /// What the gateway is answered.
    struct Answer: Record {
        enum Outcome: String, CaseIterable, Sendable {
            case settled
            case toRefund = "to-refund"
        }

        var reference = ""
        var payment = PaymentID()
        var outcome = Outcome.settled
        var toRefund = Money.zero
        var receiptNumber: String?

        static let fields: [Field<Self>] = [
            .init("reference", \.reference, .text(1...Limits.Budget.referenceLength), "The reference reported"),
            .init("payment", \.payment, .id, "Our number of the payment"),
            .init("outcome", \.outcome, .choice, "Whether it paid the demand"),
            .init("toRefund", \.toRefund, .money, "What is owed back: too much, too little, or paid already"),
            .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt (biên lai)"),
        ]

        init() {}

        init(_ payment: Payment) {
            (reference, self.payment, toRefund) = (payment.reference, payment.payment, payment.toRefund)
            (outcome, receiptNumber) = (payment.settled > .zero ? .settled : .toRefund, payment.receiptNumber)
        }
    }

    static let operation: JSON = [
        "parameters": [
            [
                "name": "Payment-Signature", "in": "header", "required": true,
                "description": "t=<seconds since 1970>,v1=<hex of HMAC-SHA-256 over \"<t>.<raw body>\">",
                "schema": ["type": "string"],
            ]
        ],
        "requestBody": [
            "required": true,
            "content": ["application/json": ["schema": Report.schema(of: Report.fields, closed: false)]],
        ],
        "responses": [
            "200": [
                "description": "Booked, now or before",
                "content": ["application/json": ["schema": Answer.schema]],
            ],
            "422": [
                "description": "Members are missing or wrong; nothing was booked",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            try call.resource(CallbackSignature.self)
                .verify(request.header(CallbackSignature.header), request.body, now: Date())
        } catch {
            call.log.warning(
                "payment call-back refused", metadata: ["code": "\(error.code)", "peer": "\(request.peer)"])
            throw error
        }
        let report = try read(request.body)
        do {
            return Outgoing.json(200, Answer(try await book(report, call)).jsonBytes)
        } catch let refused as Refused {
            try await note(refused, report, call)
            throw refused
        }
    }

    static func read(_ body: [UInt8]) throws -> Report {
        let json: JSON
        do throws(JSONFault) { json = try JSON(parsing: body) } catch { throw Refused.callbackMalformed }
        return try Report(decoding: json, unknown: .ignore)
    }

    /// One report, in one transaction. Two of one reference at once: the slower one meets the unique key and runs
    /// again, to find what the faster one wrote.
    private static func book(_ report: Report, _ call: Call) async throws -> Payment {
        do { return try await bookOnce(report, call) } catch let error as PostgresError
            where Payment.references.contains(error.constraint ?? "")
        {
            return try await bookOnce(report, call)
        }
    }

    private static func bookOnce(_ report: Report, _ call: Call) async throws -> Payment {
        var received = Payment()
        (received.channel, received.reference, received.paidAt) = (.gateway, report.reference, report.paidAt)
        (received.demand, received.amount) = (report.demand, try Money(Int64(report.amount)))
        let asked = received
        return try await call.transaction { work in
            let demand = try await work.demand(asked.demand, forUpdate: true)
            if let known = try await work.reported(asked.reference) {
                return Reply(try repetition(of: known, asked))
            }
            guard let demand else { throw Refused.demandUnknown }
            return Reply(try await work.book(asked, for: demand).0)
        }.output
    }

    /// The payment as it was booked, when the same is reported again; the reference of another one is refused.
    static func repetition(of known: Payment, _ reported: Payment) throws(Refused) -> Payment {
        guard known.demand == reported.demand, known.amount == reported.amount else { throw .referenceUsed }
        return known
    }

    /// A signed report that was refused tells of money that somebody sent: it is kept, once.
    private static func note(_ refused: Refused, _ report: Report, _ call: Call) async throws {
        call.log.warning(
            "payment call-back refused",
            metadata: ["code": "\(refused.code)", "reference": "\(report.reference)", "demand": "\(report.demand)"])
        try await call.runtime.database.run(
            """
            INSERT INTO refused_callbacks (reference, demand, amount, code, at)
            VALUES (\(report.reference), \(report.demand), \(report.amount), \(refused.code), \(call.now))
            ON CONFLICT DO NOTHING
            """)
    }
}

extension Session {
    /// What the gateway reported under a reference. The channel is no value: the index is of it alone.
    func reported(_ reference: String) async throws -> Payment? {
        try await run("\(Payment.selection) WHERE p.channel = 'gateway' AND p.reference = \(reference)")
            .first.map(Payment.init)
    }
}

extension Refused {
    static let callbackMalformed = Refused(
        "budget.callback-malformed", 400, vi: "Nội dung không phải JSON hợp lệ.", en: "The body is no JSON.")
    static let demandUnknown = Refused(
        "budget.demand-unknown", 404, vi: "Chưa có yêu cầu nộp phí này; hãy gửi lại sau.",
        en: "There is no such demand, or not yet: report it again later.", field: "demand")
    static let referenceUsed = Refused(
        "budget.reference-used", vi: "Mã giao dịch này đã dùng cho một khoản tiền khác.",
        en: "This reference was reported with another demand or amount.", field: "reference")
}
