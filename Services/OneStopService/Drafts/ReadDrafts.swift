import Contracts
import Files
import ServiceKit

struct DraftPath: Record {
    var draft = DraftID()
    static let fields: [Field<Self>] = [.init("draft", \.draft, .id, "The draft", in: .path)]
}

/// `GET /my/drafts/{draft}`: what is written, what lacks, and how far each file is.
enum ReadMyDraft: Endpoint {
    static let route = Route.get("/my/drafts/{draft}")
    static let summary = "Read one of one's drafts, with what it lacks"
    static let access = Access.signedIn

    static func handle(_ input: DraftPath, _ call: Call) async throws -> Reply<DraftView> {
        let draft = try await call.draft(input.draft)
        var facts = try await call.facts(of: draft.content, for: draft.applicant, channel: draft.channel)
        facts.uploads = try await call.runtime.database.uploads(of: draft.id)
        return Reply(DraftView(draft, facts), version: draft.version)
    }
}

/// `GET /my/drafts`: the last saved one first.
enum ListMyDrafts: Endpoint {
    static let route = Route.get("/my/drafts")
    static let summary = "One's drafts, the last saved one first"
    static let access = Access.signedIn

    struct Line: Record {
        var id = DraftID()
        var version = 0
        var savedAt = Date(timeIntervalSince1970: 0)
        var expiresAt = Date(timeIntervalSince1970: 0)
        var procedure: String?
        var procedureName: String?
        var subject: String?
        var dossier: DossierID?

        static let fields: [Field<Self>] = [
            .init("id", \.id, .id, "Identity"),
            .init("version", \.version, .integer(1...Int.max), "Version"),
            .init("savedAt", \.savedAt, .instant, "When it was saved"),
            .init("expiresAt", \.expiresAt, .instant, "When it is removed if it is not saved again"),
            .init("procedure", \.procedure, .text(0...Limits.bodyBytes), "The procedure, as it is written"),
            .init("procedureName", \.procedureName, .text(1...Limits.nameLength), "Its Vietnamese name"),
            .init("subject", \.subject, .text(0...Limits.bodyBytes), "What is asked for, as it is written"),
            .init("dossier", \.dossier, .id, "What became of it"),
        ]
    }

    struct Output: Record {
        var drafts: [Line] = []
        static let fields: [Field<Self>] = [
            .init("drafts", \.drafts, .list(.record, 0...Limits.pageMaximum), "The last saved one first")
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        let rows = try await call.run(
            """
            SELECT * FROM drafts WHERE owner = \(try call.person) ORDER BY saved_at DESC, id LIMIT \(Limits.pageMaximum)
            """)
        var output = Output()
        for draft in try rows.map(Draft.init) {
            var line = Line()
            (line.id, line.version, line.dossier) = (draft.id, Int(draft.version), draft.dossier)
            (line.savedAt, line.expiresAt) = (draft.savedAt, draft.expiresAt)
            line.procedure = draft.content.submission["procedure"]?.text
            line.procedureName = try await call.procedure(of: draft)?.definition.name
            line.subject = draft.content.submission["subject"]?.text
            output.drafts.append(line)
        }
        return Reply(output)
    }
}

/// `DELETE /my/drafts/{draft}`: with its files. Of one that was submitted only the draft goes.
enum DeleteDraft: Endpoint {
    static let route = Route.delete("/my/drafts/{draft}")
    static let summary = "Remove one of one's drafts with its files"
    static let access = Access.signedIn

    static func handle(_ input: DraftPath, _ call: Call) async throws -> Reply<Nothing> {
        _ = try await call.draft(input.draft)
        let reply = try await call.transaction { work in
            guard let draft = try await work.draft(input.draft, forUpdate: true) else { throw Refused.notFound }
            try call.check(draft.version)
            try await DraftExpires.remove(draft.id, work)
            try await work.unschedule(DraftExpires.self, key: draft.id.text)
            return Reply(Nothing())
        }
        return reply
    }
}

/// Nobody saved a draft for `Limits.OneStop.draftKept`: it goes, with its files (os-039).
enum DraftExpires: TimedTask {
    static let kind = "onestop.draft-expires"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        guard let draft = try await work.draft(try DraftID(key), forUpdate: true) else { return }
        try await remove(draft.id, work)
    }

    /// The files first: a file that nobody knows of is never removed, a row without its file is, the next time.
    static func remove(_ id: DraftID, _ work: Work) async throws {
        let store = work.resource(FileStore.self)
        for upload in try await work.uploads(of: id) {
            await store.unstage(upload.id.uuid)
            try await work.unschedule(UploadExpires.self, key: upload.id.text)
        }
        try await work.run("DELETE FROM drafts WHERE id = \(id)")
    }
}
