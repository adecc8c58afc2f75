import Contracts
import Foundation
import ServiceKit

/// `PUT /my/drafts/{draft}`: keeps what is written so far, complete or not, under an identity that the writer chose.
/// The answer confirms it: it is on the disk, as version so-and-so, and this is what it lacks (os-030).
///
/// `If-Match: "0"` begins a draft. What is sent twice, because no answer was heard, is kept once.
enum SaveDraft: Endpoint {
    static let route = Route.put("/my/drafts/{draft}")
    static let summary = "Keep what is written of a submission so far; tells what it lacks"
    static let access = Access.signedIn
    static let refusals: [Refused] = [.draftSubmitted, .tooManyDrafts, .notASubmission, .deskOnly]

    struct Input: Record {
        var draft = DraftID()
        var content = DraftContent()

        static let fields: [Field<Self>] = [
            .init("draft", \.draft, .id, "The draft; a new one has an identity that its writer made", in: .path),
            .init("content", \.content, .record, "What is written so far"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DraftView> {
        let person = try call.person
        let isDesk = call.caller.kind != .citizen
        if isDesk, try await call.agencies(.dossiersReceive).isEmpty { throw call.refused() }
        try check(input.content, isDesk: isDesk)
        let known = try await call.facts(
            of: input.content, for: isDesk ? input.content.person : person,
            channel: input.content.channel(isDesk: isDesk))
        return try await call.transaction { work in
            if call.ifMatch == 0 { try await begin(input.draft, person, isDesk: isDesk, work) }
            guard let kept = try await work.draft(input.draft, forUpdate: true), kept.owner == person else {
                throw Refused.notFound
            }
            let draft = try decide(kept, input.content, isDesk: isDesk, ifMatch: call.ifMatch, now: work.now)
            if draft != kept {
                try await work.post(
                    """
                    UPDATE drafts SET version = \(draft.version), content = \(draft.content.json.description)::json,
                        saved_at = \(draft.savedAt), expires_at = \(draft.expiresAt)
                    WHERE id = \(draft.id)
                    """)
                try await work.schedule(DraftExpires.self, key: draft.id.text, at: draft.expiresAt)
            }
            var facts = known
            facts.uploads = try await work.uploads(of: draft.id)
            return Reply(DraftView(draft, facts), version: draft.version)
        }
    }

    /// Version 0, until this transaction has written the first.
    private static func begin(_ id: DraftID, _ person: PersonID, isDesk: Bool, _ work: Work) async throws {
        let made = try await work.run(
            """
            INSERT INTO drafts (id, version, owner, desk, content, saved_at, expires_at)
            VALUES (\(id), 0, \(person), \(isDesk), '{"submission":{}}', \(work.now), \(work.now))
            ON CONFLICT (id) DO NOTHING RETURNING id
            """)
        guard !made.isEmpty else { return }
        let others = try await work.run("SELECT count(*) AS n FROM drafts WHERE owner = \(person) AND dossier IS NULL")
        let count: Int = try others.first?("n") ?? 0
        guard count <= Limits.OneStop.drafts else { throw Refused.tooManyDrafts }
    }

    /// Only what a submission has, so that nothing is written in vain; and of a citizen nothing that a clerk decides.
    static func check(_ content: DraftContent, isDesk: Bool) throws {
        guard case .object(let members) = content.submission else { throw Refused.notASubmission }
        let known = Set(Submission.fields.map(\.name))
        let strange = members.filter { !known.contains($0.name) }
        guard strange.isEmpty else {
            throw Refused.notASubmission.naming(strange.map { .unknown("content.submission.\($0.name)") })
        }
        let ofDesk = [content.channel != nil, content.person != nil, content.duplicateReason != nil]
        guard isDesk || (content.onPaper.isEmpty && !ofDesk.contains(true)) else { throw Refused.deskOnly }
    }

    static func decide(
        _ kept: Draft, _ content: DraftContent, isDesk: Bool, ifMatch: Int64?, now: Date
    ) throws(Refused) -> Draft {
        guard kept.dossier == nil else { throw .draftSubmitted }
        guard kept.isDesk == isDesk else { throw .notFound }
        // Sent again: the answer was not heard.
        if let ifMatch, ifMatch == kept.version - 1, content == kept.content { return kept }
        guard ifMatch == nil || ifMatch == kept.version else { throw .stale }
        var draft = kept
        (draft.version, draft.content, draft.savedAt) = (kept.version + 1, content, now)
        draft.expiresAt = now + Limits.OneStop.draftKept.secondsValue
        return draft
    }
}

extension DraftView {
    init(_ draft: Draft, _ facts: DraftCheck.Facts) {
        (id, version, content) = (draft.id, Int(draft.version), draft.content)
        (savedAt, expiresAt, dossier) = (draft.savedAt, draft.expiresAt, draft.dossier)
        guard draft.dossier == nil else { return }
        uploads = facts.uploads
        missing = DraftCheck.points(draft, facts).map(OpenPoint.init)
        ready = missing.isEmpty
    }
}

extension Call {
    /// What the check of a draft needs to know, but its files.
    func facts(
        of content: DraftContent, for applicant: PersonID?, channel: Channel
    ) async throws -> DraftCheck.Facts {
        let (book, submission) = (resource(ProcedureBook.self), content.submission)
        var facts = DraftCheck.Facts()
        if let code = submission["procedure"]?.text { facts.procedure = try await book.inForce(code, on: today) }
        if let agency = submission["agency"]?.text.flatMap({ try? AgencyCode($0) }) {
            facts.kind = try await book.kind(of: agency, on: today)
            do { try await requireStanding(agency, field: "submission.agency") } catch let refused as Refused {
                facts.dissolved = refused
            }
        }
        facts.reused = try await Offers.taken(
            content.reuse, by: applicant, for: facts.procedure, on: today, book, in: runtime.database)
        guard content.set != nil || !content.forms.isEmpty else { return facts }
        let (said, wrong) = DraftCheck.read(submission)
        // os-267: what would keep a link from being opened is named. Which agencies get it follows from what is
        // written; until that is right its own points say so.
        guard wrong.isEmpty else { return facts }
        let application = LinkedSubmission(set: content.set ?? "", submission: said, forms: content.forms)
        do {
            let linked = try await linked(application)
            try await checkLinks(of: linked.set, application, channel: channel, person: applicant)
            facts.linked = linked
        } catch let refused as Refused {
            facts.linkFault = DraftCheck.fault(refused, at: refused.field ?? "set")
        }
        return facts
    }
}

extension Refused {
    static let tooManyDrafts = Refused(
        "onestop.too-many-drafts", vi: "Mỗi người có tối đa \(Limits.OneStop.drafts) bản nháp chưa nộp.",
        en: "A person has at most \(Limits.OneStop.drafts) drafts that were not submitted.")
    static let notASubmission = Refused(
        "onestop.not-a-submission", 422, vi: "Bản nháp có trường mà hồ sơ không có.",
        en: "The draft has fields that a submission does not have.", field: "content.submission")
    static let deskOnly = Refused(
        "onestop.desk-only", 422,
        vi: "Chỉ công chức một cửa được ghi kênh tiếp nhận, tài khoản người nộp và giấy tờ nhận tại quầy.",
        en: "Only a clerk says how a dossier came, whose account the applicant has, and what came on paper.",
        field: "content")
}
