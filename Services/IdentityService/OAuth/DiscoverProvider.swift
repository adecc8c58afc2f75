import Contracts
import ServiceKit

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, section 4).
enum DiscoverProvider: RawEndpoint {
    static let route = Route.get("/.well-known/openid-configuration")
    static let summary = "OpenID Connect discovery"
    static let access = Access.open
    static let operation: JSON = [
        "responses": [
            "200": [
                "description": "Provider metadata", "content": ["application/json": ["schema": ["type": "object"]]],
            ]
        ]
    ]

    private static let claims: [JSON] = ["iss", "aud", "sub", "iat", "exp", "auth_time", "nonce", "kind", "person"]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let issuer = call.runtime.configuration.identityURL
        func at(_ path: String) -> JSON { .string(issuer + path) }
        let document: JSON = [
            "issuer": .string(issuer), "authorization_endpoint": at("/oauth/authorize"),
            "token_endpoint": at("/oauth/token"), "revocation_endpoint": at("/oauth/revoke"),
            "end_session_endpoint": at("/oauth/logout"), "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/.well-known/jwks.json"), "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid"], "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "revocation_endpoint_auth_methods_supported": ["none"], "response_modes_supported": ["query"],
            "prompt_values_supported": ["none", "login"], "request_parameter_supported": false,
            "request_uri_parameter_supported": false, "claims_supported": .array(claims),
            "ui_locales_supported": ["vi", "en"], "authorization_response_iss_parameter_supported": true,
        ]
        return Outgoing.json(200, document.bytes)
    }
}
