import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Everybody tries everything on applications for linked procedures and on their dossiers, through the service; timers
/// fire late, and some are killed. Whatever comes of it, the books of all of them are in order.
@Suite struct LinkWanderTests {
    private static let applications = 8
    private let districtClerk = PersonID.new()

    @Test(arguments: [(UInt64(1), LinkOrder.chain), (2, .parallel), (3, .chain)])
    func `os-055: in any order of requests and kills each link is opened once, and nothing is left behind`(
        seed: UInt64, order: LinkOrder
    ) async throws {
        try await Office.open { office in
            try await office.appoint(districtClerk, .clerk, at: Agencies.district)
            try await LinkTests.publish(office, order)
            var random = Seeded(seed)
            var parents: [String] = []
            for _ in 0..<Self.applications {
                let made = try await office.send(
                    "POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
                parents.append(try #require(made.json["id"]?.text))
            }
            var (minutes, kills) = (0, 0)
            for _ in 0..<700 {
                try await act(office, &random)
                switch Int.random(in: 0..<20, using: &random) {
                case 0..<7: try await office.fire(most: Int.random(in: 1...3, using: &random))
                case 7:
                    do { try await office.fire(most: 1) { _ in throw Killed() } } catch is Killed { kills += 1 }
                default: break
                }
                minutes += Int.random(in: 0...40, using: &random)
                try await office.set(try at("2021-03-01 09:00") + Double(minutes * 60))
            }
            try await office.fire()
            #expect(kills > 3)
            for parent in parents { try await walk(office, parent, order) }
            try await count(office)
        }
    }

    /// What brings one of them on, or anything else.
    private func act(_ office: Office, _ random: inout Seeded) async throws {
        let database = office.harness.database.database
        let rows = try await database.run("SELECT * FROM dossiers ORDER BY id")
        let dossier = try Dossier(try #require(rows.randomElement(using: &random)))
        let people = [
            office.clerk, office.officer, office.leader, districtClerk, office.districtOfficer, office.districtLeader,
            office.communeClerk, office.citizen,
        ]
        let person = try #require(people.randomElement(using: &random))
        let answer: TestService.Answer
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<12:
            guard let (action, person, body) = try onward(office, dossier, &random) else {
                await office.harness.take(try office.issued(for: dossier.id.text))
                return
            }
            answer = try await office.act(action, on: dossier.id.text, as: person, body)
        case 12..<15:
            let failed = try await database.run(
                "SELECT parent, key FROM slips WHERE outcome <> 'finished' AND decision IS NULL ORDER BY id"
            ).randomElement(using: &random)
            let key = try failed?("key") ?? "card"
            let parent: DossierID = try failed?("parent") ?? dossier.id
            let decision = Bool.random(using: &random) ? "drop" : "repeat"
            answer = try await office.act(
                "links/\(key)/decide", on: parent.text, as: office.communeClerk,
                ["decision": .string(decision), "reason": "x"])
        default:
            let (action, body) = try #require(WanderTests.actions(office).randomElement(using: &random))
            answer = try await office.act(action, on: dossier.id.text, as: person, body)
        }
        #expect(answer.status < 500, "\(answer.code ?? "")")
    }

    /// What its status asks for and who may do that; nil: its document is issued.
    private func onward(
        _ office: Office, _ dossier: Dossier, _ random: inout Seeded
    ) throws -> (String, PersonID, JSON)? {
        let clerks = [
            Agencies.justice: office.clerk, Agencies.district: districtClerk, Agencies.commune: office.communeClerk,
        ]
        let clerk = try #require(clerks[dossier.receivingAgency])
        let isJustice = dossier.workingAgency == Agencies.justice
        let leader = isJustice ? office.leader : office.districtLeader
        switch dossier.status {
        case .submitted:
            let isRefused = dossier.procedure != LinkTests.lead && Int.random(in: 0..<5, using: &random) == 0
            return isRefused ? ("refuse", clerk, ["reasonCode": "x", "reason": "y"]) : ("accept", clerk, [:])
        case .accepted: return ("hand-over", clerk, [:])
        case .awaitingSupplement: return ("supply", office.citizen, [:])
        case .withdrawalRequested:
            let isDeclined = Int.random(in: 0..<3, using: &random) > 0
            return isDeclined
                ? ("withdrawal/decline", clerk, ["reason": "x"]) : ("withdrawal/confirm", clerk, [:])
        case .stopped, .finished, .returned, .refused, .awaitingPayment: return ("return", clerk, [:])
        case .processing: break
        }
        if dossier.approvedAt != nil { return nil }
        switch dossier.step {
        case "assemble", "issue": return ("finish", office.districtLeader, [:])
        case "sign": return ("approve", leader, [:])
        case "check" where dossier.payment.exemption == nil:
            return ("exempt-fees", office.officer, ["fee": "exempt", "reason": "y"])
        default: return ("hand-over", isJustice ? office.officer : office.districtOfficer, [:])
        }
    }

    /// The way of an application by its events: nothing opened twice or out of turn, nothing answered while it is open.
    private func walk(_ office: Office, _ parent: String, _ order: LinkOrder) async throws {
        try await WanderTests().checkTheBooks(office, parent)
        let keys = ["allowance", "card", "record"]
        let rows = try await office.harness.database.database.run(
            "SELECT type, payload FROM event_log WHERE aggregate_id = \(parent) ORDER BY aggregate_version")
        var (open, done): (Set<String>, Set<String>) = ([], [])
        for row in rows {
            let (type, payload): (String, JSON) = (try row("type"), try row("payload"))
            let key = payload["linkKey"]?.text ?? ""
            switch type {
            case DossierLinkOpened.type:
                #expect(!done.contains(key) && open.insert(key).inserted, "\(key) is opened twice")
                let before = keys.prefix { $0 != key }
                if order == .chain { #expect(done.isSuperset(of: before), "\(key) out of turn") }
                #expect([2, 4, 5, 6].contains(DossierStatus(rawValue: payload["status"]?.text ?? "")?.number ?? 0))
            case DossierLinkClosed.type:
                open.remove(key)
                if ["finished", "dropped"].contains(payload["outcome"]?.text) { done.insert(key) }
            case DossierApproved.type, DossierFinished.type: #expect(done.count == keys.count, "\(open) is open")
            default: break
            }
        }
    }

    /// Of all of them together, once everything that follows by itself is done.
    private func count(_ office: Office) async throws {
        let database = office.harness.database.database
        for row in try await database.run("SELECT d.id FROM dossiers d JOIN slips s ON s.child = d.id ORDER BY 1") {
            try await WanderTests().checkTheBooks(office, try row("id", as: DossierID.self).text)
        }
        func none(_ what: Comment, _ query: SQL) async throws {
            #expect(try await office.harness.count("SELECT count(*) AS n FROM \(query)") == 0, what)
        }
        try await none(
            "a linked dossier without its one slip, its one first line or its one event",
            """
            dossiers d WHERE NOT EXISTS (SELECT 1 FROM linked_cases WHERE parent = d.id) AND 1 <> ANY (ARRAY[
                (SELECT count(*) FROM slips WHERE child = d.id),
                (SELECT count(*) FROM dossier_history WHERE dossier = d.id AND what = 'linked' AND version = 1),
                (SELECT count(*) FROM event_log
                 WHERE type = \(DossierLinkOpened.type) AND payload ->> 'child' = d.id::text)])
            """)
        try await none(
            "a link opened more often than somebody asked for",
            """
            (SELECT count(*) AS n, count(*) FILTER (WHERE decision = 'repeat') AS again FROM slips
             GROUP BY parent, key) AS k WHERE n > 1 + again
            """)
        try await none(
            "an end that nobody saw",
            """
            slips s JOIN dossiers d ON d.id = s.child WHERE (s.outcome IS NULL) = (d.status IN (3, 8, 9, 10))
            """)
        try await none(
            "papers that were not handed back with the application",
            """
            slips s JOIN dossiers d ON d.id = s.child JOIN dossiers p ON p.id = s.parent
            WHERE p.status = 10 AND d.status = 8
            """)
        try await none("a timer that is due", "timers WHERE due_at <= \(office.harness.running.runtime.clock.now)")
        for (what, least) in [
            ("status = 10", 2), ("id IN (SELECT parent FROM slips WHERE decision = 'drop')", 1),
            ("id IN (SELECT parent FROM slips WHERE decision = 'repeat')", 1), ("id IN (SELECT child FROM slips)", 12),
        ] {
            let found = try await office.harness.count("SELECT count(*) AS n FROM dossiers WHERE \(raw: what)")
            #expect(found >= least, "\(what): \(found)")
        }
    }
}
