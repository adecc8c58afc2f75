import Contracts
import ServiceKit

/// `GET /schemas/{event}`: the form of one event version.
enum ReadSchema: RawEndpoint {
    static let route = Route.get("/schemas/{event}")
    static let summary = "The JSON Schema (2020-12) of one event version's data"
    static let access = Access.open
    static let refusals = [Refused.notFound]
    static let operation: JSON = [
        "parameters": [
            [
                "name": "event", "in": "path", "required": true,
                "description": "Wire name with version, such as onestop.dossier.accepted.v1",
                "schema": ["type": "string", "enum": .array(Catalogue.events.map { .string($0.type) })],
            ]
        ],
        "responses": [
            "200": [
                "description": "The schema", "content": [EventSchema.mediaType: ["schema": ["type": "object"]]],
            ]
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let event = Catalogue.event(path["event"] ?? "") else { throw Refused.notFound }
        return Outgoing(
            200, headers: [("content-type", EventSchema.mediaType)], body: EventSchema.document(of: event).bytes)
    }
}

/// `GET /schemas`: which there are.
enum ListSchemas: Endpoint {
    static let route = Route.get("/schemas")
    static let summary = "Every event version, who announces it and where its schema is"
    static let access = Access.open

    struct Line: Record {
        var event = ""
        var source = ""
        var doc = ""
        var schema = ""

        static let fields: [Field<Self>] = [
            .init("event", \.event, .text(1...Limits.Events.type), "Wire name with version"),
            .init("source", \.source, .text(1...40), "The service that announces it"),
            .init("doc", \.doc, .text(1...Limits.noteLength), "What it tells"),
            .init("schema", \.schema, .text(1...200), "The path of its JSON Schema"),
        ]
    }

    struct Output: Record {
        var schemas: [Line] = []
        static let fields: [Field<Self>] = [
            .init("schemas", \.schemas, .list(.record, 0...Limits.jsonMembers), "By owner")
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.schemas = Catalogue.events.map { event in
            var line = Line()
            (line.event, line.source, line.doc) = (event.type, event.source, event.doc)
            line.schema = "/schemas/\(event.type)"
            return line
        }
        return Reply(output)
    }
}
