import Contracts
import Foundation

/// The envelope as feeds serve it and as the inbox parks it: one JSON object, the data inside it as JSON.
///
///     {"id":"…","source":"onestop","type":"onestop.dossier.accepted.v1","aggregateType":"dossier","aggregateID":"…",
///      "version":2,"epoch":1,"position":"1.17.3","agency":"H19.30","occurredAt":"2021-02-09T10:00:00+07:00",
///      "payload":{…}}
extension Envelope: Record {
    /// Empty: what a field holds before it is decoded.
    public init() {
        self.init(
            id: EventID().uuid, source: "", type: "", aggregateType: "", aggregateID: "", version: 0, epoch: 0,
            position: .start, agency: nil, actor: nil, traceparent: nil, occurredAt: Date(timeIntervalSince1970: 0),
            payload: [])
    }

    public static let fields: [Field<Self>] = [
        .init("id", \.id, .uuid, "Identity of the event"),
        .init("source", \.source, .text(1...Limits.Envelope.source), "The announcing service"),
        .init("type", \.type, .text(1...Limits.Events.type), "Wire name with version"),
        .init(
            "aggregateType", \.aggregateType, .text(1...Limits.Envelope.aggregateType),
            "The kind of thing it is about"),
        .init("aggregateID", \.aggregateID, .text(1...Limits.Events.aggregateID), "The thing it is about"),
        .init("version", \.version, .count, "Place within the thing's events, from 1 without gaps"),
        .init("epoch", \.epoch, .epoch, "Incarnation of the source's history in which it was written"),
        .init("position", \.position, .position, "Where it stands in the source's feed"),
        .init("agency", \.agency, .agency, "The receiving agency"),
        .init("actor", \.actor, .text(1...Limits.Envelope.actor), "The account or program that did it"),
        .init("traceparent", \.traceparent, .text(1...Limits.Envelope.traceparent), "W3C Trace Context"),
        .init("occurredAt", \.occurredAt, .instant, "When it happened, in business time"),
        .init("payload", \.payload, .document, "The data of the event"),
    ]

    /// - Throws: when the payload is no JSON within our limits.
    public var json: JSON { get throws(JSONFault) { try JSON(parsing: jsonBytes) } }

    /// Fields that are not known are ignored: a newer source may add some.
    public init(json: JSON) throws(FieldFault) { try self.init(decoding: json, unknown: .ignore) }
}

extension Kind where Value == Position {
    /// `epoch.tick.ordinal`, without signs and leading zeros.
    public static var position: Kind {
        let pattern = #"^(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,9})$"#
        return Kind(
            format: ["type": "string", "pattern": .string(pattern)],
            expected: ("một vị trí như 1.17.3", "a position such as 1.17.3"), read: { Position($0) },
            write: { $0.description })
    }
}

extension Kind where Value == Int64 {
    /// A number that counts from 1.
    static var count: Kind {
        Kind(
            schema: ["type": "integer", "minimum": 1],
            decode: { json throws(FieldFault) in
                guard let value = json.integer, value >= 1 else {
                    throw FieldFault("range", vi: "phải là số nguyên dương", en: "must be a positive integer")
                }
                return value
            },
            encode: { value, writer in writer.integer(value) })
    }
}

extension Kind where Value == Int32 {
    static var epoch: Kind {
        Kind(
            schema: ["type": "integer", "minimum": 1, "maximum": .integer(Int64(Int32.max))],
            decode: { json throws(FieldFault) in
                guard let value = json.integer.flatMap({ Int32(exactly: $0) }), value >= 1 else {
                    throw FieldFault("range", vi: "phải là số nguyên dương", en: "must be a positive integer")
                }
                return value
            },
            encode: { value, writer in writer.integer(Int64(value)) })
    }
}

extension Kind where Value == [UInt8] {
    /// Any JSON object, kept as the bytes of its text.
    static var document: Kind {
        Kind(
            schema: ["type": "object"],
            decode: { json throws(FieldFault) in
                guard case .object = json else {
                    throw FieldFault("type", vi: "phải là đối tượng", en: "must be an object")
                }
                return json.bytes
            },
            encode: { value, writer in writer.verbatim(String(decoding: value, as: UTF8.self)) })
    }
}
