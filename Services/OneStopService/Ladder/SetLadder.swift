import Contracts
import ServiceKit

/// `PUT /ladder`: replaces the ladder of a procedure, or the one for all others. It holds for dates that are set or
/// moved from now on, and for the others from their next rung on.
enum SetLadder: Endpoint {
    static let route = Route.put("/ladder")
    static let summary = "Set who is told when of deadlines: of one procedure, or of all that have none of their own"
    static let access = Access.official(.proceduresPublish)
    static let refusals = [Refused.keyTwice, .procedureUnknown]

    struct Input: Record {
        var procedure: String?
        var rungs: [Rung] = []

        static let fields: [Field<Self>] = [
            .init(
                "procedure", \.procedure, .text(1...40, pattern: Pattern.procedure),
                "National code of the procedure; absent: for all that have none of their own", in: .query),
            .init("rungs", \.rungs, .list(.record, 0...Limits.OneStop.rungs), "In any order; none: nobody is told"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Ladder> {
        // Everybody's, as procedures are: the right at one agency is not enough.
        try await call.require(.proceduresPublish, at: .none)
        let ladder = Ladder(input.rungs)
        try ladder.check()
        let reply = try await call.transaction { work in
            if let procedure = input.procedure {
                let known = try await work.run(
                    "SELECT 1 AS one FROM procedures WHERE code = \(procedure) AND state = 'published' LIMIT 1")
                guard !known.isEmpty else { throw Refused.procedureUnknown }
            }
            let (_, version) = try await Ladder.read(input.procedure, in: work)
            try call.check(version)
            let rows = try await work.run(
                """
                INSERT INTO ladders (procedure, version, rungs, set_by, set_at)
                VALUES (\(input.procedure ?? ""), 2, \(ladder.json), \(work.actor), \(work.now))
                ON CONFLICT (procedure) DO UPDATE SET version = ladders.version + 1, rungs = excluded.rungs,
                    set_by = excluded.set_by, set_at = excluded.set_at
                WHERE ladders.version = \(version)
                RETURNING version
                """)
            guard let row = rows.first else { throw Refused.stale }
            return Reply(ladder, version: try row("version"))
        }
        call.resource(LadderBook.self).forget()
        return reply
    }
}

/// `GET /ladder`: the ladder of a procedure, or the one for all.
enum ReadLadder: Endpoint {
    static let route = Route.get("/ladder")
    static let summary = "Who is told when of deadlines"
    static let access = Access.signedIn

    struct Input: Record {
        var procedure: String?
        static let fields: [Field<Self>] = [
            .init(
                "procedure", \.procedure, .text(1...40, pattern: Pattern.procedure),
                "National code of the procedure; absent: the ladder for all that have none of their own", in: .query)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Ladder> {
        let (ladder, version) = try await Ladder.read(input.procedure, in: call.runtime.database)
        return Reply(ladder, version: version)
    }
}

extension Ladder {
    /// The ladder that holds for a procedure, and the version of its own: 1 where it was never set.
    fileprivate static func read(
        _ procedure: String?, in session: any Session
    ) async throws -> (Ladder, version: Int64) {
        let rows = try await session.run(
            """
            SELECT procedure, version, rungs FROM ladders WHERE procedure IN ('', \(procedure ?? ""))
            ORDER BY procedure DESC
            """)
        guard let row = rows.first else { return (.standard, 1) }
        let isOwn = try row("procedure", as: String.self) == procedure ?? ""
        return (try Ladder(decoding: try row("rungs"), unknown: .ignore), isOwn ? try row("version") : 1)
    }
}
