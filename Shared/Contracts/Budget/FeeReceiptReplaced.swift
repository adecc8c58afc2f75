import Foundation

/// The receipt of a fee was voided (hủy biên lai) and another one issued in its place.
public struct FeeReceiptReplaced: Event {
    public static let type = "budget.fee.receipt-replaced.v1"
    public static let doc =
        "The receipt of a fee was voided (hủy biên lai) and another one issued in its place."
    public var demand = DemandID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var voided = ""
    public var receiptNumber = ""

    public var aggregateID: String { demand.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who issued both"),
        .init("voided", \.voided, .text(1...40), "Number of the receipt that is void"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt in its place"),
    ]
}
