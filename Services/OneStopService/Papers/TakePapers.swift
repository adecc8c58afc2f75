import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/papers`: a clerk ticks what was handed in on paper, originals and copies with their count
/// (os-044). Lines are only ever added: what was taken in stays on record.
enum TakePapers: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/papers", success: 201)
    static let summary = "Tick papers that were handed in at the counter, originals and copies with their count"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.notInStatus, .alreadyApproved, .paperUnknown, .tooManyPapers]

    struct Input: Record {
        var dossier = DossierID()
        var papers: [PaperLine] = []

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("papers", \.papers, .list(.record, 1...Limits.OneStop.parts), "What was handed in"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ListPapers.Output> {
        let known = try await call.dossier(input.dossier)
        try await call.require(.dossiersReceive, for: known, at: known.receivingAgency)
        let definition = try await call.procedure(of: known).definition
        try PaperLine.check(input.papers, definition)
        call.logRead(of: input.dossier, purpose: .papersTaken)
        return try await call.transaction { work in
            guard let dossier = try await work.dossier(known.id, forUpdate: true) else { throw Refused.notFound }
            try decide(dossier)
            try await work.run(
                PaperLine.insert(
                    input.papers, from: "SELECT \(dossier.id)::uuid AS id", by: work.actor, at: work.now))
            let papers = try await work.papers(of: dossier.id, definition)
            guard papers.count <= Limits.OneStop.paperLines + Limits.OneStop.attachments else {
                throw Refused.tooManyPapers
            }
            return Reply(ListPapers.Output(papers, definition), location: "/dossiers/\(dossier.id)/papers")
        }
    }

    static func decide(_ dossier: Dossier) throws(Refused) {
        // Also what proves an exemption from a fee that is asked for.
        try dossier.require(.submitted, .accepted, .processing, .awaitingSupplement, .awaitingPayment)
        guard dossier.approvedAt == nil else { throw .alreadyApproved }
    }
}

/// `GET /dossiers/{dossier}/papers`: everything that was handed in, files and paper, as the receipt lists it.
enum ListPapers: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/papers")
    static let summary = "Everything that was handed in, as the receipt (form 01) lists it, and what is missing"
    static let access = Access.signedIn

    struct Output: Record {
        var papers: [ListedPaper] = []
        var missing: [String] = []

        static let fields: [Field<Self>] = [
            .init(
                "papers", \.papers,
                .list(.record, 0...(Limits.OneStop.paperLines + Limits.OneStop.attachments)),
                "In the order of the procedure’s parts"),
            .init(
                "missing", \.missing, .list(.text(1...60), 0...Limits.OneStop.parts),
                "Keys of required parts of which there is nothing"),
        ]

        init() {}

        init(_ papers: [ListedPaper], _ definition: Definition) {
            (self.papers, missing) = (papers, definition.lacking(papers))
        }
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .papers)
        let definition = try await call.procedure(of: dossier).definition
        return Reply(Output(try await call.runtime.database.papers(of: dossier.id, definition), definition))
    }
}

extension Refused {
    static let tooManyPapers = Refused(
        "onestop.too-many-papers", vi: "Danh mục giấy tờ của hồ sơ đã đầy.",
        en: "The list of the dossier’s papers is full.")
}
