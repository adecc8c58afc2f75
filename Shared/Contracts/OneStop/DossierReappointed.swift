import Foundation

/// Apology (form 04) and the one new appointment.
public struct DossierReappointed: Event {
    public static let type = "onestop.dossier.reappointed.v1"
    public static let doc =
        "Apology (form 04) and the one new appointment."
    public var dossier = DossierID()
    public var actor: PersonID?
    public var formerDueAt: Date = Date(timeIntervalSince1970: 0)
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var reasonCode = ""
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("formerDueAt", \.formerDueAt, .instant, "Appointment before"),
        .init("dueAt", \.dueAt, .instant, "Appointment now"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
