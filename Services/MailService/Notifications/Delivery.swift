import Contracts
import ServiceKit

/// Whom a notification is for: the named official, or who holds the role at the agency. Where nobody can be given it,
/// the agency's leaders get it.
struct Addressee: Sendable, Equatable {
    var officer: PersonID?
    var role: PostRole
    var agency: AgencyCode

    init(officer: PersonID? = nil, role: PostRole, agency: AgencyCode) {
        (self.officer, self.role, self.agency) = (officer, role, agency)
    }
}

/// Somebody who might be given a notification, and his or her mailbox; nil when none was opened yet.
struct Candidate: Sendable, Equatable {
    var person: PersonID
    var mailbox: MailboxID?
    var isOpen: Bool
}

enum Delivery {
    /// The first of `tiers` in which somebody has an open mailbox; empty when there is none.
    ///
    /// - Throws: `NotYet` for an official whose mailbox was not opened yet: the event of the appointment is on its way.
    static func choose(_ tiers: [[Candidate]]) throws(NotYet) -> [MailboxID] {
        for tier in tiers {
            if let early = tier.first(where: { $0.mailbox == nil }) { throw NotYet("mailbox:\(early.person)") }
            let open = tier.filter(\.isOpen).compactMap(\.mailbox)
            if !open.isEmpty { return open }
        }
        return []
    }
}

extension Work {
    /// Puts a notification of this event into the mailboxes of its addressees, once; keeps it as undeliverable for an
    /// addressee that nobody stands for.
    func tell(_ notification: Notice, to addressees: [Addressee], of envelope: Envelope) async throws {
        var mailboxes: [MailboxID] = []
        for addressee in addressees {
            let chosen = try await reach(addressee)
            if chosen.isEmpty { try await keepUndelivered(notification, addressee, envelope) }
            mailboxes += chosen.filter { !mailboxes.contains($0) }
        }
        guard !mailboxes.isEmpty else { return }
        let ids = mailboxes.map { _ in MessageID.new() }
        try await post(
            """
            WITH message AS (
                INSERT INTO messages (id, thread, recipients, template, facts, source_event, sent_at)
                SELECT \(MessageID.new()), \(notification.thread ?? envelope.id), array_agg(address ORDER BY address),
                       \(notification.template.rawValue), \(try notification.facts.json), \(envelope.id), \(now)
                FROM mailboxes WHERE id = ANY(\(mailboxes))
                ON CONFLICT ON CONSTRAINT messages_source_event DO NOTHING
                RETURNING id, source_event
            )
            INSERT INTO copies (id, mailbox, folder, message, source_event, version)
            SELECT r.id, r.mailbox, 'inbox', m.id, m.source_event, 1
            FROM message m, unnest(\(ids), \(mailboxes)) AS r (id, mailbox)
            """)
    }

    private func reach(_ addressee: Addressee) async throws -> [MailboxID] {
        if let officer = addressee.officer {
            let named = try Delivery.choose([try await candidates([officer])])
            if !named.isEmpty { return named }
        }
        guard try await knows(agency: addressee.agency) else { throw NotYet("agency:\(addressee.agency.text)") }
        var tiers: [[Candidate]] = []
        for role in addressee.officer == nil ? [addressee.role, .leader] : [PostRole.leader] {
            let holders = try await officials(at: addressee.agency, role: role, on: today)
            tiers.append(try await candidates(holders.map(\.person)))
        }
        return try Delivery.choose(tiers)
    }

    /// Their mailboxes, held until the commit so that none is closed in between.
    private func candidates(_ persons: [PersonID]) async throws -> [Candidate] {
        let rows = try await run(
            "SELECT * FROM mailboxes WHERE person = ANY(\(persons)) ORDER BY id FOR SHARE")
        let known = try Dictionary(rows.map(Mailbox.init).map { ($0.person, $0) }, uniquingKeysWith: { $1 })
        return persons.map { person in
            Candidate(person: person, mailbox: known[person]?.id, isOpen: known[person]?.state == .open)
        }
    }

    private func keepUndelivered(
        _ notification: Notice, _ addressee: Addressee, _ envelope: Envelope
    ) async throws {
        log.warning(
            "notification undeliverable",
            metadata: [
                "event": "\(envelope.id)", "agency": "\(addressee.agency)", "role": "\(addressee.role.rawValue)",
            ])
        try await post(
            """
            INSERT INTO undeliverable (id, source_event, type, template, facts, agency, role, at)
            VALUES (\(UUID.v7()), \(envelope.id), \(envelope.type), \(notification.template.rawValue),
                    \(try notification.facts.json), \(addressee.agency), \(addressee.role.rawValue), \(now))
            ON CONFLICT ON CONSTRAINT undeliverable_once DO NOTHING
            """)
    }
}

extension Notice {
    /// All of one dossier, or of one document, belong together.
    var thread: UUID? { facts.dossier?.uuid ?? facts.document?.uuid }
}

extension Facts {
    /// As it is kept in a jsonb column.
    var json: JSON {
        get throws(JSONFault) { try JSON(parsing: jsonBytes) }
    }
}
