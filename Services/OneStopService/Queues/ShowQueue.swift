import Contracts
import ServiceKit

/// How long one waits: those before, what one of them takes, and how many desks are open. Pure.
enum Waiting {
    /// - Parameters:
    ///   - each: what the last ones took, in seconds; nil before anybody was served.
    ///   - desks: desks that called somebody not long ago.
    /// - Returns: whole minutes, rounded up.
    static func minutes(before: Int, each: Double?, desks: Int, group: DeskGroup) -> Int {
        let each = each ?? Double(group.minutesEach * 60)
        return Int((Double(before) * each / Double(max(1, desks)) / 60).rounded(.up))
    }
}

/// `GET /public/queues/{agency}/{group}`: what the display above the desks shows, and anybody at home. Numbers only.
enum ShowQueue: Endpoint {
    static let route = Route.get("/public/queues/{agency}/{group}")
    static let summary = "Show the line at a group of desks: called numbers, how many wait, how long"
    static let access = Access.open

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var ticket: Int?
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
            .init(
                "ticket", \.ticket, .integer(1...Limits.Counter.tickets), "A number of today: where it stands",
                in: .query),
        ]
    }

    /// A number at a desk (os-119: nothing here says who).
    struct Called: Record, Hashable {
        var label = ""
        var desk = 1
        var at = Date(timeIntervalSince1970: 0)
        static let fields: [Field<Self>] = [
            .init("label", \.label, .text(1...20), "As it is called out"),
            .init("desk", \.desk, .integer(1...Limits.Counter.desks), "Where to"),
            .init("at", \.at, .instant, "When"),
        ]
    }

    struct Output: Record {
        var name = ""
        var nameEn = ""
        var called: [Called] = []
        var waiting = 0
        var minutes = 0
        var before: Int?
        var beforeMinutes: Int?

        static let fields: [Field<Self>] = [
            .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name of the group"),
            .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
            .init("called", \.called, .list(.record, 0...Limits.Counter.shown), "At the desks now, the last first"),
            .init("waiting", \.waiting, .integer(0...Int.max), "How many wait"),
            .init("minutes", \.minutes, .integer(0...Int.max), "How long who comes now would wait, about"),
            .init("before", \.before, .integer(0...Int.max), "How many are before `ticket`; absent: it does not wait"),
            .init("beforeMinutes", \.beforeMinutes, .integer(0...Int.max), "How long it waits, about"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let database = call.runtime.database
        let group = try await database.deskGroup(input.agency, input.group)
        let line: SQL = "agency = \(input.agency) AND desk_group = \(input.group) AND day = \(call.today)"
        async let calling = call.run(
            """
            SELECT number, desk, called_at FROM queue_tickets WHERE \(line) AND state = 'called'
            ORDER BY called_at DESC, number LIMIT \(raw: "\(Limits.Counter.shown)")
            """)
        let since = call.now.addingTimeInterval(-Limits.Counter.deskIdle)
        let rows = try await call.run(
            """
            SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
                count(DISTINCT desk) FILTER (WHERE called_at >= \(since)) AS desks,
                (SELECT avg(extract(epoch FROM closed_at - called_at))::float8 FROM (
                    SELECT closed_at, called_at FROM queue_tickets WHERE \(line) AND state = 'served'
                    ORDER BY closed_at DESC LIMIT \(raw: "\(Limits.Counter.measured)")) AS last) AS each,
                (SELECT (SELECT count(*) FROM queue_tickets WHERE \(line) AND state = 'waiting'
                         AND (place, number) < (mine.place, mine.number))
                 FROM queue_tickets mine WHERE \(line) AND number = \(input.ticket.map { Int32($0) })
                   AND state = 'waiting') AS before
            FROM queue_tickets WHERE \(line)
            """)
        var output = Output()
        (output.name, output.nameEn) = (group.name, group.nameEn)
        output.called = try await calling.map { row in
            var called = Called()
            let desk: Int16 = try row("desk")
            (called.label, called.desk, called.at) = (group.label(try row("number")), Int(desk), try row("called_at"))
            return called
        }
        guard let row = rows.first else { return Reply(output) }
        let (each, desks): (Double?, Int) = (try row("each"), try row("desks"))
        (output.waiting, output.before) = (try row("waiting"), try row("before"))
        output.minutes = Waiting.minutes(before: output.waiting, each: each, desks: desks, group: group)
        output.beforeMinutes = output.before.map {
            Waiting.minutes(before: $0, each: each, desks: desks, group: group)
        }
        return Reply(output)
    }
}
