import Contracts
import Foundation
import Testing

@testable import ServiceKit

@Suite struct InputTests {
    @Test func `unknown, missing and wrong fields are named together, and nothing happens`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let answer = await desk.ask(
                "POST", "/things", #"{"label":"","colour":"red"}"#, token: token,
                headers: [("accept-language", "en")])
            #expect(answer.status == 422)
            #expect(answer.code == "invalid-fields")
            #expect(Set(answer.faults) == ["label", "colour"])
            let missing = await desk.ask("POST", "/things", "{}", token: token)
            #expect(missing.faults == ["label"])
            let query = await desk.ask("GET", "/things?limit=11&sort=up", token: token)
            #expect(query.status == 422)
            #expect(Set(query.faults) == ["limit", "sort"])
            #expect(try await desk.count("things") == 0)
        }
    }

    @Test func `what is no JSON is 400, another kind of body 415`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            for body in [#"{"label":"#, #"{"label":"a","label":"b"}"#, "\u{FEFF}{}", #"{"label":"\ud800"}"#] {
                let answer = await desk.ask("POST", "/things", body, token: token)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.code == "malformed-json")
            }
            #expect(await desk.ask("POST", "/things", "[]", token: token).status == 422)
            let form = await desk.ask(
                "POST", "/things", "label=a", token: token,
                headers: [("content-type", "application/x-www-form-urlencoded")])
            #expect(form.status == 415)
            #expect(form.code == "media-type")
            let parameter = await desk.ask(
                "POST", "/things", #"{"label":"a"}"#, token: token,
                headers: [("content-type", "Application/JSON; charset=utf-8")])
            #expect(parameter.status == 201)
        }
    }

    @Test func `a body over the endpoint's limit is 413`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let long = #"{"label":"\#(String(repeating: "a", count: Limits.bodyBytes))"}"#
            let answer = await desk.ask("POST", "/things", long, token: token)
            #expect(answer.status == 413)
            #expect(answer.code == "body-too-large")
            #expect(await desk.ask("POST", "/raw", String(repeating: "a", count: 17)).status == 413)
            #expect(await desk.ask("POST", "/raw", String(repeating: "a", count: 16)).status == 200)
            #expect(desk.responder.bodyLimit("POST", "/raw") == 16)
        }
    }

    @Test func `a list in the query repeats its name, and a page links to the next`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            for label in ["quiet a", "quiet b", "quiet c"] {
                let made = await desk.ask("POST", "/things", #"{"label":"\#(label)"}"#, token: token)
                #expect(made.status == 201)
                #expect(made.header("etag") == "\"1\"")
                #expect(made.header("location")?.hasPrefix("/things/") == true)
            }
            let first = await desk.ask("GET", "/things", token: token)
            #expect(first.json["things"]?.array?.count == 2)
            let link = try #require(first.header("link"))
            #expect(link.hasSuffix(#">; rel="next""#))
            let next = await desk.ask("GET", String(link.dropFirst().prefix { $0 != ">" }), token: token)
            #expect(next.json["things"]?.array?.compactMap { $0["label"]?.text } == ["quiet c"])
            #expect(next.header("link") == nil)
            let some = await desk.ask("GET", "/things?label=quiet+a&label=quiet%20c", token: token)
            #expect(some.json["things"]?.array?.compactMap { $0["label"]?.text } == ["quiet a", "quiet c"])
        }
    }

    @Test func `a cursor that was not given out here names its field`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            for cursor in ["%25", "AA", "_w", "a"] {
                let answer = await desk.ask("GET", "/things?cursor=\(cursor)", token: token)
                #expect(answer.status == 422, "\(cursor)")
                #expect(answer.faults == ["cursor"])
            }
        }
    }

    @Test(arguments: 0..<64) func `base64url comes back as it went, and has one spelling`(length: Int) throws {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ length) }
        let text = Base64URL.encode(bytes)
        #expect(Base64URL.decode(text) == bytes)
        #expect(!text.contains("="))
        if length % 3 == 1 { #expect(Base64URL.decode(String(text.dropLast()) + "B") == nil) }
        #expect(Base64URL.decode("A") == nil && Base64URL.decode("a+b/") == nil)
        #expect(try Hex.decode(Hex.encode(bytes), count: length) == bytes)
    }

    @Test func `If-Match is required on PUT and DELETE and must be the present version`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let made = await desk.ask("POST", "/things", #"{"label":"quiet"}"#, token: token)
            let place = try #require(made.header("location"))
            let body = #"{"label":"quieter"}"#
            let without = await desk.ask("PUT", place, body, token: token)
            #expect(without.status == 428)
            #expect(without.code == "precondition-required")
            for stale in ["\"2\"", "W/\"1\"", "nonsense"] {
                let answer = await desk.ask("PUT", place, body, token: token, headers: [("if-match", stale)])
                #expect(answer.status == 412, "\(stale)")
            }
            let changed = await desk.ask("PUT", place, body, token: token, headers: [("if-match", "\"1\"")])
            #expect(changed.status == 200)
            #expect(changed.header("etag") == "\"2\"")
            let any = await desk.ask("PUT", place, body, token: token, headers: [("if-match", "*")])
            #expect(any.status == 200 && any.header("etag") == "\"3\"")
            #expect(await desk.ask("DELETE", place, token: token).status == 428)
            #expect(await desk.ask("DELETE", place, token: token, headers: [("if-match", "\"1\"")]).status == 412)
            let gone = await desk.ask("DELETE", place, token: token, headers: [("if-match", "\"3\"")])
            #expect(gone.status == 204)
            #expect(gone.body.isEmpty && gone.header("content-type") == nil)
            #expect(await desk.ask("GET", place, headers: [("if-match", "nonsense")]).status == 404)
        }
    }
}
