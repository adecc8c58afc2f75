import Contracts
import ServiceKit

/// What happens to an appointment by itself, each once, also when a process dies at it (os-121): the timer leaves in
/// the transaction of its effect.
enum AppointmentTimers {
    /// Sets both anew.
    static func set(_ appointment: DeskAppointment, _ group: DeskGroup, _ work: Work) async throws {
        let start = appointment.day.instant(minute: Slot.minute(appointment.time))
        let key = appointment.id.text
        let reminder = start.addingTimeInterval(-Limits.Counter.reminder)
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

/// A day before: the citizen's list shows it as coming up.
enum AppointmentComesUp: TimedTask {
    static let kind = "onestop.appointment-comes-up"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        guard let id = UUID(text: key) else { return }
        try await work.run(
            """
            UPDATE appointments SET reminded_at = \(work.now), version = version + 1
            WHERE id = \(id) AND state = 'booked'
            """)
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
