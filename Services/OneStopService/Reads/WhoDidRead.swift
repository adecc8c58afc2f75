import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}/reads`: who read it, newest first, on a day or ever. The applicant sees the own reads too:
/// somebody else may have used the account.
enum WhoDidRead: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/reads")
    static let summary = "Who read a dossier, what for, newest first"
    static let access = Access.signedIn

    struct Input: Record {
        var dossier = DossierID()
        var on: Day?
        var before: Int?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("on", \.on, .day, "Only of this day", in: .query),
            .init("before", \.before, .integer(1...Int.max), "The last one of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    enum By: String, CaseIterable, Sendable { case applicant, official, program }

    struct Read: Record {
        var number = 1
        var at = Date(timeIntervalSince1970: 0)
        var by = By.official
        var agency: AgencyCode?
        var agencyName: String?
        var unit: String?
        var role: PostRole?
        var purpose = ""
        var attachment: FileID?
        var vietnamese = ""
        var english = ""
        var times = 1
        var person: PersonID?
        var name: String?
        var caller: String?
        var trace: String?

        static let fields: [Field<Self>] = [
            .init("number", \.number, .integer(1...Int.max), "Its number: say it when you ask about this read"),
            .init("at", \.at, .instant, "When"),
            .init("by", \.by, .choice, "The applicant, an official or a program"),
            .init("agency", \.agency, .agency, "Where the reader's post was on that day"),
            .init("agencyName", \.agencyName, .text(1...Limits.nameLength), "Its name"),
            .init("unit", \.unit, .text(0...Limits.nameLength), "In which unit"),
            .init("role", \.role, .choice, "What the post entitled to"),
            .init("purpose", \.purpose, .text(1...Limits.nameLength), "What for: stable word"),
            .init("attachment", \.attachment, .id, "The file that was opened"),
            .init("vietnamese", \.vietnamese, .text(1...Limits.nameLength), "What for, in Vietnamese"),
            .init("english", \.english, .text(1...Limits.nameLength), "What for, in English"),
            .init("times", \.times, .integer(1...Int.max), "How many times within half a second"),
            .init("person", \.person, .id, "Who; for officials"),
            .init("name", \.name, .text(1...Limits.nameLength), "The name; for officials"),
            .init("caller", \.caller, .text(1...Limits.nameLength), "The account or program; for officials"),
            .init("trace", \.trace, .text(1...64), "The trace of the request, as in the logs; for officials"),
        ]
    }

    struct Output: Record {
        var reads: [Read] = []
        static let fields: [Field<Self>] = [
            .init("reads", \.reads, .list(.record, 0...Limits.pageMaximum), "Newest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.dossier(input.dossier)
        try await call.requireOversight(dossier)
        // What waits in this process is part of the answer.
        try await call.resource(ReadLedger.self).write()
        let before: SQL = input.before.map { "AND r.id < \($0)" } ?? ""
        let day: SQL = input.on.map { "AND r.at >= \($0.start) AND r.at < \($0.next.start)" } ?? ""
        let rows = try await call.run(
            """
            SELECT r.*, a.name AS agency_name, p.full_name FROM dossier_reads r
            LEFT JOIN directory_agencies a ON a.code = r.agency LEFT JOIN directory_posts p ON p.post = r.post
            WHERE r.dossier = \(dossier.id) \(day) \(before) ORDER BY r.id DESC LIMIT \(input.limit + 1)
            """)
        let isOfficial = call.caller.kind != .citizen
        var output = Output()
        output.reads = try rows.prefix(input.limit).map { try read($0, named: isOfficial) }
        call.logRead(of: dossier.id, purpose: .whoRead)
        guard rows.count > input.limit, let last = output.reads.last else { return Reply(output) }
        let on = input.on.map { "&on=\($0)" } ?? ""
        return Reply(
            output, next: "/dossiers/\(dossier.id)/reads?limit=\(input.limit)&before=\(last.number)\(on)")
    }

    private static func read(_ row: Row, named: Bool) throws -> Read {
        var read = Read()
        (read.number, read.at, read.times) = (try row("id"), try row("at"), try row("times"))
        let kind: String = try row("caller_kind")
        read.by = kind == AccountKind.citizen.rawValue ? .applicant : kind == "program" ? .program : .official
        (read.agency, read.agencyName, read.unit) = (try row("agency"), try row("agency_name"), try row("unit"))
        let role: String? = try row("role")
        read.role = role.flatMap(PostRole.init)
        // os-272
        let purpose = LoggedPurpose(try row("purpose"))
        (read.purpose, read.attachment) = (purpose.word, purpose.file)
        (read.vietnamese, read.english) = (purpose.vietnamese, purpose.english)
        // os-142
        guard named else { return read }
        (read.person, read.name, read.caller) = (try row("person"), try row("full_name"), try row("caller"))
        read.trace = try row("trace")
        return read
    }
}
