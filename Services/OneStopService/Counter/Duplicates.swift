import Contracts
import ServiceKit

/// A dossier of the same person and procedure: open, or ended not long ago. Who it is stands in neither: it may lie at
/// an agency whose dossiers the clerk may not read.
struct Duplicate: Record, Hashable {
    var dossier = DossierID()
    var code: String?
    var status = DossierStatus.submitted
    var receivingAgency = AgencyCode.none
    var submittedAt = Date(timeIntervalSince1970: 0)
    var open = true

    static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "Identity"),
        .init("code", \.code, .text(1...60), "Dossier code, once accepted"),
        .init("status", \.status, .choice, "National status"),
        .init("receivingAgency", \.receivingAgency, .agency, "Where it was received"),
        .init("submittedAt", \.submittedAt, .instant, "When it came"),
        .init("open", \.open, .bool, "Whether it is still in work"),
    ]

    init() {}

    init(_ row: Row) throws {
        dossier = try row("id")
        code = try Dossier.code(row)?.text
        status = try Dossier.status(row, "status") ?? .submitted
        receivingAgency = try row("receiving_agency")
        submittedAt = try row("submitted_at")
        open = Inbox.open.contains(status)
    }

    /// As a clerk is told of it.
    var name: String { code ?? "\(receivingAgency), \(Day(submittedAt).vietnamese)" }
}

/// `POST /counter/duplicates`: asked when the card was read, before anything is typed. A POST because the number of an
/// identity card stands in no address. The question is logged, and each dossier that answers it (os-294).
enum FindDuplicates: Endpoint {
    static let route = Route.post("/counter/duplicates")
    static let summary = "Find dossiers of the same person and procedure before one is registered"
    static let access = Access.official(.dossiersReceive)

    struct Input: Record {
        var procedure = ""
        var nationalID: String?
        var person: PersonID?

        static let fields: [Field<Self>] = [
            .init(
                "procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "National code of the procedure"),
            .init(
                "nationalId", \.nationalID, .text(9...12, pattern: Pattern.nationalID), "Number of the identity card"),
            .init("person", \.person, .id, "The applicant's own account, when there is one"),
        ]
    }

    struct Output: Record {
        var duplicates: [Duplicate] = []
        static let fields: [Field<Self>] = [
            .init("duplicates", \.duplicates, .list(.record, 0...Limits.Counter.duplicates), "The newest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        call.logRead(of: "dossiers", "by person", purpose: "duplicates")
        var output = Output()
        output.duplicates = try await call.duplicates(
            of: input.procedure, nationalID: input.nationalID, person: input.person)
        call.logNamed(output.duplicates)
        return Reply(output)
    }
}

extension Call {
    /// Without a number and an account nobody can be told from another, and nothing is found.
    func duplicates(of procedure: String, nationalID: String?, person: PersonID?) async throws -> [Duplicate] {
        let who = [nationalID.map(DossierMarks.nationalID), person.map(DossierMarks.account)].compactMap { $0 }
        guard !who.isEmpty else { return [] }
        let since = (today - Limits.Counter.duplicateDays).start
        let query = Readable([.none]).query("", every: [DossierMarks.procedure(procedure)], either: who)
        return try await run(DuplicateSQL.find(query, since: since)).map(Duplicate.init)
    }

    /// The reason why one more is registered, for its history; nil where there is no other.
    /// - Throws: `onestop.duplicate` naming the others, when no reason is given (os-115).
    func goingOn(despite reason: String?, _ submission: Submission, person: PersonID?) async throws -> String? {
        let others = try await duplicates(
            of: submission.procedure, nationalID: submission.nationalID, person: person)
        guard !others.isEmpty else { return nil }
        guard let reason else {
            logNamed(others)
            throw Refused.duplicate(others)
        }
        return reason
    }

    /// os-294: whoever is told of a dossier has read of it, wherever it lies, also in the words of a refusal.
    fileprivate func logNamed(_ duplicates: [Duplicate]) {
        for duplicate in duplicates { logRead(of: duplicate.dossier, purpose: .duplicate) }
    }
}

enum DuplicateSQL {
    /// What one person handed in of one procedure is little: found first, then sorted. In one step the planner might
    /// rather walk back through all dossiers until enough are found.
    static func find(_ query: SQL, since: Date) -> SQL {
        """
        WITH hits AS MATERIALIZED (SELECT dossier FROM dossier_search WHERE words @@ \(query))
        SELECT id, status, code_agency, code_day, code_serial, receiving_agency, submitted_at
        FROM hits JOIN dossiers d ON d.id = hits.dossier
        WHERE status IN (1, 2, 4, 5, 6, 7) OR coalesce(returned_at, finished_at, (
            -- When it was refused or stopped stands in its history alone.
            SELECT max(h.at) FROM dossier_history h
            WHERE h.dossier = d.id AND h.to_status = d.status AND h.from_status <> h.to_status
        ), submitted_at) >= \(since)
        ORDER BY id DESC LIMIT \(raw: "\(Limits.Counter.duplicates)")
        """
    }
}

extension Refused {
    static func duplicate(_ others: [Duplicate]) -> Refused {
        let names = others.map(\.name).joined(separator: "; ")
        return Refused(
            duplicate.code, vi: "Người này đã có hồ sơ cùng thủ tục: \(names). Muốn tiếp nhận thêm phải nêu lý do.",
            en: "This person has dossiers of this procedure: \(names). To register one more give a reason.",
            field: "duplicateReason")
    }

    static let duplicate = Refused(
        "onestop.duplicate", vi: "Người này đã có hồ sơ cùng thủ tục. Muốn tiếp nhận thêm phải nêu lý do.",
        en: "This person has a dossier of this procedure. To register one more give a reason.",
        field: "duplicateReason")
}
