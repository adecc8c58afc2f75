import Contracts
import Files
import Foundation
import ServiceKit

/// `POST /documents/{document}/attachments`: the body is the file itself; headers say what the sender believes it to
/// be, and that is held against the bytes. The file is durable before the row that names it commits.
enum AttachFile: RawEndpoint {
    static let route = Route.post("/documents/{document}/attachments", success: 201)
    static let summary = "Attach a file to a draft: the document's own text (main, replaces the former one) or an annex"
    static let access = Access.official(.documentsDraft)
    static let bodyLimit = Limits.fileBytes
    static let refusals: [Refused] = [
        .notDrafted, .attachedAlready, .tooManyAttachments, .hashMissing, .hashDiffers, .typeDiffers, .fileEmpty,
        .fileTooLarge, .typeUnknown, .fileExecutable, .stale,
    ]
    static let operation: JSON = [
        "parameters": [
            documentParameter,
            [
                "name": "X-File-Name", "in": "header", "required": true,
                "description": "File name in UTF-8, percent-encoded",
                "schema": ["type": "string", "pattern": "^[!-~]{1,1800}$"], "example": "mau.txt",
            ],
            [
                "name": "X-File-SHA256", "in": "header", "required": true,
                "description": "SHA-256 of the body, hex: a file that changed on the way is refused",
                "schema": ["type": "string", "pattern": "^[0-9A-Fa-f]{64}$"],
                "example": .string(ContentHash(of: example.utf8).text),
            ],
            [
                "name": "X-File-Part", "in": "header", "required": false,
                "description": "`main` for the document's own text, else `annex`",
                "schema": ["type": "string", "enum": ["main", "annex"], "default": "annex"],
            ],
            [
                "name": "If-Match", "in": "header", "required": false,
                "description": "The document's ETag that was read: refused with 412 when it is not the present one",
                "schema": ["type": "string", "pattern": "^\"[0-9]{1,18}\"$"],
            ],
        ],
        "requestBody": [
            "required": true,
            "description":
                "The file. Its Content-Type must be what the content is; application/octet-stream says nothing",
            "content": [
                "application/octet-stream": [
                    "schema": ["type": "string", "format": "binary", "minLength": 1], "example": .string(example),
                ]
            ],
        ],
        "responses": [
            "201": [
                "description": "Attached",
                "content": ["application/json": ["schema": Document.schema]],
            ],
            "422": [
                "description": "Headers or content are wrong",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    /// A small text, so that the documentation's own example works.
    private static let example = "Mau van ban\n"

    static let documentParameter: JSON = [
        "name": "document", "in": "path", "required": true, "description": "The document",
        "schema": ["type": "string", "format": "uuid"],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let id = try path.id("document", as: DocumentID.self)
        let (name, claim, part) = try read(request)
        guard let before = try await call.runtime.database.document(id) else { throw Refused.notFound }
        try await call.require(.documentsDraft, at: before.agency)
        // Once before the file is stored, once more under the lock: what is refused must not fill the disk.
        _ = try room(in: before, for: claim.hash?.text ?? "", as: part)
        let file = try await store(request.body, claim, call)
        let reply = try await call.transaction { work in
            let before = try await work.document(id, of: call, .documentsDraft)
            if let wanted = request.header("if-match"), wanted != "\"\(before.version)\"" { throw Refused.stale }
            let (document, new) = try decide(before, file, named: name, as: part)
            if part == .main {
                try await work.run("DELETE FROM attachments WHERE document = \(id) AND part = 'main'")
            }
            try await work.run(
                """
                INSERT INTO attachments (id, document, part, name, media_type, sha256, size, attached_by, attached_at)
                VALUES (\(new.attachment), \(id), \(part.rawValue), \(new.name), \(new.mediaType), \(new.sha256),
                        \(new.size), \(work.actor), \(call.now))
                """)
            try await work.run("UPDATE documents SET version = \(document.version) WHERE id = \(id)")
            try await work.note(document, "attached", "\(part.rawValue): \(new.name), SHA-256 \(new.sha256)")
            return document.reply
        }
        return Outgoing(
            201,
            headers: [
                ("content-type", "application/json"), ("etag", "\"\(reply.output.version)\""),
                ("location", "/documents/\(id)"),
            ], body: reply.output.jsonBytes)
    }

    /// What the headers say.
    static func read(_ request: Incoming) throws -> (FileName, FileClaim, Part) {
        guard let hash = request.header("x-file-sha256").flatMap(ContentHash.init(_:)) else {
            throw Refused.hashMissing
        }
        guard let name = request.header("x-file-name")?.removingPercentEncoding else {
            throw FieldFault.missing("X-File-Name")
        }
        let part = request.header("x-file-part").map(Part.init(rawValue:)) ?? .annex
        guard let part else {
            throw FieldFault(
                "choice", field: "X-File-Part", vi: "phải là main hoặc annex", en: "must be main or annex")
        }
        let claim = FileClaim(
            hash: hash, size: request.header("content-length").flatMap(Int.init) ?? request.body.count,
            type: .init(request.header("content-type")))
        do throws(FieldFault) { return (try FileName(name), claim, part) } catch {
            var fault = error
            fault.field = "X-File-Name"
            throw fault
        }
    }

    static func decide(
        _ before: Document, _ file: StoredFile, named name: FileName, as part: Part
    ) throws(Refused) -> (Document, Attachment) {
        var document = try room(in: before, for: file.hash.text, as: part)
        var new = Attachment()
        (new.attachment, new.part, new.name) = (.new(), part, name.text)
        (new.mediaType, new.sha256, new.size) = (file.type.rawValue, file.hash.text, file.size)
        document.attachments.insert(new, at: part == .main ? 0 : document.attachments.endIndex)
        document.version += 1
        return (document, new)
    }

    /// The document without what the new file replaces; refused when that leaves no room for it.
    private static func room(in before: Document, for hash: String, as part: Part) throws(Refused) -> Document {
        guard before.state == .drafted else { throw .notDrafted }
        var document = before
        if part == .main { document.attachments.removeAll { $0.part == .main } }
        guard !document.attachments.contains(where: { $0.sha256 == hash }) else { throw .attachedAlready }
        guard document.attachments.count < Limits.Documents.attachments else { throw .tooManyAttachments }
        return document
    }

    private static func store(_ bytes: [UInt8], _ claim: FileClaim, _ call: Call) async throws -> StoredFile {
        do throws(FileFault) { return try await call.resource(FileStore.self).put(bytes, claim) } catch {
            switch error {
            case .wrongHash, .wrongSize: throw Refused.hashDiffers
            case .notAsDeclared: throw Refused.typeDiffers
            case .empty: throw Refused.fileEmpty
            case .tooLarge: throw Refused.fileTooLarge
            case .executable: throw Refused.fileExecutable
            case .unknownType: throw Refused.typeUnknown
            case .missing, .damaged, .interrupted, .storage: throw error
            }
        }
    }
}

extension [String: String] {
    /// A path field that is an identity; what is none names nothing.
    func id<Tag>(_ name: String, as type: ID<Tag>.Type) throws(Refused) -> ID<Tag> {
        guard let text = self[name], let id = try? ID<Tag>(text) else { throw .notFound }
        return id
    }
}

extension Refused {
    static let attachedAlready = Refused(
        "documents.attached-already", vi: "Tệp này đã được đính kèm.", en: "This file is attached already.")
    static let tooManyAttachments = Refused(
        "documents.too-many-attachments", vi: "Văn bản đã có \(Limits.Documents.attachments) tệp.",
        en: "The document has \(Limits.Documents.attachments) files already.")
    static let hashMissing = Refused(
        "documents.hash-missing", 422, vi: "Cần mã băm SHA-256 của tệp, 64 chữ số thập lục phân.",
        en: "The SHA-256 of the file is required, 64 hex digits.", field: "X-File-SHA256")
    static let hashDiffers = Refused(
        "documents.hash-differs", 422, vi: "Nội dung tệp không khớp mã băm hoặc độ dài đã khai; hãy gửi lại.",
        en: "The content does not match the announced hash or length; send it again.", field: "X-File-SHA256")
    static let typeDiffers = Refused(
        "documents.type-differs", 422, vi: "Nội dung tệp không đúng kiểu đã khai.",
        en: "The content is not of the announced type.", field: "Content-Type")
    static let fileEmpty = Refused(
        "documents.file-empty", 422, vi: "Tệp rỗng.", en: "The file is empty.", field: "body")
    static let fileTooLarge = Refused(
        "body-too-large", 413, vi: "Tệp vượt quá \(Limits.fileBytes) byte.",
        en: "The file exceeds \(Limits.fileBytes) bytes.", field: "body")
    static let fileExecutable = Refused(
        "documents.file-executable", 415, vi: "Không nhận tệp chương trình hoặc tệp có mã lệnh.",
        en: "Programs, and documents that carry one, are not accepted.", field: "body")
    static let typeUnknown = Refused(
        "documents.file-type", 415,
        vi: "Chỉ nhận PDF, PNG, JPEG, TIFF, DOCX, XLSX, PPTX, ODT, ODS, ODP, XML và văn bản thuần UTF-8.",
        en: "Accepted are PDF, PNG, JPEG, TIFF, DOCX, XLSX, PPTX, ODT, ODS, ODP, XML and plain text in UTF-8.",
        field: "body")
}
