import Contracts
import EventLog
import Foundation

/// What every service answers beside its own use cases.
enum SystemEndpoints {
    static func all(rehearsal: Bool) -> [any Mountable.Type] {
        let always: [any Mountable.Type] = [
            CheckLive.self, CheckReady.self, ReadMetrics.self, ReadOpenAPI.self, ReadEvents.self,
            ListDeadEvents.self, ReadDeadEvent.self, EditDeadEvent.self, RetryDeadEvent.self, SkipDeadEvent.self,
            ListRefusedMessages.self, DismissRefusedMessage.self, ReadReceipt.self, ListReceiptRoots.self,
            ListReceiptKeys.self,
        ]
        return rehearsal ? always + [ReadRehearsalClock.self, SetRehearsalClock.self] : always
    }
}

/// `GET /health/live`: the process answers.
enum CheckLive: Endpoint {
    static let route = Route.get("/health/live")
    static let summary = "The process answers"
    static let access = Access.open

    struct Output: Record {
        var status = "live"
        static let fields: [Field<Self>] = [.init("status", \.status, .text(1...20), "live")]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> { Reply(Output()) }
}

/// `GET /health/ready`: requests can be served: the database answers. The broker may be away; writes go on without it.
enum CheckReady: Endpoint {
    static let route = Route.get("/health/ready")
    static let summary = "Requests can be served"
    static let access = Access.open

    struct Output: Record {
        var status = "ready"
        static let fields: [Field<Self>] = [.init("status", \.status, .text(1...20), "ready")]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        do { _ = try await call.run("SELECT 1 AS one") } catch {
            call.log.warning("not ready", metadata: ["error": "\(error)"])
            throw Refused.busy
        }
        return Reply(Output())
    }
}

/// `GET /metrics`: for Prometheus.
enum ReadMetrics: RawEndpoint {
    static let route = Route.get("/metrics")
    static let summary = "Measurements in Prometheus' text format"
    static let access = Access.open
    static let operation: JSON = [
        "responses": [
            "200": [
                "description": "Measurements", "content": ["text/plain": ["schema": ["type": "string"]]],
            ]
        ]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        Outgoing.text(200, await call.runtime.metrics.text(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
}

/// `GET /openapi.json`: made once, when it is first asked for.
enum ReadOpenAPI: RawEndpoint {
    static let route = Route.get("/openapi.json")
    static let summary = "This document (OpenAPI 3.1)"
    static let access = Access.open
    static let operation: JSON = [
        "responses": [
            "200": [
                "description": "The document", "content": ["application/json": ["schema": ["type": "object"]]],
            ]
        ]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        Outgoing.json(200, call.runtime.openAPI())
    }
}
