import Foundation

/// The leader approved the result; a numbered document is to be issued.
public struct DossierApproved: Event {
    public static let type = "onestop.dossier.approved.v1"
    public static let doc =
        "The leader approved the result; a numbered document is to be issued."
    public var dossier = DossierID()
    public var code = ""
    public var agency = AgencyCode.none
    public var actor: PersonID?
    public var documentType = ""
    public var subject = ""
    public var field = ""
    public var officer: PersonID?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("code", \.code, .text(1...60), "Dossier code"),
        .init("agency", \.agency, .agency, "The agency that answers"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("documentType", \.documentType, .text(1...20), "Abbreviation of the document type, e.g. QĐ"),
        .init("subject", \.subject, .text(1...300), "Subject without personal data"),
        .init("field", \.field, .text(1...Limits.OneStop.field), "Field of the procedure"),
        .init("officer", \.officer, .id, "Who drafts"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
