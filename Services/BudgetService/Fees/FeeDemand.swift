import Contracts
import ServiceKit

/// A fee demand (yêu cầu nộp phí, lệ phí): what a dossier costs, and whether it was paid.
struct FeeDemand: Record {
    enum State: String, CaseIterable, Sendable { case open, paid, refused, cancelled }

    var demand = DemandID()
    var dossier = DossierID()
    var agency = AgencyCode.none
    var amount = Money.zero
    var feeKind = ""
    var nature: FeeNature?
    var moment: FeeMoment?
    var state = State.open
    var demandedAt = Date(timeIntervalSince1970: 0)
    var paidAt: Date?
    var receiptNumber: String?
    /// What is proposed, approved or paid out to be given back; and what was paid out.
    var refunding = Money.zero
    var refunded = Money.zero
    var reasonCode: String?
    var version = 0

    static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who collects"),
        .init("amount", \.amount, .money, "What is due"),
        .init("feeKind", \.feeKind, .text(1...40), "Phí or lệ phí by its code"),
        .init("nature", \.nature, .choice, "Phí or lệ phí"),
        .init("moment", \.moment, .choice, "When it is collected (HinhThucThu 1, 2, 4)"),
        .init("state", \.state, .choice, "Open, paid, refused, or cancelled before it was paid"),
        .init("demandedAt", \.demandedAt, .instant, "When it was opened"),
        .init("paidAt", \.paidAt, .instant, "When it was paid"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt (biên lai) that counts"),
        .init("refunding", \.refunding, .money, "What of it is proposed to be given back, or was"),
        .init("refunded", \.refunded, .money, "What of it was given back"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Why it was refused or cancelled"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        demand = try row("id")
        dossier = try row("dossier")
        agency = try row("agency")
        amount = try row("amount")
        feeKind = try row("fee_kind")
        let nature: String? = try row("nature")
        let moment: String? = try row("moment")
        (self.nature, self.moment) = (nature.flatMap(FeeNature.init), moment.flatMap(FeeMoment.init))
        state = State(rawValue: try row("state")) ?? .refused
        demandedAt = try row("demanded_at")
        paidAt = try row("paid_at")
        receiptNumber = try row("receipt_number")
        refunding = try row("refunding")
        refunded = try row("refunded")
        reasonCode = try row("reason_code")
        version = try row("version")
    }
}

extension Session {
    func demand(_ id: DemandID, forUpdate: Bool = false) async throws -> FeeDemand? {
        try await run("SELECT * FROM fee_demands WHERE id = \(id) \(raw: forUpdate ? "FOR UPDATE" : "")")
            .first.map(FeeDemand.init)
    }
}
