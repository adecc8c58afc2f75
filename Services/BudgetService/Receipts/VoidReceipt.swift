import Contracts
import ServiceKit

/// A receipt by its book and number, as in an address.
struct ReceiptPath: Record {
    var agency = AgencyCode.none
    var series = Receipt.Series.electronic
    var year = 0
    var serial = 0

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "Who issued it", in: .path),
        .init("series", \.series, .choice, "Its book", in: .path),
        .init("year", \.year, .integer(Limits.documentYears), "Year of its book", in: .path),
        .init("serial", \.serial, .integer(Limits.Budget.receiptNumber), "Its number in the book", in: .path),
    ]
}

extension Session {
    /// A receipt as anybody may see it, and what only a decision needs: its id and the account that issued it.
    func receipt(_ path: ReceiptPath) async throws -> (receipt: Receipt, id: ReceiptID, issuer: String)? {
        let rows = try await run(
            """
            \(Receipt.selection)
            WHERE r.agency = \(path.agency) AND r.series = \(path.series.rawValue)
              AND r.year = \(Int32(path.year)) AND r.number = \(path.serial)
            """)
        return try rows.first.map { (try Receipt($0), try $0("id"), try $0("issued_by")) }
    }
}

/// `GET /agencies/{agency}/receipts/{series}/{year}/{serial}`: one receipt by its number, void or not.
enum ReadReceiptByNumber: Endpoint {
    static let route = Route.get("/agencies/{agency}/receipts/{series}/{year}/{serial}")
    static let summary = "A receipt by its number: whether it is void, and what replaced it"
    static let access = Access.official(.ledgerRead)

    static func handle(_ input: ReceiptPath, _ call: Call) async throws -> Reply<Receipt> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        guard let known = try await call.runtime.database.receipt(input) else { throw Refused.notFound }
        return Reply(known.receipt)
    }
}

/// `POST /agencies/{agency}/receipts/{series}/{year}/{serial}/void`: another official than who issued it voids a
/// receipt (hủy biên lai) and issues the next number of this year's book in its place, which names it. The void number
/// stays and is never given out again (os-234).
enum VoidReceipt: Endpoint {
    static let route = Route.post("/agencies/{agency}/receipts/{series}/{year}/{serial}/void")
    static let summary = "Void a receipt with the reason and issue another one in its place"
    static let access = Access.official(.feesApprove)
    static let refusals = [Refused.receiptVoid, .ownReceipt, .receiptRefunded]

    struct Input: Record {
        var path = ReceiptPath()
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("agency", \.path.agency, .agency, "Who issued it", in: .path),
            .init("series", \.path.series, .choice, "Its book", in: .path),
            .init("year", \.path.year, .integer(Limits.documentYears), "Year of its book", in: .path),
            .init("serial", \.path.serial, .integer(Limits.Budget.receiptNumber), "Its number in the book", in: .path),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Receipt> {
        try await call.require(.feesApprove, inChargeOf: input.path.agency)
        guard let known = try await call.runtime.database.receipt(input.path) else { throw Refused.notFound }
        do {
            return try await call.transaction { work in
                // The demand is the lock: whoever voids its receipt reads what the one before wrote.
                guard let demand = try await work.demand(known.receipt.demand, forUpdate: true),
                    let now = try await work.receipt(input.path)
                else { throw Refused.notFound }
                let paid = try await work.settling(demand.demand)
                let isOwn = now.issuer == work.actor || (paid?.person != nil && paid?.person == work.actingPerson)
                try decide(now.receipt, of: demand, isOwn: isOwn)
                try await work.post(
                    """
                    INSERT INTO receipt_voids (receipt, reason, issued_by, voided_by, voided_at)
                    VALUES (\(now.id), \(input.reason), \(now.issuer), \(work.actor), \(work.now))
                    """)
                // The book of an agency that has ended is at its end; where the money stands does not change (os-306).
                let number = try await work.issueReceipt(
                    now.receipt.series, for: demand, at: try await work.collector(of: demand), by: work.actor,
                    replacing: now.id)
                try await tell(demand, voided: now.receipt.number, number, work)
                guard let after = try await work.receipt(input.path) else { throw Refused.notFound }
                return Reply(after.receipt)
            }
        } catch let error as PostgresError where error.constraint == "receipt_voids_pkey" {
            throw Refused.receiptVoid
        }
    }

    static func decide(_ receipt: Receipt, of demand: FeeDemand, isOwn: Bool) throws(Refused) {
        guard receipt.voidedAt == nil else { throw .receiptVoid }
        guard !isOwn else { throw .ownReceipt }
        guard demand.refunding < demand.amount else { throw .receiptRefunded }
    }

    /// The demand carries the receipt that counts; the dossier hears of it.
    private static func tell(_ demand: FeeDemand, voided: String, _ number: String, _ work: Work) async throws {
        try await work.post(
            """
            UPDATE fee_demands SET receipt_number = \(number), version = \(demand.version + 1)
            WHERE id = \(demand.demand)
            """)
        var event = FeeReceiptReplaced()
        (event.demand, event.dossier, event.agency) = (demand.demand, demand.dossier, demand.agency)
        (event.voided, event.receiptNumber) = (voided, number)
        try await work.announce(event, version: Int64(demand.version + 1), to: demand.agency)
    }
}

extension Refused {
    static let receiptVoid = Refused(
        "budget.receipt-void", vi: "Biên lai này đã bị hủy.", en: "This receipt is void already.")
    static let ownReceipt = Refused(
        "budget.own-receipt", 403, vi: "Người thu tiền hoặc lập biên lai không được tự hủy biên lai đó.",
        en: "Who collected the money or issued a receipt does not void it.")
    static let receiptRefunded = Refused(
        "budget.receipt-refunded",
        vi: "Khoản thu đã hoàn trả toàn bộ: chứng từ hoàn trả đứng bên cạnh biên lai, không lập biên lai thay thế.",
        en: "All of it goes back: the refund stands beside the receipt, and no other is issued in its place.")
}
