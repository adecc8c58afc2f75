import Foundation

/// The result is ready: this moment is the end of processing.
public struct DossierFinished: Event {
    public static let type = "onestop.dossier.finished.v1"
    public static let doc =
        "The result is ready: this moment is the end of processing."
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var document: DocumentID?
    public var documentNumber: String?
    public var finishedAt: Date = Date(timeIntervalSince1970: 0)
    public var late = false
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "The agency"),
        .init("document", \.document, .id, "The issued document"),
        .init("documentNumber", \.documentNumber, .text(1...80), "Its number and symbol"),
        .init("finishedAt", \.finishedAt, .instant, "When"),
        .init("late", \.late, .bool, "After the appointment"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
