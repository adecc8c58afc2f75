import Contracts
import Files
import Foundation
import ServiceKit

/// What is announced of a file before its first byte.
struct AnnouncedFile: Sendable {
    var part = Part.other
    var name = ""
    var size = 1
    var sha256 = ""
    var mediaType: String?

    /// The upload that this begins.
    func upload(by owner: PersonID, at now: Date) throws -> Upload {
        var upload = Upload()
        (upload.id, upload.version, upload.owner, upload.part) = (.new(), 1, owner, part)
        do throws(FieldFault) { upload.name = try FileName(name).text } catch {
            var fault = error
            fault.field = "name"
            throw fault
        }
        guard let hash = ContentHash(sha256) else { throw Refused.hashMissing.at("sha256") }
        if case .foreign = MediaType.Declared(mediaType) { throw Refused.typeUnknown.at("mediaType") }
        (upload.sha256, upload.size, upload.declared) = (hash.text, size, mediaType)
        upload.expiresAt = now + Limits.OneStop.uploadKept.secondsValue
        return upload
    }
}

/// The fields of an announcement, for both places to which a file is sent.
protocol Announcing: Record {
    var file: AnnouncedFile { get set }
}

extension Announcing {
    static var announced: [Field<Self>] {
        [
            .init(
                "part", \.file.part, .text(1...60, pattern: Pattern.key), default: Part.other, AttachPaper.partDoc),
            .init("name", \.file.name, .text(1...Limits.Files.nameLength), "File name"),
            .init("size", \.file.size, .integer(1...Limits.fileBytes), "Bytes of the whole"),
            .init(
                "sha256", \.file.sha256, .text(64...64, pattern: "^[0-9A-Fa-f]{64}$"),
                "SHA-256 of the whole, hex: what comes is held against it"),
            .init(
                "mediaType", \.file.mediaType, .text(1...100),
                "What it is; the content must be that. Absent: only the content counts"),
        ]
    }
}

/// `POST /my/drafts/{draft}/uploads`: a file for a draft is announced; its bytes follow in parts.
enum UploadToDraft: Endpoint {
    static let route = Route.post("/my/drafts/{draft}/uploads", success: 201)
    static let summary = "Announce a file for a draft; its bytes follow in parts"
    static let access = Access.signedIn
    static let refusals: [Refused] = [
        .draftSubmitted, .procedureUnknown, .partUnknown, .attachedAlready, .tooManyAttachments, .dossierTooLarge,
        .typeUnknown,
    ]

    struct Input: Announcing {
        var draft = DraftID()
        var file = AnnouncedFile()
        static let fields: [Field<Self>] = [.init("draft", \.draft, .id, "The draft", in: .path)] + announced
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Upload> {
        let draft = try await call.draft(input.draft)
        let procedure = try await call.procedure(of: draft)
        return try await call.transaction { work in
            guard let draft = try await work.draft(input.draft, forUpdate: true) else { throw Refused.notFound }
            var upload = try input.file.upload(by: draft.owner, at: work.now)
            upload.draft = draft.id
            try decide(draft, upload, procedure?.definition, others: try await work.uploads(of: draft.id))
            return try await work.begin(upload)
        }
    }

    static func decide(
        _ draft: Draft, _ upload: Upload, _ definition: Definition?, others: [Upload]
    ) throws(Refused) {
        guard draft.dossier == nil else { throw .draftSubmitted }
        guard let definition else { throw .procedureUnknown.at("submission.procedure") }
        guard upload.part == Part.other || definition.part(upload.part) != nil else { throw .partUnknown.at("part") }
        guard others.count < Limits.OneStop.attachments else { throw .tooManyAttachments }
        guard !others.contains(where: { $0.part == upload.part && $0.sha256 == upload.sha256 }) else {
            throw .attachedAlready
        }
        guard others.reduce(upload.size, { $0 + $1.size }) <= Limits.OneStop.dossierBytes else {
            throw .dossierTooLarge.at("size")
        }
    }
}

/// `POST /dossiers/{dossier}/uploads`: a file for a dossier is announced, by whoever may attach a paper.
enum UploadToDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/uploads", success: 201)
    static let summary = "Announce a file for a dossier; its bytes follow in parts"
    static let access = Access.signedIn
    static let refusals: [Refused] = [
        .notInStatus, .alreadyApproved, .partUnknown, .attachedAlready, .tooManyAttachments, .dossierTooLarge,
        .typeUnknown, .tooManyUploads, .resultByOffice, .tooManyResults,
    ]

    struct Input: Announcing {
        var dossier = DossierID()
        var file = AnnouncedFile()
        static let fields: [Field<Self>] = [.init("dossier", \.dossier, .id, "The dossier", in: .path)] + announced
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Upload> {
        let known = try await call.dossier(input.dossier)
        let definition = try await call.procedure(of: known).definition
        try await call.requireAdding(input.file.part, to: known, definition)
        var upload = try input.file.upload(by: call.person, at: call.now)
        upload.dossier = known.id
        let begun = upload
        return try await call.transaction { work in
            guard let dossier = try await work.dossier(known.id, forUpdate: true) else { throw Refused.notFound }
            try await work.requireTaking(
                begun.part, hash: begun.sha256, size: begun.size, into: dossier,
                isApplicant: call.caller.kind == .citizen, definition)
            let open = try await work.run(
                "SELECT count(*) AS n FROM uploads WHERE dossier = \(dossier.id) AND state = 'receiving'")
            let count: Int = try open.first?("n") ?? 0
            guard count < Limits.OneStop.uploads else { throw Refused.tooManyUploads }
            return try await work.begin(begun)
        }
    }
}

extension Work {
    fileprivate func begin(_ upload: Upload) async throws -> Reply<Upload> {
        try await post(
            """
            INSERT INTO uploads
                (id, version, draft, dossier, owner, part, name, sha256, bytes, declared, state, begun_at, expires_at)
            VALUES (\(upload.id), 1, \(upload.draft), \(upload.dossier), \(upload.owner), \(upload.part),
                    \(upload.name), \(upload.sha256), \(upload.size), \(upload.declared), 'receiving', \(now),
                    \(upload.expiresAt))
            """)
        try await schedule(UploadExpires.self, key: upload.id.text, at: upload.expiresAt ?? now)
        return Reply(upload, version: 1, location: "/uploads/\(upload.id)")
    }
}

extension Refused {
    static let tooManyUploads = Refused(
        "onestop.too-many-uploads", vi: "Đã có \(Limits.OneStop.uploads) tệp đang gửi dở cho hồ sơ này.",
        en: "\(Limits.OneStop.uploads) files for this dossier are not whole yet.")
}
