import Foundation

/// An agency of the dossier was dissolved: its successor stands wherever it stood.
public struct DossierTakenOver: Event {
    public static let type = "onestop.dossier.taken-over.v1"
    public static let doc =
        "An agency of an open dossier was dissolved: its successor stands wherever it stood. Where it had received the "
        + "dossier, the events after this one are routed to the successor."
    public var dossier = DossierID()
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var receives = false
    public var works = false
    public var officer: PersonID?
    public var branches = 0
    public var opinions = 0
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("fromAgency", \.fromAgency, .agency, "The agency that was dissolved"),
        .init("toAgency", \.toAgency, .agency, "Its successor"),
        .init("receives", \.receives, .bool, "Whether it received the dossier: the successor does from now on"),
        .init("works", \.works, .bool, "Whether the dossier lay there: it lies with the successor from now on"),
        .init("officer", \.officer, .id, "Who holds it where it lies now; absent: nobody, or it lay elsewhere"),
        .init(
            "branches", \.branches, .integer(0...Limits.OneStop.branchesOfDossier),
            "Steps beside the leading one that the successor does from now on"),
        .init(
            "opinions", \.opinions, .integer(0...Limits.OneStop.opinions),
            "Opinions that the successor owes from now on"),
        .init("status", \.status, .choice, "The national status, which stays"),
    ]
}
