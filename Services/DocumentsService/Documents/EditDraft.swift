import Contracts
import ServiceKit

/// `PUT /documents/{document}/content`: the drafter rewrites what will be issued.
enum EditDraft: Endpoint {
    static let route = Route.put("/documents/{document}/content")
    static let summary = "Rewrite a draft; what is left out is emptied"
    static let access = Access.official(.documentsDraft)
    static let refusals = [Refused.notDrafted, .fieldMissing, .fieldUnfit]

    struct Input: Record {
        var document = DocumentID()
        var content = Content()
        static let fields: [Field<Self>] = [
            .init("document", \.document, .id, "The document", in: .path),
            .init("content", \.content, .record, "What is drafted, whole"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Document> {
        try await call.transaction { work in
            let before = try await work.document(input.document, of: call, .documentsDraft)
            let document = try decide(before, input.content)
            let content = document.content
            try await work.run(
                """
                UPDATE documents SET version = \(document.version), document_type = \(content.documentType),
                    subject = \(content.subject), field = \(content.field), recipients = \(content.recipients),
                    kept_by = \(content.keptBy), copies = \(content.copies), pages = \(content.pages),
                    note = \(content.note)
                WHERE id = \(document.document)
                """)
            try await work.note(document, "edited")
            return document.reply
        }
    }

    static func decide(_ before: Document, _ content: Content) throws(Refused) -> Document {
        guard before.state == .drafted else { throw .notDrafted }
        var document = before
        document.content = try content.checked()
        document.version += 1
        return document
    }
}
