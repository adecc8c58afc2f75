import Contracts
import Foundation
import ServiceTestKit
import TestKit
import Testing

@testable import IntegrationService

@Suite struct ExchangeTests {
    @Test(.timeLimit(.minutes(5)))
    func `a replay brings the past again with its ids and its mark, at its rate, beside what is live`() async throws {
        try await Hall.open { hall in
            try await hall.submit(40)
            try await eventually("everything has a position") { try await hall.head == 40 }
            let id = try await hall.subscribe(["kind": "queue"])
            let client = try hall.client(pikaClient, try await hall.credentials(id))
            defer { client.stop() }
            try await hall.submit(5)
            try await eventually("live is over") { try await hall.allSettled(id, numbered: 5) }
            let begun = ContinuousClock.now
            let asked = try await hall.post(
                "/subscriptions/\(id)/replays", ["fromPosition": 11, "throughPosition": 40, "rate": 30])
            #expect(asked.status == 201, "\(asked.json)")
            try await hall.submit(5)
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 40) }
            #expect(.now - begun > .milliseconds(700), "30 events at 30 a second take about a second")
            try await eventually("the client has all") { client.lines.count == 41 }
            let lines = client.lines.dropFirst().map { $0.split(separator: " ").map(String.init) }
            #expect(lines.map { Int($0[0]) } == Array(1...40))
            let again = lines.filter { $0[3] == asked.json["replay"]?.text }
            let rows = try await hall.service.database.database.run(
                """
                SELECT a.event FROM archive_order o JOIN archive_events a ON a.id = o.entry
                WHERE o.position BETWEEN 11 AND 40 ORDER BY o.position
                """)
            #expect(again.map { $0[4] } == (try rows.map { try $0("event", as: UUID.self).text }))
            let list = try await hall.get("/subscriptions/\(id)/replays").json["replays"]?.array
            #expect(list?.first?["state"]?.text == "done" && list?.first?["sent"]?.integer == 30)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `one thing's events from its beginning, and what happened from a time on`() async throws {
        try await Hall.open { hall in
            let dossier = DossierID.new()
            try await hall.submit(5)
            try await hall.submit(dossier, at: Instant.read("2021-02-09T10:00:00+07:00"))
            let thing: JSON = ["source": "onestop", "type": "dossier", "id": .string(dossier.text)]
            let one = try await hall.subscribe(["kind": "queue", "aggregate": thing])
            var accepted = DossierAccepted()
            (accepted.dossier, accepted.code, accepted.procedure) = (dossier, "H19.12-210209-0001", "2.000488")
            (accepted.agency, accepted.status) = (hall.justice, .accepted)
            await hall.service.take(accepted)
            try await hall.submit(5)
            try await eventually("two events") { try await hall.allSettled(one, numbered: 2) }
            try await eventually("everything has a position") { try await hall.head == 12 }
            // Nothing happened then yet: what is new comes.
            let late = try await hall.subscribe(["kind": "queue", "fromTime": "2099-01-01T00:00:00+07:00"])
            let all = try await hall.subscribe(["kind": "queue", "fromTime": "2020-01-01T00:00:00+07:00"])
            try await eventually("all of them") { try await hall.allSettled(all, numbered: 12) }
            #expect(try await hall.subscription(late)["numbered"]?.integer == 0)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `paused nothing gets a number; a queue that is gone is made again and nothing is lost`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let credentials = try await hall.credentials(id)
            try await hall.submit(2)
            try await eventually("two are over") { try await hall.allSettled(id, numbered: 2) }
            #expect(try await hall.post("/subscriptions/\(id)/pause").status == 200)
            try await hall.submit(3)
            try await eventually("everything has a position") { try await hall.head == 5 }
            let queue = credentials["queue"]?.text ?? ""
            try await TestBroker.manage("DELETE", "queues/\(hall.room.vhost)/\(queue)")
            try await TestBroker.manage("DELETE", "users/\(queue)")
            #expect(try await hall.subscription(id)["numbered"]?.integer == 2)
            #expect(try await hall.post("/subscriptions/\(id)/resume").status == 200)
            try await eventually("the rest is over") { try await hall.allSettled(id, numbered: 5) }
            // With the password that the subscriber has.
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await eventually("what came after is there") { client.lines.count == 4 }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a queue that the broker cannot read any more is made again, and what was not delivered comes`() async throws {
        try await Hall.open(Hall.severalNodes) { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let credentials = try await hall.post("/subscriptions/\(id)/credentials").json
            let queue = credentials["queue"]?.text ?? ""
            // Then the management has statistics of it, and says of a lost queue still what they had.
            try await eventually("the broker measured it") {
                let shown = try await TestBroker.manage("GET", "queues/\(hall.room.vhost)/\(queue)?columns=state")
                return String(decoding: shown, as: UTF8.self).contains("running")
            }
            try hall.room.ruin(queue)
            try await hall.submit(3)
            // Several times the publisher's patience, one after the other: on a slow machine more than two minutes.
            try await eventually("all are over", within: .seconds(240)) { try await hall.allSettled(id, numbered: 3) }
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await eventually("each is there") { client.lines.count == 4 }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a queue whose making was cut off half-way is made again, and what was not delivered comes`() async throws {
        try await Hall.open(Hall.severalNodes) { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let credentials = try await hall.post("/subscriptions/\(id)/credentials").json
            let queue = credentials["queue"]?.text ?? ""
            try hall.room.halve(queue)
            let binding = "bindings/\(hall.room.vhost)/e/\(BrokerControl.exchange)/q/\(queue)"
            try await TestBroker.manage("POST", binding, #"{"routing_key":"\#(queue)"}"#)
            try await hall.submit(3)
            try await eventually("all are over", within: .seconds(240)) { try await hall.allSettled(id, numbered: 3) }
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await eventually("each is there") { client.lines.count == 4 }
        }
    }

    /// The broker's number of nodes may change, and so did what a release made.
    @Test(.timeLimit(.minutes(5)))
    func `a queue of the other kind stays, with what is in it`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            _ = try await hall.credentials(id)
            let queue = Subscription.queue(of: try SubscriptionID(id))
            let path = "queues/\(hall.room.vhost)/\(queue)"
            try await TestBroker.manage("DELETE", path)
            try await TestBroker.manage(
                "PUT", path, #"{"durable":true,"arguments":{"x-queue-type":"quorum"}}"#)
            let credentials = try await hall.credentials(id)
            try await hall.submit(2)
            try await eventually("both are over") { try await hall.allSettled(id, numbered: 2) }
            let shown = try JSON(parsing: Array(try await TestBroker.manage("GET", path)))
            #expect(shown["type"]?.text == "quorum")
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await eventually("each is there") { client.lines.count == 3 }
        }
    }

    @Test func `several nodes keep a subscription's queue together, one keeps it by itself`() {
        #expect(BrokerControl.arguments(nodes: 1)["x-queue-type"]?.text == "classic")
        #expect(BrokerControl.arguments(nodes: 3)["x-queue-type"]?.text == "quorum")
        for nodes in [1, 3] {
            let arguments = BrokerControl.arguments(nodes: nodes)
            #expect(arguments["x-overflow"]?.text == "reject-publish" && arguments["x-max-length"] != nil)
        }
    }

    @Test func `a queue is leaderless without a living member, or alone without a state`() throws {
        func queue(_ name: String, online: [JSON] = ["a"], state: JSON? = nil) -> JSON {
            var members = ["name": .string(name), "members": ["a"], "online": .array(online)] as JSON
            if let state, case .object(let those) = members { members = .object(those + [.init("state", state)]) }
            return members
        }
        func leaderless(_ queues: JSON...) -> [String] {
            BrokerControl.leaderless(queues).compactMap { $0["name"]?.text }
        }
        let own = Subscription.queue(of: .new())
        #expect(leaderless(queue(own, online: [], state: "running")) == [own])
        #expect(leaderless(queue(own), queue("onestop.inbox", state: "running")) == [own])
        #expect(leaderless(queue(own, state: "running"), queue("onestop.inbox")) == [])
        // Nothing was measured yet, of any.
        #expect(leaderless(queue(own), queue("onestop.inbox")) == [])
        #expect(leaderless(queue("somebody.elses", online: []), queue(own, state: "running")) == [])
        // A queue of one node has no members.
        #expect(leaderless(["name": .string(own), "node": "a", "state": "crashed"]) == [own])
        #expect(leaderless(["name": .string(own), "node": "a", "state": "running"]) == [])
        #expect(leaderless(["name": .string(own), "node": "a"]) == [])
    }

    @Test(.timeLimit(.minutes(5)))
    func `queues and users that no subscription has are removed at the start, deleted ones at once`() async throws {
        try await withRoom { room in
            let orphan = Subscription.queue(of: .new())
            let foreign = "integration.s.of-another-vhost-\(room.vhost.suffix(8))"
            try await TestBroker.manage("PUT", "queues/\(room.vhost)/\(orphan)", #"{"durable":true}"#)
            try await TestBroker.manage("PUT", "queues/\(room.vhost)/somebody.elses", #"{"durable":true}"#)
            try await TestBroker.manage("PUT", "users/\(orphan)", #"{"password":"x","tags":"vhost-\#(room.vhost)"}"#)
            try await TestBroker.manage("PUT", "users/\(foreign)", #"{"password":"x","tags":"vhost-other"}"#)
            try await withService(Main.self, Hall.settings, in: room) { service in
                let hall = Hall(service: service, room: room, justice: try AgencyCode("H19.12"))
                try await service.nameAdministrator(hall.administrator)
                try await eventually("the orphans are gone") { try await names(room).contains(orphan) == false }
                #expect(try await names(room).isSuperset(of: [foreign, "somebody.elses"]))
                let id = try await hall.subscribe(["kind": "queue"])
                let queue = Subscription.queue(of: try SubscriptionID(id))
                #expect(try await names(room).contains(queue))
                let deleted = try await service.send(
                    "DELETE", "/subscriptions/\(id)", as: hall.administrator, headers: [(name: "if-match", value: "*")])
                #expect(deleted.status == 204)
                #expect(try await names(room).contains(queue) == false)
                #expect(try await hall.get("/subscriptions/\(id)").status == 404)
            }
            try await TestBroker.manage("DELETE", "users/\(foreign)")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a password that was set too late is set right`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            _ = try await hall.credentials(id)
            let credentials = try await hall.credentials(id)
            let broker = hall.service.running.runtime.resource(BrokerControl.self)
            // Somebody who asked for the password before this one reaches the broker only now.
            try await broker.provide(try SubscriptionID(id), generation: 1)
            let found = try await broker.compare(with: hall.service.database.database, lost: [])
            #expect(!found.changed)
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await hall.submit(1)
            try await eventually("the newest password works") { client.lines.count == 2 }
            #expect(credentials["brokers"]?.array?.count == 1 && credentials["tls"] == .bool(false))
        }
    }

    @Test func `dashboards and alerts speak of what there is`() async throws {
        try await Hall.open { hall in
            _ = try await hall.subscribe(["kind": "queue"])
            let text = String(decoding: try await hall.get("/metrics").body, as: UTF8.self)
            for file in ["grafana.json", "alerts.yml"] {
                let content = try String(contentsOfFile: "Deploy/observability/\(file)", encoding: .utf8)
                let names = Set(content.matches(of: /lienthong_integration_[a-z_]+/).map { String($0.output) })
                #expect(names.count >= 4)
                for name in names.sorted() { #expect(text.contains("# TYPE \(name) "), "\(name) in \(file)") }
            }
        }
    }

    /// Of the queues of the room and of all users.
    private func names(_ room: Room) async throws -> Set<String> {
        var names: Set<String> = []
        for path in ["queues/\(room.vhost)?columns=name", "users?columns=name"] {
            let list = try JSON(parsing: Array(try await TestBroker.manage("GET", path)))
            names.formUnion((list.array ?? []).compactMap { $0["name"]?.text })
        }
        return names
    }
}

@Suite struct LedgerTests {
    @Test(.timeLimit(.minutes(5)))
    func `the ledger is searched by event and thing, and what was missed is read again`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let second = try await hall.subscribe(["kind": "queue", "types": ["onestop.dossier.submitted.v1"]])
            let dossier = DossierID.new()
            try await hall.submit(4)
            try await hall.submit(dossier)
            for one in [id, second] {
                try await eventually("all are over") { try await hall.allSettled(one, numbered: 5) }
            }
            let thing = "source=onestop&aggregateType=dossier&aggregate=\(dossier)"
            let found = try await hall.get("/deliveries?\(thing)").json["deliveries"]?.array ?? []
            #expect(Set(found.compactMap { $0["subscription"]?.text }) == [id, second])
            #expect(found.allSatisfy { $0["state"]?.text == "delivered" && $0["position"]?.integer == 5 })
            let event = found.first?["event"]?.text ?? ""
            #expect(try await hall.get("/deliveries?event=\(event)").json["deliveries"]?.array?.count == 2)
            #expect(try await hall.get("/deliveries?state=dead").code == "integration.ledger-too-wide")
            let first = try await hall.get("/deliveries?subscription=\(id)&limit=2")
            #expect(first.json["deliveries"]?.array?.count == 2)
            let next = try await hall.get(try #require(first.next)).json["deliveries"]?.array ?? []
            #expect(next.map { $0["number"]?.integer } == [3, 4])

            #expect(try await hall.post("/subscriptions/\(id)/acknowledge", ["number": 3]).status == 200)
            #expect(
                try await hall.post("/subscriptions/\(id)/acknowledge", ["number": 6]).code
                    == "integration.number-ahead")
            let missed = try await hall.get("/subscriptions/\(id)/missed").json
            #expect(missed["deliveries"]?.array?.map { $0["number"]?.integer } == [4, 5])
            #expect(missed["deliveries"]?.array?.first?["data"]?["procedure"]?.text == "2.000488")
            let between = try await hall.get("/subscriptions/\(id)/missed?afterNumber=1&throughNumber=3").json
            #expect(between["deliveries"]?.array?.map { $0["number"]?.integer } == [2, 3])
            let places = try await hall.get("/subscriptions/\(id)/missed?afterPosition=3&limit=1")
            #expect(places.json["deliveries"]?.array?.map { $0["position"]?.integer } == [4])
            let rest = try await hall.get(try #require(places.next)).json
            #expect(rest["deliveries"]?.array?.map { $0["number"]?.integer } == [5])
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `officials manage their agency's subscriptions, a program its own, others none`() async throws {
        try await Hall.open { hall in
            let body: JSON = [
                "name": "Sở Tư pháp", "kind": "queue", "agency": "H19.12", "client": "integrator",
                "types": ["onestop.#"],
            ]
            let made = try await hall.post("/subscriptions", as: hall.official, body)
            #expect(made.status == 201, "\(made.json)")
            let id = made.json["subscription"]?.text ?? ""
            let whole = try await hall.subscribe(["kind": "queue"])
            let (unbounded, foreign): (JSON, JSON) = (
                ["name": "x", "kind": "queue"], ["name": "x", "kind": "queue", "agency": "H19.20"]
            )
            for (person, body) in [(hall.official, unbounded), (hall.official, foreign), (hall.clerk, body)] {
                #expect(try await hall.post("/subscriptions", as: person, body).status == 403)
            }
            #expect(try await hall.get("/subscriptions/\(whole)", as: hall.official).status == 403)
            #expect(try await hall.get("/subscriptions", as: hall.clerk).status == 403)
            let own = try await hall.get("/subscriptions", as: hall.official).json["subscriptions"]?.array
            #expect(own?.compactMap { $0["subscription"]?.text } == [id])

            func program(_ client: String, _ method: String, _ path: String) async throws -> TestService.Answer {
                try await hall.service.send(
                    method, path,
                    headers: [(name: "authorization", value: "Bearer \(try hall.service.token(program: client))")])
            }
            #expect(try await program("integrator", "GET", "/subscriptions/\(id)").status == 200)
            #expect(try await program("integrator", "POST", "/subscriptions/\(id)/credentials").status == 200)
            #expect(try await program("integrator", "GET", "/subscriptions/\(whole)").status == 404)
            #expect(try await program("hr", "GET", "/subscriptions/\(id)").status == 404)
            #expect(try await program("integrator", "POST", "/subscriptions").status == 403)
            let seen = try await program("integrator", "GET", "/subscriptions").json["subscriptions"]?.array
            #expect(seen?.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a repeated request makes one subscription and never shows a secret again`() async throws {
        try await Hall.open { hall in
            let body: JSON = ["name": "Một", "kind": "queue"]
            let key = [(name: "idempotency-key", value: "k-1")]
            let first = try await hall.post("/subscriptions", body, headers: key)
            let second = try await hall.post("/subscriptions", body, headers: key)
            #expect(second.json["subscription"]?.text == first.json["subscription"]?.text)
            let id = first.json["subscription"]?.text ?? ""
            let password = try await hall.credentials(id)["password"]?.text ?? ""
            let again = try await hall.credentials(id)["password"]?.text ?? ""
            #expect(!password.isEmpty && password != again)
            let kept = try await hall.service.count(
                """
                SELECT count(*) AS n FROM idempotency_keys
                WHERE position(convert_to(\(password), 'UTF8') IN body) > 0
                """)
            #expect(kept == 0)
            let stale = try await hall.service.send(
                "PATCH", "/subscriptions/\(id)", as: hall.administrator, body: (["name": "Hai"] as JSON).bytes,
                headers: [(name: "if-match", value: "\"1\"")])
            #expect(stale.status == 412)
            for (types, code) in [
                ("onestop.dosier.#", "integration.pattern-unknown"), ("One stop", "integration.pattern-shape"),
            ] {
                let refused = try await hall.post(
                    "/subscriptions", ["name": "x", "kind": "queue", "types": [.string(types)]])
                #expect(refused.code == code)
            }
        }
    }
}
