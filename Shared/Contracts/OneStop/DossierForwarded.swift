import Foundation

/// A one-stop that was not in charge passed the dossier on to the one that is; from then on that one receives it.
public struct DossierForwarded: Event {
    public static let type = "onestop.dossier.forwarded.v1"
    public static let doc =
        "A one-stop that was not in charge passed the dossier on; from its next event on it is routed to the other one."
    public var dossier = DossierID()
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var actor: PersonID?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("fromAgency", \.fromAgency, .agency, "The one-stop that was not in charge"),
        .init("toAgency", \.toAgency, .agency, "The one-stop that is"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("status", \.status, .choice, "The national status, which stays"),
    ]
}
