import Contracts
import ServiceKit

/// `GET /inbox/counts`: what an officer or an agency has to do, by status, by step of each procedure, and by when it is
/// due. One walk through the index of the open dossiers, the most urgent first (os-110).
enum CountInbox: Endpoint {
    static let route = Route.get("/inbox/counts")
    static let summary = "Count the open dossiers of an officer or an agency by status, step and due date"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency]

    struct Input: Record {
        var filter = InboxFilter()
        static let fields: [Field<Self>] = [
            .init(
                "agency", \.filter.agency, .agency, "Where the dossiers are; absent: the caller's own agency",
                in: .query),
            .init(
                "officer", \.filter.officer, .id, "Those that this officer holds, instead of an agency's", in: .query),
            .init("mine", \.filter.mine, .bool, default: false, "Those that the caller holds", in: .query),
        ]
    }

    /// Dossiers at one step of one procedure.
    struct StepCount: Record, Hashable {
        var procedure = ""
        var step: String?
        var count = 0
        var overdue = 0

        static let fields: [Field<Self>] = [
            .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
            .init("step", \.step, .text(1...60), "The step; absent before the first one"),
            .init("count", \.count, .integer(0...Int.max), "How many"),
            .init("overdue", \.overdue, .integer(0...Int.max), "Of these, how many are past their time"),
        ]
    }

    struct Output: Record {
        var statuses: [StatusCount] = []
        var steps: [StepCount] = []
        var overdue = 0
        var dueToday = 0
        var dueSoon = 0
        var atLeast = false

        static let fields: [Field<Self>] = [
            .init("statuses", \.statuses, .list(.record, 0...10), "By status, also the closed ones"),
            .init(
                "steps", \.steps, .list(.record, 0...Limits.Finding.countedGroups),
                "Open ones by procedure and step, the most first"),
            .init("overdue", \.overdue, .integer(0...Int.max), "Past their time, while the clock runs"),
            .init("dueToday", \.dueToday, .integer(0...Int.max), "Due today, and not past it"),
            .init("dueSoon", \.dueSoon, .integer(0...Int.max), "Due in the three days after today"),
            .init("atLeast", \.atLeast, .bool, "Counting stopped at \(Limits.OneStop.countedOpen) open ones"),
        ]
    }

    /// A row of `groups`: one procedure and step, with what of it is due when.
    struct Group: Sendable {
        var step = StepCount()
        var dueToday: Int
        var dueSoon: Int

        init(_ row: Row) throws {
            (step.procedure, step.step) = (try row("procedure"), try row("step"))
            (step.count, step.overdue) = (try row("count"), try row("overdue"))
            (dueToday, dueSoon) = (try row("today"), try row("soon"))
        }
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let holder = try await call.holder(input.filter)
        async let statuses = call.counts(of: holder)
        let groups = try await call.kept(\.groups, of: holder)
        var output = Output()
        output.steps = groups.prefix(Limits.Finding.countedGroups).map(\.step)
        for group in groups {
            output.overdue += group.step.overdue
            output.dueToday += group.dueToday
            output.dueSoon += group.dueSoon
        }
        output.statuses = try await statuses
        output.atLeast = output.statuses.contains { $0.atLeast && Inbox.open.contains($0.status) }
        return Reply(output)
    }

    static func groups(of holder: Inbox.Holder, now: Date) -> SQL {
        let running: SQL = "status IN (1, 2, 4, 7)"
        let today = Day(now)
        let soonest = Inbox.counted(
            "procedure, step, status, act_by", of: holder, "status IN (1, 2, 4, 5, 6, 7)", "ORDER BY act_by, id",
            most: Limits.OneStop.countedOpen)
        return """
            SELECT procedure, step, count(*) AS count,
                   count(*) FILTER (WHERE \(running) AND act_by < \(now)) AS overdue,
                   count(*) FILTER (WHERE \(running) AND act_by >= \(now) AND act_by < \(today.next.start)) AS today,
                   count(*) FILTER (WHERE \(running) AND act_by >= \(today.next.start)
                                    AND act_by < \((today + 4).start)) AS soon
            FROM (\(soonest)) AS soonest WHERE fits
            GROUP BY procedure, step ORDER BY count(*) DESC, procedure, step
            """
    }
}
