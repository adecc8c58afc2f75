import Foundation

/// The dossier was accepted (form 01): it has a code and an appointment.
public struct DossierAccepted: Event {
    public static let type = "onestop.dossier.accepted.v1"
    public static let doc =
        "The dossier was accepted (form 01): it has a code and an appointment."
    public var dossier = DossierID()
    public var code = ""
    public var procedure = ""
    public var agency = AgencyCode.none
    public var actor: PersonID?
    public var acceptedAt: Date = Date(timeIntervalSince1970: 0)
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var handOverBy: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("code", \.code, .text(1...60), "Dossier code (mã số hồ sơ)"),
        .init("procedure", \.procedure, .text(1...40), "National procedure code"),
        .init("agency", \.agency, .agency, "The receiving agency"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("acceptedAt", \.acceptedAt, .instant, "When"),
        .init("dueAt", \.dueAt, .instant, "Appointment to return the result"),
        .init("handOverBy", \.handOverBy, .instant, "When it must be in the processing unit"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
