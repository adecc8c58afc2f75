import Contracts
import Files
import ServiceKit

/// A paper that is taken again: which, and for what.
struct Reuse: Record, Hashable {
    var part = ""
    var paper = FileID()
    var sha256: String?

    static let fields: [Field<Self>] = [
        .init("part", \.part, .text(1...60, pattern: Pattern.key), "Key of the part for which it stands"),
        .init("paper", \.paper, .id, "The paper as it was offered"),
        .init(
            "sha256", \.sha256, .text(64...64, pattern: "^[0-9a-f]{64}$"),
            "Of a result that was offered with one: its SHA-256, hex, of the file that is meant"),
    ]
}

/// What is taken again, as it is written into a dossier: a file keeps its hash and is stored once (os-041), a result is
/// named by its number.
struct Reused: Sendable, Hashable {
    var part: String
    var offer: Offer
    /// The paper of the earlier dossier; nil of a result.
    var source: Attachment?

    var handedIn: HandedIn { HandedIn(part: part, mediaType: offer.mediaType, signed: offer.signed) }

    func insert(into dossier: DossierID, by actor: String, at now: Date) -> SQL {
        guard var paper = source else {
            return """
                INSERT INTO dossier_papers
                    (id, dossier, part, name, form, count, result, document_number, document, sha256, taken_by,
                     taken_at)
                VALUES (\(UUID.v7()), \(dossier), \(part), \(offer.name), 'result', 1, \(offer.dossier),
                        \(offer.documentNumber), \(offer.document), \(offer.sha256), \(actor), \(now))
                """
        }
        (paper.id, paper.part, paper.addedAt, paper.reusedFrom) = (.new(), part, now, paper.id)
        return paper.insert(into: dossier, by: actor)
    }
}

extension Reuse {
    /// A result is its issued file: what is taken is named by the hash that its issuer announced (os-264).
    func means(_ offer: Offer) -> Bool { offer.kind == .file || sha256 == offer.sha256 }
}

extension Offers {
    /// What of `wishes` may be taken again by this owner today; the others are left out.
    static func taken(
        _ wishes: [Reuse], by owner: PersonID?, for procedure: Procedure?, on today: Day, _ book: ProcedureBook,
        in session: any Session
    ) async throws -> [Reused] {
        guard !wishes.isEmpty, let owner, let procedure else { return [] }
        let offers = try await of(.person(owner), for: procedure, on: today, book, in: session)
        var taken: [Reused] = []
        for wish in wishes {
            let offer = offers.first { $0.paper == wish.paper && $0.parts.contains(wish.part) && wish.means($0) }
            guard let offer else { continue }
            var reused = Reused(part: wish.part, offer: offer)
            if offer.kind == .file {
                reused.source = try await session.run("SELECT * FROM attachments WHERE id = \(offer.paper)")
                    .first.map(Attachment.init)
            }
            taken.append(reused)
        }
        return taken
    }
}

extension Call {
    /// os-035: a file that nobody scanned when it came is scanned before it is taken again.
    func scanned(_ reused: Reused, for dossier: DossierID?, of draft: DraftID?, field: String) async throws -> Reused {
        guard let paper = reused.source, paper.scannedAt == nil else { return reused }
        guard let hash = ContentHash(paper.sha256) else { throw Refused.notFound }
        let target = FileTarget(draft: draft, dossier: dossier, part: reused.part)
        let scannedAt = try await scanned(hash, to: target, field: field) { try await $0.read(hash) }
        var looked = reused
        looked.source?.scannedAt = scannedAt
        return looked
    }
}

/// `POST /dossiers/{dossier}/reuse`: a paper of an earlier dossier of the same applicant is taken again, by the
/// applicant or at the desk for the applicant.
enum ReusePaper: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/reuse", success: 201)
    static let summary = "Take a paper of an earlier dossier of the same applicant again"
    static let access = Access.signedIn
    static let refusals: [Refused] = [
        .notInStatus, .alreadyApproved, .notOffered, .partUnknown, .attachedAlready, .tooManyAttachments,
        .dossierTooLarge, .tooManyPapers, .infected,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var reuse = Reuse()

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("reuse", \.reuse, .record, "What is taken again, and for what"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ListPapers.Output> {
        let known = try await call.dossier(input.dossier)
        if call.caller.kind != .citizen {
            try await call.requireAtDesk(known)
            call.logRead(of: known.id, purpose: .paperTakenAgain)
        }
        let procedure = try await call.procedure(of: known)
        let offered = try await Offers.taken(
            [input.reuse], by: known.applicant.person, for: procedure, on: call.today,
            call.resource(ProcedureBook.self), in: call.runtime.database
        ).first
        guard let found = offered, found.offer.dossier != known.id else { throw Refused.notOffered }
        let reused = try await call.scanned(found, for: known.id, of: nil, field: "reuse.paper")
        return try await call.transaction { work in
            guard let dossier = try await work.dossier(known.id, forUpdate: true) else { throw Refused.notFound }
            try AttachPaper.decide(
                dossier, part: reused.part, isApplicant: call.caller.kind == .citizen, procedure.definition,
                others: try await work.attachments(of: dossier.id), hash: reused.offer.sha256 ?? "",
                size: reused.source?.size ?? 0)
            try decide(reused, among: try await work.papers(of: dossier.id, procedure.definition))
            try await work.run(reused.insert(into: dossier.id, by: work.actor, at: work.now))
            let papers = try await work.papers(of: dossier.id, procedure.definition)
            return Reply(
                ListPapers.Output(papers, procedure.definition), location: "/dossiers/\(dossier.id)/papers")
        }
    }
}

extension ReusePaper {
    /// A result is no file: that it is there already, and that the list is full, is seen in the list alone (os-042).
    static func decide(_ reused: Reused, among papers: [ListedPaper]) throws(Refused) {
        guard reused.source == nil else { return }
        let isThere = papers.contains { paper in
            paper.form == .result && paper.part == reused.part && paper.documentNumber == reused.offer.documentNumber
        }
        guard !isThere else { throw .attachedAlready }
        guard papers.count < Limits.OneStop.paperLines + Limits.OneStop.attachments else { throw .tooManyPapers }
    }
}

extension Refused {
    static let notOffered = Refused(
        "onestop.not-offered", 422,
        vi: "Giấy tờ không được dùng lại cho thành phần này, không phải của người nộp, hoặc khác mã băm đã công bố.",
        en: "This paper is not offered for this part, is not the applicant's, or has another hash.",
        field: "reuse.paper")
}
