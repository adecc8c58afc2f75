import Contracts
import ServiceKit

/// OneStop asks for a notice to an applicant: it becomes a letter, once. Nothing is opened here.
enum WriteOutsideLetter: Reaction {
    static func handle(_ command: SendCitizenNotice, _ envelope: Envelope, _ work: Work) async throws {
        // Both languages: nobody asked the applicant which.
        try await work.write(
            "Thông báo về hồ sơ thủ tục hành chính", "\(command.vietnamese)\n\n\(command.english)", of: command.what,
            about: command.dossier, agency: command.agency, to: command.address, by: envelope)
    }
}

/// OneStop asks to remind a citizen of an appointment: a letter too, in the language in which it was made.
enum WriteReminder: Reaction {
    static func handle(_ command: SendAppointmentReminder, _ envelope: Envelope, _ work: Work) async throws {
        try await work.write(
            command.subject, command.text, of: "appointment-reminder", about: nil, agency: command.agency,
            to: command.address, by: envelope)
    }
}

extension Work {
    fileprivate func write(
        _ subject: String, _ body: String, of what: String, about dossier: DossierID?, agency: AgencyCode,
        to address: Sealed, by envelope: Envelope
    ) async throws {
        try await post(
            """
            INSERT INTO outside_letters
                (id, source_event, sender, dossier, agency, what, subject, body, address, state, note, made_at, due_at)
            VALUES (\(MessageID.new()), \(envelope.id), \(envelope.source), \(dossier), \(agency), \(what), \(subject),
                    \(body), \(try JSON(parsing: address.jsonBytes)), 'waiting', 'new', \(now), clock_timestamp())
            """)
    }
}
