import Foundation

/// Papers are missing (form 02); the clock stands.
public struct DossierSupplementRequested: Event {
    public static let type = "onestop.dossier.supplement-requested.v1"
    public static let doc =
        "Papers are missing (form 02); the clock stands."
    public var dossier = DossierID()
    public var actor: PersonID?
    public var requestedAt: Date = Date(timeIntervalSince1970: 0)
    public var formerDueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("requestedAt", \.requestedAt, .instant, "When"),
        .init("formerDueAt", \.formerDueAt, .instant, "Appointment before"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
