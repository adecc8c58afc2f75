import Contracts
import ServiceKit

/// `POST /oauth/revoke` (RFC 7009): a refresh token and all that came of it end. Unknown tokens answer the same.
enum RevokeToken: RawEndpoint {
    static let route = Route.post("/oauth/revoke")
    static let summary = "Revoke a refresh token and its family"
    static let access = Access.open
    static let operation: JSON = [
        "requestBody": [
            "required": true,
            "content": [
                "application/x-www-form-urlencoded": [
                    "schema": [
                        "type": "object", "required": ["token", "client_id"],
                        "properties": [
                            "token": ["type": "string"], "client_id": ["type": "string"],
                            "token_type_hint": ["type": "string"],
                        ],
                    ]
                ]
            ],
        ],
        "responses": [
            "200": ["description": "Revoked, or was not known"],
            "400": ["description": "Refused", "content": ["application/json": ["schema": OAuthFault.schema]]],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            let form = try Form(request)
            let (client, given) = (try form.require("client_id"), try form.require("token"))
            // A JWT is an access token, whatever the hint says.
            guard given.split(separator: ".").count != 3 else { throw OAuthFault.unsupportedToken }
            let token = OpaqueSecret.hash(given)
            try await call.run(
                """
                UPDATE refresh_tokens SET revoked_at = now()
                WHERE revoked_at IS NULL
                  AND family = (SELECT family FROM refresh_tokens WHERE token_hash = \(token) AND client = \(client))
                """)
            return Outgoing(200)
        } catch let fault as OAuthFault { return fault.outgoing }
    }
}
