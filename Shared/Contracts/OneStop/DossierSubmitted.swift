import Foundation

/// A citizen submitted a dossier online or it was registered at the counter; no due date runs yet.
public struct DossierSubmitted: Event {
    public static let type = "onestop.dossier.submitted.v1"
    public static let doc =
        "A citizen submitted a dossier online or it was registered at the counter; no due date runs yet."
    public var dossier = DossierID()
    public var procedure = ""
    public var procedureVersion = 0
    public var agency = AgencyCode.none
    public var channel: Channel = .online
    public var submittedAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("procedure", \.procedure, .text(1...40), "National procedure code"),
        .init(
            "procedureVersion", \.procedureVersion, .integer(1...9999),
            "Version of the procedure that the dossier keeps"),
        .init("agency", \.agency, .agency, "The receiving agency"),
        .init("channel", \.channel, .choice, "How it came"),
        .init("submittedAt", \.submittedAt, .instant, "When"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
