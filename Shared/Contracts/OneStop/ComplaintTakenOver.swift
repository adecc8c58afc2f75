import Foundation

/// The agency that has to answer a complaint was dissolved: its successor does.
public struct ComplaintTakenOver: Event {
    public static let type = "onestop.complaint.taken-over.v1"
    public static let doc =
        "The agency that has to answer a complaint was dissolved: its successor answers, by the same date."
    public var complaint = ComplaintID()
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var handler: PersonID?

    public var aggregateID: String { complaint.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("complaint", \.complaint, .id, "The complaint"),
        .init("fromAgency", \.fromAgency, .agency, "The agency that was dissolved"),
        .init("toAgency", \.toAgency, .agency, "Its successor"),
        .init("handler", \.handler, .id, "The official who is to answer it; absent while nobody is named"),
    ]
}
