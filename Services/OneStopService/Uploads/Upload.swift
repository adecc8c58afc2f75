import Contracts
import Files
import Foundation
import ServiceKit

enum UploadTag {}
typealias UploadID = ID<UploadTag>

enum UploadState: String, CaseIterable, Sendable {
    case receiving
    /// Whole, what it says it is, and in its draft.
    case verified
    /// A paper of its dossier.
    case attached
}

/// A file on its way in, part by part: a row of `uploads`, and how its sender sees it.
struct Upload: Record, Hashable {
    var id = UploadID()
    var version = 0
    var draft: DraftID?
    var dossier: DossierID?
    var part = "other"
    var name = ""
    var sha256 = ""
    var size = 0
    var offset = 0
    var state = UploadState.receiving
    var mediaType: String?
    var signed: Bool?
    var scannedAt: Date?
    var expiresAt: Date?
    var chunk = Limits.OneStop.chunkBytes
    /// Whose it is; not shown.
    var owner = PersonID()
    /// What its sender said that it is; not shown.
    var declared: String?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity; also of the paper that becomes of it"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("draft", \.draft, .id, "The draft in which it lies"),
        .init("dossier", \.dossier, .id, "The dossier for which it is"),
        .init("part", \.part, .text(1...60), "Key of the paper in the procedure, or “other”"),
        .init("name", \.name, .text(1...Limits.Files.nameLength), "File name"),
        .init("sha256", \.sha256, .text(64...64), "SHA-256 of the whole, hex, as announced"),
        .init("size", \.size, .integer(1...Limits.fileBytes), "Bytes of the whole"),
        .init("offset", \.offset, .integer(0...Limits.fileBytes), "Bytes that are durably here: go on from there"),
        .init("state", \.state, .choice, "Whether it is whole and was looked at"),
        .init("mediaType", \.mediaType, .text(1...100), "What the content is, once it was looked at"),
        .init("signed", \.signed, .bool, "Of a PDF: whether a signature covers all of it"),
        .init("scannedAt", \.scannedAt, .instant, "When a virus scanner found nothing in it; absent: nobody looked"),
        .init("expiresAt", \.expiresAt, .instant, "When it is removed if nothing more comes"),
        .init("chunk", \.chunk, .integer(1...Limits.OneStop.chunkBytes), "Most bytes of one request"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        version = try row("version")
        draft = try row("draft")
        dossier = try row("dossier")
        part = try row("part")
        name = try row("name")
        sha256 = try row("sha256")
        size = try row("bytes")
        offset = try row("received")
        state = UploadState(rawValue: try row("state")) ?? .receiving
        mediaType = try row("media_type")
        signed = try row("signed")
        scannedAt = try row("scanned_at")
        // What is whole goes with its draft or stays with its dossier.
        expiresAt = state == .receiving ? try row("expires_at") : nil
        owner = try row("owner")
        declared = try row("declared")
    }

    var claim: FileClaim {
        FileClaim(hash: ContentHash(sha256), size: size, type: MediaType.Declared(declared))
    }

    /// The paper that becomes of it.
    func attachment(at now: Date) -> Attachment {
        var paper = Attachment()
        (paper.id, paper.part, paper.name) = (FileID(id.uuid), part, name)
        (paper.sha256, paper.size, paper.mediaType) = (sha256, size, mediaType ?? "")
        (paper.addedAt, paper.scannedAt, paper.signed) = (now, scannedAt, signed)
        return paper
    }
}

extension Session {
    func upload(_ id: UploadID, forUpdate: Bool = false) async throws -> Upload? {
        try await run("SELECT * FROM uploads WHERE id = \(id) \(raw: forUpdate ? "FOR UPDATE" : "")")
            .first.map(Upload.init)
    }

    func uploads(of draft: DraftID) async throws -> [Upload] {
        try await run("SELECT * FROM uploads WHERE draft = \(draft) ORDER BY id").map(Upload.init)
    }
}

extension Call {
    /// The caller's own; 404 for anybody else.
    func upload(_ id: UploadID) async throws -> Upload {
        guard let upload = try await runtime.database.upload(id) else { throw Refused.notFound }
        guard upload.owner == caller.person else { throw refused(.notFound, about: ["upload": "\(id)"]) }
        return upload
    }
}

/// `GET /uploads/{upload}`: how much of a file is here. After a break its sender goes on from `offset`.
enum ReadUpload: Endpoint {
    static let route = Route.get("/uploads/{upload}")
    static let summary = "How much of a file is here, to go on from there"
    static let access = Access.signedIn

    struct Input: Record {
        var upload = UploadID()
        static let fields: [Field<Self>] = [.init("upload", \.upload, .id, "The upload", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Upload> {
        let upload = try await call.upload(input.upload)
        return Reply(upload, version: Int64(upload.version))
    }
}

/// `DELETE /uploads/{upload}`: its sender takes it back, before anything was made of it.
enum AbandonUpload: Endpoint {
    static let route = Route.delete("/uploads/{upload}")
    static let summary = "Take a file back that was sent, before the dossier has it"
    static let access = Access.signedIn
    static let refusals = [Refused.uploadAttached]

    static func handle(_ input: ReadUpload.Input, _ call: Call) async throws -> Reply<Nothing> {
        _ = try await call.upload(input.upload)
        let reply = try await call.transaction { work in
            guard let upload = try await work.upload(input.upload, forUpdate: true) else { throw Refused.notFound }
            try call.check(Int64(upload.version))
            guard upload.state != .attached else { throw Refused.uploadAttached }
            try await work.post("DELETE FROM uploads WHERE id = \(upload.id)")
            try await work.unschedule(UploadExpires.self, key: upload.id.text)
            return Reply(Nothing())
        }
        await call.resource(FileStore.self).unstage(input.upload.uuid)
        return reply
    }
}

/// Nothing more came of a file: it is removed (os-039). What is whole stays with its draft; of what became a paper only
/// the row goes.
enum UploadExpires: TimedTask {
    static let kind = "onestop.upload-expires"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let id = try UploadID(key)
        if let upload = try await work.upload(id, forUpdate: true) {
            guard upload.state != .verified else { return }
            try await work.run("DELETE FROM uploads WHERE id = \(id)")
        }
        await work.resource(FileStore.self).unstage(id.uuid)
    }
}

extension Refused {
    static let uploadAttached = Refused(
        "onestop.upload-attached", vi: "Tệp đã là giấy tờ của hồ sơ.",
        en: "The file is a paper of the dossier already.")
}
