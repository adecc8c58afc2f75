import Foundation

/// A step that a cooperating agency did is done, or was called back.
public struct DossierBranchClosed: Event {
    public static let type = "onestop.dossier.branch-closed.v1"
    public static let doc =
        "A step that a cooperating agency did is done, or was called back."
    public var dossier = DossierID()
    public var branch = BranchID()
    public var stepKey = ""
    public var agency = AgencyCode.none
    public var actor: PersonID?
    public var outcome: BranchOutcome = .done
    public var late = false
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("branch", \.branch, .id, "The branch"),
        .init("stepKey", \.stepKey, .text(1...60), "Step of the procedure"),
        .init("agency", \.agency, .agency, "Who did it, or was to"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("outcome", \.outcome, .choice, "How it ended"),
        .init("late", \.late, .bool, "Ended after its deadline"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
