import Foundation

/// A fee demand was opened.
public struct FeeDemanded: Event {
    public static let type = "budget.fee.demanded.v1"
    public static let doc =
        "A fee demand was opened."
    public var demand = DemandID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var amount = Money.zero

    public var aggregateID: String { demand.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who collects"),
        .init("amount", \.amount, .money, "What is due"),
    ]
}
