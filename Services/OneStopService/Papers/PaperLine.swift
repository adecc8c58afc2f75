import Contracts
import ServiceKit

/// How a paper was handed in at the counter.
enum PaperForm: String, CaseIterable, Sendable { case original, copy }

/// Papers that a clerk takes in at the counter: a line of the list in the receipt (form 01).
struct PaperLine: Record, Hashable {
    var part = "other"
    var name: String?
    var form = PaperForm.original
    var count = 1

    static let fields: [Field<Self>] = [
        .init("part", \.part, .text(1...60, pattern: Pattern.key), "Key of the paper in the procedure, or “other”"),
        .init("name", \.name, .text(1...Limits.nameLength), "What it is; required where the part is “other”"),
        .init("form", \.form, .choice, "Original or copy"),
        .init("count", \.count, .integer(1...Limits.OneStop.paperCount), default: 1, "How many"),
    ]

    static func check(_ lines: [PaperLine], _ definition: Definition) throws(Refused) {
        for (index, line) in lines.enumerated() {
            guard line.part == "other" ? line.name != nil : definition.part(line.part) != nil else {
                throw .paperUnknown.at("papers[\(index)]")
            }
        }
    }

    /// The statement that writes them with a new dossier; none where nothing was handed in on paper.
    static func lines(_ taken: [PaperLine], by actor: String, at now: Date) -> [(String, SQL)] {
        taken.isEmpty ? [] : [("taken", insert(taken, from: "SELECT id FROM change", by: actor, at: now))]
    }

    /// Adds lines to a dossier; `source` names a statement that returns its id.
    static func insert(_ lines: [PaperLine], from source: SQL, by actor: String, at now: Date) -> SQL {
        let rows = lines.map { line -> SQL in
            """
            (\(UUID.v7()), \(line.part), \(line.name), \(line.form.rawValue), \(Int32(line.count)))
            """
        }
        return """
            INSERT INTO dossier_papers (id, dossier, part, name, form, count, taken_by, taken_at)
            SELECT line.id, source.id, line.part, line.name, line.form, line.count, \(actor), \(now)
            FROM (\(source)) source, (VALUES \(SQL(joining: rows, separator: ", "))) line (id, part, name, form, count)
            """
    }
}

/// A line of a dossier's list of papers: a file, papers at the counter, or the result of an earlier dossier.
struct ListedPaper: Record, Hashable {
    var part = "other"
    var name = ""
    var form = Form.file
    var count = 1
    var at = Date(timeIntervalSince1970: 0)
    var attachment: FileID?
    var reused = false
    var document: DocumentID?
    var documentNumber: String?
    var sha256: String?

    enum Form: String, CaseIterable, Sendable {
        case file, original, copy, result

        var vietnamese: String {
            switch self {
            case .file: "Tệp điện tử"
            case .original: "Bản chính"
            case .copy: "Bản sao"
            case .result: "Đã có"
            }
        }
    }

    static let fields: [Field<Self>] = [
        .init("part", \.part, .text(1...60), "Key of the paper in the procedure, or “other”"),
        .init("name", \.name, .text(1...Limits.nameLength), "Its name in the procedure, else what was said of it"),
        .init("form", \.form, .choice, "A file; on paper, original or copy; the result of an earlier dossier"),
        .init("count", \.count, .integer(1...Limits.OneStop.paperCount), "How many"),
        .init("at", \.at, .instant, "When it came"),
        .init("attachment", \.attachment, .id, "The file"),
        .init("reused", \.reused, .bool, "Whether it was taken from an earlier dossier"),
        .init("document", \.document, .id, "The document of the result, at the service that issued it"),
        .init("documentNumber", \.documentNumber, .text(1...80), "Number and symbol of the result"),
        .init(
            "sha256", \.sha256, .text(64...64), "SHA-256 of that document, hex: what is read there is held against it"),
    ]
}

extension Session {
    /// Everything that was handed in, in the order of the procedure's parts: the list of the receipt (form 01).
    func papers(of dossier: DossierID, _ definition: Definition) async throws -> [ListedPaper] {
        func name(_ part: String, else other: String) -> String { definition.part(part)?.name ?? other }
        var papers = try await attachments(of: dossier).map { file in
            var paper = ListedPaper()
            (paper.part, paper.name, paper.at) = (file.part, name(file.part, else: file.name), file.addedAt)
            (paper.attachment, paper.reused) = (file.id, file.reusedFrom != nil)
            return paper
        }
        let rows = try await run("SELECT * FROM dossier_papers WHERE dossier = \(dossier) ORDER BY id")
        papers += try rows.map { row in
            var paper = ListedPaper()
            paper.part = try row("part")
            let said: String? = try row("name")
            paper.documentNumber = try row("document_number")
            (paper.document, paper.sha256) = (try row("document"), try row("sha256"))
            paper.name = name(paper.part, else: said ?? paper.documentNumber ?? paper.part)
            paper.form = ListedPaper.Form(rawValue: try row("form")) ?? .copy
            paper.count = Int(try row("count", as: Int32.self))
            paper.at = try row("taken_at")
            paper.reused = paper.form == .result
            return paper
        }
        let order = Dictionary(uniqueKeysWithValues: definition.parts.enumerated().map { ($1.key, $0) })
        return papers.enumerated().sorted { left, right in
            let places = (order[left.element.part] ?? .max, order[right.element.part] ?? .max)
            return places.0 != places.1 ? places.0 < places.1 : left.offset < right.offset
        }.map(\.element)
    }
}

extension Definition {
    /// Keys of required parts of which there is nothing, as a file or on paper.
    func lacking(_ papers: [ListedPaper]) -> [String] {
        let there = Set(papers.map(\.part))
        return parts.filter { $0.required && !there.contains($0.key) }.map(\.key)
    }
}

extension Refused {
    static let paperUnknown = Refused(
        "onestop.paper-unknown", 422, vi: "Thủ tục không có thành phần hồ sơ này; giấy tờ khác phải ghi rõ tên.",
        en: "The procedure names no such paper; another one needs a name.", field: "papers")
}
