import Contracts
import ServiceKit

/// `GET /documents/{document}`.
enum ReadDocument: Endpoint {
    static let route = Route.get("/documents/{document}")
    static let summary = "Read an outgoing document with the list of its files"
    static let access = Access.official(.documentsRead)

    struct Input: Record {
        var document = DocumentID()
        static let fields: [Field<Self>] = [
            .init("document", \.document, .id, "The document", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Document> {
        guard let document = try await call.runtime.database.document(input.document) else { throw Refused.notFound }
        try await call.require(.documentsRead, inChargeOf: document.agency)
        call.logRead(of: "document", input.document.text, purpose: "to read it")
        return document.reply
    }
}

/// `GET /documents`: an agency's documents, oldest first; with `state=drafted` what waits for approval.
enum ListDocuments: Endpoint {
    static let route = Route.get("/documents")
    static let summary = "List the outgoing documents of an agency by where they stand, oldest first"
    static let access = Access.official(.documentsRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var state: DocumentState?
        var dossier: DossierID?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The issuing agency", in: .query),
            .init("state", \.state, .choice, "Only these", in: .query),
            .init("dossier", \.dossier, .id, "Only the document that answers this dossier", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var documents: [Document] = []
        static let fields: [Field<Self>] = [
            .init("documents", \.documents, .list(.record, 0...Limits.pageMaximum), "Oldest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.documentsRead, inChargeOf: input.agency)
        call.logRead(of: "documents", input.agency.text, purpose: "list")
        let cursor = try Cursor(input.cursor).text
        let after = cursor.isEmpty ? DocumentID() : try DocumentID(cursor)
        let rows = try await call.run(
            """
            SELECT * FROM documents
            WHERE agency = \(input.agency) AND id > \(after)
              AND (\(input.state?.rawValue)::text IS NULL OR state = \(input.state?.rawValue))
              AND (\(input.dossier)::uuid IS NULL OR dossier = \(input.dossier))
            ORDER BY id LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.documents = try await call.runtime.database.withAttachments(
            try rows.prefix(input.limit).map(Document.init))
        guard rows.count > input.limit, let last = output.documents.last else { return Reply(output) }
        var next = "/documents?agency=\(input.agency)&limit=\(input.limit)&cursor=\(Cursor(text: last.document.text))"
        if let state = input.state { next += "&state=\(state.rawValue)" }
        if let dossier = input.dossier { next += "&dossier=\(dossier)" }
        return Reply(output, next: next)
    }
}

/// `GET /documents/{document}/history`: who did what, oldest first.
enum ReadHistory: Endpoint {
    static let route = Route.get("/documents/{document}/history")
    static let summary = "What was done with a document, by whom and when, oldest first"
    static let access = Access.official(.documentsRead)

    typealias Input = ReadDocument.Input

    struct Line: Record {
        var version = 1
        var at = Date(timeIntervalSince1970: 0)
        var actor = ""
        var what = ""
        var note: String?
        static let fields: [Field<Self>] = [
            .init("version", \.version, .integer(1...Int.max), "The version after it"),
            .init("at", \.at, .instant, "When"),
            .init("actor", \.actor, .text(1...200), "Account or program"),
            .init("what", \.what, .text(1...40), "Stable word of what was done"),
            .init("note", \.note, .text(1...Limits.noteLength), "Remark"),
        ]
    }

    struct Output: Record {
        var history: [Line] = []
        static let fields: [Field<Self>] = [
            .init("history", \.history, .list(.record, 0...Limits.Documents.historyLines), "Oldest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard let document = try await call.runtime.database.document(input.document) else { throw Refused.notFound }
        try await call.require(.documentsRead, inChargeOf: document.agency)
        call.logRead(of: "document", input.document.text, purpose: "history")
        let rows = try await call.run(
            """
            SELECT version, at, actor, what, note FROM document_history WHERE document = \(input.document)
            ORDER BY id LIMIT \(Limits.Documents.historyLines)
            """)
        var output = Output()
        output.history = try rows.map { row in
            var line = Line()
            (line.version, line.at, line.actor) = (try row("version"), try row("at"), try row("actor"))
            (line.what, line.note) = (try row("what"), try row("note"))
            return line
        }
        return Reply(output)
    }
}
