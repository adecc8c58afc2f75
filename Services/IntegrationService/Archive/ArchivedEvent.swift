import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit
import Synchronization

/// An event of the archive, with all that it came with.
struct ArchivedEvent: Sendable, Equatable {
    let position: Int64
    let id: UUID
    let source: String
    let type: String
    let aggregateType: String
    let aggregateID: String
    let version: Int64
    let epoch: Int32
    let sourcePosition: String?
    let agency: AgencyCode?
    let actor: String?
    let traceparent: String?
    let occurredAt: Date
    let payload: [UInt8]

    var aggregate: AggregateKey { AggregateKey(source: source, type: aggregateType, id: aggregateID) }
}

extension ArchivedEvent {
    /// `o` is archive_order, `a` archive_events.
    static let columns: SQL = """
        o.position, a.event, a.source, a.type, a.aggregate_type, a.aggregate_id, a.aggregate_version, a.epoch,
        a.source_position, a.agency, a.actor, a.traceparent, a.occurred_at, a.payload
        """

    init(_ row: Row) throws(PostgresError) {
        position = try row("position")
        id = try row("event")
        source = try row("source")
        type = try row("type")
        aggregateType = try row("aggregate_type")
        aggregateID = try row("aggregate_id")
        version = try row("aggregate_version")
        epoch = try row("epoch")
        sourcePosition = try row("source_position")
        agency = try row("agency")
        actor = try row("actor")
        traceparent = try row("traceparent")
        occurredAt = try row("occurred_at")
        payload = try row("payload")
    }
}

/// Which events a subscription, or a replay of one, is about.
struct Filter: Sendable, Equatable {
    /// Words of types, `*` for one and `#` at the end for all further ones; none: every type.
    var types: [String] = []
    /// Only events that this agency or one below it receives.
    var agency: AgencyCode?
    var aggregate: AggregateKey?
    var happenedFrom: Date?
    var happenedUntil: Date?

    func takes(_ event: ArchivedEvent) -> Bool {
        if let aggregate, event.aggregate != aggregate { return false }
        if let agency, !(event.agency?.isWithin(agency) ?? false) { return false }
        if let happenedFrom, event.occurredAt < happenedFrom { return false }
        if let happenedUntil, event.occurredAt >= happenedUntil { return false }
        return types.isEmpty || types.contains { Self.matches($0, event.type) }
    }

    /// As `takes`, for the database.
    var condition: SQL {
        var parts: [SQL] = []
        if !types.isEmpty { parts.append("a.type ~ ANY(\(types.map(Self.expression)))") }
        if let agency {
            // An agency code has capital letters, digits and dots only: nothing that LIKE would read otherwise.
            parts.append("(a.agency = \(agency) OR a.agency LIKE \("\(agency.text).%"))")
        }
        if let aggregate {
            parts.append(
                """
                a.source = \(aggregate.source) AND a.aggregate_type = \(aggregate.type)
                AND a.aggregate_id = \(aggregate.id)
                """)
        }
        if let happenedFrom { parts.append("a.occurred_at >= \(happenedFrom)") }
        if let happenedUntil { parts.append("a.occurred_at < \(happenedUntil)") }
        return parts.isEmpty ? "true" : SQL(joining: parts, separator: " AND ")
    }

    static func matches(_ pattern: String, _ type: String) -> Bool {
        let words = type.split(separator: ".", omittingEmptySubsequences: false)
        let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
        let open = wanted.last == "#"
        let head = open ? wanted.dropLast() : wanted[...]
        guard open ? words.count >= head.count : words.count == head.count else { return false }
        return zip(head, words).allSatisfy { $0 == "*" || $0 == $1 }
    }

    /// A pattern as a regular expression of PostgreSQL.
    static func expression(_ pattern: String) -> String {
        var words = pattern.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let open = words.last == "#"
        if open { words.removeLast() }
        let head = words.map { $0 == "*" ? "[^.]+" : $0 }.joined(separator: "[.]")
        guard open else { return "^\(head)$" }
        return head.isEmpty ? "^" : "^\(head)([.]|$)"
    }

    /// The shape of a pattern; what it may name is looked up in the catalogue.
    static let shape = #"^([a-z0-9-]+|\*)(\.([a-z0-9-]+|\*))*(\.#)?$|^#$"#
}

/// What was found behind a place, and up to where it was looked.
struct ArchivePage: Sendable {
    var events: [ArchivedEvent]
    var reached: Int64
}

/// Reads the archive in order.
struct ArchiveReader: Sendable {
    let database: any Session

    /// Events after a place, up to `head` at most. A page looks over a bounded piece: it may be empty and not the last.
    func page(after place: Int64, head: Int64, _ filter: Filter, limit: Int) async throws -> ArchivePage {
        // One aggregate is found by itself, wherever it is.
        let end = filter.aggregate == nil ? min(head, place + Int64(Limits.Integration.scan)) : head
        guard end > place else { return ArchivePage(events: [], reached: place) }
        let rows = try await database.run(
            """
            SELECT * FROM (
                SELECT \(ArchivedEvent.columns),
                       sum(octet_length(a.payload)) OVER (ORDER BY o.position) - octet_length(a.payload) AS before
                FROM archive_order o JOIN archive_events a ON a.id = o.entry
                WHERE o.position > \(place) AND o.position <= \(end) AND \(filter.condition)
                ORDER BY o.position LIMIT \(Int64(limit))) p
            WHERE before < \(Limits.Integration.batchBytes) ORDER BY position
            """)
        let events = try rows.map { try ArchivedEvent($0) }
        let bytes = events.reduce(0) { $0 + $1.payload.count }
        let cut = events.count == limit || bytes >= Limits.Integration.batchBytes
        return ArchivePage(events: events, reached: cut ? events.last?.position ?? end : end)
    }

    /// The place from which everything that happened at or after a time comes, and all that arrived since.
    func place(before time: Date) async throws -> Int64 {
        let rows = try await database.run(
            """
            SELECT position - 1 AS place FROM archive_order WHERE latest_at >= \(time)
            ORDER BY latest_at, position LIMIT 1
            """)
        if let place: Int64 = try rows.first?("place") { return place }
        return try await database.run("SELECT position FROM archive_head").first?("position") ?? 0
    }
}

/// The newest events, for subscribers that are up to date: read once, whoever wants them.
final class Tail: Sendable {
    private struct State {
        var events: [ArchivedEvent] = []
        /// Everything after this place and up to `head` is in `events`.
        var place: Int64 = 0
        var head: Int64 = 0
    }

    private let state = Mutex(State())

    var head: Int64 { state.withLock { $0.head } }

    /// The events up to `head`, or nothing when there were too many.
    func grow(_ events: [ArchivedEvent], head: Int64) {
        state.withLock { state in
            guard head > state.head else { return }
            let fits = events.first?.position == state.head + 1 && events.last?.position == head
            if fits {
                state.events += events
                let over = state.events.count - Limits.Integration.tail
                if over > 0 {
                    state.place = state.events[over - 1].position
                    state.events.removeFirst(over)
                }
            } else {
                (state.events, state.place) = ([], head)
            }
            state.head = head
        }
    }

    /// Nil when it goes further back than is kept.
    func page(after place: Int64, _ filter: Filter, limit: Int) -> ArchivePage? {
        state.withLock { state in
            guard place >= state.place, place <= state.head else { return nil }
            var events: [ArchivedEvent] = []
            let skipped = Int(place - state.place)
            for event in state.events.dropFirst(skipped) where filter.takes(event) {
                events.append(event)
                if events.count == limit { return ArchivePage(events: events, reached: event.position) }
            }
            return ArchivePage(events: events, reached: state.head)
        }
    }
}
