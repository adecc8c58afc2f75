import Foundation

/// The agency of a draft was dissolved: its successor issues it.
public struct DocumentTakenOver: Event {
    public static let type = "documents.document.taken-over.v1"
    public static let doc =
        "The agency of a document that is not issued yet was dissolved: it is a draft of the successor, whose leader "
        + "approves it and in whose series it is numbered. The events after this one are routed to the successor."
    public var document = DocumentID()
    public var dossier: DossierID?
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var wasApproved = false

    public var aggregateID: String { document.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("document", \.document, .id, "The document"),
        .init("dossier", \.dossier, .id, "The dossier it answers"),
        .init("fromAgency", \.fromAgency, .agency, "The agency that was dissolved"),
        .init("toAgency", \.toAgency, .agency, "Its successor"),
        .init(
            "wasApproved", \.wasApproved, .bool,
            "Whether the dissolved agency had approved it: that approval counts no more"),
    ]
}
