import Foundation

/// The AsyncAPI 3.0 document of all events: what LiênThông sends, where, in which form, and how one signs in. Made from
/// the catalogue, so it cannot tell of anything that is not announced.
public enum AsyncAPI {
    /// Of the document, not of the events: those carry theirs in their names.
    static let version = "1.0.0"

    public static let document: JSON = [
        "asyncapi": "3.0.0",
        "id": "urn:lienthong:events",
        "info": info,
        "defaultContentType": "application/json",
        "servers": ["broker": broker],
        "channels": .object(Catalogue.events.map { .init(key($0), channel(of: $0)) }),
        "operations": .object(Catalogue.events.map { .init("send_\(key($0))", operation(of: $0)) }),
        "components": [
            "messages": .object(Catalogue.events.map { .init(key($0), message(of: $0)) }),
            "schemas": .object(
                [.init("cloudEventsHeaders", CloudEventsHeaders.schema)]
                    + Catalogue.events.map { .init(key($0), EventSchema.data(of: $0)) }),
            "parameters": ["agency": agency],
            "securitySchemes": ["password": password, "certificate": certificate],
        ],
    ]

    private static let info: JSON = [
        "title": "LiênThông: events of the province",
        "version": .string(version),
        "description": """
        Every fact that the services of the province announce, as CloudEvents 1.0 in binary mode over AMQP 0-9-1. \
        No event is lost, the events of one aggregate arrive in their order, and one may come more than once: \
        `cloudEvents:id` is its identity, `cloudEvents:aggregateversion` counts from 1 without gaps within \
        `cloudEvents:subject`. Within a version only optional fields are added: ignore what you do not know. \
        Bind a queue of your own; `*` stands for one word and `#` for any number: \
        `onestop.dossier.*.v1.H19.30.#` is everything that one district and its communes receive.
        """,
        "tags": .array(
            ServiceName.allCases.filter { service in Catalogue.events.contains { $0.source == service.rawValue } }
                .map { ["name": .string($0.rawValue), "description": .string("Announced by \($0.rawValue)")] }),
    ]

    /// No host of a machine: each province has its own.
    private static let broker: JSON = [
        "host": "{host}:{port}",
        "pathname": "/{vhost}",
        "protocol": "amqps",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ of the province. TLS 1.2 or later outside of one machine.",
        "variables": [
            "host": ["description": "Name of the broker, or of the balancer before its nodes"],
            "port": ["default": "5671", "description": "TLS; 5672 without, on the same machine only"],
            "vhost": ["default": "lienthong", "description": "The virtual host"],
        ],
        "security": [["$ref": "#/components/securitySchemes/password"]],
        "bindings": ["amqp": [:]],
    ]

    private static let password: JSON = [
        "type": "userPassword",
        "description": """
        A broker user of the subscription's own, limited to its queue. Services publish as themselves and the broker \
        checks it: the property user_id is the true source.
        """,
    ]

    private static let certificate: JSON = [
        "type": "X509",
        "description": "The certificate of the broker is checked by the client: authority and host name.",
    ]

    private static let agency: JSON = [
        "description": """
        Code of the agency that it concerns (Decision 20/2020/QĐ-TTg), most significant group first, one word a \
        group: H19.12.01. Fixed for the life of an aggregate.
        """,
        "examples": ["H19", "H19.12", "H19.30.01"],
    ]

    /// The key of an event in this document. Some tools take no dots there; no wire name has an underscore.
    static func key(_ event: any Event.Type) -> String {
        event.type.replacingOccurrences(of: ".", with: "_")
    }

    private static func reference(_ section: String, _ name: String) -> JSON {
        ["$ref": .string("#/\(section)/\(name)")]
    }

    private static func channel(of event: any Event.Type) -> JSON {
        let isRouted = Catalogue.isRoutedByAgency(event)
        var members: [JSON.Member] = [
            .init("address", .string(isRouted ? "\(event.type).{agency}" : event.type)),
            .init("title", .string(event.type)),
            .init("description", .string(event.doc)),
            .init("servers", [reference("servers", "broker")]),
            .init("messages", .object([.init(key(event), reference("components/messages", key(event)))])),
        ]
        if isRouted { members.append(.init("parameters", ["agency": reference("components/parameters", "agency")])) }
        members += [
            .init("tags", [["name": .string(event.source)]]),
            .init(
                "bindings",
                [
                    "amqp": [
                        "is": "routingKey",
                        "exchange": [
                            "name": .string(Limits.exchange), "type": "topic", "durable": true, "autoDelete": false,
                            "vhost": "lienthong",
                        ],
                        "bindingVersion": "0.3.0",
                    ]
                ]),
        ]
        return .object(members)
    }

    private static func operation(of event: any Event.Type) -> JSON {
        [
            "action": "send",
            "title": .string("\(event.source) announces \(event.type)"),
            "channel": reference("channels", key(event)),
            "messages": [reference("channels/\(key(event))/messages", key(event))],
            "security": [reference("components/securitySchemes", "password")],
            // Persistent and mandatory, confirmed by the broker; the sender is the broker's user of the service.
            "bindings": [
                "amqp": [
                    "deliveryMode": 2, "mandatory": true, "userId": .string(event.source), "timestamp": true,
                    "ack": true, "bindingVersion": "0.3.0",
                ]
            ],
        ]
    }

    private static func message(of event: any Event.Type) -> JSON {
        [
            "name": .string(event.type),
            "title": .string(event.type),
            "summary": .string(event.doc),
            "contentType": "application/json",
            "headers": [
                "allOf": [
                    reference("components/schemas", "cloudEventsHeaders"),
                    [
                        "type": "object",
                        "properties": [
                            "cloudEvents:type": ["const": .string(event.type)],
                            "cloudEvents:source": ["const": .string(event.source)],
                        ],
                    ],
                ]
            ],
            "payload": reference("components/schemas", key(event)),
            "tags": [["name": .string(event.source)]],
            "bindings": ["amqp": ["messageType": .string(event.type), "bindingVersion": "0.3.0"]],
            "x-json-schema": .string("/schemas/\(event.type)"),
        ]
    }
}

/// The headers of our binding of CloudEvents 1.0 to AMQP 0-9-1, which has no official one: every attribute is a header;
/// what AMQP has a property for is repeated there.
public enum CloudEventsHeaders {
    public static let required = [
        "specversion", "id", "source", "type", "time", "subject", "datacontenttype", "aggregateversion", "epoch",
        "position",
    ]

    public static let schema: JSON = [
        "title": "CloudEvents 1.0 in binary mode over AMQP 0-9-1",
        "description": """
        Each attribute is a header with the prefix `cloudEvents:`. The properties message_id, type, app_id, user_id, \
        timestamp (whole seconds) and content_type repeat id, type, source, source, time and datacontenttype.
        """,
        "type": "object",
        "properties": .object(attributes.map { .init("cloudEvents:\($0.name)", $0.schema) }),
        "required": .array(required.map { .string("cloudEvents:\($0)") }),
    ]

    private static let attributes: [(name: String, schema: JSON)] = [
        ("specversion", ["const": "1.0"]),
        ("id", ["type": "string", "format": "uuid", "description": "Identity of the event; message_id too"]),
        ("source", ["type": "string", "description": "The announcing service; app_id and user_id too"]),
        ("type", ["type": "string", "description": "Wire name with version; the beginning of the routing key"]),
        ("time", ["type": "string", "format": "date-time", "description": "When it happened, in business time"]),
        ("subject", ["type": "string", "description": "The aggregate's identity"]),
        ("datacontenttype", ["const": "application/json"]),
        (
            "aggregateversion",
            ["type": "integer", "minimum": 1, "description": "Place within the aggregate, from 1 without gaps"]
        ),
        ("epoch", ["type": "integer", "minimum": 1, "description": "Incarnation of the source's history"]),
        (
            "position",
            [
                "type": "string", "pattern": #"^[0-9]{1,10}\.[0-9]{1,19}\.[0-9]{1,10}$"#,
                "description": "Place in the source's feed: epoch, tick, ordinal",
            ]
        ),
        ("agency", ["type": "string", "description": "The agency that it is routed to; the end of the routing key"]),
        ("actor", ["type": "string", "description": "The account or program that did it"]),
        ("traceparent", ["type": "string", "description": "W3C Trace Context"]),
    ]
}
