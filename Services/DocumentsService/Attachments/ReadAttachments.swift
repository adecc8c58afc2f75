import Contracts
import Files
import ServiceKit

/// `GET /documents/{document}/attachments/{attachment}`: the file, its hash verified on the way out.
enum DownloadAttachment: RawEndpoint {
    static let route = Route.get("/documents/{document}/attachments/{attachment}")
    static let summary = "Download a file of a document"
    static let access = Access.official(.documentsRead)
    static let operation: JSON = [
        "parameters": [AttachFile.documentParameter, attachmentParameter],
        "responses": [
            "200": [
                "description": "The file as it was attached",
                "content": .object(
                    MediaType.allCases.map { .init($0.rawValue, ["schema": ["type": "string", "format": "binary"]]) }),
            ]
        ],
    ]

    static let attachmentParameter: JSON = [
        "name": "attachment", "in": "path", "required": true, "description": "The attachment",
        "schema": ["type": "string", "format": "uuid"],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let id = try path.id("document", as: DocumentID.self)
        let attachment = try path.id("attachment", as: FileID.self)
        guard let document = try await call.runtime.database.document(id) else { throw Refused.notFound }
        try await call.require(.documentsRead, inChargeOf: document.agency)
        guard let file = document.attachments.first(where: { $0.attachment == attachment }),
            let hash = ContentHash(file.sha256)
        else { throw Refused.notFound }
        call.logRead(of: "attachment", "\(attachment)", purpose: "document \(id)")
        let bytes = try await call.resource(FileStore.self).read(hash)
        return Outgoing(
            200,
            headers: [
                ("content-type", file.mediaType),
                ("content-disposition", try FileName(file.name).disposition),
                ("x-content-type-options", "nosniff"), ("etag", "\"\(file.sha256)\""),
            ], body: bytes)
    }
}

/// `DELETE /documents/{document}/attachments/{attachment}`: takes a file off a draft. What is stored stays.
enum RemoveAttachment: Endpoint {
    static let route = Route.delete("/documents/{document}/attachments/{attachment}")
    static let summary = "Take a file off a draft"
    static let access = Access.official(.documentsDraft)
    static let refusals = [Refused.notDrafted]

    struct Input: Record {
        var document = DocumentID()
        var attachment = FileID()
        static let fields: [Field<Self>] = [
            .init("document", \.document, .id, "The document", in: .path),
            .init("attachment", \.attachment, .id, "The attachment", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Nothing> {
        try await call.transaction { work in
            let before = try await work.document(input.document, of: call, .documentsDraft)
            let (document, removed) = try decide(before, input.attachment)
            try await work.run("DELETE FROM attachments WHERE id = \(removed.attachment)")
            try await work.run("UPDATE documents SET version = \(document.version) WHERE id = \(document.document)")
            try await work.note(document, "removed", "\(removed.name), SHA-256 \(removed.sha256)")
            return Reply(Nothing(), version: Int64(document.version))
        }
    }

    static func decide(_ before: Document, _ attachment: FileID) throws(Refused) -> (Document, Attachment) {
        guard before.state == .drafted else { throw .notDrafted }
        guard let removed = before.attachments.first(where: { $0.attachment == attachment }) else { throw .notFound }
        var document = before
        document.attachments.removeAll { $0.attachment == attachment }
        document.version += 1
        return (document, removed)
    }
}
