import Foundation

/// A complaint was answered, and found justified or not.
public struct ComplaintAnswered: Event {
    public static let type = "onestop.complaint.answered.v1"
    public static let doc = "A complaint was answered, and found justified or not."
    public var complaint = ComplaintID()
    public var agency = AgencyCode.none
    public var dossier: DossierID?
    public var actor: PersonID?
    public var justified = false
    public var late = false
    public var answeredAt: Date = Date(timeIntervalSince1970: 0)

    public var aggregateID: String { complaint.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("complaint", \.complaint, .id, "The complaint"),
        .init("agency", \.agency, .agency, "Who answered"),
        .init("dossier", \.dossier, .id, "The dossier that it is about"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("justified", \.justified, .bool, "Whether it was right"),
        .init("late", \.late, .bool, "Answered after its deadline"),
        .init("answeredAt", \.answeredAt, .instant, "When"),
    ]
}
