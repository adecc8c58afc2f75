import Foundation

/// An error of the agency, or lost papers, was recorded with an apology (Decree 61/2018/NĐ-CP, Art. 21). The agency
/// pays.
public struct DossierErrorRecorded: Event {
    public static let type = "onestop.dossier.error-recorded.v1"
    public static let doc =
        "An error of the agency, or lost papers, was recorded with an apology; the agency pays."
    public var dossier = DossierID()
    public var error = AgencyErrorID()
    public var actor: PersonID?
    public var kind = ""
    public var agency = AgencyCode.none
    public var cost = Money.zero
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("error", \.error, .id, "The error"),
        .init("actor", \.actor, .id, "The official who recorded it"),
        .init("kind", \.kind, .text(1...60), "Stable word: wrong-result, papers-lost or other"),
        .init("agency", \.agency, .agency, "The agency at fault; it pays"),
        .init("cost", \.cost, .money, "What it costs the agency"),
        .init("status", \.status, .choice, "The national status after this event; it stays"),
    ]
}
