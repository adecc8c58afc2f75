import Contracts
import Foundation
import TestKit
import Testing

@testable import IntegrationService

@Suite struct WebhookTests {
    @Test(.timeLimit(.minutes(5)))
    func `a webhook gets every event signed, in the order of each aggregate`() async throws {
        try await Hall.open { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            let id = try await hall.subscribe(hook(receiver))
            let secret = try #require(try await hall.credentials(id)["secret"]?.text)
            try receiver.trust([secret])
            try await hall.submit(40)
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 40) }
            try await eventually("each came once") { receiver.requests.map(\.number).sorted() == Array(1...40) }
            #expect(receiver.requests.allSatisfy { $0.verified == "y" && $0.type == DossierSubmitted.type })
            let ids = try await hall.service.database.database.run("SELECT event FROM archive_events")
            #expect(Set(try ids.map { try $0("event", as: UUID.self).text }) == Set(receiver.requests.map(\.id)))
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `what fails is tried again and keeps only its own aggregate waiting`() async throws {
        try await Hall.open { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            let poison = DossierID.new()
            try receiver.answer("\(poison) 503")
            let id = try await hall.subscribe(hook(receiver))
            try await hall.submit(poison)
            var accepted = DossierAccepted()
            (accepted.dossier, accepted.code, accepted.procedure) = (poison, "H19.12-210209-0001", "2.000488")
            (accepted.agency, accepted.status) = (hall.justice, .accepted)
            await hall.service.take(accepted)
            try await hall.submit(20)
            try await eventually("the others are there") { receiver.taken.count == 20 }
            try await eventually("it was tried several times") { receiver.requests.count { $0.number == 1 } >= 3 }
            #expect(!receiver.requests.contains { $0.number == 2 }, "the second waits behind the first")
            let waiting = try await hall.get("/deliveries?subscription=\(id)&state=retrying").json
            #expect(waiting["deliveries"]?.array?.first?["status"]?.integer == 503)
            try receiver.answer("")
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 22) }
            try await eventually("in order") {
                receiver.taken.filter { $0.subject == poison.text }.map(\.number) == [1, 2]
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `410 disables it, and resumed it goes on where it stood`() async throws {
        try await Hall.open { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            try receiver.answer("* 410")
            let id = try await hall.subscribe(hook(receiver))
            try await hall.submit(3)
            try await eventually("it is disabled") {
                try await hall.subscription(id)["state"]?.text == "disabled"
            }
            try await hall.submit(5)
            let dead = try await hall.get("/dead-deliveries").json["deliveries"]?.array ?? []
            #expect(!dead.isEmpty && dead.allSatisfy { $0["state"]?.text == "dead" })
            let metrics = String(decoding: try await hall.get("/metrics").body, as: UTF8.self)
            #expect(metrics.contains(#"lienthong_integration_subscriptions{service="integration",state="disabled"} 1"#))
            try receiver.answer("")
            #expect(try await hall.post("/subscriptions/\(id)/resume").status == 200)
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 8) }
            // At least once: a request whose answer was not waited for (a lost lease, a new version) goes out again.
            try await eventually("each was taken") { Set(receiver.taken.map(\.number)) == Set(1...8) }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `retries that are exhausted disable it; an operator edits one and leaves one out`() async throws {
        try await Hall.open(["LIENTHONG_WEBHOOK_PATIENCE": "0.3"]) { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            try receiver.answer("1 500\n2 500")
            let id = try await hall.subscribe(hook(receiver))
            try await hall.submit(2)
            func isDisabled() async throws -> Bool { try await hall.subscription(id)["state"]?.text == "disabled" }
            try await eventually("it is disabled") { try await isDisabled() }
            let first = "/subscriptions/\(id)/deliveries/1"
            let read = try await hall.get(first)
            #expect(read.json["data"]?["procedure"]?.text == "2.000488")
            let body: JSON = ["data": ["procedure": "9.999999"], "reason": "Sai mã thủ tục"]
            let edited = try await hall.service.send(
                "PUT", first, as: hall.administrator, body: body.bytes,
                headers: [(name: "if-match", value: read.outgoing.header("etag") ?? "")])
            #expect(edited.status == 200, "\(edited.json)")
            let skipped = try await hall.post("/subscriptions/\(id)/deliveries/2/skip", ["reason": "Không cần"])
            #expect(skipped.json["state"]?.text == "skipped", "\(skipped.json)")
            try receiver.answer("")
            #expect(try await hall.post("/subscriptions/\(id)/resume").status == 200)
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 2) }
            try await eventually("the edited one was taken") { receiver.taken.map(\.number) == [1] }
            #expect(receiver.taken.first?.data.contains("9.999999") == true)
            let audit = try await hall.service.database.database.run("SELECT what FROM delivery_audit ORDER BY id")
            #expect(try audit.map { try $0("what", as: String.self) } == ["inspected", "edited", "skipped"])
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a new secret signs beside the old one, and a test goes out under the next number`() async throws {
        try await Hall.open { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            let id = try await hall.subscribe(hook(receiver))
            let old = try #require(try await hall.credentials(id)["secret"]?.text)
            let issued = try await hall.credentials(id)
            let new = try #require(issued["secret"]?.text)
            #expect(old != new && issued["formerUntil"] != nil)
            try receiver.trust([old, new, "whsec_c29tZWJvZHkgZWxzZQ=="])
            #expect(try await hall.post("/subscriptions/\(id)/test").json["number"]?.integer == 1)
            try await eventually("the test is over") { try await hall.allSettled(id, numbered: 1) }
            try await eventually("both secrets fit") { receiver.requests.first?.verified == "yyn" }
            #expect(receiver.requests.first?.type == Delivery.testType)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `redirects are not followed, and nothing goes to networks that are not allowed`() async throws {
        try await Hall.open { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            try receiver.answer("* 302")
            let id = try await hall.subscribe(hook(receiver))
            try await hall.submit(1)
            try await eventually("it was tried again") { receiver.requests.count >= 2 }
            #expect(try await hall.subscription(id)["settled"]?.integer == 0)
            for url in ["https://10.0.0.1/", "https://169.254.169.254/", "http://example.com/", "ftp://a.b/"] {
                let answer = try await hall.post(
                    "/subscriptions", ["name": "x", "kind": "webhook", "url": .string(url)])
                #expect(answer.status == 422 && answer.code?.hasPrefix("integration.url-") == true, "\(url)")
            }
        }
    }

    private func hook(_ receiver: Receiver) -> JSON {
        ["kind": "webhook", "url": .string("http://127.0.0.1:\(receiver.port)/hook")]
    }
}
