import AMQP
import Contracts
import Foundation
import Postgres

/// Rows of `event_log` as they are read for relay and feed. The payload comes as bytes: nobody needs it as text.
enum EventRow {
    /// `l` is the log or what was selected from it.
    static let columns: SQL = """
        l.seq, l.id, l.epoch, l.aggregate_type, l.aggregate_id, l.aggregate_version, l.type, l.agency, l.actor,
        l.traceparent, l.occurred_at, l.payload
        """
    static let answered: SQL = """
        n.seq, n.id, n.epoch, n.aggregate_type, n.aggregate_id, n.aggregate_version, n.type, n.agency, n.actor,
        n.traceparent, n.occurred_at, convert_to(n.payload::text, 'UTF8') AS body
        """

    static func envelope(_ row: Row, source: String, at position: Position) throws(PostgresError) -> Envelope {
        let agency: AgencyCode? = try row("agency")
        return Envelope(
            id: try row("id"), source: source, type: try row("type"), aggregateType: try row("aggregate_type"),
            aggregateID: try row("aggregate_id"), version: try row("aggregate_version"), epoch: try row("epoch"),
            position: position, agency: agency == AgencyCode.none ? nil : agency, actor: try row("actor"),
            traceparent: try row("traceparent"), occurredAt: try row("occurred_at"), payload: try row("body"))
    }

    static func message(_ row: Row, source: String, at position: Position) throws(PostgresError) -> OutgoingMessage {
        let id: UUID = try row("id")
        return WireFormat.message(
            WireFormat.Parts(
                id: id.text, source: source, type: try row("type"), subject: try row("aggregate_id"),
                version: try row("aggregate_version"), epoch: try row("epoch"), position: position.description,
                agency: try row("agency", as: String?.self) ?? "", actor: try row("actor"),
                traceparent: try row("traceparent"), time: try row("occurred_at"), body: try row("body")))
    }
}
