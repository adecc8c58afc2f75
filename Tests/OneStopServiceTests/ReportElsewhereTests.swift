import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Dossiers that were received at a commune and worked on at its district and beyond.
@Suite(.timeLimit(.minutes(5))) struct ReportElsewhereTests {
    /// With the officer of the district.
    private func received(_ office: Office) async throws -> String {
        let body: JSON = [
            "submission": [
                "procedure": "1.001776", "agency": "H19.31.02", "subject": "Trợ cấp", "name": "Lò Thị Mai",
                "nationalId": .string("99919" + String(UInt32.random(in: 1_000_000...9_999_999))),
            ]
        ]
        let made = try await office.send("POST", "/counter/dossiers", as: office.communeClerk, body)
        guard let id = made.json["id"]?.text else { throw Office.Unexpected(made) }
        try await office.done("accept", on: id, as: office.communeClerk)
        try await hand(id, to: office.districtOfficer, by: office.communeClerk, office)
        return id
    }

    private func hand(_ id: String, to person: PersonID, by holder: PersonID, _ office: Office) async throws {
        try await office.done("hand-over", on: id, as: holder, ["toOfficer": .string(person.text)])
    }

    /// The Department of Justice has it for a while and gives it back; the district finishes it.
    private func finished(_ office: Office) async throws -> String {
        let id = try await received(office)
        try await office.done("send", on: id, as: office.districtOfficer, ["toAgency": "H19.06"])
        try await office.done("assign", on: id, as: office.leader, ["officer": .string(office.officer.text)])
        try await office.done("send-back", on: id, as: office.officer, ["note": "x"])
        try await office.done(
            "assign", on: id, as: office.districtLeader, ["officer": .string(office.districtOfficer.text)])
        try await hand(id, to: office.districtLeader, by: office.districtOfficer, office)
        try await office.done("approve", on: id, as: office.districtLeader, [:])
        await office.harness.take(try office.issued(for: id))
        #expect(try await office.status(id) == 9)
        return id
    }

    private func graded(_ office: Office, _ agency: String, as person: PersonID) async throws -> Set<String> {
        let answer = try await office.get("/agencies/\(agency)/reports/2021-Q1/indicators?of=officer", as: person)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        return Set(try ReportIndicators.Output(decoding: answer.json, unknown: .refuse).lines.map(\.key))
    }

    @Test func `os-274: whoever held it elsewhere is graded there, and nobody where it went home`() async throws {
        try await Office.open { office in
            let communeLeader = PersonID.new()
            try await office.appoint(communeLeader, .leader, at: Agencies.commune)
            let (id, stopped) = (try await finished(office), try await received(office))
            try await office.done("stop", on: stopped, as: office.districtOfficer, ["reasonCode": "x", "reason": "y"])
            try await office.set("2021-04-01 01:00")
            #expect(
                try await graded(office, "H19.31", as: office.districtLeader)
                    == [office.districtOfficer.text, office.districtLeader.text])
            #expect(try await graded(office, "H19.06", as: office.leader) == [office.officer.text])
            #expect(try await graded(office, "H19.31.02", as: communeLeader).isEmpty, "it only came back there")
            let points = "reports/2021-Q1/points?of=officer&key=\(office.officer)&indicator=1"
            let behind = try await office.get("/agencies/H19.06/\(points)", as: office.leader)
            #expect(behind.json["dossiers"]?.array?.compactMap { $0["dossier"]?.text } == [id])
        }
    }

    @Test func `os-212: an end says where the dossier was received and who else held it`() async throws {
        try await Office.open { office in
            let (id, stopped) = (try await finished(office), try await received(office))
            try await office.done("stop", on: stopped, as: office.districtOfficer, ["reasonCode": "x", "reason": "y"])
            let withdrawn = try await received(office)
            try await office.done("withdraw", on: withdrawn, as: office.communeClerk, [:])
            try await office.done("withdrawal/confirm", on: withdrawn, as: office.communeClerk)
            // It was never accepted, and is in no report.
            let never = try await office.submit()
            try await office.done("withdraw", on: never, as: office.citizen, [:])
            try await office.done("withdrawal/confirm", on: never, as: office.clerk)
            let database = office.harness.database.open(office.harness.database.administrator)
            func ends() async throws -> Set<String> {
                let rows = try await database.run(
                    """
                    SELECT w.agency || ' ' || w.dossier || ' ' || w.received AS line FROM dossier_ends w
                    JOIN dossiers d ON d.id = w.dossier AND d.accepted_at = w.accepted_at
                    JOIN dossier_history e ON e.dossier = w.dossier AND e.at = w.ended_at AND e.to_status IN (8, 9)
                    """)
                return Set(try rows.map { try $0("line") })
            }
            let written = try await ends()
            let all = [id, stopped, withdrawn]
            #expect(
                written
                    == Set(all.flatMap { ["H19.31.02 \($0) true", "H19.31 \($0) false"] } + ["H19.06 \(id) false"]))
            // What had ended before has the same lines, from its history.
            try await database.run("DELETE FROM dossier_ends")
            try await database.run(SQL(stringLiteral: Migrations.endsBefore))
            #expect(try await ends() == written)
        }
    }
}
