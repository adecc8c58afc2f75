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
        "Add a paper of the dossier: by its applicant while the office waits for papers, or at the desk; or its answer"
    static let access = Access.signedIn
    static let bodyLimit = Limits.fileBytes
    static let refusals: [Refused] = [
        .notInStatus, .partUnknown, .attachedAlready, .tooManyAttachments, .hashMissing, .hashDiffers, .typeDiffers,
        .fileEmpty, .fileTooLarge, .typeUnknown, .fileExecutable, .dossierTooLarge, .typeNotOfPart, .notSigned,
        .infected, .resultByOffice, .tooManyResults,
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
                "description": .string(partDoc),
                "schema": ["type": "string", "pattern": .string(Pattern.key), "default": .string(Part.other)],
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

    static let partDoc =
        "Key of the paper in the procedure; “other” for what the procedure does not name; “result” for the answer, by "
        + "officials"

    static let dossierParameter: JSON = [
        "name": "dossier", "in": "path", "required": true, "description": "The dossier",
        "schema": ["type": "string", "format": "uuid"],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let id = try? DossierID(path["dossier"] ?? "") else { throw Refused.notFound }
        let known = try await call.dossier(id)
        let definition = try await call.procedure(of: known).definition
        let part = request.header("x-file-part") ?? Part.other
        try await call.requireAdding(part, to: known, definition)
        let (name, claim) = try read(request)
        let isApplicant = call.caller.kind == .citizen
        // Once before the file is stored, once more under the lock: what is refused must not fill the disk.
        try await call.runtime.database.requireTaking(
            part, hash: claim.hash?.text ?? "", size: request.body.count, into: known, isApplicant: isApplicant,
            definition)
        let found = try await call.inspect(
            request.body, claim, for: definition.part(part), to: FileTarget(dossier: id, part: part))
        let file = try await call.resource(FileStore.self).put(request.body, claim)
        let reply = try await call.transaction { work in
            guard let dossier = try await work.dossier(id, forUpdate: true) else { throw Refused.notFound }
            try await work.requireTaking(
                part, hash: file.hash.text, size: file.size, into: dossier, isApplicant: isApplicant, definition)
            var attachment = Attachment()
            (attachment.id, attachment.part, attachment.name) = (.new(), part, name.text)
            attachment.take(found, at: work.now)
            return Reply(try await work.add(attachment, to: dossier, definition))
        }
        return Outgoing(
            201,
            headers: [
                ("content-type", "application/json"),
                ("location", "/dossiers/\(id)/attachments/\(reply.output.id)"),
            ], body: reply.output.jsonBytes)
    }

    /// What the headers say.
    static func read(_ request: Incoming) throws -> (FileName, FileClaim) {
        guard let hash = request.header("x-file-sha256").flatMap(ContentHash.init(_:)) else {
            throw Refused.hashMissing
        }
        guard let name = request.header("x-file-name")?.removingPercentEncoding else {
            throw FieldFault.missing("X-File-Name")
        }
        let claim = FileClaim(
            hash: hash, size: request.header("content-length").flatMap(Int.init) ?? request.body.count,
            type: .init(request.header("content-type")))
        do throws(FieldFault) { return (try FileName(name), claim) } catch {
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
        guard part == Part.other || definition.part(part) != nil else { throw .partUnknown }
        guard others.count < Limits.OneStop.attachments else { throw .tooManyAttachments }
        guard !others.contains(where: { $0.part == part && $0.sha256 == hash }) else { throw .attachedAlready }
        guard others.reduce(size, { $0 + $1.size }) <= Limits.OneStop.dossierBytes else { throw .dossierTooLarge }
    }
}

extension Call {
    /// Refuses an official who may not add a file for this part; an applicant adds to the own dossier.
    func requireAdding(_ part: String, to dossier: Dossier, _ definition: Definition) async throws {
        guard caller.kind != .citizen else { return }
        if definition.isResult(part) { try await requireAnswering(dossier) } else { try await requireAtDesk(dossier) }
    }
}

extension Session {
    /// Refuses a file that the dossier does not take, among its papers or as its answer.
    func requireTaking(
        _ part: String, hash: String, size: Int, into dossier: Dossier, isApplicant: Bool, _ definition: Definition
    ) async throws {
        if definition.isResult(part) {
            try ResultFile.decide(
                dossier, isApplicant: isApplicant, others: try await results(of: dossier), hash: hash, size: size)
        } else {
            try AttachPaper.decide(
                dossier, part: part, isApplicant: isApplicant, definition,
                others: try await attachments(of: dossier.id), hash: hash, size: size)
        }
    }
}

extension Work {
    /// Writes a file that the dossier takes: what is shown of it.
    func add(_ file: Attachment, to dossier: Dossier, _ definition: Definition) async throws -> Attachment {
        guard definition.isResult(file.part) else {
            try await post(file.insert(into: dossier.id, by: actor))
            return file
        }
        try await post(ResultFile.insert(file, into: dossier, by: actor))
        var result = file
        result.issued = dossier.documentHash.map { $0.lowercased() == file.sha256 }
        return result
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
