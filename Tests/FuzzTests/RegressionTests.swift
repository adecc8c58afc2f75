import Contracts
import EventLog
import Foundation
import Testing

@testable import BudgetService
@testable import Journeys
@testable import ServiceKit

/// What the fuzzer found, one test each; the inputs as it found them.
@Suite struct RegressionTests {
    @Test(arguments: ["+2147483647.1.1", "1.+1.3", "01.1.1", "1.1.-0", "1.1.1\n"])
    func `a position has one spelling`(_ text: String) { #expect(Position(text) == nil) }

    /// Would be written with a year that RFC 3339 or our calendar does not have.
    @Test(arguments: [
        "0001-01-01T00:00:00+07:10", "9999-12-31T23:59:59.999999+07:00", "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:59",
    ])
    func `a time that could not be written again is not read`(_ text: String) { #expect(Instant.read(text) == nil) }

    @Test(arguments: [("a=%+5", "%+5".replacing("+", with: " ")), ("a=%-0", "%-0"), ("a=%5", "%5"), ("a=%4%41", "%4A")])
    func `a percent sign without two digits stands for itself`(_ query: String, _ value: String) {
        #expect(FormDecoding.pairs(query).map(\.value) == [value])
    }

    @Test(arguments: [" 00", "+5", "\"+5\"", "\"5", "5\"", "\"\"5\"\"", "\"05\"", "-0", "W/\"5\"", "\"", ""])
    func `an If-Match that is not as we write it matches nothing`(_ text: String) {
        let request = Incoming("PUT", "/x", headers: [("if-match", text)])
        #expect(throws: Refused.stale) { try Responder.ifMatch(request, required: true) }
    }

    @Test func `an If-Match as we write it is the version`() throws {
        for (text, version) in [("\"5\"", 5), (" 7 ", 7), ("*", nil)] as [(String, Int64?)] {
            let request = Incoming("PUT", "/x", headers: [("if-match", text)])
            #expect(try Responder.ifMatch(request, required: true) == version)
        }
    }

    @Test func `a pattern ends where the text ends`() throws {
        let kind = Kind<String>.text(1...20, pattern: "^[a-z]+$|^24:00$")
        #expect(try kind.decode("abc") == "abc" && kind.decode("24:00") == "24:00")
        for text in ["abc\n", "abc\r\n", "24:00\n", "\nabc"] {
            #expect(throws: FieldFault.self, "\(text.debugDescription)") { try kind.decode(.string(text)) }
        }
    }

    /// Such an event could not be read again once it was parked.
    @Test(arguments: [
        ("traceparent", String(repeating: "0", count: 61)), ("actor", String(repeating: "a", count: 201)),
        ("actor", "a\0b"), ("subject", "e\u{301}"), ("actor", "e\u{301}"), ("subject", "a\u{7}"),
    ])
    func `an attribute that could not be kept is refused`(_ name: String, _ text: String) throws {
        var message = WireFormat.message(EventTargets.envelopes[0])
        message.headers = message.headers.map { $0.0 == "cloudEvents:\(name)" ? ($0.0, .string(text)) : $0 }
        let delivery = EventTargets.delivery(EventTargets.json(message))
        let fault = #expect(throws: WireFault.self) { try Envelope(delivery) }
        guard case .malformed(name, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test func `the signature of a call-back has one spelling`() throws {
        let signature = CallbackSignature(secret: "s")
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let good = signature.sign([1], at: 1_800_000_000)
        try signature.verify(good, [1], now: now)
        #expect(throws: Refused.callbackUnsigned) {
            try signature.verify("t=1800000000,v1=" + good.dropFirst(16).uppercased(), [1], now: now)
        }
    }

    @Test(arguments: ["200.000 đ đồng", "1 đồng đồng", "200.000 đồng đ"])
    func `an amount has one unit at most`(_ text: String) { #expect(throws: FieldFault.self) { try Money(text) } }

    @Test(arguments: ["2021-03-01 88:05", "2021-03-01 08:65", "2021-03-01 +8:05", "2021-13-01 08:05"])
    func `a moment is one that a clock can show`(_ text: String) {
        #expect(throws: (any Error).self) { try Moment(text) }
    }

    @Test(arguments: ["http:///[@:1]:80/x", "http://127.0.0.1:81099", "http://127.0.0.1:0"])
    func `an address without a host or with an impossible port is none`(_ text: String) {
        #expect(Address(text) == nil)
    }
}
