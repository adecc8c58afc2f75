import Contracts
import Foundation
@testable import ServiceKit
import Testing

@Suite struct RoutingTests {
    @Test func `a path that nobody has is 404, in Vietnamese unless English is asked for`() async throws {
        try await withDesk { desk in
            let vietnamese = await desk.ask("GET", "/nowhere")
            #expect(vietnamese.status == 404)
            #expect(vietnamese.code == "not-found")
            #expect(vietnamese.header("content-type") == "application/problem+json")
            #expect(vietnamese.header("content-language") == "vi")
            #expect(vietnamese.json["detail"] == "Không tìm thấy.")
            let english = await desk.ask("GET", "/nowhere", headers: [("accept-language", "en-GB, vi;q=0.5")])
            #expect(english.header("content-language") == "en")
            #expect(english.json["detail"] == "There is no such thing here.")
            let both = await desk.ask("GET", "/nowhere", headers: [("accept-language", "en;q=0.5, vi")])
            #expect(both.header("content-language") == "vi")
            let neither = await desk.ask("GET", "/nowhere", headers: [("accept-language", "fr, *;q=0.1")])
            #expect(neither.header("content-language") == "vi")
        }
    }

    @Test func `another method is 405 with the methods that are allowed`() async throws {
        try await withDesk { desk in
            let answer = await desk.ask("PATCH", "/things")
            #expect(answer.status == 405)
            #expect(answer.header("allow") == "GET, HEAD, POST")
            #expect(answer.code == "method-not-allowed")
            let one = await desk.ask("POST", "/things/\(UUID.v7().text)")
            #expect(one.header("allow") == "DELETE, GET, HEAD, PUT")
        }
    }

    @Test func `HEAD answers as GET does, without the body`() async throws {
        try await withDesk { desk in
            let get = await desk.ask("GET", "/health/live")
            let head = await desk.ask("HEAD", "/health/live")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(!get.body.isEmpty)
            #expect(head.header("content-length") == "\(get.body.count)")
            #expect(head.header("content-type") == get.header("content-type"))
        }
    }

    @Test func `a word in the path wins over a field, and fields are percent-decoded`() {
        let router = Router([(Route.get("/a/{x}"), 1), (Route.get("/a/b"), 2), (Route.get("/a/{x}/c"), 3)])
        func found(_ path: String) -> (Int, [String: String])? {
            if case .found(let target, let values) = router.find("GET", path) { (target, values) } else { nil }
        }
        #expect(found("/a/b")?.0 == 2)
        #expect(found("/a/b/c")?.0 == 3)
        #expect(found("/a/%C4%91+1")?.1 == ["x": "đ+1"])
        #expect(found("/a") == nil)
        #expect(found("/a/b/c/d") == nil)
    }

    @Test func `a fault of ours is 500, says nothing of its cause, and is logged with its trace`() async throws {
        let log = LogLines()
        try await withDesk(log: log.logger()) { desk in
            let answer = await desk.ask("GET", "/broken")
            #expect(answer.status == 500)
            #expect(answer.code == "fault")
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("Snapped"))
            let trace = try #require(answer.json["trace"]?.text)
            let line = try #require(log.lines.first { $0.contains("request failed") })
            #expect(line.contains("Snapped") && line.contains(trace))
        }
    }

    @Test func `ready follows the database, live does not`() async throws {
        try await withDesk { desk in
            #expect(await desk.ask("GET", "/health/ready").status == 200)
            await desk.running.runtime.database.close()
            let unready = await desk.ask("GET", "/health/ready")
            #expect(unready.status == 503)
            #expect(unready.header("retry-after") == "1")
            #expect(await desk.ask("GET", "/health/live").status == 200)
        }
    }
}
