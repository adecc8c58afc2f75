import Contracts
import ServiceKit

/// `GET /.well-known/jwks.json`: the keys that verify our tokens.
enum PublishKeys: RawEndpoint {
    static let route = Route.get("/.well-known/jwks.json")
    static let summary = "The public keys that verify access tokens (RFC 7517)"
    static let access = Access.open
    static let operation: JSON = [
        "responses": [
            "200": [
                "description": "JWK Set",
                "content": [
                    "application/json": [
                        "schema": [
                            "type": "object", "required": ["keys"],
                            "properties": ["keys": ["type": "array", "items": ["type": "object"]]],
                        ]
                    ]
                ],
            ]
        ]
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        Outgoing.json(200, await call.resource(KeyRing.self).jwks().bytes)
    }
}

/// `POST /keys/rotate`: a new signing key now; tokens already given out stay valid.
enum RotateKeys: Endpoint {
    static let route = Route.post("/keys/rotate")
    static let summary = "Make a new signing key; the ones before go on verifying"
    static let access = Access.official(.accountsManage)

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Nothing> {
        try await call.require(.accountsManage, at: .none)
        let ring = call.resource(KeyRing.self)
        let reply = try await call.transaction { work in
            try await ring.rotate(in: work)
            return Reply(Nothing())
        }
        // It is made in any case; what cannot be read now is read at the next look.
        do { try await ring.load() } catch { call.log.warning("new key not read", metadata: ["error": "\(error)"]) }
        return reply
    }
}
