import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}/history`: every change, oldest first (form 05). Applicants see what and when and where, and
/// the reasons that were written to them (os-295), not the remarks that officials leave each other.
enum ReadHistory: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/history")
    static let summary = "The full history of a dossier, oldest first"
    static let access = Access.signedIn

    struct Input: Record {
        var dossier = DossierID()
        var after = 0
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("after", \.after, .integer(0...Int.max), default: 0, "Only what came after this version", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Line: Record {
        var version = 0
        var at = Date(timeIntervalSince1970: 0)
        var what = ""
        var fromStatus: DossierStatus?
        var toStatus = DossierStatus.submitted
        var agency = AgencyCode.none
        var step: String?
        var actor: String?
        var officer: PersonID?
        var note: String?
        var actedBy: String?
        var actedFor: String?

        static let fields: [Field<Self>] = [
            .init("version", \.version, .integer(1...Int.max), "The version that it made; also the event's"),
            .init("at", \.at, .instant, "When"),
            .init("what", \.what, .text(1...60), "Stable word of what was done"),
            .init("fromStatus", \.fromStatus, .choice, "Status before"),
            .init("toStatus", \.toStatus, .choice, "Status after"),
            .init("agency", \.agency, .agency, "Where the dossier was afterwards"),
            .init("step", \.step, .text(1...60), "Step of the procedure"),
            .init("actor", \.actor, .text(1...Limits.nameLength), "Account or program that did it; for officials"),
            .init("officer", \.officer, .id, "Who held it afterwards; for officials"),
            .init(
                "note", \.note, .text(1...Limits.noteLength),
                "Remark; for applicants the reasons that were written to them only"),
            .init("actedBy", \.actedBy, .text(0...200), "Who acted in another's name (thay); for officials"),
            .init("actedFor", \.actedFor, .text(0...200), "In whose name; for officials"),
        ]
    }

    struct Output: Record {
        var lines: [Line] = []
        static let fields: [Field<Self>] = [
            .init("lines", \.lines, .list(.record, 0...Limits.pageMaximum), "Oldest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .history)
        let rows = try await call.run(
            """
            SELECT h.*, a.name, a.for_name FROM dossier_history h
            LEFT JOIN acted_for a ON a.dossier = h.dossier AND a.version = h.version
            WHERE h.dossier = \(dossier.id) AND h.version > \(input.after)
            ORDER BY h.version LIMIT \(input.limit + 1)
            """)
        let isOfficial = call.caller.kind != .citizen
        var output = Output()
        output.lines = try rows.prefix(input.limit).map { row in
            var line = Line()
            line.version = try row("version")
            line.at = try row("at")
            line.what = try row("what")
            line.fromStatus = try Dossier.status(row, "from_status")
            line.toStatus = try Dossier.status(row, "to_status") ?? .submitted
            line.agency = try row("agency")
            line.step = try row("step")
            let isTold = HistoryWord(rawValue: line.what).map { HistoryWord.told.contains($0) } ?? false
            if isOfficial || isTold { line.note = try row("note") }
            guard isOfficial else { return line }
            line.actor = try row("actor")
            line.officer = try row("officer")
            line.actedBy = try row("name")
            line.actedFor = try row("for_name")
            return line
        }
        guard rows.count > input.limit, let last = output.lines.last else { return Reply(output) }
        return Reply(output, next: "/dossiers/\(dossier.id)/history?limit=\(input.limit)&after=\(last.version)")
    }
}
