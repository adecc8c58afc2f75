import Contracts
import ServiceKit

/// The next things that a dissolved agency leaves, each a change of its own (os-300). What is still there is the place
/// up to which it is done: killed anywhere it goes on with the rest, and nothing is moved twice. While nobody succeeds
/// the agency it looks again every day and says so (os-304); when all is done it looks once more, for what was on its
/// way at the last moment.
enum SucceedBatch: TimedTask {
    static let kind = "onestop.succession"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let agency = try AgencyCode(key)
        let rows = try await work.run(
            """
            SELECT s.decided_by, s.finished_at, a.valid_to FROM successions s
            JOIN directory_agencies a ON a.code = s.agency WHERE s.agency = \(agency) FOR UPDATE OF s
            """)
        guard let row = rows.first, let last: Day = try row("valid_to") else { return }
        let own = work.acting(for: try row("decided_by"))
        let limit = Limits.Successions.batch
        let successor = try await own.successor(of: agency, on: max(work.today, last.next))
        guard try await own.cancelAppointments(at: agency, after: last, successor: successor) < limit else {
            return try await work.schedule(Self.self, key: key, at: work.now)
        }
        guard last < work.today else {
            return try await work.schedule(Self.self, key: key, at: Succession.known(last.next.start))
        }
        let dossiers = try await own.run(Succession.dossiers(at: "\(agency)", limit: limit))
        let complaints = try await own.run(Succession.complaints(at: "\(agency)", limit: limit))
        let later = work.now.addingTimeInterval(Limits.Successions.look)
        guard !dossiers.isEmpty || !complaints.isEmpty else {
            let finished: Date? = try row("finished_at")
            guard finished == nil else { return }
            try await work.post("UPDATE successions SET finished_at = \(work.now) WHERE agency = \(agency)")
            return try await work.schedule(Self.self, key: key, at: later)
        }
        guard let successor else {
            work.log.error("dossiers of a dissolved agency have no successor", metadata: ["agency": "\(agency)"])
            return try await work.schedule(Self.self, key: key, at: later)
        }
        let taking = TakeOver(agency: agency, successor: successor)
        var moved = 0
        for before in try await own.held(try dossiers.map { try $0("id") }) {
            moved += try await taking.take(before, own) ? 1 : 0
        }
        moved += try await taking.take(complaints: try complaints.map { try $0("id") }, own)
        try await work.post(
            "UPDATE successions SET moved = moved + \(moved), finished_at = NULL WHERE agency = \(agency)")
        try await work.schedule(Self.self, key: key, at: work.now)
    }
}

extension Work {
    fileprivate func held(_ dossiers: [DossierID]) async throws -> [Dossier] {
        try await run("SELECT * FROM dossiers WHERE id = ANY(\(dossiers)) ORDER BY id FOR UPDATE").map(Dossier.init)
    }

    /// Nobody is at that desk on those days: so many appointments as one batch has are cancelled, and who left an
    /// address is told (os-303). How many.
    fileprivate func cancelAppointments(
        at agency: AgencyCode, after last: Day, successor: AgencyCode?
    ) async throws -> Int {
        let rows = try await run(
            """
            UPDATE appointments SET state = 'cancelled', version = version + 1, closed_at = \(now)
            WHERE id IN (
                SELECT id FROM appointments WHERE agency = \(agency) AND day > \(last) AND state = 'booked'
                ORDER BY day, id LIMIT \(Limits.Successions.batch) FOR UPDATE)
            RETURNING \(DeskAppointment.columns), mail, language
            """)
        for row in rows {
            let appointment = try DeskAppointment(row)
            try await Slot.giveBack(appointment, self)
            try await AppointmentTimers.stop(appointment.id, self)
            guard let mail: JSON = try row("mail") else { continue }
            let said: String? = try row("language")
            let language = said.flatMap(Language.init) ?? .vietnamese
            var command = SendAppointmentReminder()
            (command.reminder, command.agency) = (.new(), agency)
            var instead: String?
            if let successor { instead = try await name(of: successor, language) }
            (command.subject, command.text) = appointment.cancelling(
                language, at: try await name(of: agency, language), instead: instead)
            command.address = try Sealed(decoding: mail, unknown: .ignore)
            try await announce(command, version: 1, to: agency)
        }
        return rows.count
    }
}

extension DeskAppointment {
    /// Why nobody is to come; nothing personal.
    fileprivate func cancelling(
        _ language: Language, at place: String, instead: String?
    ) -> (subject: String, text: String) {
        switch language {
        case .vietnamese:
            (
                "Hủy lịch hẹn làm thủ tục hành chính",
                "Lịch hẹn lúc \(time) ngày \(day.vietnamese) tại bộ phận một cửa \(place) đã bị hủy vì cơ quan này "
                    + "không còn hoạt động." + (instead.map { " Xin đặt lịch hẹn mới tại \($0)." } ?? "")
            )
        case .english:
            (
                "Your appointment is cancelled",
                "Your appointment on \(day) at \(time) at the one-stop desk of \(place) is cancelled, because that "
                    + "agency is dissolved." + (instead.map { " Please make another one at \($0)." } ?? "")
            )
        }
    }
}
