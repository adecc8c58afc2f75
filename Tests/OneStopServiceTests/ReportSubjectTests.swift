import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Whom a report grades, by which moment, and what its figures are made of.
@Suite(.timeLimit(.minutes(5))) struct ReportSubjectTests {
    /// Received at the commune, worked on by an officer of the Department of Justice, finished on 3 March.
    private func worked(_ office: Office) async throws -> DossierID {
        let (id, due) = (DossierID.new(), try at("2021-03-15 17:00"))
        let superuser = office.harness.database.open(office.harness.database.administrator)
        try await superuser.run(
            """
            INSERT INTO dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, applicant_name, subject, submitted_at, accepted_at, act_by)
            VALUES (\(id), 4, 9, \(Office.allowance), 1, 'counter', \(Agencies.commune), \(Agencies.commune), 'x', 'x',
                    \(try at("2021-03-01 09:00")), \(try at("2021-03-01 09:00")), \(due))
            """)
        let lines: [(what: String, from: Int16, to: Int16, agency: AgencyCode, officer: PersonID?, day: Int)] = [
            ("accepted", 1, 2, Agencies.commune, nil, 1), ("handed-over", 2, 4, Agencies.justice, office.officer, 2),
            // It goes home and keeps the name of who had it.
            ("finished", 4, 9, Agencies.commune, office.officer, 3),
        ]
        for (index, line) in lines.enumerated() {
            let step = line.what == "accepted" ? nil : "assess"
            try await superuser.run(
                """
                INSERT INTO dossier_history
                    (dossier, version, at, actor, what, from_status, to_status, agency, officer, step)
                VALUES (\(id), \(Int64(index + 2)), \(try at("2021-03-0\(line.day) 09:00")), 'x', \(line.what),
                        \(line.from), \(line.to), \(line.agency), \(line.officer), \(step))
                """)
        }
        for (table, version) in [("due_dates", 2), ("step_dates", 3)] {
            try await superuser.run(
                """
                INSERT INTO \(raw: table) (dossier, version, cause, due_at, explanation)
                VALUES (\(id), \(Int64(version)), 'x', \(due), '{}')
                """)
        }
        try await superuser.run(SQL(stringLiteral: Migrations.endsBefore))
        return id
    }

    private func graded(
        _ office: Office, _ agency: AgencyCode, _ query: String = "", as person: PersonID
    ) async throws -> [ReportIndicators.Line] {
        let answer = try await office.get("/agencies/\(agency)/reports/2021-Q1/indicators\(query)", as: person)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        return try ReportIndicators.Output(decoding: answer.json, unknown: .refuse).lines
    }

    @Test func `os-274: officials are graded where they held dossiers, and agencies in the reports that they are in`()
        async throws
    {
        try await Office.open { office in
            let id = try await worked(office)
            let communeLeader = PersonID.new()
            try await office.appoint(communeLeader, .leader, at: Agencies.commune)
            try await office.set("2021-04-01 01:00")
            let received = try await graded(office, Agencies.commune, as: communeLeader)
            #expect(received.map(\.key) == [Agencies.commune.text])
            #expect(received.first?.scores.contains { $0.indicator == 2 } == false, "no step was done there")
            // Who worked on it elsewhere is for that leader to judge.
            #expect(try await graded(office, Agencies.commune, "?of=officer", as: communeLeader).isEmpty)
            let points = "reports/2021-Q1/points?of=officer&key=\(office.officer)&indicator=1"
            let elsewhere = try await office.get("/agencies/\(Agencies.commune)/\(points)", as: communeLeader)
            #expect(elsewhere.status == 200 && elsewhere.json["dossiers"] == [])
            #expect(try await graded(office, Agencies.justice, as: office.leader).isEmpty)
            let own = try await graded(office, Agencies.justice, "?of=officer", as: office.leader)
            #expect(own.map(\.key) == [office.officer.text])
            #expect(own.first?.scores.map { "\($0.indicator) \($0.score)" } == ["1 2.0", "2 2.0", "3 2.0", "7 2.0"])
            let behind = try await office.get("/agencies/\(Agencies.justice)/\(points)", as: office.officer)
            #expect(behind.json["dossiers"]?.array?.compactMap { $0["dossier"]?.text } == [id.text])
        }
    }

    @Test func `os-275: points judge by the moment of closing, whenever the papers are fetched`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.set("2021-03-05 09:00")
            try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "y"])
            // Due on the 15th.
            try await office.set("2021-03-29 09:00")
            try await office.done("return", on: id, as: office.clerk, [:])
            try await office.set("2021-04-01 01:00")
            for query in ["", "?of=officer"] {
                let line = try await graded(office, Agencies.justice, query, as: office.leader).first
                let scores = line?.scores.filter { [1, 7].contains($0.indicator) }.map(\.score)
                #expect(scores == ["2.0", "2.0"], "\(query)")
            }
            func list(_ cell: String) async throws -> Int? {
                let path = "/agencies/H19.06/reports/2021-Q1/dossiers?cell=\(cell)"
                return try await office.get(path, as: office.leader).json["dossiers"]?.array?.count
            }
            #expect(try await list("online-late") == 0)
            // Decision 766 measures to the return (os-201).
            #expect(try await list("missed") == 1)
        }
    }

    private func indexes(
        _ office: Office, _ query: String = ""
    ) async throws -> [ServiceIndex: ReportServiceIndex.Line] {
        let path = "/agencies/H19.06/reports/2021-Q1/service-index\(query)"
        let answer = try await office.get(path, as: office.leader)
        let report = try ReportServiceIndex.Output(decoding: answer.json, unknown: .refuse)
        return Dictionary(uniqueKeysWithValues: report.indexes.map { ($0.index, $0) })
    }

    @Test func `os-296: in the indexes a withdrawal that waits ended when it was asked for, in the balance it is open`()
        async throws
    {
        try await Office.open { office in
            let (waits, declined) = (try await office.inWork(), try await office.inWork())
            try await office.set("2021-03-05 09:00")
            for id in [waits, declined] { try await office.done("withdraw", on: id, as: office.citizen, [:]) }
            try await office.set("2021-03-08 09:00")
            try await office.done("withdrawal/decline", on: declined, as: office.officer, ["reason": "x"])
            // Both were due on the 15th.
            try await office.set("2021-04-01 01:00")
            func list(_ cell: String) async throws -> [JSON] {
                let path = "/agencies/H19.06/reports/2021-Q1/dossiers?cell=\(cell)"
                return try await office.get(path, as: office.leader).json["dossiers"]?.array ?? []
            }
            let met = try await list("met")
            #expect(met.map { $0["dossier"]?.text } == [waits])
            let shown = try #require(met.first)
            #expect((shown["endOf"], shown["verdict"]) == ("withdrawing", "in-time"))
            #expect(shown["endAt"]?.text?.hasPrefix("2021-03-05T09:00") == true)
            #expect(try await list("missed").map { $0["dossier"]?.text } == [declined])
            let line = try #require(try await indexes(office)[.inTime])
            #expect((line.part, line.whole) == (1, 2))
            let overdue = try await list("overdue")
            #expect(Set(overdue.compactMap { $0["dossier"]?.text }) == [waits, declined])
            #expect(overdue.allSatisfy { $0["endOf"] == "as-of" && $0["verdict"] == "overdue" })
        }
    }

    /// A further procedure of the department that is offered online.
    private func publish(
        _ code: String, until: String? = nil, in office: Office, _ change: (inout Definition) -> Void = { _ in }
    ) async throws {
        var definition = try judicialRecord()
        definition.onlineLevel = .whole
        change(&definition)
        let body: JSON = ["validFrom": "2021-01-01", "definition": definition.json]
        let draft = try await office.send(
            "POST", "/procedures/\(code)/draft", as: office.administrator,
            body.with("validTo", until.map { .string($0) }))
        guard draft.status == 200 else { throw Office.Unexpected(draft) }
        let law = try await office.send("POST", "/procedures/\(code)/publish", as: office.administrator)
        guard law.status == 200 else { throw Office.Unexpected(law) }
    }

    @Test func `os-205: behind an index of procedures stand their codes, and what has ended is not in force`()
        async throws
    {
        try await Office.open { office in
            try await publish("1.000001", in: office)
            try await publish("1.000002", until: "2021-03-20", in: office)
            try await office.done("accept", on: try await office.submit(), as: office.clerk)
            try await office.set("2021-04-01 01:00")
            func codes(_ query: String) async throws -> [String] {
                let line = try #require(try await indexes(office, query)[.proceduresOnline])
                let online = line.procedures.filter(\.part).count
                #expect(line.part == online && line.whole == line.procedures.count)
                return line.procedures.map { "\($0.procedure) \($0.number) \($0.part)" }
            }
            let others = ["1.001776 1 false", "2.000488 1 false"]
            #expect(try await codes("") == ["1.000001 1 true"] + others)
            // On its last day it is law.
            let last = "?asOf=2021-03-20T23:00:00%2B07:00"
            #expect(try await codes(last) == ["1.000001 1 true", "1.000002 1 true"] + others)
            let begun = try #require(try await indexes(office)[.publishedInTime])
            #expect((begun.part, begun.whole, begun.procedures.count) == (0, 4, 4))
            // Of the four the department receives three, two of them online; one has ended.
            let reported = try Reported(
                Agencies.justice, try #require(ReportPeriod("2021-Q1")), asOf: nil, now: at("2021-04-01 01:00"))
            let row = try #require(try await office.harness.database.database.run(reported.online).first)
            #expect(try (row("procedures", as: Int.self), row("online", as: Int.self)) == (2, 1))
        }
    }

    @Test func `online dossiers count with their electronic result, where the procedure has a document`() async throws {
        try await Office.open { office in
            try await publish("1.000003", in: office) { $0.documentType = nil }
            let (hashed, bare) = (try await office.inWork(), try await office.inWork())
            let without = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", "1.000003"))
            try await office.done("accept", on: without.json["id"]?.text ?? "", as: office.clerk)
            for id in [hashed, bare] {
                try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "y"])
                for who in [office.officer, office.leader] {
                    try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(who.text)])
                }
                try await office.done("approve", on: id, as: office.leader, [:])
                var issued = try office.issued(for: id)
                if id == hashed { issued.sha256 = String(repeating: "0a", count: 32) }
                await office.harness.take(issued)
                #expect(try await office.status(id) == 9)
            }
            try await office.set("2021-04-01 01:00")
            let line = try #require(try await indexes(office)[.dossiersOnline])
            #expect((line.part, line.whole, line.partCell) == (2, 3, .onlineResult))
            let path = "/agencies/H19.06/reports/2021-Q1/dossiers?cell=online-result"
            let listed = try await office.get(path, as: office.leader).json["dossiers"]?.array ?? []
            let ids = Set(listed.compactMap { $0["dossier"]?.text })
            #expect(ids == [hashed, without.json["id"]?.text ?? ""])
        }
    }

    @Test func `os-205: behind the complaints of a figure stand the complaints, for who leads the agency`()
        async throws
    {
        try await Office.open { office in
            let dossier = try await office.submit()
            var lodged: [String] = []
            for about in [["dossier": .string(dossier)], ["agency": "H19.06"], ["agency": "H19.25"]] as [JSON] {
                let body = about.with("grievance", ComplaintTests.grievance)
                let answer = try await office.send("POST", "/my/complaints", as: office.citizen, body)
                lodged.append(answer.json["id"]?.text ?? "")
            }
            try await office.set("2021-03-10 09:00")
            let answered = try await office.send(
                "POST", "/complaints/\(lodged[0])/answer", as: office.leader, ["answer": "Đúng", "justified": false])
            #expect(answered.status == 200, "\(answered.json)")
            try await office.set("2021-04-01 01:00")
            let line = try #require(try await indexes(office)[.complaintsInTime])
            #expect((line.part, line.whole) == (1, 2))
            let path = "/agencies/H19.06/reports/2021-Q1/complaints"
            var (found, next): ([ListComplaintsReported.Line], String?) = ([], "\(path)?limit=1")
            while let page = next {
                let answer = try await office.get(page, as: office.leader)
                guard answer.status == 200 else { throw Office.Unexpected(answer) }
                found += try ListComplaintsReported.Output(decoding: answer.json, unknown: .refuse).complaints
                next = answer.next
            }
            #expect(Set(found.map(\.complaint.text)) == Set(lodged.prefix(2)))
            #expect(found.filter(\.inTime).map(\.dossier?.text) == [dossier])
            #expect(found.count { $0.answeredAt == nil } == 1)
            let other = try await office.get("\(path)?key=H19.06.01", as: office.leader)
            #expect(other.json["complaints"] == [])
            #expect(try await office.get(path, as: office.officer).status == 403)
            let page = try await office.get("/agencies/H19.06/reports/2021-Q1/page", as: office.leader)
            #expect(String(decoding: page.body, as: UTF8.self).contains("href=\"complaints?"))
            let plain = try await office.get("/agencies/H19.06/reports/2021-Q1/page", as: office.officer)
            #expect(plain.status == 200 && !String(decoding: plain.body, as: UTF8.self).contains("complaints?"))
        }
    }
}
