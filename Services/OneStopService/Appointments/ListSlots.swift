import Contracts
import LegalClock
import ServiceKit

/// `GET /public/queues/{agency}/{group}/slots`: the slots of a day and what is free in each.
enum ListSlots: Endpoint {
    static let route = Route.get("/public/queues/{agency}/{group}/slots")
    static let summary = "List the slots of appointments of a day, with what is free"
    static let access = Access.open
    static let refusals = [Refused.noAppointments]

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var day: Day?
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
            .init("day", \.day, .day, "The day; today when absent", in: .query),
        ]
    }

    struct Free: Record, Hashable {
        var time = "07:30"
        var capacity = 0
        var free = 0
        static let fields: [Field<Self>] = [
            .init("time", \.time, .text(5...5), "When it begins"),
            .init("capacity", \.capacity, .integer(0...Limits.Counter.capacity), "For how many"),
            .init("free", \.free, .integer(0...Limits.Counter.capacity), "For how many more"),
        ]
    }

    struct Output: Record {
        var day = Day.none
        var slots: [Free] = []
        static let fields: [Field<Self>] = [
            .init("day", \.day, .day, "The day"),
            .init("slots", \.slots, .list(.record, 0...Limits.Counter.slots), "In order; none on a day off"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let group = try await call.runtime.database.deskGroup(input.agency, input.group)
        guard let length = group.slotMinutes else { throw Refused.noAppointments }
        let day = input.day ?? call.today
        let calendar = try await call.calendar(of: input.agency)
        let hours = try Deadlines.refusing { () throws(ClockRefusal) in try calendar.hours(on: day).intervals }
        let rows = try await call.run(
            """
            SELECT minute, taken FROM appointment_slots
            WHERE agency = \(input.agency) AND desk_group = \(input.group) AND day = \(day)
            """)
        var taken: [Int: Int] = [:]
        for row in rows {
            let minute: Int16 = try row("minute")
            taken[Int(minute)] = try row("taken")
        }
        var output = Output()
        output.day = day
        output.slots = Slot.all(hours, minutes: length).map { minute in
            var free = Free()
            (free.time, free.capacity) = (Slot.text(minute), group.slotCapacity)
            free.free = max(0, group.slotCapacity - (taken[minute] ?? 0))
            if day.instant(minute: minute) <= call.now || day - call.today > group.bookDaysAhead { free.free = 0 }
            return free
        }
        return Reply(output)
    }
}

/// `GET /queues/{agency}/{group}/appointments`: who comes on a day, for the desks.
enum ListAppointments: Endpoint {
    static let route = Route.get("/queues/{agency}/{group}/appointments")
    static let summary = "List the appointments of a day at a group of desks"
    static let access = Access.official(.dossiersReceive)

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var day: Day?
        var after: UUID?
        var limit = Limits.pageDefault
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
            .init("day", \.day, .day, "The day; today when absent", in: .query),
            .init("after", \.after, .uuid, "The last one of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var appointments: [DeskAppointment] = []
        static let fields: [Field<Self>] = [
            .init("appointments", \.appointments, .list(.record, 0...Limits.pageMaximum), "In order of time")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.dossiersReceive, at: input.agency)
        let day = input.day ?? call.today
        call.logRead(of: "appointments", "\(input.agency) \(input.group) \(day)", purpose: "desk")
        let after: SQL =
            input.after.map { "AND (minute, id) > (SELECT minute, id FROM appointments WHERE id = \($0))" } ?? ""
        let rows = try await call.run(
            """
            SELECT \(DeskAppointment.columns) FROM appointments
            WHERE agency = \(input.agency) AND desk_group = \(input.group) AND day = \(day)
              AND state IN ('booked', 'kept') \(after)
            ORDER BY minute, id LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.appointments = try rows.prefix(input.limit).map(DeskAppointment.init)
        let last = rows.count > input.limit ? output.appointments.last?.id.text : nil
        let path = "/queues/\(input.agency)/\(input.group)/appointments"
        return Reply(output, next: last.map { "\(path)?day=\(day)&limit=\(input.limit)&after=\($0)" })
    }
}
