import Contracts
import LegalClock
import ServiceKit

enum AppointmentState: String, CaseIterable, Sendable { case booked, kept, cancelled, missed }

/// An appointment at a desk (lịch hẹn làm thủ tục), as who made it sees it.
struct DeskAppointment: Record, Hashable {
    var id = UUID.zero
    var version = 1
    var agency = AgencyCode.none
    var group = ""
    var day = Day.none
    var time = "07:30"
    var name = ""
    var procedure: String?
    var state = AppointmentState.booked
    var remindedAt: Date?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .uuid, "Identity"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("agency", \.agency, .agency, "Where"),
        .init("group", \.group, .text(1...60), "At which group of desks"),
        .init("day", \.day, .day, "The day"),
        .init("time", \.time, .text(5...5), "When the slot begins, as a clock in Vietnam shows it"),
        .init("name", \.name, .text(1...Limits.nameLength), "Who comes"),
        .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
        .init("state", \.state, .choice, "Booked, kept, cancelled or missed"),
        .init("remindedAt", \.remindedAt, .instant, "Since when it is shown as coming up"),
    ]

    static let columns: SQL = "id, version, agency, desk_group, day, minute, name, procedure, state, reminded_at"

    init() {}

    init(_ row: Row) throws {
        (id, version, agency) = (try row("id"), try row("version"), try row("agency"))
        (group, day, name) = (try row("desk_group"), try row("day"), try row("name"))
        let minute: Int16 = try row("minute")
        time = Slot.text(Int(minute))
        (procedure, remindedAt) = (try row("procedure"), try row("reminded_at"))
        state = AppointmentState(rawValue: try row("state")) ?? .booked
    }
}

/// A slot of a day: when it begins, in minutes after midnight.
enum Slot {
    /// The slots of a day: working time cut into equal pieces; what is left at the end of a half day is none. Pure.
    static func all(_ intervals: [WorkInterval], minutes: Int) -> [Int] {
        intervals.flatMap { Array(stride(from: $0.start, through: $0.end - minutes, by: minutes)) }
    }

    static func text(_ minute: Int) -> String {
        let (hour, rest) = (minute / 60, minute % 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(rest < 10 ? "0" : "")\(rest)"
    }

    static func minute(_ text: String) -> Int { (Int(text.prefix(2)) ?? 0) * 60 + (Int(text.suffix(2)) ?? 0) }

    /// The minute of a slot that can be booked now.
    static func wanted(
        _ text: String, on day: Day, _ group: DeskGroup, _ calendar: WorkCalendar, now: Date
    ) throws(Refused) -> Int {
        guard let length = group.slotMinutes else { throw .noAppointments }
        guard day - Day(now) <= group.bookDaysAhead else { throw .tooFarAhead }
        let minute = minute(text)
        let hours = try Deadlines.refusing { () throws(ClockRefusal) in try calendar.hours(on: day).intervals }
        guard all(hours, minutes: length).contains(minute) else { throw .noSuchSlot }
        guard day.instant(minute: minute) > now else { throw .slotPast }
        return minute
    }

    /// Takes a place. The row of the slot is the lock, and the bound stands in the statement: whoever waited for it
    /// finds what the one before has left (os-120).
    static func take(
        _ agency: AgencyCode, _ group: String, _ day: Day, _ minute: Int, capacity: Int, _ work: Work
    ) async throws {
        let rows = try await work.run(
            """
            INSERT INTO appointment_slots (agency, desk_group, day, minute, taken)
            VALUES (\(agency), \(group), \(day), \(Int16(minute)), 1)
            ON CONFLICT (agency, desk_group, day, minute) DO UPDATE SET taken = appointment_slots.taken + 1
                WHERE appointment_slots.taken < \(Int32(capacity))
            RETURNING taken
            """)
        guard !rows.isEmpty else { throw Refused.slotFull }
    }

    static func giveBack(_ appointment: DeskAppointment, _ work: Work) async throws {
        try await work.run(
            """
            UPDATE appointment_slots SET taken = taken - 1
            WHERE agency = \(appointment.agency) AND desk_group = \(appointment.group) AND day = \(appointment.day)
              AND minute = \(Int16(minute(appointment.time)))
            """)
    }
}

extension Session {
    /// One that somebody may still come to, locked.
    func booked(_ id: UUID, of person: PersonID) async throws -> DeskAppointment {
        let rows = try await run(
            """
            SELECT \(DeskAppointment.columns) FROM appointments WHERE id = \(id) AND person = \(person) FOR UPDATE
            """)
        guard let row = rows.first else { throw Refused.notFound }
        let appointment = try DeskAppointment(row)
        guard appointment.state == .booked else { throw Refused.notBooked }
        return appointment
    }
}

extension Refused {
    static let noAppointments = Refused(
        "onestop.no-appointments", 422, vi: "Nhóm quầy này không nhận đặt lịch hẹn.",
        en: "This group of desks makes no appointments.", field: "group")
    static let tooFarAhead = Refused(
        "onestop.too-far-ahead", 422, vi: "Ngày hẹn quá xa.", en: "The day is too far ahead.", field: "day")
    static let noSuchSlot = Refused(
        "onestop.no-such-slot", 422, vi: "Không có khung giờ này trong ngày làm việc đó.",
        en: "There is no such slot on that day.", field: "time")
    static let slotPast = Refused(
        "onestop.slot-past", 422, vi: "Khung giờ này đã qua.", en: "This slot is past.", field: "time")
    static let slotFull = Refused(
        "onestop.slot-full", vi: "Khung giờ này đã đủ người; hãy chọn khung giờ khác.",
        en: "This slot is full; choose another one.", field: "time")
    static let notBooked = Refused(
        "onestop.not-booked", vi: "Lịch hẹn không còn hiệu lực.", en: "The appointment is not open any more.")
    static let alreadyBooked = Refused(
        "onestop.already-booked", vi: "Bạn đã có lịch hẹn tại nhóm quầy này trong ngày.",
        en: "You have an appointment at this group of desks on that day.", field: "day")
    static let tooManyAppointments = Refused(
        "onestop.too-many-appointments", vi: "Bạn đã có \(Limits.Counter.booked) lịch hẹn chưa đến.",
        en: "You have \(Limits.Counter.booked) appointments ahead of you.")
}
