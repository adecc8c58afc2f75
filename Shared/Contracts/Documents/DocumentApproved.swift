import Foundation

/// The leader approved the draft for issue.
public struct DocumentApproved: Event {
    public static let type = "documents.document.approved.v1"
    public static let doc =
        "The leader approved the draft for issue."
    public var document = DocumentID()
    public var agency = AgencyCode.none
    public var actor: PersonID?

    public var aggregateID: String { document.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("document", \.document, .id, "The document"),
        .init("agency", \.agency, .agency, "The issuing agency"),
        .init("actor", \.actor, .id, "The official who acted"),
    ]
}
