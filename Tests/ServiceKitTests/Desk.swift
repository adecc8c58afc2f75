import Contracts
import Foundation
import Logging
import Postgres
import ServiceKit
import Synchronization

/// A small service with one endpoint of each shape.
enum Desk: Microservice {
    static let name = ServiceName.hr
    static let title = "Desk"
    static let migrations = [
        Migration(
            1, "things",
            """
            CREATE TABLE things (id uuid PRIMARY KEY, label text NOT NULL UNIQUE, version bigint NOT NULL);
            CREATE TABLE pokes (thing uuid NOT NULL, at timestamptz NOT NULL DEFAULT now());
            CREATE TABLE numbers (one bool PRIMARY KEY, last bigint NOT NULL);
            """)
    ]
    static let endpoints: [any Mountable.Type] = [
        ListThings.self, MakeThing.self, ReadThing.self, RelabelThing.self, RemoveThing.self, PokeThing.self,
        TakeNumber.self, WaitForIt.self, BreakDown.self, TakeRaw.self, TakeLarge.self, ApproveThing.self,
        AskAsCitizen.self,
    ]
    static let reactions: [any Reaction.Type] = []
    static let timers: [any TimedTask.Type] = [Remind.self]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] { [Latch()] }
}

/// Nobody opened the latch: a test waits for what does not come.
struct StayedShut: Error {}

/// Lets a test hold a request in the middle.
final class Latch: Sendable {
    private let state = Mutex((entered: 0, isOpen: false))

    var entered: Int { state.withLock { $0.entered } }
    func open() { state.withLock { $0.isOpen = true } }

    func pass() async throws {
        state.withLock { $0.entered += 1 }
        let deadline = ContinuousClock.now + .seconds(10)
        while !state.withLock({ $0.isOpen }) {
            guard ContinuousClock.now < deadline else { throw StayedShut() }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

struct Thing: Record {
    var id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    var label = ""
    static let fields: [Field<Self>] = [
        .init("id", \.id, .uuid, "The thing"), .init("label", \.label, .text(1...40), "Its label"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        label = try row("label")
    }
}

enum ListThings: Endpoint {
    static let route = Route.get("/things")
    static let summary = "List things"
    static let access = Access.signedIn

    struct Input: Record {
        var labels: [String] = []
        var cursor: String?
        var limit = 2
        static let fields: [Field<Self>] = [
            .init("label", \.labels, .list(.text(1...40), 1...5), default: [], "Only these", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init("limit", \.limit, .integer(1...10), default: 2, "Most rows", in: .query),
        ]
    }

    struct Output: Record {
        var things: [Thing] = []
        static let fields: [Field<Self>] = [.init("things", \.things, .list(.record, 0...10), "The things")]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let after = try Cursor(input.cursor).text
        let rows = try await call.run(
            """
            SELECT id, label FROM things WHERE label > \(after)
              AND (cardinality(\(input.labels)) = 0 OR label = ANY (\(input.labels)))
            ORDER BY label LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.things = try rows.prefix(input.limit).map(Thing.init)
        guard rows.count > input.limit, let last = output.things.last else { return Reply(output) }
        return Reply(output, next: "/things?limit=\(input.limit)&cursor=\(Cursor(text: last.label))")
    }
}

enum MakeThing: Endpoint {
    static let route = Route.post("/things", success: 201)
    static let summary = "Make a thing"
    static let access = Access.signedIn
    static let refusals = [Refused.labelTaken]

    struct Input: Record {
        var label = ""
        static let fields: [Field<Self>] = [.init("label", \.label, .text(1...40), "Its label")]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Thing> {
        var thing = Thing()
        (thing.id, thing.label) = (UUID.v7(), input.label)
        var event = AgencyDissolved()
        event.code = try AgencyCode("H19.12")
        do {
            return try await call.flight(
                "INSERT INTO things (id, label, version) VALUES (\(thing.id), \(input.label), 1) RETURNING version",
                announcing: input.label.hasPrefix("quiet") ? [] : [(event, event.code)],
                reply: Reply(thing, version: 1, location: "/things/\(thing.id.text)"))
        } catch let error as PostgresError where error.constraint == "things_label_key" { throw Refused.labelTaken }
    }
}

struct ThingInput: Record {
    var id = Thing().id
    static let fields: [Field<Self>] = [.init("thing", \.id, .uuid, "The thing", in: .path)]
}

enum ReadThing: Endpoint {
    static let route = Route.get("/things/{thing}")
    static let summary = "Read a thing"
    static let access = Access.open

    static func handle(_ input: ThingInput, _ call: Call) async throws -> Reply<Thing> {
        let rows = try await call.run("SELECT id, label, version FROM things WHERE id = \(input.id)")
        guard let row = rows.first else { throw Refused.notFound }
        return Reply(try Thing(row), version: try row("version"))
    }
}

enum RelabelThing: Endpoint {
    static let route = Route.put("/things/{thing}")
    static let summary = "Give a thing another label"
    static let access = Access.signedIn

    struct Input: Record {
        var id = Thing().id
        var label = ""
        static let fields: [Field<Self>] = [
            .init("thing", \.id, .uuid, "The thing", in: .path), .init("label", \.label, .text(1...40), "Its label"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Thing> {
        let rows = try await call.run("SELECT version FROM things WHERE id = \(input.id)")
        guard let version: Int64 = try rows.first?("version") else { throw Refused.notFound }
        try call.check(version)
        var thing = Thing()
        (thing.id, thing.label) = (input.id, input.label)
        return try await call.flight(
            """
            UPDATE things SET label = \(input.label), version = version + 1
            WHERE id = \(input.id) AND version = \(version) RETURNING version
            """,
            announcing: [], reply: Reply(thing, version: version + 1))
    }
}

enum RemoveThing: Endpoint {
    static let route = Route.delete("/things/{thing}")
    static let summary = "Remove a thing"
    static let access = Access.signedIn

    static func handle(_ input: ThingInput, _ call: Call) async throws -> Reply<Nothing> {
        guard let version = call.ifMatch else { throw Refused.preconditionRequired }
        return try await call.flight(
            "DELETE FROM things WHERE id = \(input.id) AND version = \(version) RETURNING version", announcing: [],
            reply: Reply(Nothing()))
    }
}

enum PokeThing: Endpoint {
    static let route = Route.post("/things/{thing}/poke")
    static let summary = "Poke a thing"
    static let access = Access.signedIn
    static let refusals = [Refused.pokedEnough]

    struct Input: Record {
        var id = Thing().id
        var refuse = false
        static let fields: [Field<Self>] = [
            .init("thing", \.id, .uuid, "The thing", in: .path),
            .init("refuse", \.refuse, .bool, default: false, "Refuse after writing"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Nothing> {
        try await call.transaction { work in
            try await work.run("INSERT INTO pokes (thing) VALUES (\(input.id))")
            if input.refuse { throw Refused.pokedEnough }
            return Reply(Nothing())
        }
    }
}

/// Everybody waits for the one number.
enum TakeNumber: Endpoint {
    static let route = Route.post("/numbers")
    static let summary = "Take the next number"
    static let access = Access.signedIn
    static let refusals = [Refused.pokedEnough]

    struct Input: Record {
        var refuse = false
        static let fields: [Field<Self>] = [
            .init("refuse", \.refuse, .bool, default: false, "Refuse after taking it")
        ]
    }

    struct Output: Record {
        var number = 0
        static let fields: [Field<Self>] = [.init("number", \.number, .integer(1...Int.max), "The number")]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let take: @Sendable (Int) -> SQL = { count in
            """
            INSERT INTO numbers (one, last) VALUES (true, \(count))
            ON CONFLICT (one) DO UPDATE SET last = numbers.last + \(count) RETURNING last
            """
        }
        return try await call.transaction(together: "numbers", taking: take) { _, number in
            if input.refuse { throw Refused.pokedEnough }
            var output = Output()
            output.number = Int(number)
            return Reply(output)
        }
    }
}

enum WaitForIt: Endpoint {
    static let route = Route.post("/wait")
    static let summary = "Answer when the latch opens"
    static let access = Access.signedIn

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Nothing> {
        try await call.resource(Latch.self).pass()
        return try await call.transaction { _ in Reply(Nothing()) }
    }
}

enum BreakDown: Endpoint {
    static let route = Route.get("/broken")
    static let summary = "Always a fault"
    static let access = Access.open

    struct Snapped: Error {}

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Nothing> { throw Snapped() }
}

enum TakeRaw: RawEndpoint {
    static let route = Route.post("/raw")
    static let summary = "Counts bytes"
    static let access = Access.open
    static let bodyLimit = 16
    static let operation: JSON = [
        "requestBody": ["content": ["application/octet-stream": ["schema": [:]]]],
        "responses": ["200": ["description": "The count", "content": ["text/plain": ["schema": ["type": "string"]]]]],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        Outgoing.text(200, "\(request.body.count)")
    }
}

enum TakeLarge: RawEndpoint {
    static let route = Route.post("/large")
    static let summary = "Counts many bytes"
    static let access = Access.signedIn
    static let bodyLimit = 2 * Limits.bodyBytes
    static let operation = TakeRaw.operation

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        Outgoing.text(200, "\(request.body.count)")
    }
}

enum ApproveThing: Endpoint {
    static let route = Route.post("/approvals")
    static let summary = "Approve at an agency"
    static let access = Access.official(.dossiersApprove)

    struct Input: Record {
        var agency = AgencyCode.none
        static let fields: [Field<Self>] = [.init("agency", \.agency, .agency, "Where")]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Nothing> {
        try await call.require(.dossiersApprove, at: input.agency)
        return Reply(Nothing())
    }
}

enum AskAsCitizen: Endpoint {
    static let route = Route.get("/mine")
    static let summary = "Only for citizens"
    static let access = Access.citizen

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Nothing> { Reply(Nothing()) }
}

/// A timer that writes what it was told.
enum Remind: TimedTask {
    static let kind = "desk.remind"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        try await work.run("INSERT INTO pokes (thing, at) VALUES (\(try UUID(key: key)), \(work.now))")
    }
}

extension UUID {
    init(key: String) throws {
        guard let uuid = UUID(uuidString: key) else { throw Refused.notFound }
        self = uuid
    }
}

extension Refused {
    static let labelTaken = Refused(
        "desk.label-taken", vi: "Nhãn này đã có.", en: "This label is taken.", field: "label")
    static let pokedEnough = Refused("desk.poked-enough", vi: "Đủ rồi.", en: "That is enough.")
}
