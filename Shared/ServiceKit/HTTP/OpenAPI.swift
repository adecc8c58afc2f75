import Contracts
import Foundation

/// The OpenAPI 3.1 document of a service, made from what its endpoints declare: nothing is written twice.
enum OpenAPI {
    static func document(title: String, mounted: [any Mountable.Type]) -> JSON {
        var paths: [(path: String, operations: [JSON.Member])] = []
        for endpoint in mounted {
            let member = JSON.Member(endpoint.route.method.lowercased(), operation(endpoint))
            if let index = paths.firstIndex(where: { $0.path == endpoint.route.path }) {
                paths[index].operations.append(member)
            } else {
                paths.append((endpoint.route.path, [member]))
            }
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": .string(title), "version": "1.0.0"],
            "servers": [["url": "/"]],
            "paths": .object(paths.map { JSON.Member($0.path, .object($0.operations)) }),
            "components": [
                "schemas": ["Problem": Problem.schema],
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "An access token of Identity (OpenID Connect), five minutes",
                    ]
                ],
            ],
        ]
    }

    private static func operation(_ endpoint: any Mountable.Type) -> JSON {
        var members: [JSON.Member] = [
            .init("operationId", .string("\(endpoint)")), .init("summary", .string(endpoint.summary)),
            .init("description", .string(note(endpoint.access))),
            .init("security", endpoint.access.isOpen ? [] : [["bearer": []]]),
        ]
        switch endpoint {
        case let typed as any Endpoint.Type: members += Self.members(typed)
        case let raw as any RawEndpoint.Type: members += Self.members(raw)
        default: preconditionFailure("\(endpoint) is neither an Endpoint nor a RawEndpoint")
        }
        return .object(members)
    }

    private static func note(_ access: Access) -> String {
        switch access {
        case .open: "Open to anybody."
        case .signedIn: "For everybody who is signed in."
        case .citizen: "For citizens."
        case .official(let scope): "For officials with the right `\(scope.rawValue)`."
        case .consumer: "For our services that consume these events (client credentials)."
        }
    }

    // MARK: - Endpoints of ours

    private static func members<E: Endpoint>(_ endpoint: E.Type) -> [JSON.Member] {
        let route = endpoint.route
        let fields = E.Input.fields
        var parameters = fields.filter { $0.source != .body }.map(parameter)
        let mounted = Mounted(endpoint)
        if mounted.takesMatch { parameters.append(ifMatch(required: mounted.requiresMatch)) }
        if route.method == "POST" { parameters.append(idempotencyKey) }
        var members: [JSON.Member] = []
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        let body = fields.filter { $0.source == .body }
        if !body.isEmpty {
            members.append(
                .init(
                    "requestBody",
                    [
                        "required": .bool(body.contains { $0.isRequired }),
                        "content": ["application/json": ["schema": E.Input.schema]],
                    ]))
        }
        var responses = [JSON.Member("\(route.success)", success(E.Output.self, route))]
        responses += problems(of: endpoint, statuses(mounted, hasBody: !body.isEmpty, hasInput: !fields.isEmpty))
        members.append(.init("responses", .object(responses)))
        return members
    }

    private static func parameter<Root>(_ field: Field<Root>) -> JSON {
        let place =
            switch field.source {
            case .path: "path"
            case .query: "query"
            case .header: "header"
            case .body: preconditionFailure("a body field is no parameter")
            }
        var members: [JSON.Member] = [
            .init("name", .string(field.name)), .init("in", .string(place)),
            .init("required", .bool(field.isRequired || field.source == .path)),
            .init("description", .string(field.doc)), .init("schema", field.schema),
        ]
        if field.isList { members += [.init("style", "form"), .init("explode", true)] }
        return .object(members)
    }

    private static func ifMatch(required: Bool) -> JSON {
        [
            "name": "If-Match", "in": "header", "required": .bool(required),
            "description": "The ETag that was read: refused with 412 when it is not the present one; * matches any",
            "schema": ["type": "string", "pattern": "^([*]|\"[0-9]{1,18}\")$"],
        ]
    }

    private static let idempotencyKey: JSON = [
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Sent again with the same key and body, the request is answered as before and done once",
        "schema": [
            "type": "string", "minLength": 1, "maxLength": .integer(Int64(Limits.idempotencyKeyLength)),
            "pattern": "^[!-~]+$",
        ],
    ]

    private static func success<Output: Record>(_ output: Output.Type, _ route: Route) -> JSON {
        var members: [JSON.Member] = [.init("description", "Done")]
        members.append(
            .init(
                "headers",
                [
                    "ETag": ["description": "Version, for If-Match", "schema": ["type": "string"]],
                    "Location": ["description": "Where the new thing is", "schema": ["type": "string"]],
                    "Link": ["description": "The next page (RFC 8288, rel=next)", "schema": ["type": "string"]],
                ]))
        if route.success != 204 {
            members.append(.init("content", ["application/json": ["schema": Output.outputSchema]]))
        }
        return .object(members)
    }

    /// Every status that `Responder` can answer for this endpoint beside success and the use case's own refusals.
    private static func statuses(_ mounted: Mounted, hasBody: Bool, hasInput: Bool) -> Set<Int> {
        var statuses: Set<Int> = [500, 503, 413, 422]
        if !mounted.type.access.isOpen { statuses.formUnion([401, 403]) }
        if hasBody { statuses.formUnion([400, 415]) }
        if hasInput { statuses.insert(404) }
        if mounted.type.route.method == "POST" { statuses.insert(409) }
        if mounted.takesMatch { statuses.insert(412) }
        if mounted.requiresMatch { statuses.insert(428) }
        return statuses
    }

    // MARK: - Endpoints that write their own messages

    private static func members(_ endpoint: any RawEndpoint.Type) -> [JSON.Member] {
        guard case .object(let own) = endpoint.operation else {
            preconditionFailure("\(endpoint).operation is no object")
        }
        var responses: [JSON.Member] = []
        if case .object(let given)? = endpoint.operation["responses"] { responses = given }
        var statuses: Set<Int> = [413, 500, 503]
        if !endpoint.access.isOpen { statuses.formUnion([401, 403]) }
        if !endpoint.route.pathFields.isEmpty { statuses.insert(404) }
        let known = Set(responses.compactMap { Int($0.name) })
        responses += problems(of: endpoint, statuses).filter { !known.contains(Int($0.name) ?? 0) }
        return own.filter { $0.name != "responses" } + [.init("responses", .object(responses))]
    }

    // MARK: - Problems

    /// Problem responses by status, with the codes of the use case's refusals named.
    private static func problems(of endpoint: any Mountable.Type, _ statuses: Set<Int>) -> [JSON.Member] {
        let refusals = Dictionary(grouping: endpoint.refusals, by: \.status)
        return statuses.union(refusals.keys).sorted().map { status in
            let codes = (refusals[status] ?? []).map { "`\($0.code)`: \($0.english)" }
            let text = codes.isEmpty ? meanings[status] ?? "Refused" : codes.joined(separator: " ")
            return JSON.Member(
                "\(status)",
                [
                    "description": .string(text),
                    "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                ])
        }
    }

    private static let meanings: [Int: String] = [
        400: "The body is no JSON", 401: "No valid access token", 403: "No right to do this here",
        404: "No such thing here", 409: "The present state forbids it, or the same request is still running",
        412: "The version is not the present one", 413: "The body is too large",
        415: "The body is not application/json", 422: "Fields are wrong: `errors` names each",
        428: "If-Match is missing", 500: "A fault of ours, noted under `trace`",
        503: "Busy, or the outcome is not known: try again with the same Idempotency-Key",
    ]
}

extension Access {
    var isOpen: Bool { if case .open = self { true } else { false } }
}

extension Record {
    /// The schema of what is answered: every field, wherever a request would carry it.
    static var outputSchema: JSON { schema(of: fields) }
}
