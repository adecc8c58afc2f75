import Foundation

/// The demand cannot be opened; the answer to a payment requirement.
public struct FeeRefused: Event {
    public static let type = "budget.fee.refused.v1"
    public static let doc =
        "The demand cannot be opened; the answer to a payment requirement."
    public var demand = DemandID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var reasonCode = ""

    public var aggregateID: String { demand.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("demand", \.demand, .id, "The demand"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who collects"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason"),
    ]
}
