import Foundation

/// The agency answered.
public struct DossierOpinionAnswered: Event {
    public static let type = "onestop.dossier.opinion-answered.v1"
    public static let doc =
        "The agency answered."
    public var dossier = DossierID()
    public var opinion = OpinionID()
    public var fromAgency = AgencyCode.none
    public var actor: PersonID?
    public var verdict: OpinionVerdict = .agree
    public var late = false
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("opinion", \.opinion, .id, "The request"),
        .init("fromAgency", \.fromAgency, .agency, "Who answered"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("verdict", \.verdict, .choice, "The answer"),
        .init("late", \.late, .bool, "Answered after its deadline"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
