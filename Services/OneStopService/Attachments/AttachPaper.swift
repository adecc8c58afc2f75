import Contracts
import Files
import Foundation
import ServiceKit

/// `POST /dossiers/{dossier}/attachments`: the body is the file itself; headers say what the sender believes it to be,
/// and that is held against the bytes. The file is durable before the row that names it commits: nothing is lost on the
/// way and no officer finds a dossier empty.
enum AttachPaper: RawEndpoint {
    static let route = Route.post("/dossiers/{dossier}/attachments", success: 201)
    static let summary =
        "Add a paper of the dossier: by its applicant while the office waits for papers, or at the desk"
    static let access = Access.signedIn
    static let bodyLimit = Limits.fileBytes
    static let refusals: [Refused] = [
        .notInStatus, .partUnknown, .attachedAlready, .tooManyAttachments, .hashMissing, .hashDiffers, .typeDiffers,
        .fileEmpty, .fileTooLarge, .typeUnknown, .fileExecutable, .dossierTooLarge, .typeNotOfPart, .notSigned,
        .infected,
    ]
    static let operation: JSON = [
        "parameters": [
            dossierParameter,
            [
                "name": "X-File-Name", "in": "header", "required": true,
                "description": "File name in UTF-8, percent-encoded",
                "schema": ["type": "string", "pattern": "^[!-~]{1,1800}$"],
            ],
            [
                "name": "X-File-SHA256", "in": "header", "required": true,
                "description": "SHA-256 of the body, hex: a file that changed on the way is refused",
                "schema": ["type": "string", "pattern": "^[0-9A-Fa-f]{64}$"],
            ],
            [
                "name": "X-File-Part", "in": "header", "required": false,
                "description": "Key of the paper in the procedure; “other” for what the procedure does not name",
                "schema": ["type": "string", "pattern": .string(Pattern.key), "default": "other"],
            ],
        ],
        "requestBody": [
            "required": true,
            "description":
                "The file. Its Content-Type must be what the content is; application/octet-stream says nothing",
            "content": ["*/*": ["schema": ["type": "string", "format": "binary", "minLength": 1]]],
        ],
        "responses": [
            "201": ["description": "Attached", "content": ["application/json": ["schema": Attachment.schema]]],
            "422": [
                "description": "Headers or content are wrong",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    static let dossierParameter: JSON = [
        "name": "dossier", "in": "path", "required": true, "description": "The dossier",
        "schema": ["type": "string", "format": "uuid"],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let id = try? DossierID(path["dossier"] ?? "") else { throw Refused.notFound }
        let known = try await call.dossier(id)
        if call.caller.kind != .citizen { try await call.requireAtDesk(known) }
        let definition = try await call.procedure(of: known).definition
        let (name, claim, part) = try read(request)
        let isApplicant = call.caller.kind == .citizen
        // Once before the file is stored, once more under the lock: what is refused must not fill the disk.
        try decide(
            known, part: part, isApplicant: isApplicant, definition,
            others: try await call.runtime.database.attachments(of: id), hash: claim.hash?.text ?? "",
            size: request.body.count)
        let found = try await call.inspect(
            request.body, claim, for: definition.part(part), to: FileTarget(dossier: id, part: part))
        let file = try await call.resource(FileStore.self).put(request.body, claim)
        let reply = try await call.transaction { work in
            guard let dossier = try await work.dossier(id, forUpdate: true) else { throw Refused.notFound }
            try decide(
                dossier, part: part, isApplicant: isApplicant, definition,
                others: try await work.attachments(of: id), hash: file.hash.text, size: file.size)
            var attachment = Attachment()
            (attachment.id, attachment.part, attachment.name) = (.new(), part, name.text)
            attachment.take(found, at: work.now)
            try await work.run(attachment.insert(into: id, by: work.actor))
            return Reply(attachment)
        }
        return Outgoing(
            201,
            headers: [
                ("content-type", "application/json"),
                ("location", "/dossiers/\(id)/attachments/\(reply.output.id)"),
            ], body: reply.output.jsonBytes)
    }

    /// What the headers say.
    static func read(_ request: Incoming) throws -> (FileName, FileClaim, String) {
        guard let hash = request.header("x-file-sha256").flatMap(ContentHash.init(_:)) else {
            throw Refused.hashMissing
        }
        guard let name = request.header("x-file-name")?.removingPercentEncoding else {
            throw FieldFault.missing("X-File-Name")
        }
        let claim = FileClaim(
            hash: hash, size: request.header("content-length").flatMap(Int.init) ?? request.body.count,
            type: .init(request.header("content-type")))
        do throws(FieldFault) { return (try FileName(name), claim, request.header("x-file-part") ?? "other") } catch {
            var fault = error
            fault.field = "X-File-Name"
            throw fault
        }
    }

    /// Applicants hand papers in before acceptance and when some are missing; the desk until the answer is approved.
    static func decide(
        _ dossier: Dossier, part: String, isApplicant: Bool, _ definition: Definition, others: [Attachment],
        hash: String, size: Int = 0
    ) throws(Refused) {
        if isApplicant {
            try dossier.require(.submitted, .awaitingSupplement)
        } else {
            // Also what proves an exemption from a fee that is asked for.
            try dossier.require(.submitted, .accepted, .processing, .awaitingSupplement, .awaitingPayment)
            guard dossier.approvedAt == nil else { throw .alreadyApproved }
        }
        guard part == "other" || definition.part(part) != nil else { throw .partUnknown }
        guard others.count < Limits.OneStop.attachments else { throw .tooManyAttachments }
        guard !others.contains(where: { $0.part == part && $0.sha256 == hash }) else { throw .attachedAlready }
        guard others.reduce(size, { $0 + $1.size }) <= Limits.OneStop.dossierBytes else { throw .dossierTooLarge }
    }
}

extension Refused {
    static let partUnknown = Refused(
        "onestop.part-unknown", 422, vi: "Thủ tục không có thành phần hồ sơ này.",
        en: "The procedure names no such paper.", field: "X-File-Part")
    static let attachedAlready = Refused(
        "onestop.attached-already", vi: "Tệp này đã có trong hồ sơ.", en: "This file is in the dossier already.")
    static let tooManyAttachments = Refused(
        "onestop.too-many-attachments", vi: "Hồ sơ đã có \(Limits.OneStop.attachments) tệp.",
        en: "The dossier has \(Limits.OneStop.attachments) files already.")
    static let dossierTooLarge = Refused(
        "onestop.dossier-too-large", 422,
        vi: "Các tệp của một hồ sơ không quá \(Limits.OneStop.dossierBytes / 1_048_576) MB.",
        en: "The files of a dossier come to at most \(Limits.OneStop.dossierBytes / 1_048_576) MB.", field: "body")
    static let hashMissing = Refused(
        "onestop.hash-missing", 422, vi: "Cần mã băm SHA-256 của tệp, 64 chữ số thập lục phân.",
        en: "The SHA-256 of the file is required, 64 hex digits.", field: "X-File-SHA256")
    static let hashDiffers = Refused(
        "onestop.hash-differs", 422, vi: "Nội dung tệp không khớp mã băm hoặc độ dài đã khai; hãy gửi lại.",
        en: "The content does not match the announced hash or length; send it again.", field: "X-File-SHA256")
    static let typeDiffers = Refused(
        "onestop.type-differs", 422, vi: "Nội dung tệp không đúng kiểu đã khai.",
        en: "The content is not of the announced type.", field: "Content-Type")
    static let fileEmpty = Refused(
        "onestop.file-empty", 422, vi: "Tệp rỗng.", en: "The file is empty.", field: "body")
    static let fileTooLarge = Refused(
        "body-too-large", 413, vi: "Tệp vượt quá \(Limits.fileBytes) byte.",
        en: "The file exceeds \(Limits.fileBytes) bytes.", field: "body")
    static let fileExecutable = Refused(
        "onestop.file-executable", 415, vi: "Không nhận tệp chương trình hoặc tệp có mã lệnh.",
        en: "Programs, and documents that carry one, are not accepted.", field: "body")
    static let typeUnknown = Refused(
        "onestop.file-type", 415,
        vi: "Chỉ nhận PDF, PNG, JPEG, TIFF, DOCX, XLSX, PPTX, ODT, ODS, ODP, XML và văn bản thuần UTF-8.",
        en: "Accepted are PDF, PNG, JPEG, TIFF, DOCX, XLSX, PPTX, ODT, ODS, ODP, XML and plain text in UTF-8.",
        field: "body")
}
