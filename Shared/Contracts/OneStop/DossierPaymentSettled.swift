import Foundation

/// A fee was paid; work goes on when it was the last one that the clock stood for.
public struct DossierPaymentSettled: Event {
    public static let type = "onestop.dossier.payment-settled.v1"
    public static let doc =
        "A fee was paid; work goes on when it was the last one that the clock stood for."
    public var dossier = DossierID()
    public var demand = DemandID()
    public var amount = Money.zero
    public var receiptNumber = ""
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("demand", \.demand, .id, "The fee demand"),
        .init("amount", \.amount, .money, "What was paid"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Receipt"),
        .init("dueAt", \.dueAt, .instant, "Appointment now"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
