import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@testable import ServiceKit

@Suite struct IdempotencyTests {
    private static func key(_ text: String) -> [(name: String, value: String)] { [("idempotency-key", text)] }

    @Test func `a repetition is answered as before and done once`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            func make() async -> Outgoing {
                await desk.ask("POST", "/things", #"{"label":"quiet"}"#, token: token, headers: Self.key("k1"))
            }
            let first = await make()
            let second = await make()
            #expect(first.status == 201 && second.status == 201)
            #expect(second.body == first.body)
            #expect(second.header("etag") == first.header("etag"))
            #expect(second.header("location") == first.header("location"))
            #expect(second.header("content-type") == "application/json")
            #expect(first.header("idempotent-replayed") == nil && second.header("idempotent-replayed") == "true")
            #expect(try await desk.count("things") == 1)
        }
    }

    @Test func `a repetition of a transaction does nothing again`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let path = "/things/\(UUID.v7().text)/poke"
            for _ in 0..<3 {
                let answer = await desk.ask("POST", path, "{}", token: token, headers: Self.key("k"))
                #expect(answer.status == 200)
            }
            #expect(try await desk.count("pokes") == 1)
            #expect(await desk.ask("POST", path, "{}", token: token).status == 200)
            #expect(try await desk.count("pokes") == 2)
        }
    }

    @Test func `the same key with another body is 422 and changes nothing`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let first = await desk.ask("POST", "/things", #"{"label":"quiet"}"#, token: token, headers: Self.key("k"))
            #expect(first.status == 201)
            let other = await desk.ask("POST", "/things", #"{"label":"quiet 2"}"#, token: token, headers: Self.key("k"))
            #expect(other.status == 422)
            #expect(other.code == "idempotency-key-reused")
            #expect(other.faults == ["Idempotency-Key"])
            #expect(try await desk.count("things") == 1)
        }
    }

    @Test func `keys of other callers and other routes are other keys`() async throws {
        try await withDesk { desk in
            let mine = try desk.token()
            let place = "/things/\(UUID.v7().text)/poke"
            let first = await desk.ask("POST", "/things", #"{"label":"quiet"}"#, token: mine, headers: Self.key("k"))
            #expect(first.status == 201)
            let theirs = await desk.ask(
                "POST", "/things", #"{"label":"quiet 2"}"#, token: try desk.token(), headers: Self.key("k"))
            #expect(theirs.status == 201)
            #expect(await desk.ask("POST", place, "{}", token: mine, headers: Self.key("k")).status == 200)
            // Another thing under the same route is another request: the path is part of what is compared.
            let other = await desk.ask(
                "POST", "/things/\(UUID.v7().text)/poke", "{}", token: mine, headers: Self.key("k"))
            #expect(other.status == 422)
        }
    }

    @Test func `while the first still runs the second is 409`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let latch = desk.running.runtime.resource(Latch.self)
            async let first = desk.ask("POST", "/wait", token: token, headers: Self.key("k"))
            try await eventually("the first is inside") { latch.entered == 1 }
            let second = await desk.ask("POST", "/wait", token: token, headers: Self.key("k"))
            #expect(second.status == 409)
            #expect(second.code == "still-running")
            latch.open()
            #expect(await first.status == 200)
            let third = await desk.ask("POST", "/wait", token: token, headers: Self.key("k"))
            #expect(third.header("idempotent-replayed") == "true")
            #expect(latch.entered == 2)
        }
    }

    @Test func `two processes at once do it once, and both get the answer`() async throws {
        try await withDesk { desk in
            let configuration = try Configuration(
                service: .hr, environment: environment(desk.database), for: .serve)
            let twin = try await RunningService(Desk.self, configuration, log: quiet)
            try twin.runtime.tokens.use([desk.key.jwk])
            let other = DeskRoom(database: desk.database, running: twin, key: desk.key)
            let token = try desk.token()
            for round in 0..<20 {
                let body = #"{"label":"quiet \#(round)"}"#
                async let left = desk.ask("POST", "/things", body, token: token, headers: Self.key("k\(round)"))
                async let right = other.ask("POST", "/things", body, token: token, headers: Self.key("k\(round)"))
                let answers = await [left, right]
                #expect(answers.map(\.status) == [201, 201])
                #expect(answers[0].body == answers[1].body)
            }
            #expect(try await desk.count("things") == 20)
            await twin.runtime.database.close()
        }
    }

    @Test func `only committed answers are kept`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let path = "/things/\(UUID.v7().text)/poke"
            let refused = await desk.ask("POST", path, #"{"refuse":true}"#, token: token, headers: Self.key("k"))
            #expect(refused.code == "desk.poked-enough")
            #expect(try await desk.count("pokes") == 0)
            #expect(try await desk.count("idempotency_keys") == 0)
            // The key is free: nothing was committed under it.
            #expect(await desk.ask("POST", path, "{}", token: token, headers: Self.key("k")).status == 200)
            let faulty = await desk.ask("POST", "/things", "{}", token: token, headers: Self.key("f"))
            #expect(faulty.status == 422)
            #expect(try await desk.count("idempotency_keys") == 1)
        }
    }

    @Test func `a refusal because it is done already gives the kept answer, a true one stays`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let body = #"{"label":"quiet"}"#
            let first = await desk.ask("POST", "/things", body, token: token, headers: Self.key("a"))
            let again = await desk.ask("POST", "/things", body, token: token, headers: Self.key("a"))
            #expect(again.body == first.body)
            let refused = await desk.ask("POST", "/things", body, token: token, headers: Self.key("b"))
            #expect(refused.status == 409)
            #expect(refused.code == "desk.label-taken")
        }
    }

    @Test func `a key that is too long or not ASCII is refused`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            for key in ["", "with space", "đ", String(repeating: "k", count: 256)] {
                let answer = await desk.ask("POST", "/things", #"{"label":"q"}"#, token: token, headers: Self.key(key))
                #expect(answer.status == 422, "\(key)")
                #expect(answer.faults == ["Idempotency-Key"])
            }
        }
    }

    @Test func `a flight that changes nothing writes no event and keeps no answer`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let made = await desk.ask("POST", "/things", #"{"label":"loud"}"#, token: token, headers: Self.key("k"))
            #expect(made.status == 201)
            #expect(try await desk.count("event_log") == 1)
            // The same aggregate's version 1 again: the whole flight fails, the thing included.
            let second = await desk.ask("POST", "/things", #"{"label":"loud 2"}"#, token: token, headers: Self.key("l"))
            #expect(second.status == 500)
            #expect(try await desk.count("things") == 1)
            #expect(try await desk.count("event_log") == 1)
            #expect(try await desk.count("idempotency_keys") == 1)
        }
    }
}
