import Foundation

/// The dossier was refused at the counter (form 03); final.
public struct DossierRefused: Event {
    public static let type = "onestop.dossier.refused.v1"
    public static let doc =
        "The dossier was refused at the counter (form 03); final."
    public var dossier = DossierID()
    public var actor: PersonID?
    public var reasonCode = ""
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason; the text stays in the dossier"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
