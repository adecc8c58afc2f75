import Foundation

/// Processing was stopped: not eligible or withdrawn.
public struct DossierStopped: Event {
    public static let type = "onestop.dossier.stopped.v1"
    public static let doc =
        "Processing was stopped: not eligible or withdrawn."
    public var dossier = DossierID()
    public var actor: PersonID?
    public var reasonCode = ""
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Stable code of the reason"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
