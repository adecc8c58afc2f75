import Contracts
import Foundation
import ServiceKit
import Testing

@testable import BudgetService

@Suite struct `The signature of a call-back` {
    let signature = CallbackSignature(secret: "a secret of the gateway")
    let body = Array(#"{"reference":"PG-1"}"#.utf8)
    let now = Date(timeIntervalSince1970: 1_612_839_600)

    /// Made with another program, from `1612839600.{"reference":"PG-1"}`: openssl dgst -sha256 -hmac 'a secret …'
    @Test func `is HMAC-SHA-256 over time, dot and raw body`() {
        let known = "894dd05e729d57402a9d1c98f8848e320488fa9aeead161ec40daea27e7b26a4"
        #expect(signature.sign(body, at: 1_612_839_600) == "t=1612839600,v1=\(known)")
    }

    @Test func `is accepted within five minutes either way`() throws {
        for shift in [Int64(-300), -1, 0, 1, 300] {
            let at = 1_612_839_600 + shift
            try signature.verify(signature.sign(body, at: at), body, now: now)
        }
        for shift in [Int64(-301), 301, -1_000_000] {
            let header = signature.sign(body, at: 1_612_839_600 + shift)
            #expect(throws: Refused.callbackStale) { try signature.verify(header, body, now: now) }
        }
    }

    @Test func `is refused when anything was changed`() {
        let header = signature.sign(body, at: 1_612_839_600)
        var changed = body
        changed[2] ^= 1
        #expect(throws: Refused.callbackUnsigned) { try signature.verify(header, changed, now: now) }
        #expect(throws: Refused.callbackUnsigned) {
            try signature.verify(header.replacingOccurrences(of: "t=1612839600", with: "t=1612839601"), body, now: now)
        }
        for other in [CallbackSignature(secret: "another"), CallbackSignature(secret: "")] {
            #expect(throws: Refused.callbackUnsigned) {
                try signature.verify(other.sign(body, at: 1_612_839_600), body, now: now)
            }
        }
    }

    @Test(arguments: [
        nil, "", "t=1612839600", "v1=00", "t=1612839600,v1=", "t=1612839600,v1=zz", "t=,v1=00", "t=+1612839600,v1=00",
        "t=01612839600,v1=00", "t=1612839600,v2=00", "t=1612839600,v1=00,v1=00",
    ])
    func `is refused in another shape`(header: String?) {
        #expect(throws: Refused.callbackUnsigned) { try signature.verify(header, body, now: now) }
    }

    @Test func `is refused when cut short or made longer`() {
        let header = signature.sign(body, at: 1_612_839_600)
        #expect(throws: Refused.callbackUnsigned) { try signature.verify(String(header.dropLast(2)), body, now: now) }
        #expect(throws: Refused.callbackUnsigned) { try signature.verify(header + "00", body, now: now) }
    }
}
