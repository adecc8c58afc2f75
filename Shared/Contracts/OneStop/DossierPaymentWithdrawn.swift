import Foundation

/// A fee that was asked for is asked for no more: the demand was a mistake, or its amount was.
public struct DossierPaymentWithdrawn: Event {
    public static let type = "onestop.dossier.payment-withdrawn.v1"
    public static let doc =
        "A fee that was asked for is asked for no more: the demand was a mistake, or its amount was."
    public var dossier = DossierID()
    public var demand = DemandID()
    public var agency = AgencyCode.none
    public var actor: PersonID?
    public var reasonCode = ""
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("demand", \.demand, .id, "The fee demand"),
        .init("agency", \.agency, .agency, "The agency that would have collected"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason"),
        .init("dueAt", \.dueAt, .instant, "Appointment now"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
