import Contracts
import ServiceKit

/// `GET /my/changes?since=`: everything that changed for a citizen, numbered without gaps, from any moment on. An app
/// keeps the cursor of its last page and asks again with it, after any interruption; it may wait for the next change.
/// The changes name things and say what happened; what is in them is read where it is.
enum ReadMyChanges: Endpoint {
    static let route = Route.get("/my/changes")
    static let summary = "What changed for a citizen since the cursor of the last page, without gaps"
    static let access = Access.citizen

    struct Input: Record {
        var since: String?
        var wait = 0
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init(
                "since", \.since, .text(1...Limits.cursorLength), "The cursor of the last page; absent: from the first",
                in: .query),
            .init(
                "wait", \.wait, .integer(0...Limits.Citizen.wait), default: 0,
                "When there is nothing new: how many seconds to wait for it", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most changes",
                in: .query),
        ]
    }

    struct Change: Record {
        var number = 1
        var kind = ""
        var subject = UUID.zero
        var version = 1
        var what = ""
        var status: DossierStatus?
        var at = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init("number", \.number, .integer(1...Int.max), "Dense from 1 for each citizen"),
            .init("kind", \.kind, .text(1...40), "What changed: dossier, complaint or rating"),
            .init("subject", \.subject, .uuid, "Which one"),
            .init("version", \.version, .integer(1...Int.max), "The version that it has since"),
            .init("what", \.what, .text(1...100), "What happened, by the wire name of its event"),
            .init("status", \.status, .choice, "The national status since then; of dossiers"),
            .init("at", \.at, .instant, "When"),
        ]
    }

    struct Output: Record {
        var changes: [Change] = []
        var cursor = ""
        var more = false

        static let fields: [Field<Self>] = [
            .init("changes", \.changes, .list(.record, 0...Limits.pageMaximum), "In their order"),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where to go on; the same while nothing is new"),
            .init("more", \.more, .bool, "There is more already: ask again at once"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let (person, since) = (try call.person, try Since(input.since))
        let feed = call.resource(ChangeFeed.self)
        try await feed.catchUp()
        let first = try await page(of: person, since, input.limit, call)
        guard first.changes.isEmpty, input.wait > 0 else { return Reply(first) }
        let deadline = ContinuousClock.now + .seconds(input.wait)
        return try await feed.listening(for: person) { bell in
            // Listening before looking: what comes in between rings.
            var output = try await page(of: person, since, input.limit, call)
            guard let bell else { return Reply(output) }
            while output.changes.isEmpty, ContinuousClock.now < deadline {
                await bell.wait(atMost: min(Limits.Citizen.look, deadline - ContinuousClock.now))
                output = try await page(of: person, since, input.limit, call)
            }
            return Reply(output)
        }
    }

    /// A place in one history of the log.
    private struct Since {
        var epoch: Int32 = 0
        var number: Int64 = 0

        init(_ given: String?) throws {
            guard given != nil else { return }
            guard let parts = (try? Cursor(given))?.parts(2), let epoch = Int32(parts[0]), let number = Int64(parts[1]),
                number >= 0
            else { throw Self.foreign }
            (self.epoch, self.number) = (epoch, number)
        }

        private static let foreign = FieldFault(
            "invalid", field: "since", vi: "không phải vị trí mà hệ thống đã cấp",
            en: "is no cursor that was given out here")
    }

    /// os-131: a cursor of an earlier history begins anew. After a promotion that lost a tail its number may stand for
    /// another change; what is read twice does no harm.
    private static func page(
        of person: PersonID, _ since: Since, _ limit: Int, _ call: Call
    ) async throws -> Output {
        let rows = try await call.run(
            """
            SELECT f.epoch, c.number, c.kind, c.subject, c.version, c.what, c.status, c.at
            FROM citizen_feed f LEFT JOIN LATERAL (
                SELECT * FROM citizen_changes WHERE person = \(person)
                  AND number > CASE WHEN f.epoch = \(since.epoch) THEN \(since.number) ELSE 0 END
                ORDER BY number LIMIT \(limit + 1)) c ON true
            ORDER BY c.number
            """)
        var output = Output()
        for row in rows.prefix(limit) {
            guard let number: Int = try row("number") else { continue }
            var change = Change()
            (change.number, change.kind, change.subject) = (number, try row("kind"), try row("subject"))
            (change.version, change.what, change.at) = (try row("version"), try row("what"), try row("at"))
            let status: String? = try row("status")
            change.status = status.flatMap(DossierStatus.init(rawValue:))
            output.changes.append(change)
        }
        output.more = rows.count > limit
        let epoch: Int32 = try rows.first?("epoch") ?? 0
        let last = output.changes.last?.number ?? (epoch == since.epoch ? Int(since.number) : 0)
        output.cursor = Cursor(parts: ["\(epoch)", "\(last)"]).description
        return output
    }
}
