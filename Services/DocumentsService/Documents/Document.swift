import Contracts
import ServiceKit

/// Where an outgoing document stands.
enum DocumentState: String, CaseIterable, Sendable { case drafted, approved, issued }

/// The document's own text, or something that goes with it.
enum Part: String, CaseIterable, Sendable { case main, annex }

/// A file of a document.
struct Attachment: Record, Equatable {
    var attachment = FileID()
    var part = Part.annex
    var name = ""
    var mediaType = ""
    var sha256 = ""
    var size = 0

    static let fields: [Field<Self>] = [
        .init("attachment", \.attachment, .id, "The attachment"),
        .init("part", \.part, .choice, "The document's own text (one), or an annex"),
        .init("name", \.name, .text(1...Limits.Files.nameLength), "File name"),
        .init("mediaType", \.mediaType, .text(1...100), "Media type, told from the content"),
        .init("sha256", \.sha256, .text(64...64), "SHA-256 of the content, hex"),
        .init("size", \.size, .integer(1...Limits.fileBytes), "Bytes"),
    ]

    init() {}

    init(_ row: Row) throws {
        attachment = try row("id")
        part = Part(rawValue: try row("part")) ?? .annex
        name = try row("name")
        mediaType = try row("media_type")
        sha256 = try row("sha256")
        size = try row("size")
    }
}

/// An outgoing document (văn bản đi).
struct Document: Record, Equatable {
    var document = DocumentID()
    var version = 1
    var state = DocumentState.drafted
    var agency = AgencyCode.none
    var dossier: DossierID?
    var dossierCode: String?
    var content = Content()
    var drafter: PersonID?
    var draftedAt = Date(timeIntervalSince1970: 0)
    var signer: PersonID?
    var signerName: String?
    var signerTitle: String?
    var approvedAt: Date?
    var number: String?
    var series: String?
    var issuedOn: Day?
    var issuedAt: Date?
    var attachments: [Attachment] = []
    /// Events told so far.
    var announced = 1

    static let fields: [Field<Self>] = [
        .init("document", \.document, .id, "The document"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("state", \.state, .choice, "Where it stands"),
        .init("agency", \.agency, .agency, "The issuing agency"),
        .init("dossier", \.dossier, .id, "The dossier that it answers"),
        .init("dossierCode", \.dossierCode, .text(1...60), "Code of that dossier"),
        .init("content", \.content, .record, "What is drafted"),
        .init("drafter", \.drafter, .id, "Who drafts"),
        .init("draftedAt", \.draftedAt, .instant, "When it was drafted"),
        .init("signer", \.signer, .id, "Who approved and signs"),
        .init("signerName", \.signerName, .text(1...Limits.nameLength), "Name of the signer on that day"),
        .init("signerTitle", \.signerTitle, .text(1...Limits.nameLength), "Title of the signer on that day"),
        .init("approvedAt", \.approvedAt, .instant, "When it was approved"),
        .init("number", \.number, .text(1...Limits.documentNumberLength), "Number and symbol, e.g. 05/QĐ-STP"),
        .init("series", \.series, .text(1...Limits.Documents.seriesName), "Series (sổ) of that number"),
        .init("issuedOn", \.issuedOn, .day, "Date of issue"),
        .init("issuedAt", \.issuedAt, .instant, "When it was issued"),
        .init("attachments", \.attachments, .list(.record, 0...Limits.Documents.attachments), "Its files"),
    ]

    init() {}

    init(_ row: Row) throws {
        document = try row("id")
        version = try row("version")
        announced = try row("announced")
        state = DocumentState(rawValue: try row("state")) ?? .drafted
        agency = try row("agency")
        dossier = try row("dossier")
        dossierCode = try row("dossier_code")
        content = try Content(row)
        drafter = try row("drafter")
        draftedAt = try row("drafted_at")
        signer = try row("signer")
        signerName = try row("signer_name")
        signerTitle = try row("signer_title")
        approvedAt = try row("approved_at")
        series = try row("series")
        issuedOn = try row("issued_on")
        issuedAt = try row("issued_at")
        if let number: Int = try row("number"), let symbol: String = try row("symbol") {
            self.number = try DocumentNumber(number, symbol: symbol).text
        }
    }

    var reply: Reply<Document> { Reply(self, version: Int64(version)) }

    /// The file that is issued.
    var main: Attachment? { attachments.first { $0.part == .main } }
}

/// What the drafter writes, whole: an edit replaces all of it.
struct Content: Record, Equatable {
    var documentType = ""
    var subject = ""
    var field: String?
    var recipients: [String] = []
    var keptBy: String?
    var copies = 1
    var pages: Int?
    var note: String?

    static let fields: [Field<Self>] = [
        .init(
            "documentType", \.documentType, .text(1...20),
            "Type by abbreviation or name (Decree 30/2020): QĐ, cong-van; or another result's, e.g. GCN"),
        .init("subject", \.subject, .text(1...Limits.Documents.subject), "Abstract (trích yếu)"),
        .init(
            "field", \.field, .text(1...40),
            "Drafting unit or field; stands in the symbol of what has no abbreviation"),
        .init(
            "recipients", \.recipients, .list(.text(1...200), 0...Limits.Documents.recipients), default: [],
            "Recipients (nơi nhận)"),
        .init("keptBy", \.keptBy, .text(1...200), "Unit or person that keeps the file copy"),
        .init("copies", \.copies, .integer(1...Limits.Documents.copies), default: 1, "Number of copies"),
        .init("pages", \.pages, .integer(1...Limits.Documents.pages), "Number of pages"),
        .init("note", \.note, .text(1...Limits.noteLength), "Note for the register"),
    ]

    init() {}

    init(_ row: Row) throws {
        documentType = try row("document_type")
        subject = try row("subject")
        field = try row("field")
        recipients = try row("recipients")
        keptBy = try row("kept_by")
        copies = try row("copies")
        pages = try row("pages")
        note = try row("note")
    }

    var form: DocumentForm { DocumentForm(documentType) }

    /// With the type's word as it is stored; refused when no symbol could be made of it.
    func checked() throws(Refused) -> Content {
        var content = self
        content.documentType = form.word
        _ = try form.symbol(issuer: "X", field: field)
        return content
    }
}

extension Session {
    /// The document with its files. `forUpdate` holds its row to the end of the transaction.
    func document(_ id: DocumentID, forUpdate: Bool = false) async throws -> Document? {
        let rows = try await run("SELECT * FROM documents WHERE id = \(id) \(raw: forUpdate ? "FOR UPDATE" : "")")
        return try await withAttachments(try rows.map(Document.init)).first
    }

    func withAttachments(_ documents: [Document]) async throws -> [Document] {
        guard !documents.isEmpty else { return [] }
        let rows = try await run(
            """
            SELECT * FROM attachments WHERE document = ANY(\(documents.map(\.document)))
            ORDER BY document, part DESC, id
            """)
        let files = try Dictionary(grouping: rows, by: { row -> DocumentID in try row("document") })
        return try documents.map { document in
            var document = document
            document.attachments = try (files[document.document] ?? []).map(Attachment.init)
            return document
        }
    }
}

extension Work {
    /// The document of an action, held to the end of the transaction; 404 when there is none, 403 without the right,
    /// 412 when If-Match names another version.
    func document(_ id: DocumentID, of call: Call, _ scope: Scope) async throws -> Document {
        guard let document = try await document(id, forUpdate: true) else { throw Refused.notFound }
        try await call.require(scope, at: document.agency)
        try call.check(Int64(document.version))
        return document
    }

    func note(_ document: Document, _ what: String, _ note: String? = nil) async throws {
        try await run(
            """
            INSERT INTO document_history (document, version, at, actor, what, note)
            VALUES (\(document.document), \(document.version), \(now), \(actor), \(what), \(note))
            """)
    }
}

extension Document {
    /// The statement that writes a new draft.
    var insert: SQL {
        """
        INSERT INTO documents (id, version, announced, state, agency, dossier, dossier_code, document_type, subject,
                               field, recipients, kept_by, copies, pages, note, drafter, drafted_at)
        VALUES (\(document), 1, 1, \(state.rawValue), \(agency), \(dossier), \(dossierCode), \(content.documentType),
                \(content.subject), \(content.field), \(content.recipients), \(content.keptBy), \(content.copies),
                \(content.pages), \(content.note), \(drafter), \(draftedAt))
        """
    }

    var drafted: DocumentDrafted {
        var event = DocumentDrafted()
        (event.document, event.dossier, event.agency) = (document, dossier, agency)
        event.documentType = content.documentType
        return event
    }
}

extension Refused {
    static let notDrafted = Refused(
        "documents.not-drafted", vi: "Văn bản đã được duyệt; không sửa dự thảo được nữa.",
        en: "The document is approved; the draft cannot be changed any more.")
}
