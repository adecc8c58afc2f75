import Foundation

/// The demand was taken back before it was paid; nothing is due any more.
public struct FeeCancelled: Event {
    public static let type = "budget.fee.cancelled.v1"
    public static let doc =
        "The demand was taken back before it was paid; nothing is due any more."
    public var demand = DemandID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var reasonCode = ""

    public var aggregateID: String { demand.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who would have collected"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason"),
    ]
}
