import Foundation

/// The dossier went to another officer, unit or agency (form 05 line).
public struct DossierHandedOver: Event {
    public static let type = "onestop.dossier.handed-over.v1"
    public static let doc =
        "The dossier went to another officer, unit or agency (form 05 line)."
    public var dossier = DossierID()
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var fromOfficer: PersonID?
    public var toOfficer: PersonID?
    public var stepKey = ""
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("fromAgency", \.fromAgency, .agency, "From"),
        .init("toAgency", \.toAgency, .agency, "To"),
        .init("fromOfficer", \.fromOfficer, .id, "Who gave"),
        .init("toOfficer", \.toOfficer, .id, "Who holds it now"),
        .init("stepKey", \.stepKey, .text(1...60), "Step of the procedure"),
        .init("dueAt", \.dueAt, .instant, "When this step is due"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
