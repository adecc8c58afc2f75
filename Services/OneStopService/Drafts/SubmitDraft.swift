import Contracts
import Files
import ServiceKit

/// `POST /my/drafts/{draft}/submit`: the draft becomes a dossier, once (os-031). Its files are read once more, held
/// against their hashes and stored under them before anything says “submitted” (os-033); the officer never finds the
/// dossier empty.
///
/// Whoever asks again is told the same dossier, also at the same moment.
enum SubmitDraft: Endpoint {
    static let route = Route.post("/my/drafts/{draft}/submit", success: 201)
    static let summary = "Make a dossier of a draft with its files; once, however often it is asked"
    static let access = Access.signedIn
    static let refusals: [Refused] = [.draftIncomplete, .uploadBroken, .duplicate, .infected, .agencyDissolved]

    static func handle(_ input: DraftPath, _ call: Call) async throws -> Reply<SubmitDossier.Output> {
        do { return try await handIn(input, call) } catch {
            // What it lacks, or what stands in its way, may be what became of it at the same moment.
            guard let dossier = try await call.draft(input.draft).dossier else { throw error }
            return try await call.transaction { try await $0.handedIn(dossier) }
        }
    }

    private static func handIn(_ input: DraftPath, _ call: Call) async throws -> Reply<SubmitDossier.Output> {
        let draft = try await call.draft(input.draft)
        if let dossier = draft.dossier { return try await call.transaction { try await $0.handedIn(dossier) } }
        try call.check(draft.version)
        var facts = try await call.facts(of: draft.content, for: draft.applicant, channel: draft.channel)
        facts.uploads = try await call.runtime.database.uploads(of: draft.id)
        let known = facts
        // Whatever else it lacks, it is for another agency now.
        if let dissolved = facts.dissolved { throw dissolved }
        let points = DraftCheck.points(draft, facts)
        guard points.isEmpty else { throw Refused.draftIncomplete.naming(points) }
        let (submission, _) = DraftCheck.read(draft.content.submission)
        var note: String?
        if draft.isDesk {
            try await call.require(
                .dossiersReceive, at: submission.agency, field: facts.procedure?.definition.field)
            note = try await call.goingOn(
                despite: draft.content.duplicateReason, submission, person: draft.applicant)
        }
        let made = try await call.made(
            submission, channel: draft.channel, person: draft.applicant, note: note, papers: known.handedIn)
        let uploads = known.uploads
        let taken = try await scanned(known, draft, call)
        try await store(uploads, call)
        let reply = try await call.transaction { work in
            guard let held = try await work.draft(draft.id, forUpdate: true) else { throw Refused.notFound }
            if let dossier = held.dossier { return try await work.handedIn(dossier) }
            // What was saved or sent meanwhile is part of it: nothing of it may be left out.
            guard held.version == draft.version, try await work.uploads(of: draft.id) == uploads else {
                throw Refused.stale
            }
            try await write(made, draft, taken, work)
            return made.reply
        }
        for upload in uploads { await call.resource(FileStore.self).unstage(upload.id.uuid) }
        return reply
    }

    /// os-035: a file that came, or was given before, while no scanner was configured is scanned before it is a paper.
    /// An infected one of the draft goes (os-036); what lies in an earlier dossier stays there, and is not taken again.
    private static func scanned(
        _ facts: DraftCheck.Facts, _ draft: Draft, _ call: Call
    ) async throws -> DraftCheck.Facts {
        var taken = facts
        for (index, upload) in facts.uploads.enumerated() where upload.scannedAt == nil {
            guard let hash = ContentHash(upload.sha256) else { throw Refused.uploadBroken }
            let target = FileTarget(draft: draft.id, dossier: nil, part: upload.part)
            do {
                let scannedAt = try await call.scanned(hash, to: target, field: "uploads.\(upload.id)") { store in
                    try await store.staged(upload.id.uuid, size: upload.size)
                }
                taken.uploads[index].scannedAt = scannedAt
            } catch let refused as Refused where refused.code == Refused.infected.code {
                try await call.run(
                    """
                    DELETE FROM uploads
                    WHERE id = \(upload.id) AND state = 'verified' AND version = \(upload.version)
                    """)
                await call.resource(FileStore.self).unstage(upload.id.uuid)
                throw refused
            }
        }
        for (index, reused) in facts.reused.enumerated() {
            let looked = try await call.scanned(reused, for: nil, of: draft.id, field: "reuse[\(index)]")
            taken.reused[index] = looked
        }
        return taken
    }

    /// Each file is held against its hash on the way into the store, and durable there.
    private static func store(_ uploads: [Upload], _ call: Call) async throws {
        let store = call.resource(FileStore.self)
        for upload in uploads {
            let bytes = try await store.staged(upload.id.uuid, size: upload.size)
            do throws(FileFault) { try await store.put(bytes, upload.claim) } catch {
                guard error.isRefusal else { throw error }
                call.log.error("a staged file is not what was verified", metadata: ["upload": "\(upload.id)"])
                try await call.run(
                    """
                    UPDATE uploads SET state = 'receiving', received = 0, version = version + 1
                    WHERE id = \(upload.id) AND version = \(upload.version)
                    """)
                throw Refused.uploadBroken
            }
        }
    }

    private static func write(
        _ made: HandedInDossier, _ draft: Draft, _ facts: DraftCheck.Facts, _ work: Work
    ) async throws {
        let (dossier, definition) = (made.dossier, facts.procedure?.definition)
        try await work.flight(
            DossierSQL.insert(dossier),
            then: made.lines(at: work.now, actor: work.actor) + (facts.linked.map { [$0.line] } ?? []),
            announcing: made.event, to: dossier.receivingAgency, reply: made.reply)
        for upload in facts.uploads {
            var paper = upload.attachment(at: work.now)
            // What the procedure no longer names is handed in all the same.
            if definition?.part(paper.part) == nil { paper.part = "other" }
            try await work.post(paper.insert(into: dossier.id, by: work.actor))
        }
        for reused in facts.reused {
            try await work.post(reused.insert(into: dossier.id, by: work.actor, at: work.now))
        }
        if !draft.content.onPaper.isEmpty {
            try await work.post(
                PaperLine.insert(
                    draft.content.onPaper, from: "SELECT \(dossier.id)::uuid AS id", by: work.actor, at: work.now))
        }
        // The personal data is in the dossier now; the row stays, to answer whoever asks again.
        try await work.post(
            """
            UPDATE drafts SET version = version + 1, dossier = \(dossier.id), content = '{"submission":{}}'
            WHERE id = \(draft.id)
            """)
    }
}

extension Session {
    /// The answer to a submission that was made before.
    func handedIn(_ id: DossierID) async throws -> Reply<SubmitDossier.Output> {
        guard let dossier = try await dossier(id) else { throw Refused.notFound }
        var output = SubmitDossier.Output()
        (output.id, output.status, output.answerBy) = (dossier.id, dossier.status, dossier.actBy)
        return Reply(output, version: dossier.version, location: "/dossiers/\(id)")
    }
}

extension Refused {
    static let draftIncomplete = Refused(
        "onestop.draft-incomplete", 422, vi: "Bản nháp còn thiếu hoặc chưa đúng; các chỗ được nêu bên dưới.",
        en: "The draft is not complete or not right yet; the places are named.")
    static let uploadBroken = Refused(
        "onestop.upload-broken", vi: "Một tệp đã gửi không còn nguyên vẹn; hãy gửi lại tệp đó.",
        en: "A file that was sent is no longer whole; send it again.")
}
