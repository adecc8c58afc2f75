import Foundation

/// An official lets another of the same agency do the work of his or her post for a time (ủy quyền).
public struct DelegationDecided: Event {
    public static let type = "hr.delegation.decided.v1"
    public static let doc =
        "An official lets another of the same agency do the work of his or her post for a time (ủy quyền)."
    public var delegation = DelegationID()
    public var decisionNumber = ""
    public var person = PersonID()
    public var post = PostID()
    public var delegate = PersonID()
    public var agency = AgencyCode.none
    public var validFrom = Day.none
    public var validTo = Day.none

    public var aggregateID: String { delegation.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("delegation", \.delegation, .id, "The delegation"),
        .init(
            "decisionNumber", \.decisionNumber, .text(1...60), "Number and symbol of the decision, e.g. 12/QĐ-SNV"),
        .init("person", \.person, .id, "Who delegates"),
        .init("post", \.post, .id, "The post whose work is delegated; the delegation ends with it"),
        .init("delegate", \.delegate, .id, "Who acts in that name"),
        .init("agency", \.agency, .agency, "The agency of both"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day"),
    ]
}
