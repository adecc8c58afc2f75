import Contracts
import Foundation
import Postgres

/// An event that could not be taken and waits for an operator.
public struct DeadLetter: Sendable {
    public let id: UUID
    public let reaction: String
    public let aggregate: AggregateKey
    public let version: Int64
    public let epoch: Int32
    public let type: String
    public let attempts: Int
    public let error: String
    public let parkedAt: Date
    /// The event itself; only when it is looked at alone.
    public var envelope: JSON?

    init(_ row: Row, withEnvelope: Bool) throws {
        id = try row("id")
        reaction = try row("reaction")
        aggregate = try AggregateKey(row)
        version = try row("version")
        epoch = try row("epoch")
        type = try row("type")
        attempts = try row("attempts")
        error = try row("error", as: String?.self) ?? ""
        parkedAt = try row("parked_at")
        envelope = withEnvelope ? try row("envelope") : nil
    }
}

/// A message that was no event of ours.
public struct RefusedMessage: Sendable {
    public let id: UUID
    public let routingKey: String
    public let message: String
    /// The broker's user that sent it, as the broker checked it.
    public let sender: String
    public let reason: String
    public let bodyBytes: Int
    public let at: Date
}

/// Why an operator's wish cannot be granted.
public enum DeadLetterFault: Error, Sendable, Equatable {
    /// No such event, or it is dead no longer.
    case notDead
    /// The new payload does not make an event that can be read.
    case unreadable
}

/// What operators do with dead events and refused messages; every act is written down with who did it. Each belongs
/// into a transaction of the caller; `Inbox.poke` after its commit.
public enum DeadLetters {
    private static let columns: SQL = """
        id, reaction, source, aggregate_type, aggregate_id, version, epoch, type, attempts, error, parked_at, envelope
        """

    /// A page of dead events, oldest first, after the last one of the page before.
    public static func list(after: UUID?, limit: Int, in session: any Session) async throws -> [DeadLetter] {
        try await session.run(
            """
            SELECT \(columns) FROM inbox_parked
            WHERE state = 'dead' AND (\(after)::uuid IS NULL OR id > \(after)) ORDER BY id LIMIT \(limit)
            """
        ).map { try DeadLetter($0, withEnvelope: false) }
    }

    /// One dead event with its data.
    public static func inspect(_ id: UUID, actor: String, in session: any Session) async throws -> DeadLetter {
        let letter = try await find(id, in: session)
        try await audit("inspected", letter, actor, reason: nil, before: nil, in: session)
        return letter
    }

    /// Replaces the data of a dead event; what it was stays in the audit.
    public static func edit(
        _ id: UUID, payload: JSON, actor: String, reason: String, in session: any Session
    ) async throws {
        let letter = try await locked(id, in: session)
        guard case .object(let members) = letter.envelope else { throw DeadLetterFault.unreadable }
        let edited = JSON.object(members.map { $0.name == "payload" ? .init("payload", payload) : $0 })
        guard let event = try? Envelope(json: edited), event.version == letter.version else {
            throw DeadLetterFault.unreadable
        }
        try await audit("edited", letter, actor, reason: reason, before: letter.envelope, in: session)
        try await session.run("UPDATE inbox_parked SET envelope = \(edited) WHERE id = \(id)")
    }

    /// Gives a dead event all its attempts again, at once.
    public static func retry(_ id: UUID, actor: String, reason: String, in session: any Session) async throws {
        let letter = try await locked(id, in: session)
        try await audit("retried", letter, actor, reason: reason, before: nil, in: session)
        try await session.run(
            "UPDATE inbox_parked SET state = 'waiting', attempts = 0, due_at = clock_timestamp() WHERE id = \(id)")
        Inbox.hint()
    }

    /// Leaves a dead event out: its successors have their turn, its effects never happen.
    public static func skip(_ id: UUID, actor: String, reason: String, in session: any Session) async throws {
        let letter = try await locked(id, in: session)
        let store = InboxStore(group: letter.reaction)
        try await audit("skipped", letter, actor, reason: reason, before: letter.envelope, in: session)
        try await store.skip(letter, in: session)
        Inbox.hint()
    }

    /// A page of refused messages, oldest first.
    public static func refused(after: UUID?, limit: Int, in session: any Session) async throws -> [RefusedMessage] {
        try await session.run(
            """
            SELECT id, routing_key, message, sender, reason, body_bytes, at FROM inbox_refused
            WHERE \(after)::uuid IS NULL OR id > \(after) ORDER BY id LIMIT \(limit)
            """
        ).map { row in
            RefusedMessage(
                id: try row("id"), routingKey: try row("routing_key"), message: try row("message"),
                sender: try row("sender"), reason: try row("reason"), bodyBytes: try row("body_bytes"),
                at: try row("at"))
        }
    }

    /// Takes a refused message off the list; what it was stays in the audit.
    public static func dismiss(_ id: UUID, actor: String, reason: String, in session: any Session) async throws {
        let done = try await session.run(
            """
            WITH gone AS (DELETE FROM inbox_refused WHERE id = \(id) RETURNING *)
            INSERT INTO dead_letter_audit (parked, what, actor, reason, before)
            SELECT id, 'dismissed', \(actor), \(reason), to_jsonb(gone) FROM gone
            """)
        guard done.affected == 1 else { throw DeadLetterFault.notDead }
    }

    private static func find(_ id: UUID, in session: any Session) async throws -> DeadLetter {
        let rows = try await session.run(
            "SELECT \(columns) FROM inbox_parked WHERE id = \(id) AND state = 'dead'")
        guard let row = rows.first else { throw DeadLetterFault.notDead }
        return try DeadLetter(row, withEnvelope: true)
    }

    /// With its aggregate locked as the inbox does, the position first.
    private static func locked(_ id: UUID, in session: any Session) async throws -> DeadLetter {
        let letter = try await find(id, in: session)
        _ = try await InboxStore(group: letter.reaction).lock(letter.aggregate, in: session)
        return try await find(id, in: session)
    }

    private static func audit(
        _ what: String, _ letter: DeadLetter, _ actor: String, reason: String?, before: JSON?, in session: any Session
    ) async throws {
        let key = letter.aggregate
        try await session.run(
            """
            INSERT INTO dead_letter_audit (
                parked, what, actor, reason, source, aggregate_type, aggregate_id, version, before)
            VALUES (\(letter.id), \(what), \(actor), \(reason), \(key.source), \(key.type), \(key.id),
                    \(letter.version), \(before))
            """)
    }
}

extension InboxStore {
    /// The position moves on over a dead event, unless it is beyond it already; the next one is due.
    func skip(_ letter: DeadLetter, in session: any Session) async throws {
        let key = letter.aggregate
        try await session.run("DELETE FROM inbox_parked WHERE id = \(letter.id)")
        try await session.run(
            """
            UPDATE inbox_position SET last_version = \(letter.version), epoch = \(letter.epoch)
            WHERE \(isOf(key)) AND last_version IN (\(letter.version - 1), \(letter.version))
                AND epoch <= \(letter.epoch)
            """)
        try await session.run(
            """
            UPDATE inbox_parked SET due_at = clock_timestamp()
            WHERE state = 'waiting' AND id = (
                SELECT id FROM inbox_parked WHERE \(isOf(key)) ORDER BY version, epoch LIMIT 1)
            """)
    }
}
