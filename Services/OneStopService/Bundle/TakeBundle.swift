import Bundles
import Contracts
import Files
import Foundation
import ServiceKit

/// `GET /dossiers/{dossier}/bundle`: a dossier to take along, all that its reader may see of it, the answer too
/// (os-282), with a receipt of each of its events. `lienthong verify` checks it without the system (os-156).
enum TakeBundle: RawEndpoint {
    static let route = Route.get("/dossiers/{dossier}/bundle")
    static let summary = "A dossier as an archive that can be checked offline: papers, answer, forms, history, receipts"
    static let access = Access.signedIn
    static let refusals = [Refused.receiptNotYet, .eventAltered, .noReceipts, .bundleTooLarge]
    static let operation: JSON = [
        "parameters": [
            AttachPaper.dossierParameter,
            [
                "name": "documents", "in": "query", "required": false,
                "description": "false: without the files of papers and answer, whose hashes stand in it all the same",
                "schema": ["type": "boolean", "default": true],
            ],
        ],
        "responses": [
            "200": [
                "description": "A ZIP archive with a signed manifest",
                "content": ["application/zip": ["schema": ["type": "string", "format": "binary"]]],
            ],
            "422": [
                "description": "`documents` is neither true nor false",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let id = try? DossierID(path["dossier"] ?? "") else { throw Refused.notFound }
        let withPapers = try documents(request)
        let dossier = try await call.readable(id, purpose: .bundle)
        let key = try call.receiptKey
        guard dossier.version <= Int64(Limits.Bundles.changes) else { throw Refused.bundleTooLarge }
        // First what may be refused, then what costs.
        let receipts = try await call.receipts(of: DossierAccepted.aggregate, id.text, through: dossier.version)
        let content = try await call.content(of: dossier, receipts: receipts.map(\.jsonBytes), withPapers: withPapers)
        let bytes = try await call.resource(Workbench.self).run {
            let manifest = Manifest(
                service: Main.name.rawValue, dossier: dossier.id, version: dossier.version, madeAt: Date(),
                key: key.open.id, content)
            return try DossierBundle.make(manifest, content, key)
        }
        return Outgoing(
            200,
            headers: [
                ("content-type", "application/zip"),
                (
                    "content-disposition",
                    "attachment; filename=\"ho-so-\(dossier.code?.text ?? dossier.id.text).zip\""
                ), ("x-content-type-options", "nosniff"),
            ], body: bytes)
    }

    private static func documents(_ request: Incoming) throws(FieldFault) -> Bool {
        switch request.queryPairs.last(where: { $0.name == "documents" })?.value {
        case nil, "true": return true
        case "false": return false
        default:
            throw FieldFault("type", field: "documents", vi: "phải là true hoặc false", en: "must be true or false")
        }
    }
}

extension Call {
    /// The files of a bundle, as the caller may read the dossier.
    fileprivate func content(
        of dossier: Dossier, receipts: [[UInt8]], withPapers: Bool
    ) async throws -> [Archive.Entry] {
        let view = try await view(of: dossier)
        var history = ReadHistory.Output()
        history.lines = try await historyLines(of: dossier)
        let due = try await ExplainDueDates.handle(DossierPath(dossier: dossier.id), self).output
        let papers = try await runtime.database.attachments(of: dossier.id)
        // os-281
        let results = try await runtime.database.results(of: dossier)
            .shown(to: caller.kind, of: dossier, try await procedure(of: dossier).definition)
        guard !withPapers || (papers + results).reduce(0, { $0 + $1.size }) <= Limits.Bundles.papers else {
            throw Refused.bundleTooLarge
        }
        let beside = try await beside(dossier)
        var entries =
            [
                Archive.Entry("dossier.json", view.jsonBytes), Archive.Entry(DossierBundle.history, history.jsonBytes),
                Archive.Entry("due-dates.json", due.jsonBytes),
            ] + beside.entries
        var page = BundlePage(dossier: view, history: history.lines, dueDates: due.dueDates, beside: beside)
        for form in Form.allCases where form != .book && !(form.isInternal && caller.kind == .citizen) {
            let printed: [UInt8]
            do { printed = try await self.printed(form, of: dossier).bytes } catch let refused as Refused
                where refused == .formNotThere
            { continue }
            let path = "forms/mau-\(form.number).pdf"
            entries.append(Archive.Entry(path, printed))
            page.forms.append((path, "Mẫu số \(form.number): \(form.title)"))
        }
        page.papers = Self.placed(papers, under: "papers", withPapers)
        page.results = Self.placed(results, under: "results", withPapers)
        for case (let path?, let file) in page.papers + page.results {
            guard let hash = ContentHash(file.sha256) else { continue }
            entries.append(Archive.Entry(path, try await resource(FileStore.self).read(hash)))
        }
        for (index, receipt) in receipts.enumerated() {
            entries.append(Archive.Entry(DossierBundle.receipt(Int64(index + 1)), receipt))
        }
        return [Archive.Entry("index.html", Array(page.html.utf8))] + entries
    }

    /// Where each file lies in the bundle, in their order; nil where they stay outside.
    private static func placed(
        _ files: [Attachment], under folder: String, _ isTaken: Bool
    ) -> [(path: String?, file: Attachment)] {
        files.enumerated().map { index, file in
            (isTaken ? "\(folder)/\(BookSeries.written(index + 1))-\(file.name)" : nil, file)
        }
    }

    /// What else its reader may see of it: opinions are for officials.
    private func beside(_ dossier: Dossier) async throws -> BundlePage.Beside {
        let (database, definition) = (runtime.database, try await procedure(of: dossier).definition)
        var beside = BundlePage.Beside()
        beside.papers = ListPapers.Output(try await database.papers(of: dossier.id, definition), definition)
        beside.errors = try await ReadErrors.handle(DossierPath(dossier: dossier.id), self).output
        if caller.kind != .citizen {
            beside.opinions = ReadOpinions.Output(opinions: try await database.opinions(on: dossier.id))
        }
        let leading = try await database.parent(of: dossier.id) ?? dossier.id
        if try await database.linkedCase(of: leading) != nil, let application = try await database.dossier(leading) {
            beside.links = try await ReadLinks.output(application, database, resource(ProcedureBook.self))
        }
        return beside
    }

    private func historyLines(of dossier: Dossier) async throws -> [ReadHistory.Line] {
        var lines: [ReadHistory.Line] = []
        while lines.count < Int(dossier.version) {
            let input = ReadHistory.Input(dossier: dossier.id, after: lines.count, limit: Limits.pageMaximum)
            let more = try await ReadHistory.handle(input, self).output.lines
            if more.isEmpty { break }
            lines += more
        }
        // What came since the dossier was read is of another version.
        return lines.filter { $0.version <= Int(dossier.version) }
    }
}

extension Refused {
    static let bundleTooLarge = Refused(
        "onestop.bundle-too-large",
        vi: "Giấy tờ của hồ sơ quá lớn để đóng gói một lần; hãy dùng documents=false và tải từng tệp.",
        en: "The papers are too large for one archive; use documents=false and download them one by one.")
}
