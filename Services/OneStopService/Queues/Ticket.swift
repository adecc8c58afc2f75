import Contracts
import ServiceKit

enum TicketState: String, CaseIterable, Sendable {
    case waiting, called, served
    case noShow = "no-show"
}

/// A ticket of the line (số thứ tự). It says nothing of who has it.
struct Ticket: Record, Hashable {
    var day = Day.none
    var number = 0
    var label = ""
    var priority: String?
    var state = TicketState.waiting
    var desk: Int?
    var calls = 0
    var takenAt = Date(timeIntervalSince1970: 0)
    var calledAt: Date?

    static let fields: [Field<Self>] = [
        .init("day", \.day, .day, "The day"),
        .init("number", \.number, .integer(1...Limits.Counter.tickets), "From 1 on each day, without a gap"),
        .init("label", \.label, .text(1...20), "As it is shown and called out"),
        .init("priority", \.priority, .text(1...60), "Code of its priority"),
        .init("state", \.state, .choice, "Where it stands"),
        .init("desk", \.desk, .integer(1...Limits.Counter.desks), "The desk that called it"),
        .init("calls", \.calls, .integer(0...Int.max), "How often it was called"),
        .init("takenAt", \.takenAt, .instant, "When it was taken"),
        .init("calledAt", \.calledAt, .instant, "When it was called last"),
    ]

    static let columns: SQL = "day, number, priority, state, desk, calls, taken_at, called_at"

    init() {}

    init(_ row: Row, _ group: DeskGroup) throws {
        (day, number, priority) = (try row("day"), try row("number"), try row("priority"))
        label = group.label(number)
        state = TicketState(rawValue: try row("state")) ?? .waiting
        let desk: Int16? = try row("desk")
        self.desk = desk.map(Int.init)
        (calls, takenAt, calledAt) = (try row("calls"), try row("taken_at"), try row("called_at"))
    }
}

/// `POST /queues/{agency}/{group}/tickets`: at the door by a clerk or a kiosk, or by a citizen on the way.
enum TakeTicket: Endpoint {
    static let route = Route.post("/queues/{agency}/{group}/tickets", success: 201)
    static let summary = "Take a ticket of the line at a group of desks"
    static let access = Access.signedIn
    static let refusals = [
        Refused.priorityUnknown, .priorityOfClerk, .alreadyInLine, .appointmentNotToday, .lineFull,
    ]

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var priority: String?
        var appointment: UUID?
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
            .init("priority", \.priority, .text(1...60, pattern: Pattern.key), "Code of a priority; a clerk says so"),
            .init("appointment", \.appointment, .uuid, "The appointment that is kept by this"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Ticket> {
        let person = call.caller.kind == .citizen ? try call.person : nil
        if person == nil {
            try await call.require(.dossiersReceive, at: input.agency)
        } else if input.priority != nil {
            throw Refused.priorityOfClerk
        }
        do {
            return try await call.transaction { work in
                let group = try await work.deskGroup(input.agency, input.group)
                var ahead = try group.priority(input.priority)?.ahead ?? 0
                if let appointment = input.appointment {
                    try await keep(appointment, input, by: person, work)
                    ahead = max(ahead, group.appointmentAhead)
                }
                let rows = try await work.run(insert(input, ahead: ahead, by: person, work))
                guard let row = rows.first else { throw Refused.lineFull }
                let ticket = try Ticket(row, group)
                return Reply(ticket, location: "/public/queues/\(input.agency)/\(input.group)?ticket=\(ticket.number)")
            }
        } catch let error as PostgresError where error.constraint == "queue_tickets_person" {
            throw Refused.alreadyInLine
        }
    }

    /// The row of the day is the lock: numbers have no gap and no double, because one that is given back with its
    /// transaction is given to the next (os-116).
    private static func insert(_ input: Input, ahead: Int, by person: PersonID?, _ work: Work) -> SQL {
        """
        WITH line AS (
            INSERT INTO queue_days (agency, desk_group, day, last)
            VALUES (\(input.agency), \(input.group), \(work.today), 1)
            ON CONFLICT (agency, desk_group, day) DO UPDATE SET last = queue_days.last + 1
                WHERE queue_days.last < \(raw: "\(Limits.Counter.tickets)")
            RETURNING last)
        INSERT INTO queue_tickets (agency, desk_group, day, number, place, priority, state, taken_at, person)
        SELECT \(input.agency), \(input.group), \(work.today), last, last - \(Int32(ahead)), \(input.priority),
               'waiting', \(work.now), \(person) FROM line
        RETURNING \(Ticket.columns)
        """
    }

    /// The appointment is kept by coming. A citizen's own, or whoever stands before the clerk.
    private static func keep(
        _ appointment: UUID, _ input: Input, by person: PersonID?, _ work: Work
    ) async throws {
        let own: SQL = person.map { "person = \($0)" } ?? "true"
        let kept = try await work.run(
            """
            UPDATE appointments SET state = 'kept', version = version + 1, closed_at = \(work.now)
            WHERE id = \(appointment) AND agency = \(input.agency) AND desk_group = \(input.group)
              AND day = \(work.today) AND state = 'booked' AND \(own) RETURNING id
            """)
        guard !kept.isEmpty else { throw Refused.appointmentNotToday }
        try await AppointmentTimers.stop(appointment, work)
    }
}

extension Refused {
    static let priorityOfClerk = Refused(
        "onestop.priority-of-clerk", 422, vi: "Diện ưu tiên do cán bộ tại quầy xác nhận.",
        en: "A clerk at the desk says who has priority.", field: "priority")
    static let alreadyInLine = Refused(
        "onestop.already-in-line", vi: "Bạn đã có số thứ tự đang chờ.", en: "You have a ticket that waits already.")
    static let appointmentNotToday = Refused(
        "onestop.appointment-not-today", 422, vi: "Không có lịch hẹn này hôm nay tại nhóm quầy này.",
        en: "There is no such appointment today at this group of desks.", field: "appointment")
    static let lineFull = Refused(
        "onestop.line-full", vi: "Hôm nay đã hết số.", en: "There are no more numbers today.")
}
