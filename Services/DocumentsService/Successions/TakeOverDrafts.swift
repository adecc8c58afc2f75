import Contracts
import ServiceKit

/// On the day after an agency's last day its successor has what is drafted or approved there and not issued, some at a
/// time, each a change of its own. It is a draft again: who signs must be in post at the agency that issues, and the
/// text names that agency (Decree 30/2020/NĐ-CP, Art. 8 and 13). What is still there is the place up to which it is
/// done. While nobody succeeds the agency it looks again every day and says so; when all is done it looks once more,
/// for what was on its way at the last moment.
enum TakeOverDrafts: TimedTask {
    static let kind = "documents.succession"

    /// In the name of who decided it.
    static func begin(at agency: AgencyCode, _ work: Work) async throws {
        try await work.schedule(Self.self, key: agency.text, at: work.now, payload: ["by": .string(work.actor)])
    }

    /// Who waits looks now.
    static func lookAgain(_ work: Work) async throws {
        try await work.post(
            """
            UPDATE timers SET due_at = \(work.now)
            WHERE kind = \(kind) AND due_at > \(work.now) AND payload->'done' IS NULL
            """)
    }

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let agency = try AgencyCode(key)
        let rows = try await work.run("SELECT valid_to FROM directory_agencies WHERE code = \(agency)")
        guard let row = rows.first, let last: Day = try row("valid_to") else { return }
        guard last < work.today else {
            return try await work.schedule(Self.self, key: key, at: last.next.start, payload: payload)
        }
        let own = work.acting(for: payload["by"]?.text ?? work.actor)
        let later = work.now.addingTimeInterval(Limits.Successions.look)
        let open = try await own.run(
            """
            SELECT * FROM documents WHERE agency = \(agency) AND state IN ('drafted', 'approved')
            ORDER BY id LIMIT \(Limits.Successions.batch) FOR UPDATE
            """)
        guard !open.isEmpty else {
            guard payload["done"] == nil else { return }
            let done: JSON = ["by": .string(own.actor), "done": true]
            return try await work.schedule(Self.self, key: key, at: later, payload: done)
        }
        let unfinished: JSON = ["by": .string(own.actor)]
        guard let successor = try await own.successor(of: agency, on: work.today) else {
            work.log.error("drafts of a dissolved agency have no successor", metadata: ["agency": "\(agency)"])
            return try await work.schedule(Self.self, key: key, at: later, payload: unfinished)
        }
        for before in try open.map(Document.init) { try await take(before, by: successor, own) }
        try await work.schedule(Self.self, key: key, at: work.now, payload: unfinished)
    }

    private static func take(_ before: Document, by successor: AgencyCode, _ work: Work) async throws {
        let document = decide(before, successor)
        try await work.post(
            """
            UPDATE documents SET version = \(document.version), announced = \(document.announced), state = 'drafted',
                agency = \(successor), signer = NULL, signer_name = NULL, signer_title = NULL, approved_at = NULL
            WHERE id = \(document.document)
            """)
        try await work.note(document, "taken-over", "\(before.agency) → \(successor)")
        var event = DocumentTakenOver()
        (event.document, event.dossier, event.wasApproved) = (
            document.document, document.dossier, before.state == .approved
        )
        (event.fromAgency, event.toAgency) = (before.agency, successor)
        try await work.announce(event, version: Int64(document.announced), to: before.agency)
    }

    static func decide(_ before: Document, _ successor: AgencyCode) -> Document {
        var document = before
        (document.agency, document.state, document.approvedAt) = (successor, .drafted, nil)
        (document.signer, document.signerName, document.signerTitle) = (nil, nil, nil)
        document.version += 1
        document.announced += 1
        return document
    }
}
