import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

@Suite struct ChangeFeedTests {
    @Test func `os-130: what commits late is numbered late, and not passed over`() async throws {
        try await Office.open { office in
            let (slow, quick) = (try await office.submit(), try await office.submit())
            var app = App(office, office.citizen)
            #expect(try await app.sync() == ["\(slow) 1", "\(quick) 1"])
            // One that began before commits after the other; a reader has been there in between, twice.
            let second = office.harness.database.open(office.harness.database.runtime)
            try await second.transaction { transaction in
                try await append(version: 2, of: slow, in: transaction)
                try await office.done("accept", on: quick, as: office.clerk)
                #expect(try await app.sync() == ["\(quick) 2"])
                #expect(try await app.sync() == [])
            }
            let feed = office.harness.running.runtime.resource(ChangeFeed.self)
            try await feed.work()
            #expect(try await app.sync() == ["\(slow) 2"])
            #expect(app.numbers == [1, 2, 3, 4])
        }
    }

    @Test func `os-130: many write, two copies number, one app reads, and nothing is missing`() async throws {
        try await Office.open { office in
            let other = office.harness.database.open(office.harness.database.runtime)
            let copy = ChangeFeed(other)
            let ends = Kept(false)
            let acts = 10
            async let numbering: Void = {
                while !ends.value { try await copy.work() }
            }()
            async let read: App = {
                var app = App(office, office.citizen)
                while !ends.value { _ = try await app.sync() }
                _ = try await app.sync()
                return app
            }()
            let dossiers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 1...acts {
                    group.addTask {
                        let id = try await office.submit()
                        _ = try await office.submit(as: office.stranger)
                        try await office.done("accept", on: id, as: office.clerk)
                        try await office.done("request-supplement", on: id, as: office.clerk, ["missing": "x"])
                        try await office.done("supply", on: id, as: office.citizen, [:])
                        return id
                    }
                }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            ends.set(true)
            try await numbering
            let app = try await read
            #expect(app.numbers == Array(1...(acts * 4)))
            for id in dossiers {
                #expect(app.seen.filter { $0.hasPrefix(id) } == (1...4).map { "\(id) \($0)" })
            }
            let strange = try await office.harness.count(
                "SELECT count(*) AS n FROM citizen_changes WHERE person = \(office.stranger)")
            #expect(strange == acts)
        }
    }

    @Test func `os-131: after another history a cursor begins anew, and nothing is numbered twice`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            try await office.done("accept", on: id, as: office.clerk)
            var app = App(office, office.citizen)
            #expect(try await app.sync() == ["\(id) 1", "\(id) 2"])
            // What `EventLogStart.settle` does after a promotion or a restore.
            let owner = office.harness.database.open(office.harness.database.owner)
            try await owner.run(
                """
                UPDATE relay_epoch SET epoch = epoch + 1, since = pg_current_snapshot(),
                    base_seq = (SELECT max(seq) FROM event_log)
                """)
            try await office.done("request-supplement", on: id, as: office.clerk, ["missing": "x"])
            #expect(try await app.sync() == ["\(id) 1", "\(id) 2", "\(id) 3"])
            #expect(try await app.sync() == [])
            let rows = try await office.harness.count("SELECT count(*) AS n FROM citizen_changes")
            #expect(rows == 3)
        }
    }

    @Test func `a long backlog is numbered in rounds, and what comes meanwhile after it`() async throws {
        try await Office.open { office in
            let (id, other) = (try await office.submit(), try await office.submit())
            let many = Limits.Citizen.numberedAtOnce * 2 + 10
            let runtime = office.harness.database.database
            try await runtime.run(
                """
                INSERT INTO event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor,
                                       occurred_at, payload)
                SELECT 1, gen_random_uuid(), 'dossier', \(id), v, 'onestop.dossier.assigned.v1', 'x', now(), '{}'
                FROM generate_series(2, \(many)) v ORDER BY v
                """)
            var rounds = 1
            while try await Numbering.round(in: runtime).more {
                rounds += 1
                if rounds == 3 { try await office.done("accept", on: other, as: office.clerk) }
            }
            while try await Numbering.round(in: runtime).more {}
            #expect(rounds > 2)
            let dense = try await office.harness.count(
                """
                SELECT count(*) AS n FROM (
                    SELECT version, lag(version) OVER (ORDER BY number) AS former FROM citizen_changes
                    WHERE person = \(office.citizen) AND subject = \(try DossierID(id))) c
                WHERE version = coalesce(former, 0) + 1
                """)
            #expect(dense == many)
            let all = try await office.harness.count(
                "SELECT CASE WHEN max(number) = count(*) THEN count(*) ELSE 0 END AS n FROM citizen_changes")
            #expect(all == many + 2)
        }
    }

    @Test func `an app waits for the next change, and not longer than it asked`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            var app = App(office, office.citizen)
            _ = try await app.sync()
            let feed = office.harness.running.runtime.resource(ChangeFeed.self)
            let target = app.target(wait: Limits.Citizen.wait)
            async let answer = office.get(target, as: office.citizen)
            try await eventually("it waits") { feed.listeners == 1 }
            let begun = ContinuousClock.now
            try await office.done("accept", on: id, as: office.clerk)
            try await feed.work()
            let changes = try await answer.json["changes"]?.array ?? []
            #expect(changes.compactMap { $0["what"]?.text } == ["onestop.dossier.accepted.v1"])
            #expect(changes.first?["status"]?.text == "accepted")
            #expect(ContinuousClock.now - begun < Limits.Citizen.look + .seconds(3))
            #expect(feed.listeners == 0)
            _ = try await app.sync()
            let nothing = try await office.get(app.target(wait: 1), as: office.citizen)
            #expect(nothing.json["changes"]?.array == [] && nothing.json["cursor"]?.text == app.cursor)
        }
    }

    @Test func `cursors are the citizen's and the feed's own`() async throws {
        try await Office.open { office in
            _ = try await office.submit()
            #expect(try await office.get("/my/changes", as: office.stranger).json["changes"]?.array == [])
            #expect(try await office.get("/my/changes", as: office.clerk).status == 403)
            let foreign = try await office.get("/my/changes?since=abc", as: office.citizen)
            #expect((foreign.status, foreign.faults) == (422, ["since"]))
        }
    }

    /// As a late one would, past the use cases.
    private func append(version: Int64, of dossier: String, in session: any Session) async throws {
        var event = DossierAssigned()
        event.dossier = try DossierID(dossier)
        try await EventWriter.append(
            Announcement(event: event, agency: Agencies.justice, actor: "x", traceparent: nil, occurredAt: Date()),
            version: version, in: session)
        // Sent now, and not with the commit.
        try await session.run("SELECT 1 AS one")
    }

    /// An app that keeps its cursor.
    struct App: Sendable {
        let office: Office
        let person: PersonID
        var cursor: String?
        var numbers: [Int] = []
        var seen: [String] = []

        init(_ office: Office, _ person: PersonID) { (self.office, self.person) = (office, person) }

        func target(wait: Int = 0) -> String {
            "/my/changes?limit=7&wait=\(wait)" + (cursor.map { "&since=\($0)" } ?? "")
        }

        /// What is new, page by page.
        mutating func sync() async throws -> [String] {
            var new: [String] = []
            var more = true
            while more {
                let page = try await office.get(target(), as: person)
                guard page.status == 200 else { throw Office.Unexpected(page) }
                for change in page.json["changes"]?.array ?? [] {
                    numbers.append(Int(change["number"]?.integer ?? 0))
                    new.append("\(change["subject"]?.text ?? "") \(change["version"]?.integer ?? 0)")
                }
                cursor = page.json["cursor"]?.text
                more = page.json["more"] == true
            }
            seen += new
            return new
        }
    }
}
