import Contracts
import LegalClock
import Postgres
import ServiceKit
import Synchronization

/// A stretch of working time in a day.
struct Span: Record, Hashable {
    var begins = "07:30"
    var ends = "11:30"

    static let fields: [Field<Self>] = [
        .init("begins", \.begins, .text(5...5, pattern: Pattern.time), "From, as a clock in Vietnam shows it"),
        .init("ends", \.ends, .text(5...5, pattern: Pattern.time), "Until"),
    ]

    func interval() throws(ClockRefusal) -> WorkInterval {
        try WorkInterval(start: Self.minute(begins), end: Self.minute(ends))
    }

    /// Minutes after midnight; the pattern has checked the shape.
    private static func minute(_ text: String) -> Int {
        (Int(text.prefix(2)) ?? 0) * 60 + (Int(text.suffix(2)) ?? 0)
    }
}

/// The working hours of one day of the week.
struct WeekdayHours: Record, Hashable {
    var weekday = 1
    var spans: [Span] = []

    static let fields: [Field<Self>] = [
        .init("weekday", \.weekday, .integer(1...7), "1 Monday to 7 Sunday (ISO 8601)"),
        .init("spans", \.spans, .list(.record, 1...4), "Working time, in order"),
    ]
}

/// The working week of an agency and those below it, dated.
struct Week: Record, Hashable {
    var agency: AgencyCode?
    var validFrom = Day.none
    var validTo: Day?
    var hours: [WeekdayHours] = []
    var makeUpHours: [Span] = []

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "For this agency and those below it; absent: for all"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; absent while it is not known"),
        .init("hours", \.hours, .list(.record, 1...7), "The days on which work is done"),
        .init("makeUpHours", \.makeUpHours, .list(.record, 1...4), "The hours of a make-up day (ngày làm bù)"),
    ]

    func lawful() throws(ClockRefusal) -> WorkWeek {
        var days: [Weekday: [WorkInterval]] = [:]
        for day in hours {
            var intervals = Weekday(rawValue: day.weekday).flatMap { days[$0] } ?? []
            for span in day.spans { intervals.append(try span.interval()) }
            if let weekday = Weekday(rawValue: day.weekday) { days[weekday] = intervals }
        }
        var makeUp: [WorkInterval] = []
        for span in makeUpHours { makeUp.append(try span.interval()) }
        return try WorkWeek(validFrom: validFrom, validTo: validTo, hours: days, makeUpHours: makeUp)
    }
}

/// Days that differ from the week.
struct SpecialDay: Record, Hashable {
    var validFrom = Day.none
    var validTo = Day.none
    var kind = SpecialDayKind.off
    var vietnamese = ""
    var english = ""
    var source = ""

    static let fields: [Field<Self>] = [
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day"),
        .init("kind", \.kind, .choice, "Day off or make-up working day"),
        .init("vietnamese", \.vietnamese, .text(1...Limits.nameLength), "What it is, in Vietnamese"),
        .init("english", \.english, .text(1...Limits.nameLength), "What it is, in English"),
        .init("source", \.source, .text(0...Limits.nameLength), default: "", "The decision it stands in"),
    ]

    func lawful() throws(ClockRefusal) -> SpecialDays {
        try SpecialDays(validFrom: validFrom, validTo: validTo, kind: kind, vietnamese: vietnamese, english: english)
    }
}

/// The working calendar of the province: weeks by agency, and days that differ. Always loaded and read whole.
struct WorkingCalendar: Record, Hashable {
    var weeks: [Week] = []
    var specialDays: [SpecialDay] = []
    var decidedThrough: Day?

    static let fields: [Field<Self>] = [
        .init("weeks", \.weeks, .list(.record, 1...Limits.OneStop.calendarWeeks), "Working weeks"),
        .init(
            "specialDays", \.specialDays, .list(.record, 0...Limits.OneStop.calendarDays),
            "Days off and make-up working days"),
        .init("decidedThrough", \.decidedThrough, .day, "Last day for which holidays are decided"),
    ]

    /// The calendar of one agency: the weeks of the nearest agency above it that has any, else those for all.
    func lawful(for agency: AgencyCode) throws(ClockRefusal) -> WorkCalendar {
        let holder = ([agency] + agency.ancestors).first { holder in weeks.contains { $0.agency == holder } }
        var own: [WorkWeek] = []
        for week in weeks where week.agency == holder { own.append(try week.lawful()) }
        var special: [SpecialDays] = []
        for day in specialDays { special.append(try day.lawful()) }
        return try WorkCalendar(weeks: own, specialDays: special, decidedThrough: decidedThrough)
    }

    /// Refuses a calendar of which any part is wrong: all or nothing.
    func check() throws(Refused) {
        let holders = Set(weeks.map { $0.agency ?? .none })
        guard holders.contains(.none) else { throw .weekForAll }
        guard Set(specialDays.map(\.validFrom)).count == specialDays.count else { throw .specialDayTwice }
        for holder in holders {
            _ = try Deadlines.refusing { () throws(ClockRefusal) in try lawful(for: holder) }
        }
    }
}

/// The loaded calendar, kept in memory for `Limits.OneStop.bookKept`.
final class CalendarBook: Sendable {
    private let database: Database
    private let kept = Mutex<Kept?>(nil)

    private struct Kept {
        var calendar: WorkingCalendar
        var byAgency: [AgencyCode: WorkCalendar] = [:]
        var until: ContinuousClock.Instant
    }

    init(_ database: Database) { self.database = database }

    func calendar(of agency: AgencyCode) async throws -> WorkCalendar {
        let now = ContinuousClock.now
        if let known = kept.withLock({ $0 }), known.until > now, let calendar = known.byAgency[agency] {
            return calendar
        }
        let (whole, _) = try await Self.load(from: database)
        let calendar = try Deadlines.refusing { () throws(ClockRefusal) in try whole.lawful(for: agency) }
        kept.withLock { kept in
            if kept?.calendar != whole || (kept?.byAgency.count ?? 0) >= Limits.OneStop.bookEntries { kept = nil }
            var entry = kept ?? Kept(calendar: whole, until: now)
            entry.byAgency[agency] = calendar
            entry.until = now + Limits.OneStop.bookKept
            kept = entry
        }
        return calendar
    }

    func forget() { kept.withLock { $0 = nil } }

    /// From one snapshot: a calendar that is loaded at the same moment is read whole or not at all.
    static func load(from database: Database) async throws -> (WorkingCalendar, version: Int64) {
        try await database.transaction(.repeatableRead, readOnly: true) { try await read($0) }
    }

    static func read(_ session: any Session) async throws -> (WorkingCalendar, version: Int64) {
        var calendar = WorkingCalendar()
        let head = try await session.run("SELECT version, decided_through FROM calendars").first
        calendar.decidedThrough = try head?("decided_through")
        let weeks = try await session.run("SELECT week FROM working_hours ORDER BY agency, valid_from")
        calendar.weeks = try weeks.map { try Week(decoding: try $0("week"), unknown: .ignore) }
        let days = try await session.run(
            "SELECT valid_from, valid_to, kind, vietnamese, english, source FROM calendar_days ORDER BY valid_from")
        calendar.specialDays = try days.map { row in
            var day = SpecialDay()
            day.validFrom = try row("valid_from")
            day.validTo = try row("valid_to")
            day.kind = SpecialDayKind(rawValue: try row("kind")) ?? .off
            day.vietnamese = try row("vietnamese")
            day.english = try row("english")
            day.source = try row("source")
            return day
        }
        return (calendar, try head?("version") ?? 0)
    }
}

extension Call {
    func calendar(of agency: AgencyCode) async throws -> WorkCalendar {
        try await resource(CalendarBook.self).calendar(of: agency)
    }
}

extension Work {
    func calendar(of agency: AgencyCode) async throws -> WorkCalendar {
        try await resource(CalendarBook.self).calendar(of: agency)
    }

    /// The last one that was loaded. The next one is loaded only behind this commit, and finds what it left.
    func lastCalendar(of agency: AgencyCode) async throws -> WorkCalendar {
        try await run("SELECT version FROM calendars FOR SHARE")
        let (whole, _) = try await CalendarBook.read(self)
        return try Deadlines.refusing { () throws(ClockRefusal) in try whole.lawful(for: agency) }
    }
}

extension Pattern {
    static let time = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
}

extension Refused {
    static let specialDayTwice = Refused(
        "onestop.calendar-day-twice", 422, vi: "Hai dòng ngày nghỉ, ngày làm bù bắt đầu cùng một ngày.",
        en: "Two rows of special days begin on one day.", field: "specialDays")
    static let weekForAll = Refused(
        "onestop.calendar-week", 422, vi: "Lịch phải có tuần làm việc chung cho mọi cơ quan.",
        en: "The calendar must have a working week for everybody.", field: "weeks")
}
