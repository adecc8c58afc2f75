import AMQP
import Contracts
import Foundation

extension WireFormat {
    /// Reads what came from the broker, and believes only what agrees with itself: the source must be the user that
    /// the broker checked, and the owner of the type.
    public static func envelope(_ delivery: Delivery) throws(WireFault) -> Envelope {
        let headers = Headers(delivery.headers)
        guard headers.optional(Name.specversion) == "1.0" else { throw .notCloudEvents }
        let type = try headers.text(Name.type, most: Limits.Events.type)
        let words = type.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 3, words.allSatisfy({ !$0.isEmpty }),
            words[1].unicodeScalars.count <= Limits.Envelope.aggregateType
        else {
            throw headers.malformed(Name.type, "is no wire name such as onestop.dossier.accepted.v1")
        }
        let source = try headers.text(Name.source, most: Limits.Envelope.source)
        guard source == words[0] else { throw .forged(reason: "\(source) does not own \(type)") }
        let agency = try headers.agency()
        try checkProperties(delivery, source: source, type: type, agency: agency)
        let id = try headers.text(Name.id, most: 36)
        guard let uuid = UUID(text: id) else {
            throw headers.malformed(Name.id, "is no UUID")
        }
        guard delivery.messageID == id else { throw .forged(reason: "message_id is not the event's id") }
        let time = try headers.text(Name.time, most: 40)
        guard let occurredAt = Instant.read(time) else { throw headers.malformed(Name.time, "is no RFC 3339 time") }
        let position = try headers.text(Name.position, most: 60)
        guard let position = Position(position) else { throw headers.malformed(Name.position, "is no position") }
        let epoch = try headers.number(Name.epoch)
        guard let epoch = Int32(exactly: epoch) else { throw headers.malformed(Name.epoch, "is too large") }
        return Envelope(
            id: uuid, source: source, type: type, aggregateType: String(words[1]),
            aggregateID: try headers.text(Name.subject, most: Limits.Events.aggregateID),
            version: try headers.number(Name.aggregateversion), epoch: epoch, position: position, agency: agency,
            actor: try headers.text(orNil: Name.actor, most: Limits.Envelope.actor),
            traceparent: try headers.text(orNil: Name.traceparent, most: Limits.Envelope.traceparent),
            occurredAt: occurredAt, payload: try data(delivery.body))
    }

    private static func checkProperties(
        _ delivery: Delivery, source: String, type: String, agency: AgencyCode?
    ) throws(WireFault) {
        guard delivery.userID == source else {
            throw .forged(reason: "published by \(delivery.userID.isEmpty ? "nobody" : delivery.userID) as \(source)")
        }
        guard delivery.appID == source else { throw .forged(reason: "app_id \(delivery.appID) is not \(source)") }
        guard delivery.type == type else { throw .forged(reason: "the property type is not \(type)") }
        let key = agency.map { "\(type).\($0.routingWords)" } ?? type
        guard delivery.routingKey == key else { throw .forged(reason: "routed as \(delivery.routingKey), not \(key)") }
        let isCommand = Catalogue.command(type) != nil
        guard isCommand == (delivery.exchange == Limits.commandExchange) else {
            throw .forged(reason: "\(type) came through the exchange \(delivery.exchange)")
        }
        guard delivery.contentType == contentType else {
            throw .malformed(attribute: "datacontenttype", reason: "is not \(contentType)")
        }
    }

    private static func data(_ body: [UInt8]) throws(WireFault) -> [UInt8] {
        let json: JSON
        do throws(JSONFault) { json = try JSON(parsing: body) } catch {
            throw .malformed(attribute: "data", reason: "is no JSON: \(error.reason) at byte \(error.offset)")
        }
        guard case .object = json else { throw .malformed(attribute: "data", reason: "is no JSON object") }
        return body
    }
}

extension Envelope {
    /// - Throws: when it is no event of ours, or says that it comes from another service than published it.
    public init(_ delivery: Delivery) throws(WireFault) { self = try WireFormat.envelope(delivery) }
}

/// The CloudEvents attributes among a message's headers.
private struct Headers {
    private let values: [String: HeaderValue]

    init(_ values: [String: HeaderValue]) { self.values = values }

    func malformed(_ name: String, _ reason: String) -> WireFault {
        .malformed(attribute: String(name.dropFirst(WireFormat.Name.prefix.count)), reason: reason)
    }

    /// Nil when absent, and when it is no text.
    func optional(_ name: String) -> String? { values[name]?.text.flatMap { $0.isEmpty ? nil : $0 } }

    func text(_ name: String, most: Int) throws(WireFault) -> String {
        guard let text = try text(orNil: name, most: most) else { throw malformed(name, "is missing") }
        return text
    }

    /// As the envelope's fields hold it: what cannot be parked, or would be another text afterwards, is not let in.
    func text(orNil name: String, most: Int) throws(WireFault) -> String? {
        guard let text = optional(name) else { return nil }
        do throws(FieldFault) {
            let kept = try Kind<String>.text(1...most).decode(.string(text))
            if kept.utf8.elementsEqual(text.utf8) { return text }
        } catch { throw malformed(name, error.english) }
        throw malformed(name, "is not in Unicode's form C")
    }

    /// From 1.
    func number(_ name: String) throws(WireFault) -> Int64 {
        guard let number = values[name]?.integer, number >= 1 else {
            throw malformed(name, "is no whole number from 1")
        }
        return number
    }

    func agency() throws(WireFault) -> AgencyCode? {
        guard let text = optional(WireFormat.Name.agency) else { return nil }
        do throws(FieldFault) { return try AgencyCode(text) } catch {
            throw malformed(WireFormat.Name.agency, "is no agency code")
        }
    }
}
