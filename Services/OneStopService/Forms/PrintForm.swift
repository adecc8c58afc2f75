import Contracts
import Files
import ServiceKit
import Typesetting

/// `GET /dossiers/{dossier}/forms/{form}`: a form of the dossier as PDF, on A5. It says what was true when it was
/// issued, and every later print is the same bytes (os-150).
enum PrintForm: RawEndpoint {
    static let route = Route.get("/dossiers/{dossier}/forms/{form}")
    static let summary =
        "A form of a dossier as PDF: 01 receipt, 02 supplement, 03 refusal, 04 apology, 05 control sheet"
    static let access = Access.signedIn
    static let refusals = [Refused.formNotThere]
    static let operation: JSON = [
        "parameters": [
            AttachPaper.dossierParameter,
            [
                "name": "form", "in": "path", "required": true,
                "description": "Number of the form in Circular 01/2018/TT-VPCP; 05 is for officials",
                "schema": ["type": "string", "enum": ["01", "02", "03", "04", "05"]],
            ],
        ],
        "responses": [
            "200": [
                "description": "The form. Its ETag is the SHA-256 of the file",
                "content": ["application/pdf": ["schema": ["type": "string", "format": "binary"]]],
            ]
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let id = try? DossierID(path["dossier"] ?? ""), let form = Form(number: path["form"] ?? ""),
            let purpose = ReadPurpose(form)
        else { throw Refused.notFound }
        let dossier = try await call.readable(id, purpose: purpose)
        if form.isInternal, call.caller.kind == .citizen { throw call.refused(about: ["form": "\(form.number)"]) }
        let printed = try await call.printed(form, of: dossier)
        let name = "mau-\(form.number)-\(dossier.code?.text ?? dossier.id.text).pdf"
        return Outgoing(
            200,
            headers: [
                ("content-type", MediaType.pdf.rawValue), ("content-disposition", "inline; filename=\"\(name)\""),
                ("x-content-type-options", "nosniff"), ("etag", "\"\(printed.hash)\""),
            ], body: printed.bytes)
    }
}

extension Call {
    /// A form as it was first printed; made now when it never was.
    /// - Throws: `Refused.formNotThere`.
    func printed(_ form: Form, of dossier: Dossier) async throws -> (hash: ContentHash, bytes: [UInt8]) {
        guard let issue = try await issue(of: form, dossier) else { throw Refused.formNotThere }
        // The control sheet grows with the dossier: it is one of the version that is read.
        let version = form == .control ? dossier.version : issue.version
        let known: SQL = """
            SELECT sha256 FROM printed_forms
            WHERE dossier = \(dossier.id) AND form = \(Int16(form.rawValue)) AND version = \(version)
            """
        if let row = try await run(known).first, let hash = ContentHash(try row("sha256")) {
            return (hash, try await resource(FileStore.self).read(hash))
        }
        let document = try await facts(of: form, dossier, issue).document
        let bytes = try await resource(Workbench.self).run { try PDF.make(document) }
        // The file before the row that names it. Two first prints at once have one winner.
        let file = try await resource(FileStore.self).put(bytes)
        let rows = try await run(
            """
            WITH printed AS (
                INSERT INTO printed_forms (dossier, form, version, sha256, bytes, printed_by, printed_at)
                VALUES (\(dossier.id), \(Int16(form.rawValue)), \(version), \(file.hash.text), \(Int64(file.size)),
                        \(caller.id), \(now))
                ON CONFLICT DO NOTHING RETURNING sha256)
            SELECT sha256 FROM printed
            """)
        if !rows.isEmpty { return (file.hash, bytes) }
        guard let row = try await run(known).first, let hash = ContentHash(try row("sha256")) else {
            throw Refused.busy
        }
        return (hash, try await resource(FileStore.self).read(hash))
    }
}
