import Foundation

/// The citizen completed the dossier; the clock runs again.
public struct DossierSupplementSupplied: Event {
    public static let type = "onestop.dossier.supplement-supplied.v1"
    public static let doc =
        "The citizen completed the dossier; the clock runs again."
    public var dossier = DossierID()
    public var suppliedAt: Date = Date(timeIntervalSince1970: 0)
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("suppliedAt", \.suppliedAt, .instant, "When"),
        .init("dueAt", \.dueAt, .instant, "Appointment now"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
