import Foundation

/// The result was handed to the citizen; final.
public struct DossierReturned: Event {
    public static let type = "onestop.dossier.returned.v1"
    public static let doc =
        "The result was handed to the citizen; final."
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var actor: PersonID?
    public var returnedAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Where"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("returnedAt", \.returnedAt, .instant, "When"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
