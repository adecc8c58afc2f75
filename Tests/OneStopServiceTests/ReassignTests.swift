import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

@Suite struct ReassignTests {
    private func ask(
        _ office: Office, to officers: [PersonID], as person: PersonID? = nil, preview: Bool = false,
        _ more: [JSON.Member] = []
    ) async throws -> TestService.Answer {
        let body: [JSON.Member] = [
            .init("officer", .string(office.officer.text)),
            .init("toOfficers", .array(officers.map { .string($0.text) })),
        ]
        return try await office.send(
            "POST", preview ? "/reassignments/preview" : "/reassignments", as: person ?? office.leader,
            .object(body + more))
    }

    private func held(_ person: PersonID, _ office: Office) async throws -> Int {
        try await office.harness.count("SELECT count(*) AS n FROM dossiers WHERE officer = \(person)")
    }

    @Test func `os-079: each dossier is a change of its own, and what stays is named with the reason`() async throws {
        try await Office.open { office in
            var ids: [String] = []
            for _ in 0..<7 { ids.append(try await office.inWork()) }
            let (first, second, limited) = (PersonID.new(), PersonID.new(), PersonID.new())
            try await office.appoint(first, .officer, at: Agencies.justice)
            try await office.appoint(second, .officer, at: Agencies.justice)
            try await office.appoint(limited, .officer, at: Agencies.justice, fields: ["BTXH"])
            #expect(try await ask(office, to: [first], as: office.officer).status == 403)
            #expect(
                try await ask(
                    office, to: [first], as: office.districtLeader,
                    [.init("agency", "H19.06")]
                ).status == 403)
            #expect(try await ask(office, to: [office.inspector]).code == "onestop.nobody-there")
            let seen = try await ask(office, to: [first, second, limited], preview: true)
            #expect(seen.json["moved"] == 7 && seen.json["kept"] == 0, "\(seen.json)")
            #expect(seen.json["shares"]?.array?.compactMap { $0["dossiers"] } == [4, 3, 0])
            #expect(try await held(office.officer, office) == 7)
            let asked = try await ask(office, to: [first, second, limited], [.init("reasonCode", "nghi-phep")])
            #expect(asked.status == 201, "\(asked.json)")
            try await office.fire()
            #expect(try await held(first, office) == 4)
            #expect(try await held(second, office) == 3)
            let place = "/reassignments/\(asked.json["reassignment"]?.text ?? "")"
            let report = try await office.get(place + "?limit=3", as: office.leader)
            #expect(report.json["moved"] == 7 && report.json["finishedAt"]?.text != nil)
            #expect(report.json["lines"]?.array?.count == 3)
            #expect(try await office.get(report.next ?? "", as: office.leader).json["lines"]?.array?.count == 3)
            #expect(try await office.harness.announced(DossierAssigned.self) == 7)
            for id in ids {
                let event = try #require(try await office.last(DossierAssigned.self, of: id))
                #expect(event.fromOfficer == office.officer && event.reasonCode == "nghi-phep")
            }
            let actors = try await office.harness.count(
                """
                SELECT count(*) AS n FROM dossier_history
                WHERE what = 'assigned' AND actor = \(office.leader.text)
                """)
            #expect(actors == 7)
        }
    }

    @Test func `os-080: only who may work on it gets a dossier, from who may still decide that`() async throws {
        try await Office.open { office in
            _ = try await office.inWork()
            let limited = PersonID.new()
            try await office.appoint(limited, .officer, at: Agencies.justice, fields: ["BTXH"])
            let asked = try await ask(office, to: [limited])
            try await office.fire()
            let place = "/reassignments/\(asked.json["reassignment"]?.text ?? "")"
            let report = try await office.get(place, as: office.leader).json
            #expect(report["moved"] == 0 && report["kept"] == 1)
            #expect(report["lines"]?.array?.first?["refused"]?.text == "onestop.officer-not-there")
            // The leader leaves between asking and doing.
            let other = PersonID.new()
            try await office.appoint(other, .officer, at: Agencies.justice)
            let late = try await ask(office, to: [other])
            var ended = ServiceEnded()
            (ended.person, ended.decisionNumber, ended.effectiveFrom) = (office.leader, "9/QĐ", try Day("2021-03-01"))
            await office.harness.take(ended)
            try await office.fire()
            #expect(try await held(office.officer, office) == 1)
            let id = try ReassignmentID(late.json["reassignment"]?.text ?? "")
            #expect(
                try await office.harness.count(
                    """
                    SELECT count(*) AS n FROM reassignment_lines WHERE reassignment = \(id) AND refused = 'forbidden'
                    """) == 1)
        }
    }

    @Test func `os-080: who is away gets none`() async throws {
        try await Office.open { office in
            for _ in 0..<2 { _ = try await office.inWork() }
            let (away, there) = (PersonID.new(), PersonID.new())
            for person in [away, there] { try await office.appoint(person, .officer, at: Agencies.justice) }
            var absence = AbsenceDecided()
            (absence.absence, absence.person, absence.agency) = (.new(), away, Agencies.justice)
            (absence.validFrom, absence.validTo) = (try Day("2021-03-01"), try Day("2021-03-12"))
            await office.harness.take(absence)
            #expect(try await ask(office, to: [away]).code == "onestop.nobody-there")
            let seen = try await ask(office, to: [away, there], preview: true)
            #expect(seen.json["shares"]?.array?.map { $0["officer"]?.text } == [there.text])
            #expect(try await ask(office, to: [away, there]).status == 201)
            try await office.fire()
            #expect(try await held(away, office) == 0)
            #expect(try await held(there, office) == 2)
        }
    }

    @Test func `turns go round among those who may`() {
        let (a, b) = (official(.officer), official(.officer, fields: ["HT"]))
        let holder = PersonID.new()
        func turn(_ number: Int, _ field: String) -> PersonID? {
            Reassignment.turn(number, among: [a, b], field: field, not: holder)?.person
        }
        #expect((0..<4).map { turn($0, "HT") == a.person } == [true, false, true, false])
        #expect((0..<3).allSatisfy { turn($0, "X") == a.person })
        #expect(Reassignment.turn(0, among: [b, official(.clerk)], field: "X", not: holder) == nil)
        #expect(Reassignment.turn(0, among: [a], field: "X", not: a.person) == nil)
    }

    /// The shipped program, killed (SIGKILL) in the middle of the batches.
    @Test(.timeLimit(.minutes(5))) func `killed between batches it goes on, and none is moved twice`() async throws {
        try await Office.open { office in
            let other = PersonID.new()
            try await office.appoint(other, .officer, at: Agencies.justice)
            _ = try await office.inWork()
            // As many more as make three batches, without their events.
            let template = try await office.harness.database.database.run("SELECT id FROM dossiers")
            let row = try #require(template.first)
            let one: UUID = try row("id")
            try await office.harness.database.database.run(
                """
                INSERT INTO dossiers SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
                    'code_serial', 1000 + n))).*
                FROM dossiers d, generate_series(1, \(Limits.OneStop.reassignBatch * 2 + 9)) AS n WHERE d.id = \(one)
                """)
            try await office.harness.database.database.run("DELETE FROM timers")
            let asked = try await ask(office, to: [other])
            #expect(asked.status == 201)
            for point in ["before-timer-commit:1", "after-timer-commit:1", "before-timer-commit:1"] {
                try await OneStopProgram.start(office, killAt: point).died()
            }
            #expect(try await held(other, office) == Limits.OneStop.reassignBatch)
            let last = try OneStopProgram.start(office)
            try await eventually("all are moved", within: .seconds(60)) {
                try await office.harness.count("SELECT count(*) AS n FROM timers") == 0
            }
            last.stop()
            let all = Limits.OneStop.reassignBatch * 2 + 10
            #expect(try await held(other, office) == all)
            #expect(try await office.harness.announced(DossierAssigned.self) == all)
            #expect(try await office.harness.count("SELECT max(version) AS n FROM dossiers") == 4)
        }
    }
}
