import Contracts
import ServiceKit

/// OneStop asks for a notice to an applicant: it becomes a letter, once. Nothing is opened here.
enum WriteOutsideLetter: Reaction {
    static func handle(_ command: SendCitizenNotice, _ envelope: Envelope, _ work: Work) async throws {
        // Both languages: nobody asked the applicant which.
        let body = "\(command.vietnamese)\n\n\(command.english)"
        try await work.post(
            """
            INSERT INTO outside_letters
                (id, source_event, sender, dossier, agency, what, subject, body, address, state, note, made_at, due_at)
            VALUES (\(MessageID.new()), \(envelope.id), \(envelope.source), \(command.dossier), \(command.agency),
                    \(command.what), 'Thông báo về hồ sơ thủ tục hành chính', \(body),
                    \(try JSON(parsing: command.address.jsonBytes)), 'waiting', 'new', \(work.now), clock_timestamp())
            """)
    }
}
