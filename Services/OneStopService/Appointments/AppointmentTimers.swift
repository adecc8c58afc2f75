import Contracts
import ServiceKit

/// What happens to an appointment by itself, each once, also when a process dies at it (os-121): the timer leaves in
/// the transaction of its effect.
enum AppointmentTimers {
    /// Sets both anew.
    static func set(_ appointment: DeskAppointment, _ group: DeskGroup, _ work: Work) async throws {
        let key = appointment.id.text
        let (start, reminder) = (appointment.start, appointment.reminder)
        if reminder > work.now {
            try await work.schedule(AppointmentComesUp.self, key: key, at: reminder)
        } else {
            try await work.unschedule(AppointmentComesUp.self, key: key)
        }
        let end = start.addingTimeInterval(Double((group.slotMinutes ?? 0) * 60) + Limits.Counter.grace)
        try await work.schedule(AppointmentMissed.self, key: key, at: end)
    }

    static func stop(_ appointment: UUID, _ work: Work) async throws {
        try await work.unschedule(AppointmentComesUp.self, key: appointment.text)
        try await work.unschedule(AppointmentMissed.self, key: appointment.text)
    }
}

extension DeskAppointment {
    fileprivate var start: Date { day.instant(minute: Slot.minute(time)) }
    fileprivate var reminder: Date { start.addingTimeInterval(-Limits.Counter.reminder) }

    /// What the citizen is reminded of, in the citizen's language; nothing personal (os-266).
    func reminding(_ language: Language, at place: String) -> (subject: String, text: String) {
        switch language {
        case .vietnamese:
            (
                "Nhắc lịch hẹn làm thủ tục hành chính",
                "Bạn có lịch hẹn lúc \(time) ngày \(day.vietnamese) tại bộ phận một cửa \(place). "
                    + "Nếu không đến được, xin hủy hoặc đổi lịch hẹn."
            )
        case .english:
            (
                "Reminder of your appointment",
                "You have an appointment on \(day) at \(time) at the one-stop desk of \(place). "
                    + "If you cannot come, please cancel or move it."
            )
        }
    }
}

/// A day before: the citizen's list shows it as coming up, and who gave a mail address is reminded by Mail. The timer,
/// what is noted and the command commit together (os-266).
enum AppointmentComesUp: TimedTask {
    static let kind = "onestop.appointment-comes-up"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        guard let id = UUID(text: key) else { return }
        let rows = try await work.run(
            """
            UPDATE appointments SET reminded_at = \(work.now), version = version + 1
            WHERE id = \(id) AND state = 'booked' AND reminded_at IS NULL
            RETURNING \(DeskAppointment.columns), mail, language
            """)
        guard let row = rows.first, let mail: JSON = try row("mail") else { return }
        let appointment = try DeskAppointment(row)
        let said: String? = try row("language")
        let language = said.flatMap(Language.init) ?? .vietnamese
        let words = appointment.reminding(language, at: try await work.name(of: appointment.agency, language))
        var command = SendAppointmentReminder()
        (command.reminder, command.agency) = (.new(), appointment.agency)
        (command.subject, command.text) = words
        command.address = try Sealed(decoding: mail, unknown: .ignore)
        try await work.announce(command, version: 1, to: appointment.agency)
    }
}

extension Work {
    /// The name of an agency in a language; its code while the directory does not know it.
    func name(of agency: AgencyCode, _ language: Language) async throws -> String {
        let rows = try await run("SELECT name, name_en FROM directory_agencies WHERE code = \(agency)")
        guard let row = rows.first else { return agency.text }
        return try row(language == .english ? "name_en" : "name")
    }
}

/// Nobody came: the appointment is over, and the citizen may make another one.
enum AppointmentMissed: TimedTask {
    static let kind = "onestop.appointment-missed"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        guard let id = UUID(text: key) else { return }
        try await work.run(
            """
            UPDATE appointments SET state = 'missed', closed_at = \(work.now), version = version + 1
            WHERE id = \(id) AND state = 'booked'
            """)
    }
}
