import Contracts
import ServiceKit

/// `GET /procedures/{code}/mappings`: how dossiers go from one version to another, and how far that is.
enum ListMappings: Endpoint {
    static let route = Route.get("/procedures/{code}/mappings")
    static let summary = "List the proven mappings of a procedure's versions, with the numbers of their dossiers"
    static let access = Access.official(.proceduresPublish)

    struct Input: Record {
        var code = ""
        static let fields: [Field<Self>] = [.init("code", \.code, .text(1...40), "National code", in: .path)]
    }

    struct Output: Record {
        var mappings: [VersionMapping] = []
        static let fields: [Field<Self>] = [
            .init("mappings", \.mappings, .list(.record, 0...Limits.OneStop.mappings), "The newest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.mappings = try await call.run(
            """
            SELECT \(VersionMapping.columns) FROM version_mappings m WHERE procedure = \(input.code)
            ORDER BY id DESC LIMIT \(Limits.OneStop.mappings)
            """
        ).map(VersionMapping.init)
        return Reply(output)
    }
}

/// `GET /procedures/{code}/mappings/{mapping}/dossiers`: which dossiers moved, and which could not and why (os-053).
enum ListMoves: Endpoint {
    static let route = Route.get("/procedures/{code}/mappings/{mapping}/dossiers")
    static let summary = "List the dossiers of a mapping: waiting, moved, or why they stayed"
    static let access = Access.official(.proceduresPublish)

    enum State: String, CaseIterable, Sendable { case waiting, moved, stayed }

    struct Input: Record {
        var code = ""
        var mapping = MappingID()
        var state: State?
        var after: DossierID?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40), "National code", in: .path),
            .init("mapping", \.mapping, .id, "The mapping", in: .path),
            .init("state", \.state, .choice, "Only those that wait, moved or stayed", in: .query),
            .init("after", \.after, .id, "The last one of the page before", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Line: Record {
        var dossier = DossierID()
        var state = State.waiting
        var at = Date(timeIntervalSince1970: 0)
        var code: String?
        var vietnamese: String?
        var english: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier"),
            .init("state", \.state, .choice, "How far it is"),
            .init("at", \.at, .instant, "Since when"),
            .init("code", \.code, .text(1...60), "Stable code of why it stayed"),
            .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength), "Why, in Vietnamese"),
            .init("english", \.english, .text(1...Limits.noteLength), "Why, in English"),
        ]
    }

    struct Output: Record {
        var dossiers: [Line] = []
        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "In the order of submission")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard let mapping = try await call.runtime.database.mapping(input.mapping), mapping.procedure == input.code
        else { throw Refused.notFound }
        let rows = try await call.run(
            """
            SELECT * FROM version_moves
            WHERE mapping = \(mapping.id)
              AND (state = \(input.state?.rawValue) OR \(input.state?.rawValue)::text IS NULL)
              AND (dossier > \(input.after) OR \(input.after)::uuid IS NULL)
            ORDER BY dossier LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.dossiers = try rows.prefix(input.limit).map { row in
            var line = Line()
            line.dossier = try row("dossier")
            line.state = State(rawValue: try row("state")) ?? .waiting
            (line.at, line.code) = (try row("at"), try row("code"))
            (line.vietnamese, line.english) = (try row("vietnamese"), try row("english"))
            return line
        }
        guard rows.count > input.limit, let last = output.dossiers.last else { return Reply(output) }
        let state = input.state.map { "&state=\($0.rawValue)" } ?? ""
        let page = "/procedures/\(input.code)/mappings/\(mapping.id)/dossiers"
        return Reply(output, next: "\(page)?limit=\(input.limit)&after=\(last.dossier)\(state)")
    }
}
