import Contracts
import Files
import ServiceKit

/// A file of a dossier: what is known of it without opening it.
struct Attachment: Record, Hashable {
    var id = FileID()
    var part = "other"
    var name = ""
    var sha256 = ""
    var size = 0
    var mediaType = ""
    var addedAt = Date(timeIntervalSince1970: 0)
    var scannedAt: Date?
    var signed: Bool?
    var reusedFrom: FileID?
    var issued: Bool?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("part", \.part, .text(1...60), "Key of the paper in the procedure, “other”, or “result”"),
        .init("name", \.name, .text(1...Limits.nameLength), "File name"),
        .init("sha256", \.sha256, .text(64...64), "SHA-256, hex"),
        .init("size", \.size, .integer(1...Limits.fileBytes), "Bytes"),
        .init("mediaType", \.mediaType, .text(1...100), "What the content is"),
        .init("addedAt", \.addedAt, .instant, "When it was added"),
        .init("scannedAt", \.scannedAt, .instant, "When a virus scanner found nothing in it; absent: nobody looked"),
        .init(
            "signed", \.signed, .bool,
            "Of a PDF: whether a signature covers all of it. Its value and its certificate are not verified"),
        .init("reusedFrom", \.reusedFrom, .id, "The paper of an earlier dossier that it is"),
        .init(
            "issued", \.issued, .bool,
            "Of a result: whether it is the file of the issued document, by its hash; absent where none was announced"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        part = try row("part")
        name = try row("name")
        sha256 = try row("sha256")
        size = try row("bytes")
        mediaType = try row("media_type")
        addedAt = try row("added_at")
        scannedAt = try row("scanned_at")
        signed = try row("signed")
        reusedFrom = try row("reused_from")
    }

    mutating func take(_ found: FileInspector.Found, at now: Date) {
        (sha256, size, mediaType) = (found.file.hash.text, found.file.size, found.file.type.rawValue)
        (addedAt, scannedAt, signed) = (now, found.scanned ? now : nil, found.signed)
    }

    func insert(into dossier: DossierID, by actor: String) -> SQL {
        """
        INSERT INTO attachments
            (id, dossier, part, name, sha256, bytes, media_type, added_by, added_at, scanned_at, signed, reused_from)
        VALUES (\(id), \(dossier), \(part), \(name), \(sha256), \(size), \(mediaType), \(actor), \(addedAt),
                \(scannedAt), \(signed), \(reusedFrom))
        """
    }
}

extension Session {
    func attachments(of dossier: DossierID) async throws -> [Attachment] {
        try await run("SELECT * FROM attachments WHERE dossier = \(dossier) ORDER BY id").map(Attachment.init)
    }
}

/// `GET /dossiers/{dossier}/attachments`: the papers, which required ones are missing, and the answer as files.
enum ListAttachments: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/attachments")
    static let summary = "The papers of a dossier, the required ones that are missing, and the files of its answer"
    static let access = Access.signedIn

    struct Output: Record {
        var attachments: [Attachment] = []
        var missing: [String] = []
        var results: [Attachment] = []

        static let fields: [Field<Self>] = [
            .init(
                "attachments", \.attachments, .list(.record, 0...Limits.OneStop.attachments),
                "In the order of their coming"),
            .init(
                "missing", \.missing, .list(.text(1...60), 0...Limits.OneStop.parts),
                "Keys of required papers of which there is nothing, as a file or on paper"),
            .init(
                "results", \.results, .list(.record, 0...Limits.OneStop.resultFiles),
                "The answer, in the order of its coming; for the applicant once it is finished and everything is paid"),
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .attachments)
        let definition = try await call.procedure(of: dossier).definition
        var output = Output()
        output.attachments = try await call.runtime.database.attachments(of: dossier.id)
        output.results = try await call.runtime.database.results(of: dossier)
            .shown(to: call.caller.kind, of: dossier, definition)
        output.missing = definition.lacking(try await call.runtime.database.papers(of: dossier.id, definition))
        return Reply(output)
    }
}

/// `GET /dossiers/{dossier}/attachments/{attachment}`: the file, its hash verified on the way out.
enum DownloadPaper: RawEndpoint {
    static let route = Route.get("/dossiers/{dossier}/attachments/{attachment}")
    static let summary = "Download a paper of a dossier, or a file of its answer"
    static let access = Access.signedIn
    static let operation: JSON = [
        "parameters": [AttachPaper.dossierParameter, attachmentParameter],
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
        guard let id = try? DossierID(path["dossier"] ?? ""), let file = try? FileID(path["attachment"] ?? "") else {
            throw Refused.notFound
        }
        let dossier = try await call.readable(id, purpose: .attachment, of: file)
        let database = call.runtime.database
        let definition = try await call.procedure(of: dossier).definition
        let results = try await database.results(of: dossier).shown(to: call.caller.kind, of: dossier, definition)
        let known = (try await database.attachments(of: dossier.id) + results).first { $0.id == file }
        guard let known, let hash = ContentHash(known.sha256) else { throw Refused.notFound }
        let bytes = try await call.resource(FileStore.self).read(hash)
        return Outgoing(
            200,
            headers: [
                ("content-type", known.mediaType), ("content-disposition", try FileName(known.name).disposition),
                ("x-content-type-options", "nosniff"), ("etag", "\"\(known.sha256)\""),
            ], body: bytes)
    }
}
