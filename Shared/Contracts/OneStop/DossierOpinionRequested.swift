import Foundation

/// Another agency was asked for an opinion, with a deadline.
public struct DossierOpinionRequested: Event {
    public static let type = "onestop.dossier.opinion-requested.v1"
    public static let doc =
        "Another agency was asked for an opinion, with a deadline."
    public var dossier = DossierID()
    public var opinion = OpinionID()
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var actor: PersonID?
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("opinion", \.opinion, .id, "The request"),
        .init("fromAgency", \.fromAgency, .agency, "Who asks"),
        .init("toAgency", \.toAgency, .agency, "Who is asked"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("dueAt", \.dueAt, .instant, "When the answer is due"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
