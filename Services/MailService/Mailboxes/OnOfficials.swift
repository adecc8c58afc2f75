import Contracts
import ServiceKit

/// An official was appointed: the mailbox is opened, or opened again with all that lies in it.
enum OpenMailboxOnAppointment: Reaction {
    static func handle(_ event: OfficialAppointed, _ envelope: Envelope, _ work: Work) async throws {
        let rows = try await work.run("SELECT * FROM mailboxes WHERE person = \(event.person) FOR UPDATE")
        var opened = MailboxOpened()
        opened.person = event.person
        if let known = try rows.first.map(Mailbox.init) {
            guard known.state == .closed else { return }
            try await work.post(
                """
                UPDATE mailboxes SET state = 'open', closed_at = NULL, full_name = \(event.fullName),
                    version = \(known.version + 1)
                WHERE id = \(known.id)
                """)
            (opened.mailbox, opened.address) = (known.id, known.address)
            return try await work.announce(opened, version: known.version + 1, to: nil)
        }
        (opened.mailbox, opened.address) = (MailboxID.new(), work.resource(MailDomain.self).address(event.mailbox))
        try await work.post(
            """
            WITH mailbox AS (
                INSERT INTO mailboxes (id, person, address, full_name, state, opened_at, version)
                VALUES (\(opened.mailbox), \(event.person), \(opened.address), \(event.fullName), 'open', \(work.now),
                        1)
                RETURNING id
            )
            INSERT INTO folders (mailbox, key, version)
            SELECT id, key, 1 FROM mailbox, unnest(\(GivenFolder.allCases.map(\.rawValue))) AS key
            """)
        try await work.announce(opened, version: 1, to: nil)
        try await work.wake("mailbox:\(event.person)")
    }
}

/// Service ended: the mailbox takes no more mail and nobody opens it. What lies in it stays.
enum CloseMailboxOnServiceEnd: Reaction {
    static func handle(_ event: ServiceEnded, _ envelope: Envelope, _ work: Work) async throws {
        let rows = try await work.run(
            """
            UPDATE mailboxes SET state = 'closed', closed_at = \(work.now), version = version + 1
            WHERE person = \(event.person) AND state = 'open' RETURNING id, version
            """)
        guard let row = rows.first else { return }
        var closed = MailboxClosed()
        (closed.mailbox, closed.person) = (try row("id"), event.person)
        try await work.announce(closed, version: try row("version"), to: nil)
    }
}
