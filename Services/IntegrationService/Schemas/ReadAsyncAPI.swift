import Contracts
import ServiceKit

/// `GET /asyncapi.json`: what integrators generate their clients from. Open: it holds nothing but descriptions.
enum ReadAsyncAPI: RawEndpoint {
    static let route = Route.get("/asyncapi.json")
    static let summary = "Every event, its channel and its form (AsyncAPI 3.0)"
    static let access = Access.open
    static let operation: JSON = [
        "responses": [
            "200": ["description": "The document", "content": ["application/json": ["schema": ["type": "object"]]]]
        ]
    ]

    private static let document = AsyncAPI.document.bytes

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        Outgoing.json(200, document)
    }
}
