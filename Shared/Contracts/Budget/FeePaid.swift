import Foundation

/// The fee was paid, once, with a numbered receipt (biên lai).
public struct FeePaid: Event {
    public static let type = "budget.fee.paid.v1"
    public static let doc =
        "The fee was paid, once, with a numbered receipt (biên lai)."
    public var demand = DemandID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var amount = Money.zero
    public var receiptNumber = ""
    public var paidAt: Date = Date(timeIntervalSince1970: 0)
    /// Absent in what was announced before this was said.
    public var channel: PaymentChannel?

    public var aggregateID: String { demand.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who collects"),
        .init("amount", \.amount, .money, "What was paid"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt"),
        .init("paidAt", \.paidAt, .instant, "When"),
        .init("channel", \.channel, .choice, "How the money came"),
    ]
}
