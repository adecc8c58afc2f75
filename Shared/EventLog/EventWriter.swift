import Contracts
import Foundation
import Postgres

/// An event about to be written, with what travels beside it.
public struct Announcement: Sendable {
    public var event: any Event
    /// The agency that it is routed to; the same for the aggregate's life, unless it is handed to another for good.
    public var agency: AgencyCode?
    public var actor: String
    public var traceparent: String?
    /// Business time.
    public var occurredAt: Date

    public init(event: any Event, agency: AgencyCode?, actor: String, traceparent: String?, occurredAt: Date) {
        self.event = event
        self.agency = agency
        self.actor = actor
        self.traceparent = traceparent
        self.occurredAt = occurredAt
    }
}

/// Writes events beside the state that they tell of.
public enum EventWriter {
    /// One statement: the version-checked `change` (an INSERT or UPDATE `RETURNING … version`), statements that select
    /// from it, and the event, with the version returned. When `change` touches no row nothing is written and no
    /// row comes back. One event at most: PostgreSQL promises no order between the parts of a WITH, and two events of
    /// one aggregate must enter the log in the order of their versions. Who has more appends them in a transaction.
    ///
    /// - Parameter failure: when `change` touches no row the statement fails by this name (`SQL.failure`).
    public static func flight(
        change: SQL, then steps: [(String, SQL)], announcing events: [Announcement], orFail failure: String? = nil
    ) -> SQL {
        precondition(events.count <= 1, "a flight announces one event; append several in a transaction")
        var parts: [SQL] = ["WITH change AS (\(change))"]
        for (name, step) in steps { parts.append(", \(raw: name) AS (\(step))") }
        if let announcement = events.first {
            parts.append(
                """
                , event AS (
                \(insert) SELECT \(EventLogStart.epoch), \(values(announcement, version: "c.version"))
                FROM change c CROSS JOIN relay_epoch e)
                """)
        }
        if let failure {
            parts.append(" SELECT coalesce((SELECT 1 FROM change LIMIT 1), \(SQL.failure(failure))) AS done")
        } else {
            parts.append(" SELECT 1 AS done FROM change")
        }
        // Joined once: a statement that grows step by step is copied as often as it has steps.
        var sql = SQL(joining: parts, separator: "")
        sql.announces = !events.isEmpty
        return sql
    }

    /// The event as version `version` of its aggregate, inside a transaction that holds the aggregate's row. Fails, by
    /// then or by the commit, while the log has no epoch.
    public static func append(_ announcement: Announcement, version: Int64, in session: any Session) async throws {
        var sql: SQL = """
            \(insert) SELECT (SELECT \(EventLogStart.epoch) FROM relay_epoch e),
                \(values(announcement, version: "\(version)::bigint"))
            """
        sql.announces = true
        try await session.post(sql)
    }

    static let insert: SQL = """
        INSERT INTO event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, agency, actor,
                               traceparent, occurred_at, payload)
        """

    static func values(_ announcement: Announcement, version: SQL) -> SQL {
        let event = announcement.event
        let type = Swift.type(of: event)
        return """
            \(UUID.v7()), \(type.aggregate), \(event.aggregateID), \(version), \(type.type), \(announcement.agency), \
            \(announcement.actor), \(announcement.traceparent), \(announcement.occurredAt), \
            \(String(decoding: data(of: event), as: UTF8.self))::json
            """
    }

    private static func data(of event: any Event) -> [UInt8] {
        #if DEBUG
            if NextRevision.isOn { return NextRevision.revised(event.jsonBytes) }
        #endif
        return event.jsonBytes
    }
}

public enum EventLogFault: Error, Sendable, Equatable {
    /// `relay_epoch` has no row: the schema was not migrated.
    case noEpoch
}
