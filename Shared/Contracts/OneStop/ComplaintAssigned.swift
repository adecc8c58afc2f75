import Foundation

/// An official of the agency is to answer a complaint.
public struct ComplaintAssigned: Event {
    public static let type = "onestop.complaint.assigned.v1"
    public static let doc = "An official of the agency is to answer a complaint."
    public var complaint = ComplaintID()
    public var agency = AgencyCode.none
    public var handler = PersonID()
    public var actor: PersonID?
    public var assignedAt: Date = Date(timeIntervalSince1970: 0)

    public var aggregateID: String { complaint.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("complaint", \.complaint, .id, "The complaint"),
        .init("agency", \.agency, .agency, "Who has to answer"),
        .init("handler", \.handler, .id, "The official who is to answer it"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("assignedAt", \.assignedAt, .instant, "When"),
    ]
}
