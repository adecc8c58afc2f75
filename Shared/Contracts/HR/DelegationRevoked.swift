import Foundation

/// A delegation ended before its last day: it was revoked, or a post of the two ended.
public struct DelegationRevoked: Event {
    public static let type = "hr.delegation.revoked.v1"
    public static let doc =
        "A delegation ended before its last day: it was revoked, or a post of the two ended."
    public var delegation = DelegationID()
    public var person = PersonID()
    public var delegate = PersonID()
    public var agency = AgencyCode.none
    public var validTo = Day.none

    public var aggregateID: String { delegation.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("delegation", \.delegation, .id, "The delegation"),
        .init("person", \.person, .id, "Who delegated"),
        .init("delegate", \.delegate, .id, "Who acted in that name"),
        .init("agency", \.agency, .agency, "The agency of both"),
        .init("validTo", \.validTo, .day, "Last day; before the first day where it was never in force"),
    ]
}
