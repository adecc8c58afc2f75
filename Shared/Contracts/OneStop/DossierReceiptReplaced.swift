import Foundation

/// The receipt of a fee of the dossier is void; another one stands in its place.
public struct DossierReceiptReplaced: Event {
    public static let type = "onestop.dossier.receipt-replaced.v1"
    public static let doc =
        "The receipt of a fee of the dossier is void; another one stands in its place."
    public var dossier = DossierID()
    public var demand = DemandID()
    public var voided = ""
    public var receiptNumber = ""
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("demand", \.demand, .id, "The fee demand"),
        .init("voided", \.voided, .text(1...40), "Number of the receipt that is void"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt in its place"),
        .init("dueAt", \.dueAt, .instant, "Appointment, unchanged"),
        .init("status", \.status, .choice, "The national status, unchanged"),
    ]
}
