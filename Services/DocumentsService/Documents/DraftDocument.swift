import Contracts
import ServiceKit

/// `POST /documents`: an official drafts a document that answers no dossier.
enum DraftDocument: Endpoint {
    static let route = Route.post("/documents", success: 201)
    static let summary = "Draft an outgoing document (soạn thảo văn bản đi)"
    static let access = Access.official(.documentsDraft)
    static let refusals = [Refused.agencyUnknown, .agencyDissolved, .fieldMissing, .fieldUnfit]

    struct Input: Record {
        var agency = AgencyCode.none
        var content = Content()
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The issuing agency"),
            .init("content", \.content, .record, "What is drafted"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Document> {
        try await call.require(.documentsDraft, at: input.agency)
        guard let hasEnded = try await call.runtime.database.hasEnded(input.agency, on: call.today) else {
            throw Refused.agencyUnknown
        }
        guard !hasEnded else { throw Refused.agencyDissolved }
        var document = Document()
        (document.document, document.agency, document.content) = (.new(), input.agency, try input.content.checked())
        (document.drafter, document.draftedAt) = (call.caller.person, call.now)
        return try await call.flight(
            "\(document.insert) RETURNING id, version",
            then: [
                (
                    "noted",
                    """
                    INSERT INTO document_history (document, version, at, actor, what)
                    SELECT id, version, \(call.now), \(call.caller.id), 'drafted' FROM change
                    """
                )
            ],
            announcing: [(document.drafted, document.agency)],
            reply: Reply(document, version: 1, location: "/documents/\(document.document)"))
    }
}

extension Refused {
    static let agencyUnknown = Refused(
        "documents.agency-unknown", 422, vi: "Không có cơ quan này.", en: "There is no such agency.", field: "agency")
    static let agencyDissolved = Refused(
        "documents.agency-dissolved", vi: "Cơ quan đã giải thể; văn bản do cơ quan kế thừa ban hành.",
        en: "The agency has been dissolved; its successor issues.")
}
