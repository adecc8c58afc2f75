import Contracts
import EventLog
import Foundation

/// `GET /events`: the feed of this service's events, for its consumers (events.md 12). Two questions: what came after a
/// position, or one aggregate's versions from one on.
enum ReadEvents: Endpoint {
    static let route = Route.get("/events")
    static let summary = "The events of this service in the order in which they are published"
    static let access = Access.consumer

    struct Input: Record {
        var after = Position.start
        var types: [String]?
        var aggregates: [String]?
        var aggregate: String?
        var id: String?
        var from = 1
        var limit = Limits.Events.feedPage

        static let fields: [Field<Self>] = [
            .init("after", \.after, .position, default: .start, "Only what came after this position", in: .query),
            .init(
                "types", \.types, .list(.text(1...Limits.Events.type), 1...100), "Only these wire names", in: .query),
            .init(
                "aggregates", \.aggregates, .list(.text(1...60), 1...100), "Only these kinds of things", in: .query),
            .init("aggregate", \.aggregate, .text(1...60), "With `id`: the kind of one thing", in: .query),
            .init(
                "id", \.id, .text(1...Limits.Events.aggregateID), "The thing whose versions are wanted", in: .query),
            .init("from", \.from, .integer(1...Int.max), default: 1, "With `id`: from this version on", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.Events.feedPage), default: Limits.Events.feedPage,
                "Most events", in: .query),
        ]
    }

    struct Output: Record {
        var events: [Envelope] = []
        var through = Position.start
        var isLast = true

        static let fields: [Field<Self>] = [
            .init("events", \.events, .list(.record, 0...Limits.Events.feedPage), "The events, oldest first"),
            .init("through", \.through, .position, "Everything up to here was looked at: the next `after`"),
            .init("isLast", \.isLast, .bool, "There is nothing more for now"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let page = try await read(input, Feed(source: call.runtime.service.rawValue), call)
        var output = Output()
        (output.events, output.through, output.isLast) = (page.events, page.through, page.isLast)
        return Reply(output)
    }

    private static func read(_ input: Input, _ feed: Feed, _ call: Call) async throws -> FeedPage {
        // Commands are their addressee's only.
        let hidden = Catalogue.hidden(
            of: call.runtime.service, from: call.caller.client.flatMap { ServiceName(rawValue: $0) })
        if let aggregate = input.aggregate, hidden.contains(aggregate) { throw call.refused() }
        return switch (input.aggregate, input.id) {
        case (let aggregate?, let id?):
            try await feed.versions(
                Int64(input.from)...Int64.max, of: aggregate, id, limit: input.limit, in: call.runtime.database)
        case (nil, nil):
            try await feed.page(
                after: input.after, types: input.types, aggregates: input.aggregates, hiding: hidden,
                limit: input.limit, in: call.runtime.database)
        case (_?, nil): throw FieldFault.missing("id")
        case (nil, _?): throw FieldFault.missing("aggregate")
        }
    }
}
