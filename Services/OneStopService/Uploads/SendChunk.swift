import Contracts
import Files
import Foundation
import ServiceKit

/// `PUT /uploads/{upload}`: the bytes of a file from `Upload-Offset` on. They are on the disk before the answer says so
/// (os-032); what is there already is not written again, so that whoever heard no answer sends once more. With the
/// last byte the file is looked at, and is verified when that finds nothing wrong (os-033).
enum SendChunk: RawEndpoint {
    static let route = Route.put("/uploads/{upload}")
    static let summary = "Send a part of a file; with the last one it is verified"
    static let access = Access.signedIn
    static let bodyLimit = Limits.OneStop.chunkBytes
    static let refusals: [Refused] = [
        .offsetDiffers, .hashDiffers, .typeDiffers, .typeUnknown, .fileExecutable, .typeNotOfPart, .notSigned,
        .infected, .notInStatus, .alreadyApproved, .partUnknown, .attachedAlready, .tooManyAttachments,
        .dossierTooLarge, .draftSubmitted, .resultByOffice, .tooManyResults,
    ]
    static let operation: JSON = [
        "parameters": [
            [
                "name": "upload", "in": "path", "required": true, "description": "The upload",
                "schema": ["type": "string", "format": "uuid"],
            ],
            [
                "name": "Upload-Offset", "in": "header", "required": true,
                "description": "Where in the file the first of these bytes stands",
                "schema": ["type": "integer", "minimum": 0, "maximum": .integer(Int64(Limits.fileBytes))],
            ],
        ],
        "requestBody": [
            "required": false,
            "description": "The bytes; none at all to have a whole file looked at once more",
            "content": ["application/octet-stream": ["schema": ["type": "string", "format": "binary"]]],
        ],
        "responses": [
            "200": ["description": "Durable", "content": ["application/json": ["schema": Upload.schema]]],
            "422": [
                "description": "Header or content are wrong",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let id = try? UploadID(path["upload"] ?? "") else { throw Refused.notFound }
        let text = request.header("upload-offset") ?? ""
        guard let offset = Int(text), offset >= 0, "\(offset)" == text else {
            throw FieldFault.missing("Upload-Offset")
        }
        var upload = try await call.upload(id)
        if try decide(upload, offset, request.body.count) == .write {
            upload = try await write(request.body, at: offset, id, call)
        }
        if upload.state == .receiving, upload.offset == upload.size { upload = try await settle(upload, call) }
        return Outgoing(
            200, headers: [("content-type", "application/json"), ("etag", "\"\(upload.version)\"")],
            body: upload.jsonBytes)
    }

    enum Step: Equatable { case write, there }

    static func decide(_ upload: Upload, _ offset: Int, _ count: Int) throws(Refused) -> Step {
        guard offset <= upload.size, count <= upload.size - offset else { throw .beyondTheEnd }
        if offset + count <= upload.offset { return .there }
        guard offset == upload.offset, upload.state == .receiving else { throw .offsetDiffers(upload.offset) }
        return .write
    }

    /// The bytes first, then the row that counts them: of what is counted nothing is missing.
    private static func write(_ bytes: [UInt8], at offset: Int, _ id: UploadID, _ call: Call) async throws -> Upload {
        try await call.transaction { work in
            guard var upload = try await work.upload(id, forUpdate: true) else { throw Refused.notFound }
            guard try decide(upload, offset, bytes.count) == .write else { return Reply(upload) }
            try await call.resource(FileStore.self).stage(id.uuid, at: offset, bytes)
            let expiry = work.now + Limits.OneStop.uploadKept.secondsValue
            (upload.offset, upload.version, upload.expiresAt) = (offset + bytes.count, upload.version + 1, expiry)
            try await work.post(
                """
                UPDATE uploads SET received = \(upload.offset), version = \(upload.version), expires_at = \(expiry)
                WHERE id = \(id)
                """)
            try await work.schedule(UploadExpires.self, key: id.text, at: expiry)
            return Reply(upload)
        }.output
    }

    // MARK: - A whole file

    /// Looks at the whole file. What is wrong with it for good removes it; where it only came badly, or the scanner is
    /// away, its sender may go on.
    private static func settle(_ upload: Upload, _ call: Call) async throws -> Upload {
        let store = call.resource(FileStore.self)
        let definition = try await definition(for: upload, call)
        let bytes = try await store.staged(upload.id.uuid, size: upload.size)
        let target = FileTarget(draft: upload.draft, dossier: upload.dossier, part: upload.part)
        let found: FileInspector.Found
        do {
            found = try await call.inspect(bytes, upload.claim, for: definition?.part(upload.part), to: target)
        } catch let refused as Refused where refused.code == Refused.hashDiffers.code {
            try await call.run(
                """
                UPDATE uploads SET received = 0, version = version + 1
                WHERE id = \(upload.id) AND state = 'receiving' AND version = \(upload.version)
                """)
            if let settled = try await settledMeanwhile(upload, call) { return settled }
            throw refused
        } catch let refused as Refused where refused.status < 500 {
            try await call.run("DELETE FROM uploads WHERE id = \(upload.id) AND state = 'receiving'")
            if let settled = try await settledMeanwhile(upload, call) { return settled }
            await store.unstage(upload.id.uuid)
            throw refused
        }
        guard let dossier = upload.dossier else { return try await verified(upload, found, call) }
        _ = try await store.put(bytes, upload.claim)
        let attached = try await attached(upload, found, to: dossier, definition, call)
        await store.unstage(upload.id.uuid)
        return attached
    }

    /// Whoever sent the same last part at the same moment was faster: the file is whole, and its bytes are no longer
    /// where they came. That is no fault of this part.
    private static func settledMeanwhile(_ upload: Upload, _ call: Call) async throws -> Upload? {
        let known = try await call.runtime.database.upload(upload.id)
        return known?.state == .receiving ? nil : known
    }

    /// The procedure of what the file is for. Between its announcement and its last part whoever sends it may have
    /// lost the right to add it: it is asked for once more (os-277).
    private static func definition(for upload: Upload, _ call: Call) async throws -> Definition? {
        if let draft = upload.draft {
            guard let draft = try await call.runtime.database.draft(draft) else { throw Refused.notFound }
            return try await call.procedure(of: draft)?.definition
        }
        guard let id = upload.dossier else { return nil }
        let dossier = try await call.dossier(id)
        let definition = try await call.procedure(of: dossier).definition
        try await call.requireAdding(upload.part, to: dossier, definition)
        return definition
    }

    private static func verified(_ upload: Upload, _ found: FileInspector.Found, _ call: Call) async throws -> Upload {
        try await call.transaction { work in
            guard var upload = try await work.upload(upload.id, forUpdate: true) else { throw Refused.notFound }
            guard upload.state == .receiving, upload.offset == upload.size else { return Reply(upload) }
            upload.take(found, .verified, at: work.now)
            try await work.post(upload.settled)
            // From now on it is there as long as its draft.
            try await work.unschedule(UploadExpires.self, key: upload.id.text)
            return Reply(upload)
        }.output
    }

    private static func attached(
        _ upload: Upload, _ found: FileInspector.Found, to dossier: DossierID, _ definition: Definition?, _ call: Call
    ) async throws -> Upload {
        try await call.transaction { work in
            guard let dossier = try await work.dossier(dossier, forUpdate: true),
                var upload = try await work.upload(upload.id, forUpdate: true), let definition
            else { throw Refused.notFound }
            guard upload.state == .receiving, upload.offset == upload.size else { return Reply(upload) }
            try await work.requireTaking(
                upload.part, hash: upload.sha256, size: upload.size, into: dossier,
                isApplicant: call.caller.kind == .citizen, definition)
            upload.take(found, .attached, at: work.now)
            _ = try await work.add(upload.attachment(at: work.now), to: dossier, definition)
            try await work.post(upload.settled)
            return Reply(upload)
        }.output
    }
}

extension Upload {
    fileprivate mutating func take(_ found: FileInspector.Found, _ state: UploadState, at now: Date) {
        (self.state, version, expiresAt) = (state, version + 1, nil)
        (mediaType, signed, scannedAt) = (found.file.type.rawValue, found.signed, found.scanned ? now : nil)
    }

    fileprivate var settled: SQL {
        """
        UPDATE uploads SET state = \(state.rawValue), version = \(version), media_type = \(mediaType),
            signed = \(signed), scanned_at = \(scannedAt)
        WHERE id = \(id)
        """
    }
}

extension Refused {
    static func offsetDiffers(_ there: Int) -> Refused {
        Refused(
            offsetDiffers.code, vi: "Đã nhận \(there) byte; hãy gửi tiếp từ đó.",
            en: "\(there) bytes are here; go on from there.", field: "Upload-Offset")
    }

    /// The same refusal for the documentation, where nothing is known of the upload.
    static let offsetDiffers = Refused(
        "onestop.upload-offset", vi: "Vị trí gửi không khớp phần đã nhận.",
        en: "The offset is not where what is here ends.", field: "Upload-Offset")
    static let beyondTheEnd = Refused(
        "onestop.upload-beyond-end", 422, vi: "Phần gửi vượt quá độ dài đã khai.",
        en: "The part goes beyond the announced length.", field: "Upload-Offset")
}
