import Contracts
import ServiceKit

/// `POST /my/appointments`: a citizen takes a slot.
enum BookAppointment: Endpoint {
    static let route = Route.post("/my/appointments", success: 201)
    static let summary = "Make an appointment at a desk"
    static let access = Access.citizen
    static let refusals = [
        Refused.noAppointments, .tooFarAhead, .noSuchSlot, .slotPast, .slotFull, .alreadyBooked, .tooManyAppointments,
        .procedureUnknown, .agencyDissolved,
    ]

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var day = Day.none
        var time = "07:30"
        var name = ""
        var procedure: String?
        var email: String?
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Where"),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks"),
            .init("day", \.day, .day, "The day"),
            .init("time", \.time, .text(5...5, pattern: Pattern.time), "When the slot begins"),
            .init("name", \.name, .text(1...Limits.nameLength), "Who comes"),
            .init(
                "procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "National code of the procedure"),
            .init(
                "email", \.email, .text(3...Limits.Mail.addressLength, pattern: Pattern.mail),
                "Where the reminder is sent, in the language of this request; kept under the citizen's key only"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DeskAppointment> {
        try await call.requireStanding(input.agency, on: input.day, field: "agency")
        let (person, calendar) = (try call.person, try await call.calendar(of: input.agency))
        if let code = input.procedure,
            try await call.resource(ProcedureBook.self).inForce(code, on: call.today) == nil
        {
            throw Refused.procedureUnknown
        }
        var made = DeskAppointment()
        (made.id, made.agency, made.group, made.day) = (UUID.v7(), input.agency, input.group, input.day)
        (made.time, made.name, made.procedure) = (input.time, input.name, input.procedure)
        let appointment = made
        var mail: Sealed?
        if let email = input.email { mail = try await call.sealed(email, under: SubjectID(person.uuid)) }
        let address = mail
        do {
            return try await call.transaction { work in
                let group = try await work.deskGroup(input.agency, input.group, held: true)
                let minute = try Slot.wanted(input.time, on: input.day, group, calendar, now: work.now)
                let ahead = try await work.run(
                    """
                    SELECT count(*) AS n FROM appointments
                    WHERE person = \(person) AND state = 'booked' AND day >= \(work.today)
                    """)
                guard let count: Int = try ahead.first?("n"), count < Limits.Counter.booked else {
                    throw Refused.tooManyAppointments
                }
                try await Slot.take(
                    input.agency, input.group, input.day, minute, capacity: group.slotCapacity, work)
                try await work.run(
                    """
                    INSERT INTO appointments
                        (id, version, agency, desk_group, day, minute, person, name, procedure, state, booked_at,
                         mail, language)
                    VALUES (\(appointment.id), 1, \(input.agency), \(input.group), \(input.day), \(Int16(minute)),
                            \(person), \(input.name), \(input.procedure), 'booked', \(work.now),
                            \(address?.json), \(call.language.rawValue))
                    """)
                try await AppointmentTimers.set(appointment, group, work)
                return Reply(appointment, version: 1, location: "/my/appointments")
            }
        } catch let error as PostgresError where error.constraint == "appointments_once" {
            throw Refused.alreadyBooked
        }
    }
}

/// `POST /my/appointments/{appointment}/move`: to another slot of the same group, or not at all: the old one is kept
/// when the new one is full.
enum MoveAppointment: Endpoint {
    static let route = Route.post("/my/appointments/{appointment}/move")
    static let summary = "Move an appointment to another slot"
    static let access = Access.citizen
    static let refusals = [
        Refused.tooFarAhead, .noSuchSlot, .slotPast, .slotFull, .alreadyBooked, .notBooked, .noAppointments,
        .agencyDissolved,
    ]

    struct Input: Record {
        var appointment = UUID.zero
        var day = Day.none
        var time = "07:30"
        static let fields: [Field<Self>] = [
            .init("appointment", \.appointment, .uuid, "Which", in: .path),
            .init("day", \.day, .day, "The day"),
            .init("time", \.time, .text(5...5, pattern: Pattern.time), "When the slot begins"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DeskAppointment> {
        let person = try call.person
        do {
            return try await call.transaction { work in
                let before = try await work.booked(input.appointment, of: person)
                try call.check(Int64(before.version))
                try await call.requireStanding(before.agency, on: input.day, field: "day")
                let group = try await work.deskGroup(before.agency, before.group, held: true)
                let calendar = try await work.calendar(of: before.agency)
                let minute = try Slot.wanted(input.time, on: input.day, group, calendar, now: work.now)
                var after = before
                (after.day, after.time, after.version) = (input.day, input.time, before.version + 1)
                after.remindedAt = nil
                // The same slot again is no other place.
                try await Slot.giveBack(before, work)
                try await Slot.take(
                    before.agency, before.group, input.day, minute, capacity: group.slotCapacity, work)
                try await work.run(
                    """
                    UPDATE appointments SET day = \(input.day), minute = \(Int16(minute)), version = version + 1,
                        reminded_at = NULL WHERE id = \(before.id)
                    """)
                try await AppointmentTimers.set(after, group, work)
                return Reply(after, version: Int64(after.version))
            }
        } catch let error as PostgresError where error.constraint == "appointments_once" {
            throw Refused.alreadyBooked
        }
    }
}

/// `POST /my/appointments/{appointment}/cancel`.
enum CancelAppointment: Endpoint {
    static let route = Route.post("/my/appointments/{appointment}/cancel")
    static let summary = "Cancel an appointment; its place is free again"
    static let access = Access.citizen
    static let refusals = [Refused.notBooked]

    struct Input: Record {
        var appointment = UUID.zero
        static let fields: [Field<Self>] = [.init("appointment", \.appointment, .uuid, "Which", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DeskAppointment> {
        let person = try call.person
        return try await call.transaction { work in
            var appointment = try await work.booked(input.appointment, of: person)
            try call.check(Int64(appointment.version))
            try await work.run(
                """
                UPDATE appointments SET state = 'cancelled', version = version + 1, closed_at = \(work.now)
                WHERE id = \(appointment.id)
                """)
            try await Slot.giveBack(appointment, work)
            try await AppointmentTimers.stop(appointment.id, work)
            (appointment.state, appointment.version) = (.cancelled, appointment.version + 1)
            return Reply(appointment, version: Int64(appointment.version))
        }
    }
}

/// `GET /my/appointments`: a citizen's own, the newest first.
enum ListMyAppointments: Endpoint {
    static let route = Route.get("/my/appointments")
    static let summary = "A citizen's own appointments, newest first"
    static let access = Access.citizen

    static func handle(_ input: NewestPage, _ call: Call) async throws -> Reply<ListAppointments.Output> {
        let rows = try await call.run(
            """
            SELECT \(DeskAppointment.columns) FROM appointments WHERE person = \(try call.person) \(input.older)
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = ListAppointments.Output()
        output.appointments = try rows.prefix(input.limit).map(DeskAppointment.init)
        let next = rows.count > input.limit ? output.appointments.last?.id.text : nil
        return Reply(output, next: next.map { "/my/appointments?limit=\(input.limit)&before=\($0)" })
    }
}
