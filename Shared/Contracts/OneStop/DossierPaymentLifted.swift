import Foundation

/// The fee demand could not be made; nothing has to be paid now and work goes on.
public struct DossierPaymentLifted: Event {
    public static let type = "onestop.dossier.payment-lifted.v1"
    public static let doc =
        "The fee demand could not be made; nothing has to be paid now and work goes on."
    public var dossier = DossierID()
    public var demand = DemandID()
    public var reasonCode = ""
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("demand", \.demand, .id, "The fee demand"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason, from Budget"),
        .init("dueAt", \.dueAt, .instant, "Appointment now"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
