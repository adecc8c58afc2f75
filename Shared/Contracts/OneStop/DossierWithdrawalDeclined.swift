import Foundation

/// The withdrawal was declined; work goes on.
public struct DossierWithdrawalDeclined: Event {
    public static let type = "onestop.dossier.withdrawal-declined.v1"
    public static let doc =
        "The withdrawal was declined; work goes on."
    public var dossier = DossierID()
    public var actor: PersonID?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
