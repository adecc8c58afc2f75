import Foundation

/// A step that a cooperating agency does beside the leading one was given to one of its officials.
public struct DossierBranchAssigned: Event {
    public static let type = "onestop.dossier.branch-assigned.v1"
    public static let doc =
        "A step that a cooperating agency does beside the leading one was given to one of its officials."
    public var dossier = DossierID()
    public var branch = BranchID()
    public var agency = AgencyCode.none
    public var fromOfficer: PersonID?
    public var toOfficer = PersonID()
    public var actor: PersonID?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("branch", \.branch, .id, "The branch"),
        .init("agency", \.agency, .agency, "The agency that does it"),
        .init("fromOfficer", \.fromOfficer, .id, "Who had it until now"),
        .init("toOfficer", \.toOfficer, .id, "Who does it from now on"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
