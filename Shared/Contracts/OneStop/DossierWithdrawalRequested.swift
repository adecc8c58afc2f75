import Foundation

/// The citizen asked to withdraw.
public struct DossierWithdrawalRequested: Event {
    public static let type = "onestop.dossier.withdrawal-requested.v1"
    public static let doc =
        "The citizen asked to withdraw."
    public var dossier = DossierID()
    public var requestedAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("requestedAt", \.requestedAt, .instant, "When"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
