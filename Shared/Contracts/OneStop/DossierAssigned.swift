import Foundation

/// The dossier was given to another officer in the same agency.
public struct DossierAssigned: Event {
    public static let type = "onestop.dossier.assigned.v1"
    public static let doc =
        "The dossier was given to another officer in the same agency."
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var fromOfficer: PersonID?
    public var toOfficer = PersonID()
    public var reasonCode = ""
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "The agency"),
        .init("fromOfficer", \.fromOfficer, .id, "Who held it"),
        .init("toOfficer", \.toOfficer, .id, "Who holds it now"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Why"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
