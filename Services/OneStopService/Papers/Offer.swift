import Contracts
import Files
import ServiceKit

/// Something that an applicant has given before, or got, and need not give again.
struct Offer: Record, Hashable {
    var paper = FileID()
    var kind = Kind.file
    var parts: [String] = []
    var name = ""
    var dossier = DossierID()
    var dossierCode: String?
    var at = Date(timeIntervalSince1970: 0)
    var mediaType: String?
    var sha256: String?
    var signed: Bool?
    var document: DocumentID?
    var documentNumber: String?
    var validUntil: Day?

    enum Kind: String, CaseIterable, Sendable {
        /// A paper of an earlier dossier.
        case file
        /// What came of an earlier dossier, by its number.
        case result
    }

    static let fields: [Field<Self>] = [
        .init("paper", \.paper, .id, "What to name when it is taken again"),
        .init("kind", \.kind, .choice, "A paper of an earlier dossier, or the result of one"),
        .init(
            "parts", \.parts, .list(.text(1...60), 1...Limits.OneStop.parts),
            "Keys of the procedure’s parts for which it may stand"),
        .init("name", \.name, .text(1...Limits.nameLength), "What it is, in Vietnamese"),
        .init("dossier", \.dossier, .id, "The dossier in which it was given, or of which it came"),
        .init("dossierCode", \.dossierCode, .text(1...60), "Its code"),
        .init("at", \.at, .instant, "When it came"),
        .init("mediaType", \.mediaType, .text(1...100), "Of a file: what the content is"),
        .init("sha256", \.sha256, .text(64...64), "SHA-256, hex: of a file, and of a result whose document has one"),
        .init("signed", \.signed, .bool, "Of a PDF: whether a signature covers all of it"),
        .init("document", \.document, .id, "Of a result: its document, at the service that issued it"),
        .init("documentNumber", \.documentNumber, .text(1...80), "Of a result: number and symbol"),
        .init("validUntil", \.validUntil, .day, "Of a result: its last day; absent: valid for good"),
    ]
}

/// Whose papers are looked for.
enum Owner: Sendable, Equatable {
    case person(PersonID)
    /// Number of the identity card: to show what there is, never to take it (os-040).
    case nationalID(String)

    var condition: SQL {
        switch self {
        case .person(let person): "d.applicant = \(person)"
        case .nationalID(let number):
            """
            d.applicant_national_id = \(number) AND d.id IN (
                SELECT dossier FROM dossier_search
                WHERE words @@ \(Readable([.none]).query("", every: [DossierMarks.nationalID(number)])))
            """
        }
    }
}

/// Looks for what an applicant has given before (os-040): papers and results of dossiers of the same applicant that an
/// office has accepted, which stand for a part that may be taken again. A paper stands for the same part of the same
/// procedure, or for a part with the same code of its kind; a result for a part that has its code, as long as it is
/// valid (os-042) and no agency has recorded that it is wrong (os-293). What is taken is looked for in the same way.
enum Offers {
    static func of(
        _ owner: Owner, for procedure: Procedure, on today: Day, _ book: ProcedureBook, in session: any Session
    ) async throws -> [Offer] {
        let wanted = procedure.definition.parts.filter(\.reusable)
        guard !wanted.isEmpty else { return [] }
        var found: [Offer] = []
        for row in try await files(of: owner, in: session) {
            let before = try await book.version(try row("procedure"), Int(try row("procedure_number", as: Int32.self)))
            let offer = try file(row, before, wanted, of: procedure.code)
            // The same file stands once, where it came last.
            if let offer, !found.contains(where: { $0.sha256 == offer.sha256 && $0.parts == offer.parts }) {
                found.append(offer)
            }
        }
        for row in try await results(of: owner, in: session) {
            let before = try await book.version(try row("procedure"), Int(try row("procedure_number", as: Int32.self)))
            if let offer = try result(row, before, wanted, on: today) { found.append(offer) }
        }
        return found
    }

    private static func files(of owner: Owner, in session: any Session) async throws -> Rows {
        try await session.run(
            """
            SELECT a.*, d.procedure, d.procedure_number, d.code_agency, d.code_day, d.code_serial
            FROM attachments a JOIN dossiers d ON d.id = a.dossier
            WHERE \(owner.condition) AND d.accepted_at IS NOT NULL AND a.part <> 'other'
            ORDER BY a.added_at DESC, a.id LIMIT \(Limits.OneStop.offers)
            """)
    }

    private static func results(of owner: Owner, in session: any Session) async throws -> Rows {
        try await session.run(
            """
            SELECT d.id, d.procedure, d.procedure_number, d.code_agency, d.code_day, d.code_serial,
                d.document, d.document_number, d.document_sha256, d.finished_at
            FROM dossiers d
            WHERE \(owner.condition) AND d.status IN (9, 10) AND d.document_number IS NOT NULL
                -- Decree 61/2018/NĐ-CP, Art. 21: the dossier that corrects it has a result of its own.
                AND NOT EXISTS (SELECT FROM agency_errors e
                                WHERE e.dossier = d.id AND e.kind = \(ErrorKind.wrongResult.rawValue))
            ORDER BY d.finished_at DESC, d.id LIMIT \(Limits.OneStop.offers)
            """)
    }

    private static func file(
        _ row: Row, _ before: Procedure, _ wanted: [Part], of procedure: String
    ) throws -> Offer? {
        let paper = try Attachment(row)
        guard let given = before.definition.part(paper.part) else { return nil }
        let handedIn = HandedIn(part: paper.part, mediaType: paper.mediaType, signed: paper.signed)
        let parts = wanted.filter { part in
            let isSame = before.code == procedure && part.key == given.key
            let isOfKind = part.code != nil && part.code == given.code
            return (isSame || isOfKind) && part.takes(handedIn)
        }
        guard !parts.isEmpty else { return nil }
        var offer = Offer()
        (offer.paper, offer.parts, offer.name) = (paper.id, parts.map(\.key), given.name)
        (offer.dossier, offer.dossierCode) = (try row("dossier"), try Dossier.code(row)?.text)
        (offer.at, offer.mediaType, offer.sha256) = (paper.addedAt, paper.mediaType, paper.sha256)
        offer.signed = paper.signed
        return offer
    }

    private static func result(_ row: Row, _ before: Procedure, _ wanted: [Part], on today: Day) throws -> Offer? {
        let finished: Date = try row("finished_at")
        let dossier: DossierID = try row("id")
        for kind in before.definition.results {
            let parts = wanted.filter { $0.code == kind.code }
            let until = kind.validUntil(from: Day(finished))
            guard !parts.isEmpty, until.map({ today <= $0 }) ?? true else { continue }
            var offer = Offer()
            (offer.paper, offer.kind, offer.parts) = (FileID(dossier.uuid), .result, parts.map(\.key))
            (offer.name, offer.dossier, offer.dossierCode) = (kind.name, dossier, try Dossier.code(row)?.text)
            (offer.at, offer.documentNumber, offer.validUntil) = (finished, try row("document_number"), until)
            (offer.document, offer.sha256) = (try row("document"), try row("document_sha256"))
            return offer
        }
        return nil
    }
}

extension ResultKind {
    /// Its last day, when it was made on `day`; nil where it is valid for good.
    func validUntil(from day: Day) -> Day? { validMonths.map { day.adding(months: $0) } }
}
