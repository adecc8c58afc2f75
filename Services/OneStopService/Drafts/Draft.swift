import Contracts
import ServiceKit

enum DraftTag {}
typealias DraftID = ID<DraftTag>

/// What is written so far. Nothing of it need be there, and nothing need be right yet.
struct DraftContent: Record, Hashable {
    /// As `Submission` has it.
    var submission: JSON = [:]
    var channel: ReceiveDossier.Desk?
    var person: PersonID?
    var reuse: [Reuse] = []
    var onPaper: [PaperLine] = []
    var duplicateReason: String?
    var set: String?
    var forms: [LinkedSubmission.Filled] = []

    static let fields: [Field<Self>] = [
        .init("submission", \.submission, .any, "What the applicant hands in, as far as it is written"),
        .init("channel", \.channel, .choice, "Of a clerk's draft: at the counter or by post"),
        .init("person", \.person, .id, "Of a clerk's draft: the applicant's own account, when there is one"),
        .init(
            "reuse", \.reuse, .list(.record, 0...Limits.OneStop.parts), default: [],
            "Earlier papers of the applicant that are taken again, as they were offered"),
        .init(
            "onPaper", \.onPaper, .list(.record, 0...Limits.OneStop.parts), default: [],
            "Of a clerk's draft: what was handed in on paper"),
        .init(
            "duplicateReason", \.duplicateReason, .text(1...Limits.noteLength),
            "Of a clerk's draft: why it is registered beside another of the same person and procedure"),
        .init(
            "set", \.set, .text(1...60, pattern: Pattern.key),
            "Of an application for linked procedures: code of the set; its procedure is the one that leads"),
        .init(
            "forms", \.forms, .list(.record, 0...Limits.OneStop.links), default: [],
            "Of an application for linked procedures: the forms of those that have one"),
    ]
}

extension DraftContent {
    func channel(isDesk: Bool) -> Channel { !isDesk ? .online : channel == .postal ? .postal : .counter }
}

/// A submission that is being written (bản nháp): a citizen's, or a clerk's for an applicant at the counter. It belongs
/// to whoever writes it.
struct Draft: Sendable, Equatable {
    var id = DraftID()
    var version: Int64 = 0
    var owner = PersonID()
    var isDesk = false
    var content = DraftContent()
    var savedAt = Date(timeIntervalSince1970: 0)
    var expiresAt = Date(timeIntervalSince1970: 0)
    /// What became of it.
    var dossier: DossierID?

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        version = try row("version")
        owner = try row("owner")
        isDesk = try row("desk")
        content = try DraftContent(decoding: try row("content"), unknown: .ignore)
        savedAt = try row("saved_at")
        expiresAt = try row("expires_at")
        dossier = try row("dossier")
    }

    var channel: Channel { content.channel(isDesk: isDesk) }

    /// The applicant's account.
    var applicant: PersonID? { isDesk ? content.person : owner }
}

extension Session {
    func draft(_ id: DraftID, forUpdate: Bool = false) async throws -> Draft? {
        try await run("SELECT * FROM drafts WHERE id = \(id) \(raw: forUpdate ? "FOR UPDATE" : "")")
            .first.map(Draft.init)
    }
}

extension Call {
    /// The caller's own; 404 for anybody else.
    func draft(_ id: DraftID) async throws -> Draft {
        guard let draft = try await runtime.database.draft(id) else { throw Refused.notFound }
        guard draft.owner == caller.person else { throw refused(.notFound, about: ["draft": "\(id)"]) }
        return draft
    }

    /// The procedure of a draft as it is in force today; nil where none is chosen yet, or it is not in force.
    func procedure(of draft: Draft) async throws -> Procedure? {
        guard let code = draft.content.submission["procedure"]?.text else { return nil }
        return try await resource(ProcedureBook.self).inForce(code, on: today)
    }
}

/// A draft as its owner sees it, with all that it lacks.
struct DraftView: Record {
    var id = DraftID()
    var version = 0
    var savedAt = Date(timeIntervalSince1970: 0)
    var expiresAt = Date(timeIntervalSince1970: 0)
    var content = DraftContent()
    var ready = false
    var missing: [OpenPoint] = []
    var uploads: [Upload] = []
    var dossier: DossierID?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("savedAt", \.savedAt, .instant, "When it was saved: it is on the disk since then"),
        .init("expiresAt", \.expiresAt, .instant, "When it is removed if it is not saved again"),
        .init("content", \.content, .record, "What is written"),
        .init("ready", \.ready, .bool, "Whether it can be submitted"),
        .init(
            "missing", \.missing, .list(.record, 0...Limits.OneStop.openPoints),
            "What is missing or not right yet, by its place"),
        .init("uploads", \.uploads, .list(.record, 0...Limits.OneStop.attachments), "Its files, whole or on their way"),
        .init("dossier", \.dossier, .id, "What became of it"),
    ]
}

/// Something that a draft lacks.
struct OpenPoint: Record, Hashable {
    var field = ""
    var code = ""
    var vietnamese = ""
    var english = ""

    static let fields: [Field<Self>] = [
        .init(
            "field", \.field, .text(0...Limits.nameLength), "Where: `submission.name`, `submission.form.x`, `parts.x`"),
        .init("code", \.code, .text(1...80), "Stable word of what is wrong; `missing` for what is not there"),
        .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength), "In Vietnamese"),
        .init("english", \.english, .text(1...Limits.noteLength), "In English"),
    ]

    init() {}

    init(_ fault: FieldFault) {
        (field, code) = (fault.field, fault.code)
        (vietnamese, english) = (fault.vietnamese, fault.english)
    }
}

extension Refused {
    static let draftSubmitted = Refused(
        "onestop.draft-submitted", vi: "Bản nháp này đã được nộp.", en: "This draft was submitted already.")
}
