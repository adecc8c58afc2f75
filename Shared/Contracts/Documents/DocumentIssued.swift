import Foundation

/// The document has its number and is issued.
public struct DocumentIssued: Event {
    public static let type = "documents.document.issued.v1"
    public static let doc =
        "The document has its number and is issued."
    public var document = DocumentID()
    public var dossier: DossierID?
    public var agency = AgencyCode.none
    public var number = ""
    public var issuedOn = Day.none
    public var series = ""
    public var sha256: String?
    public var actor: PersonID?

    public var aggregateID: String { document.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("document", \.document, .id, "The document"),
        .init("dossier", \.dossier, .id, "The dossier it answers"),
        .init("agency", \.agency, .agency, "The issuing agency"),
        .init("number", \.number, .text(1...80), "Number and symbol, e.g. 15/QĐ-STP"),
        .init("issuedOn", \.issuedOn, .day, "Date of issue"),
        .init("series", \.series, .text(1...60), "Register series"),
        .init("sha256", \.sha256, .text(1...64), "SHA-256 of the issued file, hex"),
        .init("actor", \.actor, .id, "The official who acted"),
    ]
}
