import Contracts
import ServiceKit

/// `GET /outside-letters`: what left the system and what waits to, newest first, for whoever keeps the system.
enum ListOutsideLetters: Endpoint {
    static let route = Route.get("/outside-letters")
    static let summary = "Letters to citizens outside of the system, how each went, and what waits; newest first"
    static let access = Access.official(.systemOperate)

    struct Input: Record {
        var state: OutsideLetter.State?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("state", \.state, .choice, "Only these", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Line: Record {
        var letter = MessageID()
        var dossier: DossierID?
        var agency = AgencyCode.none
        var what = ""
        var state = OutsideLetter.State.waiting
        var note = ""
        var attempts = 0
        var uncertain = 0
        var madeAt = Date(timeIntervalSince1970: 0)
        var settledAt: Date?

        static let fields: [Field<Self>] = [
            .init("letter", \.letter, .id, "The letter; its Message-ID begins with it"),
            .init("dossier", \.dossier, .id, "The dossier; absent of a reminder of an appointment"),
            .init("agency", \.agency, .agency, "The receiving agency, or where the appointment is"),
            .init("what", \.what, .text(1...60), "What was done with the dossier, or `appointment-reminder`"),
            .init("state", \.state, .choice, "Where it stands"),
            .init("note", \.note, .text(1...100), "Why it waits, or how it ended"),
            .init("attempts", \.attempts, .integer(0...Int(Int32.max)), "How often it was tried"),
            .init(
                "uncertain", \.uncertain, .integer(0...Int(Int32.max)),
                "Attempts of which nobody knows whether the letter was taken: so often it may have come again"),
            .init("madeAt", \.madeAt, .instant, "When it was asked for, in business time"),
            .init("settledAt", \.settledAt, .instant, "When it was sent or ended"),
        ]
    }

    struct Output: Record {
        var hasRelay = false
        var waiting = 0
        var letters: [Line] = []
        static let fields: [Field<Self>] = [
            .init("hasRelay", \.hasRelay, .bool, "A server that takes letters is configured; without one all wait"),
            .init("waiting", \.waiting, .integer(0...Int.max), "How many wait, all agencies together"),
            .init("letters", \.letters, .list(.record, 0...Limits.pageMaximum), "The letters"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try MessageID(cursor)
        let tops = try await call.agencies(.systemOperate).map(\.text)
        let rows = try await call.run(
            """
            SELECT l.*, (SELECT count(*) FROM outside_attempts a WHERE a.letter = l.id AND (
                    a.outcome = 'uncertain' OR a.outcome IS NULL AND l.due_at <= clock_timestamp())) AS uncertain
            FROM outside_letters l
            WHERE (\(before)::uuid IS NULL OR id < \(before))
              AND (\(input.state?.rawValue)::text IS NULL OR state = \(input.state?.rawValue))
              AND EXISTS (SELECT FROM unnest(\(tops)) AS top
                          WHERE top = '' OR l.agency = top OR starts_with(l.agency, top || '.'))
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.hasRelay = call.resource(OutsideRelay.self).server != nil
        output.waiting =
            try await call.run("SELECT count(*) AS n FROM outside_letters WHERE state = 'waiting'")
            .first.map { try $0("n") } ?? 0
        output.letters = try rows.prefix(input.limit).map { row in
            var line = Line()
            (line.letter, line.dossier, line.agency) = (try row("id"), try row("dossier"), try row("agency"))
            (line.what, line.note, line.attempts) = (try row("what"), try row("note"), try row("attempts"))
            line.state = OutsideLetter.State(rawValue: try row("state")) ?? .waiting
            (line.uncertain, line.madeAt, line.settledAt) = (
                try row("uncertain"), try row("made_at"), try row("settled_at")
            )
            return line
        }
        let next = rows.count > input.limit ? output.letters.last.map { Cursor(text: $0.letter.text) } : nil
        let filter = input.state.map { "&state=\($0.rawValue)" } ?? ""
        return Reply(output, next: next.map { "/outside-letters?limit=\(input.limit)\(filter)&cursor=\($0)" })
    }
}
