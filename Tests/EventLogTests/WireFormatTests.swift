import Contracts
import Foundation
import Testing

@testable import AMQP
@testable import EventLog

/// The golden vectors of our binding: never edited, because others read these messages.
@Suite struct WireFormatTests {
    static let full = Envelope(
        id: UUID(uuidString: "01890a5d-ac96-774b-bcce-b302099a8057") ?? UUID(), source: "onestop",
        type: "onestop.dossier.accepted.v1", aggregateType: "dossier",
        aggregateID: "01890a5d-ac96-774b-bcce-b302099a8058", version: 2, epoch: 1,
        position: Position(epoch: 1, tick: 17, ordinal: 3), agency: try? AgencyCode("H19.30"),
        actor: "01890a5d-ac96-774b-bcce-b302099a8059",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        occurredAt: Date(timeIntervalSince1970: 1_612_839_600.25),
        payload: Array(#"{"code":"H19.30-210209-0001"}"#.utf8))

    static var bare: Envelope {
        var bare = full
        (bare.agency, bare.actor, bare.traceparent) = (nil, nil, nil)
        return bare
    }

    /// As a broker hands it out that has checked the user.
    static func delivery(
        _ message: OutgoingMessage, user: String = "onestop", change: (inout [String: HeaderValue]) -> Void = { _ in }
    ) -> Delivery {
        var headers = Dictionary(uniqueKeysWithValues: message.headers)
        change(&headers)
        return Delivery(
            routingKey: message.routingKey, exchange: "lienthong.events", messageID: message.messageID,
            type: message.type, appID: message.appID, userID: user, contentType: message.contentType,
            timestamp: message.timestamp, headers: headers, body: message.body, redelivered: false, tag: 1,
            generation: 1)
    }

    @Test func `an event with everything`() {
        let message = WireFormat.message(Self.full)
        #expect(message.routingKey == "onestop.dossier.accepted.v1.H19.30")
        #expect(message.messageID == "01890a5d-ac96-774b-bcce-b302099a8057")
        #expect(message.type == "onestop.dossier.accepted.v1" && message.appID == "onestop" && message.userID == nil)
        #expect(message.contentType == "application/json")
        #expect(message.timestamp.timeIntervalSince1970.rounded(.down) == 1_612_839_600)
        #expect(String(decoding: message.body, as: UTF8.self) == #"{"code":"H19.30-210209-0001"}"#)
        let golden: [(String, HeaderValue)] = [
            ("cloudEvents:specversion", .string("1.0")),
            ("cloudEvents:id", .string("01890a5d-ac96-774b-bcce-b302099a8057")),
            ("cloudEvents:source", .string("onestop")),
            ("cloudEvents:type", .string("onestop.dossier.accepted.v1")),
            ("cloudEvents:time", .string("2021-02-09T10:00:00.250+07:00")),
            ("cloudEvents:subject", .string("01890a5d-ac96-774b-bcce-b302099a8058")),
            ("cloudEvents:datacontenttype", .string("application/json")),
            ("cloudEvents:aggregateversion", .integer(2)),
            ("cloudEvents:epoch", .integer(1)),
            ("cloudEvents:position", .string("1.17.3")),
            ("cloudEvents:agency", .string("H19.30")),
            ("cloudEvents:actor", .string("01890a5d-ac96-774b-bcce-b302099a8059")),
            ("cloudEvents:traceparent", .string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")),
        ]
        #expect(message.headers.elementsEqual(golden) { $0.0 == $1.0 && $0.1 == $1.1 }, "\(message.headers)")
    }

    @Test func `an event with as little as possible`() {
        let message = WireFormat.message(Self.bare)
        #expect(message.routingKey == "onestop.dossier.accepted.v1")
        #expect(message.headers.map(\.0).last == "cloudEvents:position" && message.headers.count == 10)
    }

    @Test func `what is written is read again`() throws {
        for event in [Self.full, Self.bare] {
            #expect(try Envelope(Self.delivery(WireFormat.message(event))) == event)
        }
    }

    @Test func `another service's user cannot say it is the source`() throws {
        let message = WireFormat.message(Self.full)
        for user in ["hr", "", "onestop2"] {
            let fault = #expect(throws: WireFault.self) { try Envelope(Self.delivery(message, user: user)) }
            guard case .forged = fault else {
                Issue.record("\(String(describing: fault))")
                return
            }
        }
        // Nor can it say that the other's type is its own.
        #expect(throws: WireFault.forged(reason: "hr does not own onestop.dossier.accepted.v1")) {
            try Envelope(Self.delivery(message, user: "hr") { $0["cloudEvents:source"] = .string("hr") })
        }
        var foreign = message
        foreign.appID = "hr"
        #expect(throws: WireFault.self) { try Envelope(Self.delivery(foreign)) }
    }

    @Test func `attributes that contradict the properties are refused`() {
        let original = WireFormat.message(Self.full)
        let changes: [(inout OutgoingMessage) -> Void] = [
            { $0.routingKey = "onestop.dossier.accepted.v1" }, { $0.routingKey = "onestop.dossier.accepted.v1.H19.31" },
            { $0.messageID = UUID().uuidString }, { $0.type = "onestop.dossier.refused.v1" },
        ]
        for change in changes {
            var message = original
            change(&message)
            let fault = #expect(throws: WireFault.self) { try Envelope(Self.delivery(message)) }
            if case .forged = fault { continue }
            Issue.record("\(String(describing: fault))")
        }
    }

    @Test(arguments: [
        ("id", HeaderValue.string("7")), ("type", .string("onestop")), ("type", .string("onestop..v1")),
        ("type", .integer(1)), ("time", .string("yesterday")), ("subject", .string("")),
        ("subject", .string(String(repeating: "x", count: 121))), ("aggregateversion", .integer(0)),
        ("aggregateversion", .string("2")), ("epoch", .integer(0)), ("epoch", .integer(1 << 40)),
        ("position", .string("1.2")), ("position", .string("1.-2.3")), ("agency", .string("h19")),
    ])
    func `a malformed attribute is named`(_ name: String, _ value: HeaderValue) {
        let fault = #expect(throws: WireFault.self) {
            try Envelope(Self.delivery(WireFormat.message(Self.full)) { $0["cloudEvents:\(name)"] = value })
        }
        guard case .malformed(name, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test(arguments: [
        "id", "source", "type", "time", "subject", "aggregateversion", "epoch", "position",
    ])
    func `a missing attribute is named`(_ name: String) {
        let fault = #expect(throws: WireFault.self) {
            try Envelope(Self.delivery(WireFormat.message(Self.full)) { $0["cloudEvents:\(name)"] = nil })
        }
        guard case .malformed(name, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test(arguments: ["", "[]", "7", "{", #"{"a":1,"a":2}"#, "{}x", #"{"a":"\#u{1}"}"#])
    func `data that is no JSON object is refused`(_ body: String) {
        var message = WireFormat.message(Self.full)
        message.body = Array(body.utf8)
        #expect(throws: WireFault.self) { try Envelope(Self.delivery(message)) }
    }

    @Test func `somebody else's message is none of ours`() {
        #expect(throws: WireFault.notCloudEvents) {
            try Envelope(Self.delivery(WireFormat.message(Self.full)) { $0 = [:] })
        }
        #expect(throws: WireFault.notCloudEvents) {
            try Envelope(
                Self.delivery(WireFormat.message(Self.full)) { $0["cloudEvents:specversion"] = .string("0.3") })
        }
    }

    @Test func `the JSON of the feed`() throws {
        let golden = """
            {"id":"01890a5d-ac96-774b-bcce-b302099a8057","source":"onestop","type":"onestop.dossier.accepted.v1",\
            "aggregateType":"dossier","aggregateID":"01890a5d-ac96-774b-bcce-b302099a8058","version":2,"epoch":1,\
            "position":"1.17.3","agency":"H19.30","actor":"01890a5d-ac96-774b-bcce-b302099a8059",\
            "traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",\
            "occurredAt":"2021-02-09T10:00:00.250+07:00","payload":{"code":"H19.30-210209-0001"}}
            """
        #expect(String(decoding: Self.full.jsonBytes, as: UTF8.self) == golden)
        for event in [Self.full, Self.bare] { #expect(try Envelope(json: event.json) == event) }
        guard case .object(var members) = try Self.full.json else { return }
        members.append(.init("later", 1))
        #expect(try Envelope(json: .object(members)) == Self.full)
        members.removeAll { $0.name == "position" }
        #expect(throws: FieldFault.missing("position")) { try Envelope(json: .object(members)) }
    }
}
