import Contracts
import ServiceKit

/// `PUT /calendar`: replaces the whole working calendar, or nothing of it.
///
/// The dates of open dossiers are counted anew by it, and say so (`ProjectCalendar`). Weeks that leave some of them
/// uncovered are refused, unless that is said (os-290): nobody could go on with these by the law's count.
enum LoadCalendar: Endpoint {
    static let route = Route.put("/calendar")
    static let summary = "Replace the working calendar of the province"
    static let access = Access.official(.systemOperate)
    static let refusals = [Refused.weekForAll, .specialDayTwice, .weeksUncover]

    struct Input: Record {
        var calendar = WorkingCalendar()
        var leaving = 0

        static let fields: [Field<Self>] = [
            .init("weeks", \.calendar.weeks, .list(.record, 1...Limits.OneStop.calendarWeeks), "Working weeks"),
            .init(
                "specialDays", \.calendar.specialDays, .list(.record, 0...Limits.OneStop.calendarDays),
                "Days off and make-up working days"),
            .init(
                "decidedThrough", \.calendar.decidedThrough, .day, "Last day for which holidays are decided"),
            .init(
                "leaving", \.leaving, .integer(0...Int.max), default: 0,
                "So many open dossiers, at most, may be left without a week on a day of their count", in: .query),
        ]
    }

    static func handle(_ given: Input, _ call: Call) async throws -> Reply<WorkingCalendar> {
        // Everybody's calendar: the right at one commune is not enough.
        try await call.require(.systemOperate, at: .none)
        let input = given.calendar
        try input.check()
        let reply = try await call.transaction { work in
            let row = try await work.run("SELECT version FROM calendars FOR UPDATE").first
            let version: Int64 = try row?("version") ?? 0
            try call.check(version)
            let uncovered = try await work.uncovered(by: input)
            guard uncovered <= given.leaving else { throw Refused.weeksUncover(uncovered) }
            try await work.run(
                """
                INSERT INTO calendars (one, version, decided_through, loaded_by, loaded_at)
                VALUES (true, \(version + 1), \(input.decidedThrough), \(work.actor), \(work.now))
                ON CONFLICT (one) DO UPDATE SET version = excluded.version,
                    decided_through = excluded.decided_through, loaded_by = excluded.loaded_by,
                    loaded_at = excluded.loaded_at
                """)
            try await work.run("DELETE FROM working_hours")
            try await work.run("DELETE FROM calendar_days")
            for week in input.weeks {
                try await work.run(
                    """
                    INSERT INTO working_hours (agency, valid_from, valid_to, week)
                    VALUES (\(week.agency?.text ?? ""), \(week.validFrom), \(week.validTo), \(week.json))
                    """)
            }
            let days = input.specialDays
            try await work.run(
                """
                INSERT INTO calendar_days (valid_from, valid_to, kind, vietnamese, english, source)
                SELECT * FROM unnest(\(days.map(\.validFrom)), \(days.map(\.validTo)), \(days.map(\.kind.rawValue)),
                    \(days.map(\.vietnamese)), \(days.map(\.english)), \(days.map(\.source)))
                """)
            try await work.run(
                """
                INSERT INTO calendar_changes (version, loaded_by, loaded_at)
                VALUES (\(version + 1), \(work.actor), \(work.now))
                """)
            // By then every copy of this service counts with the new calendar: nothing is dated by the old one any
            // more.
            try await work.schedule(
                ProjectCalendar.self, key: "\(version + 1)",
                at: work.now.addingTimeInterval(Limits.OneStop.bookKept.secondsValue))
            return Reply(input, version: version + 1)
        }
        call.resource(CalendarBook.self).forget()
        return reply
    }
}

/// `GET /calendar`: the working calendar, whole.
enum ReadCalendar: Endpoint {
    static let route = Route.get("/calendar")
    static let summary = "Read the working calendar of the province"
    static let access = Access.open

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<WorkingCalendar> {
        let (calendar, version) = try await CalendarBook.load(from: call.runtime.database)
        return Reply(calendar, version: version)
    }
}
