import Foundation

/// An outgoing document was drafted.
public struct DocumentDrafted: Event {
    public static let type = "documents.document.drafted.v1"
    public static let doc =
        "An outgoing document was drafted."
    public var document = DocumentID()
    public var dossier: DossierID?
    public var agency = AgencyCode.none
    public var documentType = ""

    public var aggregateID: String { document.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("document", \.document, .id, "The document"),
        .init("dossier", \.dossier, .id, "The dossier it answers"),
        .init("agency", \.agency, .agency, "The issuing agency"),
        .init("documentType", \.documentType, .text(1...20), "Abbreviation of its type"),
    ]
}
