import Foundation

/// Of a fee of the dossier a part or the whole was given back.
public struct DossierFeeRefunded: Event {
    public static let type = "onestop.dossier.fee-refunded.v1"
    public static let doc =
        "Of a fee of the dossier a part or the whole was given back."
    public var dossier = DossierID()
    public var demand = DemandID()
    public var amount = Money.zero
    public var refunded = Money.zero
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("demand", \.demand, .id, "The fee demand"),
        .init("amount", \.amount, .money, "What was given back now"),
        .init("refunded", \.refunded, .money, "What was given back of this demand in all"),
        .init("dueAt", \.dueAt, .instant, "Appointment, unchanged"),
        .init("status", \.status, .choice, "The national status, unchanged"),
    ]
}
