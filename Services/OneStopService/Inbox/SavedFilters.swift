import Contracts
import ServiceKit

/// A filter of the inbox that an official keeps under a name (os-111).
struct SavedFilter: Record {
    var id = UUID.zero
    var version = 1
    var name = ""
    var filter = InboxFilter()
    var address = ""

    static let fields: [Field<Self>] = [
        .init("id", \.id, .uuid, "Identity"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("name", \.name, .text(1...Limits.Finding.filterName), "Its name"),
        .init("filter", \.filter, .record, "What it shows"),
        .init("address", \.address, .text(1...Limits.noteLength), "Where that is shown"),
    ]

    init() {}

    init(_ id: UUID, _ version: Int, _ name: String, _ filter: InboxFilter) {
        (self.id, self.version, self.name, self.filter) = (id, version, name, filter)
        let query = filter.query
        address = query.isEmpty ? "/inbox" : "/inbox?\(query.joined(separator: "&"))"
    }
}

/// `GET /inbox/filters`: one's own, by name.
enum ListFilters: Endpoint {
    static let route = Route.get("/inbox/filters")
    static let summary = "List your own filters of the inbox"
    static let access = Access.official(.dossiersRead)

    struct Output: Record {
        var filters: [SavedFilter] = []
        static let fields: [Field<Self>] = [
            .init("filters", \.filters, .list(.record, 0...Limits.Finding.filters), "By name")
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        let rows = try await call.run(
            "SELECT id, version, name, filter FROM inbox_filters WHERE official = \(try call.person) ORDER BY name")
        var output = Output()
        output.filters = try rows.map { row in
            SavedFilter(
                try row("id"), try row("version"), try row("name"),
                try InboxFilter(decoding: try row("filter"), unknown: .ignore))
        }
        return Reply(output)
    }
}

/// What an official says of a filter.
struct NamedFilter: Record {
    var name = ""
    var filter = InboxFilter()

    static let fields: [Field<Self>] = [
        .init("name", \.name, .text(1...Limits.Finding.filterName), "Its name, one of each"),
        .init("filter", \.filter, .record, "What it shows"),
    ]

    /// What no inbox shows is not kept.
    func check(_ call: Call) throws {
        _ = try Inbox(filter, of: .agency(.none), from: nil, until: nil, now: call.now)
    }
}

/// `POST /inbox/filters`.
enum SaveFilter: Endpoint {
    static let route = Route.post("/inbox/filters", success: 201)
    static let summary = "Keep a filter of the inbox under a name"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.filterNameTaken, .tooManyFilters, .mixedStatuses, .overdueStands]

    static func handle(_ input: NamedFilter, _ call: Call) async throws -> Reply<SavedFilter> {
        try input.check(call)
        let (official, saved) = (try call.person, SavedFilter(UUID.v7(), 1, input.name, input.filter))
        do {
            return try await call.transaction { work in
                // Of two at once the second counts the first.
                try await work.post("SELECT pg_advisory_xact_lock(hashtextextended(\(official.text), 111))")
                let known = try await work.run(
                    "SELECT count(*) AS n FROM inbox_filters WHERE official = \(official)")
                guard let count: Int = try known.first?("n"), count < Limits.Finding.filters else {
                    throw Refused.tooManyFilters
                }
                try await work.run(
                    """
                    INSERT INTO inbox_filters (id, version, official, name, filter, made_at)
                    VALUES (\(saved.id), 1, \(official), \(saved.name), \(saved.filter.json), \(work.now))
                    """)
                return Reply(saved, version: 1, location: "/inbox/filters")
            }
        } catch let error as PostgresError where error.constraint == "inbox_filters_name" {
            throw Refused.filterNameTaken
        }
    }
}

/// `PUT /inbox/filters/{id}`.
enum ChangeFilter: Endpoint {
    static let route = Route.put("/inbox/filters/{id}")
    static let summary = "Change one of your filters of the inbox"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.filterNameTaken, .mixedStatuses, .overdueStands]

    struct Input: Record {
        var id = UUID.zero
        var named = NamedFilter()
        static let fields: [Field<Self>] = [
            .init("id", \.id, .uuid, "Which", in: .path),
            .init("name", \.named.name, .text(1...Limits.Finding.filterName), "Its name, one of each"),
            .init("filter", \.named.filter, .record, "What it shows from now on"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<SavedFilter> {
        try input.named.check(call)
        let version = try await call.filterVersion(input.id)
        let saved = SavedFilter(input.id, Int(version) + 1, input.named.name, input.named.filter)
        do {
            return try await call.flight(
                """
                UPDATE inbox_filters SET version = version + 1, name = \(saved.name), filter = \(saved.filter.json)
                WHERE id = \(input.id) AND version = \(version) RETURNING version
                """, announcing: [], reply: Reply(saved, version: version + 1))
        } catch let error as PostgresError where error.constraint == "inbox_filters_name" {
            throw Refused.filterNameTaken
        }
    }
}

/// `DELETE /inbox/filters/{id}`.
enum DropFilter: Endpoint {
    static let route = Route.delete("/inbox/filters/{id}")
    static let summary = "Delete one of your filters of the inbox"
    static let access = Access.official(.dossiersRead)

    struct Input: Record {
        var id = UUID.zero
        static let fields: [Field<Self>] = [.init("id", \.id, .uuid, "Which", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Nothing> {
        let version = try await call.filterVersion(input.id)
        return try await call.flight(
            "DELETE FROM inbox_filters WHERE id = \(input.id) AND version = \(version) RETURNING version",
            announcing: [], reply: Reply(Nothing()))
    }
}

extension Call {
    /// Of a filter of the caller's own; checked against If-Match.
    fileprivate func filterVersion(_ id: UUID) async throws -> Int64 {
        let rows = try await run("SELECT version FROM inbox_filters WHERE id = \(id) AND official = \(try person)")
        guard let version: Int64 = try rows.first?("version") else { throw Refused.notFound }
        try check(version)
        return version
    }
}

extension Refused {
    static let filterNameTaken = Refused(
        "onestop.filter-name-taken", vi: "Đã có bộ lọc cùng tên.", en: "You have a filter of this name.",
        field: "name")
    static let tooManyFilters = Refused(
        "onestop.too-many-filters", vi: "Đã đủ \(Limits.Finding.filters) bộ lọc.",
        en: "You have \(Limits.Finding.filters) filters already.")
}
