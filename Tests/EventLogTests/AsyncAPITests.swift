import AMQP
import Contracts
import Foundation
import Testing

@testable import EventLog

/// What the AsyncAPI document says about the wire is what the relay publishes.
@Suite struct AsyncAPITests {
    private func published(_ event: any Event, agency: AgencyCode?) -> OutgoingMessage {
        let type = Swift.type(of: event)
        return WireFormat.message(
            Envelope(
                id: UUID.v7(), source: type.source, type: type.type, aggregateType: type.aggregate,
                aggregateID: event.aggregateID, version: 7, epoch: 1,
                position: Position(epoch: 1, tick: 2, ordinal: 3), agency: agency, actor: "an.nv",
                traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                occurredAt: Date(timeIntervalSince1970: 1_612_839_600), payload: event.jsonBytes))
    }

    @Test func `every header is described, and every required one is sent`() throws {
        let headers = published(DossierSubmitted(), agency: try AgencyCode("H19.12")).headers
        guard case .object(let described)? = CloudEventsHeaders.schema["properties"] else {
            Issue.record("no properties")
            return
        }
        #expect(Set(headers.map(\.0)) == Set(described.map(\.name)))
        for (name, value) in headers {
            let schema = described.first { $0.name == name }?.value
            let isInteger = schema?["type"] == "integer"
            #expect((value.integer != nil) == isInteger, "\(name) is of another type")
            if let constant = schema?["const"]?.text { #expect(value.text == constant) }
        }
        let bare = published(OfficialRegistered(), agency: nil)
        let required = (CloudEventsHeaders.schema["required"]?.array ?? []).compactMap(\.text)
        #expect(Set(required).isSubset(of: Set(bare.headers.map(\.0))) && required.count >= 10)
    }

    @Test func `a channel's address is the routing key`() throws {
        let agency = try AgencyCode("H19.12")
        for event in Catalogue.events {
            let isRouted = Catalogue.isRoutedByAgency(event)
            let message = published(event.init(), agency: isRouted ? agency : nil)
            let key = event.type.replacing(".", with: "_")
            let address = AsyncAPI.document["channels"]?[key]?["address"]?.text ?? ""
            #expect(address.replacing("{agency}", with: agency.routingWords) == message.routingKey)
            let sending = AsyncAPI.document["operations"]?["send_\(key)"]?["bindings"]?["amqp"]
            #expect(sending?["userId"]?.text == message.appID)
        }
    }
}
