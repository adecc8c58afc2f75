import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Random numbers that are the same on every run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let mixed = (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        return mixed ^ (mixed >> 29)
    }
}

/// Everybody tries everything in any order, two hundred dossiers through: whatever comes of it, the books are in order.
@Suite struct WanderTests {
    private static let hurried = "9.000003"

    /// A limit in hours that begins anew when papers are supplied.
    private static func hurriedRecord() throws -> Definition {
        var definition = try judicialRecord(limit: TimeLimit(30, .hours))
        definition.supplementClock = .restart
        return definition
    }

    @Test(arguments: 1...4)
    func `any order of requests leaves only lawful moves and dense versions`(seed: UInt64) async throws {
        try await Office.open { office in
            try await office.publish(Self.hurried, try Self.hurriedRecord())
            var random = Seeded(seed)
            var minutes = 0
            var dossiers: [(id: String, definition: Definition)] = []
            for number in 0..<50 {
                let isHurried = number % 2 == 1
                let body = Office.submission.with(
                    "procedure", .string(isHurried ? Self.hurried : Office.criminalRecord))
                let id = try await office.send("POST", "/dossiers", as: office.citizen, body).json["id"]?.text
                dossiers.append((try #require(id), isHurried ? try Self.hurriedRecord() : try judicialRecord()))
            }
            let people = [office.clerk, office.officer, office.leader, office.citizen, office.inspector]
            for _ in 0..<1_250 {
                let id = try #require(dossiers.randomElement(using: &random)).id
                let person = try #require(people.randomElement(using: &random))
                let (action, body) = try #require(Self.actions(office).randomElement(using: &random))
                // Now and then a demand that there is.
                let due = action == "withdraw-demand" ? try await office.last(DossierPaymentRequired.self, of: id) : nil
                let known = due.map { body.with("demand", .string($0.demand.text)) } ?? body
                let answer = try await office.act(action, on: id, as: person, known)
                #expect(answer.status < 500, "\(action): \(answer.code ?? "")")
                if Int.random(in: 0..<6, using: &random) == 0 { try await outside(office, id, &random) }
                minutes += Int.random(in: 0...60, using: &random)
                try await office.set(try at("2021-03-01 09:00").addingTimeInterval(Double(minutes * 60)))
            }
            for (id, definition) in dossiers {
                try await checkTheBooks(office, id)
                try await testify(office, id, definition)
            }
            try await countNumbers(office)
        }
    }

    /// Every request about a dossier, most of them unlawful at most times.
    static func actions(_ office: Office) -> [(String, JSON)] {
        let reasoned: JSON = ["reasonCode": "x", "reason": "y"]
        return [
            ("accept", [:]), ("accept", [:]), ("refuse", reasoned), ("request-supplement", ["missing": "x"]),
            ("supply", [:]), ("supply", [:]), ("hand-over", [:]), ("hand-over", [:]), ("hand-over", [:]),
            ("assign", ["officer": .string(office.officer.text)]), ("send", ["toAgency": "H19.25"]),
            ("send-back", ["note": "x"]), ("require-payment", [:]),
            ("require-payment", ["fees": [["kind": "phi-lltp", "quantity": 2]], "copies": 3]),
            ("exempt-fees", ["fee": "exempt", "reason": "y"]),
            ("withdraw-demand", ["demand": .string(DemandID.new().text), "reason": "y"]),
            ("opinions", ["toAgency": "H19.31", "question": "x", "limit": ["amount": 1, "unit": "days"]]),
            ("approve", [:]), ("finish", [:]), ("return", [:]), ("stop", reasoned), ("withdraw", [:]),
            ("withdrawal/confirm", [:]), ("withdrawal/decline", ["reason": "x"]),
            ("withdrawal/decline", ["reason": "x"]),
            ("reappoint", ["dueOn": "2021-06-18", "reasonCode": "x", "reason": "y"]),
            ("errors", ["kind": "papers-lost", "what": "x", "apology": "y", "cost": 10_000]),
        ]
    }

    private func outside(_ office: Office, _ id: String, _ random: inout Seeded) async throws {
        if Bool.random(using: &random), let required = try await office.last(DossierPaymentRequired.self, of: id) {
            await office.harness.take(try office.paid(required))
        } else {
            await office.harness.take(try office.issued(for: id))
        }
    }

    /// Its history and its events have every version once, and only lawful moves.
    func checkTheBooks(_ office: Office, _ id: String) async throws {
        let lines = try await office.harness.database.database.run(
            """
            SELECT h.version, h.from_status, h.to_status, h.what, e.aggregate_version, d.version AS last
            FROM dossier_history h JOIN dossiers d ON d.id = h.dossier
            LEFT JOIN event_log e ON e.aggregate_id = \(id) AND e.aggregate_version = h.version
            WHERE h.dossier = \(try DossierID(id)) ORDER BY h.version
            """)
        var status: DossierStatus?
        var counts: [String: Int] = [:]
        for (index, line) in lines.enumerated() {
            #expect(try line("version", as: Int.self) == index + 1)
            #expect(try line("aggregate_version", as: Int?.self) == index + 1)
            let what = Self.word(try line("what"))
            counts[what, default: 0] += 1
            let from = try Dossier.status(line, "from_status")
            let to = try #require(try Dossier.status(line, "to_status"))
            #expect(from == status)
            if let from, from != to {
                #expect(MovesTests.sheet.contains([from.number, to.number]), "\(what): \(from) to \(to)")
            }
            status = to
        }
        #expect(try lines.last?("last", as: Int.self) == lines.count)
        for once in [
            "accepted", "refused", "supplement-requested", "reappointed", "approved", "finished", "returned",
        ] { #expect(counts[once, default: 0] <= 1, "\(once)") }
        let view = try await office.get("/dossiers/\(id)", as: office.citizen).json
        #expect(view["statusNumber"] == .integer(Int64(status?.number ?? 0)))
        #expect((view["code"] == nil) == (counts["accepted"] == nil))
    }

    /// Papers that a leader asks for late (os-276) are a request like any other.
    private static func word(_ what: String) -> String {
        what == "supplement-requested-late" ? "supplement-requested" : what
    }

    /// What the witness of `SequenceTests` says of what the database kept.
    private func testify(_ office: Office, _ id: String, _ definition: Definition) async throws {
        let lines = try await office.harness.database.database.run(
            """
            SELECT h.at, h.what, h.to_status, e.payload,
                (SELECT u.due_at FROM due_dates u WHERE u.dossier = h.dossier AND u.version <= h.version
                 ORDER BY u.version DESC LIMIT 1) AS due_at
            FROM dossier_history h JOIN event_log e ON e.aggregate_id = \(id) AND e.aggregate_version = h.version
            WHERE h.dossier = \(try DossierID(id)) ORDER BY h.version
            """)
        var witness = Witness(definition)
        for line in lines {
            let payload: JSON = try line("payload")
            var seen = Seen(
                what: Self.word(try line("what")), minute: MinuteOracle.minute(try line("at")),
                status: try #require(try Dossier.status(line, "to_status")), dueAt: try line("due_at"))
            (seen.amount, seen.demand) = (payload["amount"]?.integer, payload["demand"]?.text)
            (seen.nature, seen.moment) = (payload["nature"]?.text, payload["moment"]?.text)
            seen.error = payload["error"]?.text
            seen.dueOn = try payload["dueAt"]?.text.map { try Day(String($0.prefix(10))) }
            seen.late = payload["late"].map { $0 == .bool(true) }
            witness.saw(seen)
        }
        #expect(witness.faults.isEmpty, "\(id): \(witness.faults.first ?? "")")
    }

    /// Every number of a day is given once, and none is left out.
    private func countNumbers(_ office: Office) async throws {
        let days = try await office.harness.database.database.run(
            """
            SELECT count(*)::int AS given, count(DISTINCT code_serial)::int AS numbers, max(code_serial) AS last
            FROM dossiers WHERE code_serial IS NOT NULL GROUP BY code_agency, code_day
            """)
        #expect(days.count > 3)
        for day in days {
            let given: Int32 = try day("given")
            #expect(try day("numbers", as: Int32.self) == given && (try day("last", as: Int32.self)) == given)
        }
        let accepted = try await office.harness.count(
            """
            SELECT (SELECT count(*) FROM dossier_history WHERE what = 'accepted') - count(code_serial) AS n
            FROM dossiers
            """)
        #expect(accepted == 0)
    }
}
