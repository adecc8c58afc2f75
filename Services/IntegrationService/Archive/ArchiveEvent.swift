import Contracts
import ServiceKit

/// Every event, as it came, in the transaction that takes it: once, and those of one aggregate in order.
enum ArchiveEvent: Observer {
    static func handle(_ envelope: Envelope, _ work: Work) async throws {
        // A version that was read because it was missing comes without its place in the feed.
        let position = envelope.position.tick > 0 ? envelope.position.description : nil
        try await work.post(
            """
            INSERT INTO archive_events
                (event, source, type, aggregate_type, aggregate_id, aggregate_version, epoch, source_position, agency,
                 actor, traceparent, occurred_at, payload)
            VALUES (\(envelope.id), \(envelope.source), \(envelope.type), \(envelope.aggregateType),
                    \(envelope.aggregateID), \(envelope.version), \(envelope.epoch), \(position), \(envelope.agency),
                    \(envelope.actor), \(envelope.traceparent), \(envelope.occurredAt), \(envelope.payload))
            """)
        work.resource(Bells.self).archive.ring()
    }
}
