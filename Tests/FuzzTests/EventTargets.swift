import Contracts
import Foundation

@testable import AMQP
@testable import EventLog
@testable import ServiceKit

/// What comes from the broker and from other services' feeds.
enum EventTargets {
    static let all: [Target] = [received, parked, feedPage, positionPattern]

    static let envelopes: [Envelope] = [
        envelope(agency: "H19.30", actor: "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"), envelope(agency: nil, actor: nil),
    ]

    private static func envelope(agency: String?, actor: String?) -> Envelope {
        Envelope(
            id: UUID(text: "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f") ?? UUID.v7(), source: "onestop",
            type: "onestop.dossier.accepted.v1", aggregateType: "dossier",
            aggregateID: "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0e", version: 2, epoch: 1,
            position: Position(epoch: 1, tick: 17, ordinal: 3), agency: agency.flatMap { try? AgencyCode($0) },
            actor: actor,
            traceparent: actor.map { _ in "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
            occurredAt: Date(timeIntervalSince1970: 1_612_839_600), payload: Array(#"{"dossier":"x","n":1}"#.utf8))
    }

    /// A message as JSON: properties and headers by name, the body as text.
    static func json(_ message: OutgoingMessage) -> JSON {
        let headers = message.headers.map { name, value -> JSON.Member in
            switch value {
            case .string(let text): .init(name, .string(text))
            case .integer(let number): .init(name, .integer(number))
            case .bool(let flag): .init(name, .bool(flag))
            }
        }
        return [
            "key": .string(message.routingKey), "id": .string(message.messageID), "type": .string(message.type),
            "app": .string(message.appID), "user": .string(message.appID), "content": .string(message.contentType),
            "headers": .object(headers), "body": .string(String(decoding: message.body, as: UTF8.self)),
        ]
    }

    static func delivery(_ json: JSON) -> Delivery {
        var headers: [String: HeaderValue] = [:]
        if case .object(let members)? = json["headers"] {
            for member in members {
                switch member.value {
                case .string(let text): headers[member.name] = .string(text)
                case .integer(let number): headers[member.name] = .integer(number)
                case .bool(let flag): headers[member.name] = .bool(flag)
                default: break
                }
            }
        }
        func text(_ name: String) -> String { json[name]?.text ?? "" }
        return Delivery(
            routingKey: text("key"), exchange: "events", messageID: text("id"), type: text("type"), appID: text("app"),
            userID: text("user"), contentType: text("content"), timestamp: nil, headers: headers,
            body: Array(text("body").utf8), redelivered: false, tag: 1, generation: 1)
    }

    private static let received = Target(
        "message from the broker", envelopes.map { json(WireFormat.message($0)).bytes },
        words: ["cloudEvents:", "onestop", "onestop.dossier.accepted.v1", "1.0", "H19.12"],
        change: { $1.changeJSON($0) }
    ) { bytes in
        let given = delivery(try JSON(parsing: bytes))
        let event = try Envelope(given)
        try require(event.source == given.userID, "\(event.source) is believed of \(given.userID)")
        try require(event.type.hasPrefix("\(event.source).\(event.aggregateType)."), "\(event.type) of \(event.source)")
        let message = WireFormat.message(event)
        if let defect = message.defect { throw Finding("what was received could not be sent: \(defect)") }
        try require(try Envelope(delivery(json(message))) == event, "it becomes another event when sent on")
        try storable(event)
    }

    /// An event must outlive parking: it is written as JSON, and everything in it into PostgreSQL.
    private static func storable(_ event: Envelope) throws {
        let again: Envelope
        do { again = try Envelope(json: try event.json) } catch { throw Finding("it cannot be parked: \(error)") }
        try require(again.aggregate.id.utf8.elementsEqual(event.aggregate.id.utf8), "parked it is of another aggregate")
        var same = event
        // The payload's spaces are not kept.
        same.payload = again.payload
        try require(again == same, "parked it becomes another event: \(again) instead of \(same)")
        let texts = [event.source, event.type, event.aggregateID, event.actor ?? "", event.traceparent ?? ""]
        try require(!texts.contains { $0.utf8.contains(0) }, "PostgreSQL cannot store it")
    }

    private static let parked = Target(
        "event from a feed", envelopes.map { $0.jsonBytes }, change: { $1.changeJSON($0) }
    ) { bytes in
        let event: Envelope
        do throws(FieldFault) { event = try Envelope(json: try JSONTargets.parsed(bytes)) } catch {
            try FaultCheck.names(error, Envelope.fields.map(\.name))
            throw error
        }
        try storable(event)
    }

    private static let feedPage = Target(
        "page of a feed",
        [
            Array(#"{"events":["#.utf8) + envelopes[0].jsonBytes + Array(#"],"through":"1.17.3","isLast":true}"#.utf8),
            Array(#"{"events":[],"through":"0.0.0","isLast":false,"more":1}"#.utf8),
        ], change: { $1.changeJSON($0) }
    ) { bytes in
        let page = try FeedClient.page(JSON(parsing: bytes))
        for event in page.events { try storable(event) }
        try require(page.through >= .start, "through \(page.through)")
    }

    private static let positionPattern = Target("position by its pattern", texts: ["1.17.3", "0.0.0"]) { text in
        let json = JSON.string(text)
        guard (try? Kind<Position>.position.decode(json)) != nil else { throw ValueTargets.Refusal() }
        try require(
            SchemaCheck.fault(json, Kind<Position>.position.schema) == nil, "\(text.debugDescription) is accepted")
    }
}
