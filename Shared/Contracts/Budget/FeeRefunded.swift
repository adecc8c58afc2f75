import Foundation

/// Of a fee that was paid a part or the whole was given back, decided by two people.
public struct FeeRefunded: Event {
    public static let type = "budget.fee.refunded.v1"
    public static let doc =
        "Of a fee that was paid a part or the whole was given back, decided by two people."
    public var demand = DemandID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var amount = Money.zero
    public var refunded = Money.zero
    public var refundedAt: Date = Date(timeIntervalSince1970: 0)

    public var aggregateID: String { demand.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who collected, and gave back"),
        .init("amount", \.amount, .money, "What was given back now"),
        .init("refunded", \.refunded, .money, "What was given back of this demand in all"),
        .init("refundedAt", \.refundedAt, .instant, "When"),
    ]
}
