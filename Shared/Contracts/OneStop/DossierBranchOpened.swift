import Foundation

/// A cooperating agency was given a step to do beside the one that leads, with a deadline.
public struct DossierBranchOpened: Event {
    public static let type = "onestop.dossier.branch-opened.v1"
    public static let doc =
        "A cooperating agency was given a step to do beside the one that leads, with a deadline."
    public var dossier = DossierID()
    public var branch = BranchID()
    public var stepKey = ""
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var actor: PersonID?
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("branch", \.branch, .id, "The branch"),
        .init("stepKey", \.stepKey, .text(1...60), "Step of the procedure"),
        .init("fromAgency", \.fromAgency, .agency, "Who gives it"),
        .init("toAgency", \.toAgency, .agency, "Who does it"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("dueAt", \.dueAt, .instant, "When the step is due"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
