import Contracts
import LegalClock
import ServiceKit

/// Within what time a kind of complaint is answered.
struct ComplaintLimit: Record, Hashable {
    var kind = ComplaintKind.report
    var limit = TimeLimit()

    static let fields: [Field<Self>] = [
        .init("kind", \.kind, .choice, "Which", in: .path),
        .init("limit", \.limit, .record, "Within what time it is answered"),
    ]
}

/// `PUT /complaint-limits/{kind}`: dates that were promised stay.
enum SetComplaintLimit: Endpoint {
    static let route = Route.put("/complaint-limits/{kind}")
    static let summary = "Say within what time a kind of complaint is answered from now on"
    static let access = Access.official(.systemOperate)

    static func handle(_ input: ComplaintLimit, _ call: Call) async throws -> Reply<ComplaintLimits.Shown> {
        // Everybody's: the right at one commune is not enough.
        try await call.require(.systemOperate, at: .none)
        let lawful = try input.limit.lawful
        return try await call.transaction { work in
            let row = try await work.run(
                "SELECT version FROM complaint_limits WHERE kind = \(input.kind.rawValue) FOR UPDATE"
            ).first
            let version: Int64 = try row?("version") ?? 0
            try call.check(version)
            try await work.run(
                """
                UPDATE complaint_limits SET amount = \(Int32(lawful.amount)), unit = \(lawful.unit.rawValue),
                    version = \(version + 1)
                WHERE kind = \(input.kind.rawValue)
                """)
            var shown = ComplaintLimits.Shown()
            (shown.kind, shown.limit, shown.version) = (input.kind, input.limit, Int(version + 1))
            return Reply(shown, version: version + 1)
        }
    }
}

/// `GET /complaint-limits`: for anybody who thinks of complaining.
enum ComplaintLimits: Endpoint {
    static let route = Route.get("/complaint-limits")
    static let summary = "Within what time complaints are answered"
    static let access = Access.open

    struct Shown: Record {
        var kind = ComplaintKind.report
        var limit = TimeLimit()
        var version = 1

        static let fields: [Field<Self>] = [
            .init("kind", \.kind, .choice, "Which"),
            .init("limit", \.limit, .record, "Within what time it is answered"),
            .init("version", \.version, .integer(1...Int.max), "To be named when it is changed (If-Match)"),
        ]

        init() {}

        init(_ row: Row) throws {
            kind = ComplaintKind(rawValue: try row("kind")) ?? .report
            (limit.amount, version) = (try row("amount"), try row("version"))
            limit.unit = LimitUnit(rawValue: try row("unit")) ?? limit.unit
        }
    }

    struct Output: Record {
        var limits: [Shown] = []
        static let fields: [Field<Self>] = [
            .init("limits", \.limits, .list(.record, 0...ComplaintKind.allCases.count), "By kind")
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.limits = try await call.run("SELECT * FROM complaint_limits ORDER BY kind").map(Shown.init)
        return Reply(output)
    }
}

extension Call {
    func complaintLimit(_ kind: ComplaintKind) async throws -> ComplaintLimits.Shown {
        let row = try await run("SELECT * FROM complaint_limits WHERE kind = \(kind.rawValue)").first
        guard let row else { throw Refused.notFound }
        return try ComplaintLimits.Shown(row)
    }
}
