import Contracts
import EventLog
import Foundation
import Postgres
import ServiceLifecycle
import TestKit
import Testing

@testable import ServiceKit

@Suite struct BackboneTests {
    @Test func `a caller's trace goes through the log line to the event, with a span of ours`() async throws {
        let log = LogLines()
        try await withDesk(log: log.logger()) { desk in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let answer = await desk.ask(
                "POST", "/things", #"{"label":"loud"}"#, token: try desk.token(),
                headers: [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")])
            #expect(answer.status == 201)
            let rows = try await desk.database.database.run("SELECT traceparent, actor FROM event_log")
            let written: String = try #require(try rows.first?("traceparent"))
            #expect(written.hasPrefix("00-\(trace)-") && written.hasSuffix("-01"))
            #expect(!written.contains("00f067aa0ba902b7"))
            let refused = await desk.ask(
                "GET", "/nowhere", headers: [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")])
            #expect(refused.json["trace"]?.text == trace)
            for bad in [
                "", "00-\(trace)", "ff-\(trace)-00f067aa0ba902b7-01", "00-\(String(repeating: "0", count: 32))-1-1",
            ] {
                let fresh = await desk.ask("GET", "/nowhere", headers: [("traceparent", bad)])
                #expect(fresh.json["trace"]?.text != trace && fresh.json["trace"]?.text?.count == 32)
            }
        }
    }

    @Test func `metrics count requests by route and status, and measure pool, relay, inbox, timers and process`()
        async throws
    {
        try await withDesk { desk in
            for _ in 0..<3 { _ = await desk.ask("GET", "/things/\(UUID.v7().text)") }
            _ = await desk.ask("BREW", "/nowhere")
            let answer = await desk.ask("GET", "/metrics")
            let text = String(decoding: answer.body, as: UTF8.self)
            let series = #"method="GET",route="/things/{thing}",status="404""#
            #expect(text.contains(#"lienthong_http_requests_total{service="hr",\#(series)} 3"#))
            #expect(
                text.contains(#"lienthong_http_request_duration_seconds_bucket{service="hr",\#(series),le="+Inf"} 3"#))
            #expect(text.contains(#"lienthong_http_request_duration_seconds_count{service="hr",\#(series)} 3"#))
            #expect(text.contains(#"method="other",route="none",status="404""#))
            for name in [
                "lienthong_postgres_connections", "lienthong_relay_lag_seconds", "lienthong_inbox_lag_seconds",
                "lienthong_inbox_parked", "lienthong_inbox_dead", "lienthong_timers_fired_total",
                "process_resident_memory_bytes", "process_cpu_seconds_total",
            ] {
                #expect(text.contains("\n# TYPE \(name) "), "\(name)")
                #expect(text.contains("\n\(name){"), "\(name)")
            }
            // Prometheus refuses a name that is described twice.
            let described = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            #expect(Set(described).count == described.count)
        }
    }

    @Test func `business time is set over HTTP by operators, in rehearsals only, and kept`() async throws {
        try await withDesk { desk in
            let operator_ = PersonID.new()
            try await desk.database.database.run("INSERT INTO directory_administrators (person) VALUES (\(operator_))")
            let body = #"{"now":"2021-02-09T10:00:00+07:00"}"#
            let refused = await desk.ask("POST", "/rehearsal/clock", body, token: try desk.token())
            #expect(refused.status == 403)
            let key = [(name: "idempotency-key", value: "k")]
            let token = try desk.token(person: operator_)
            let set = await desk.ask("POST", "/rehearsal/clock", body, token: token, headers: key)
            #expect(set.status == 200)
            let later = #"{"now":"2021-02-09T10:30:00+07:00"}"#
            #expect(await desk.ask("POST", "/rehearsal/clock", later, token: token).status == 200)
            let again = await desk.ask("POST", "/rehearsal/clock", body, token: token, headers: key)
            #expect(again.status == 200 && again.header("idempotent-replayed") == "true")
            #expect(await desk.ask("GET", "/rehearsal/clock").json["now"] == "2021-02-09T10:30:00+07:00")
            #expect(await desk.ask("POST", "/rehearsal/clock", body, token: token).status == 200)
            #expect(await desk.ask("GET", "/rehearsal/clock").json["now"] == "2021-02-09T10:00:00+07:00")
            let clock = BusinessClock()
            try await clock.load(from: desk.database.database)
            #expect(Instant.write(clock.now) == "2021-02-09T10:00:00+07:00")
        }
        try await withDesk(changing: ["LIENTHONG_REHEARSAL": "0"]) { desk in
            #expect(await desk.ask("GET", "/rehearsal/clock").status == 404)
        }
    }

    @Test func `dead events are listed, inspected, edited with If-Match, retried and skipped, and audited`()
        async throws
    {
        try await withDesk { desk in
            let operator_ = PersonID.new()
            try await desk.database.database.run("INSERT INTO directory_administrators (person) VALUES (\(operator_))")
            let token = try desk.token(person: operator_)
            let ids = [UUID.v7(), UUID.v7()]
            for (index, id) in ids.enumerated() { try await Self.bury(id, version: Int64(index + 1), desk) }
            #expect(await desk.ask("GET", "/dead-events", token: try desk.token()).status == 403)
            let list = await desk.ask("GET", "/dead-events?limit=1", token: token)
            #expect(list.json["events"]?.array?.compactMap { $0["event"]?.text } == [ids[0].text])
            #expect(list.header("link") != nil)
            let place = "/dead-events/\(ids[0].text)"
            let read = await desk.ask("GET", place, token: token)
            #expect(read.status == 200 && read.json["envelope"]?["payload"] != nil)
            let etag = try #require(read.header("etag"))
            let edit = #"{"payload":{"code":"H19.1","validTo":"2021-01-01"},"reason":"wrong code"}"#
            #expect(await desk.ask("PUT", place, edit, token: token).status == 428)
            let edited = await desk.ask("PUT", place, edit, token: token, headers: [("if-match", etag)])
            #expect(edited.status == 200)
            #expect(edited.json["envelope"]?["payload"]?["code"] == "H19.1")
            #expect(await desk.ask("PUT", place, edit, token: token, headers: [("if-match", etag)]).status == 412)
            let reason = #"{"reason":"fixed"}"#
            #expect(await desk.ask("POST", "\(place)/retry", reason, token: token).status == 200)
            #expect(await desk.ask("POST", "\(place)/retry", reason, token: token).status == 404)
            #expect(await desk.ask("POST", "/dead-events/\(ids[1].text)/skip", reason, token: token).status == 200)
            #expect(await desk.ask("GET", "/dead-events", token: token).json["events"] == [])
            let audit = try await desk.database.database.run(
                "SELECT DISTINCT what FROM dead_letter_audit ORDER BY what")
            #expect(try audit.map { try $0("what", as: String.self) } == ["edited", "inspected", "retried", "skipped"])
        }
    }

    @Test func `an administrator of one agency operates nothing of the whole service`() async throws {
        try await withDesk { desk in
            let person = PersonID.new()
            try await desk.database.database.run(
                """
                INSERT INTO directory_posts (post, person, full_name, mailbox, agency, unit, role, title, valid_from)
                VALUES (\(PostID.new()), \(person), 'An', 'an', 'H19.30', 'VP', 'administrator', 'T',
                        \(try Day("2020-01-01")))
                """)
            #expect(try await desk.running.runtime.rights.of(person).allowSomewhere(.systemOperate, on: Day(Date())))
            let token = try desk.token(person: person)
            let id = UUID.v7()
            try await Self.bury(id, version: 1, desk)
            let (place, reason) = ("/dead-events/\(id.text)", #"{"reason":"mine"}"#)
            let edit = #"{"payload":{"code":"H19.1","validTo":"2021-01-01"},"reason":"mine"}"#
            let asked: [(String, String, String?)] = [
                ("GET", "/dead-events", nil), ("GET", place, nil), ("PUT", place, edit),
                ("POST", "\(place)/retry", reason), ("POST", "\(place)/skip", reason),
                ("GET", "/refused-messages", nil), ("POST", "/refused-messages/\(id.text)/dismiss", reason),
                ("POST", "/rehearsal/clock", #"{"now":"2021-02-09T10:00:00+07:00"}"#),
            ]
            for (method, target, body) in asked {
                let answer = await desk.ask(method, target, body, token: token, headers: [("if-match", "*")])
                #expect(answer.status == 403, "\(method) \(target)")
            }
            #expect(try await desk.count("dead_letter_audit") == 0)
        }
    }

    private static func bury(_ id: UUID, version: Int64, _ desk: DeskRoom) async throws {
        let envelope = Envelope(
            id: id, source: "hr", type: AgencyDissolved.type, aggregateType: "agency", aggregateID: "H19.\(version)",
            version: version, epoch: 1, position: Position(epoch: 1, tick: 1, ordinal: 1), agency: nil, actor: "a",
            traceparent: nil, occurredAt: Date(timeIntervalSince1970: 0), payload: Array("{}".utf8))
        try await desk.database.database.run(
            """
            INSERT INTO inbox_parked (id, reaction, source, aggregate_type, aggregate_id, version, epoch, type,
                                      envelope, state, attempts, error)
            VALUES (\(id), 'hr', 'hr', 'agency', \(envelope.aggregateID), \(version), 1, \(envelope.type),
                    \(try envelope.json), 'dead', 12, 'broken')
            """)
    }
}
