import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

@Suite struct ReaderTests {
    @Test func `os-132: every read stands in the ledger, with the reader's post on that day`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            for _ in 1...3 { _ = try await office.get("/dossiers/\(id)", as: office.officer) }
            _ = try await office.get("/dossiers/\(id)/history", as: office.leader)
            let read = try await office.get("/dossiers/\(id)/reads", as: office.leader)
            let reads = read.json["reads"]?.array ?? []
            #expect(
                reads.compactMap { $0["purpose"]?.text } == ["history", "dossier", "handed-over", "accepted"])
            #expect(reads.count > 1 && reads[1]["times"] == 3)
            let row = reads[1]
            #expect((row["agency"], row["unit"], row["role"]) == ("H19.06", "phong", "officer"))
            #expect(row["person"]?.text == office.officer.text && row["trace"]?.text?.count == 32)
            // It was itself a read; and what does not commit for each read is soon there.
            let again = try await office.get("/dossiers/\(id)/reads?limit=1", as: office.leader)
            #expect(again.json["reads"]?.array?.first?["purpose"] == "who read it" && again.next != nil)
            let error = await #expect(throws: PostgresError.self) {
                try await office.harness.database.database.run("DELETE FROM dossier_reads")
            }
            #expect(error?.sqlState == "42501")
        }
    }

    @Test func `os-132: what cannot be written waits, and is written by and by`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let ledger = office.harness.running.runtime.resource(ReadLedger.self)
            try await ledger.write()
            let before = try await office.harness.count("SELECT count(*) AS n FROM dossier_reads")
            let owner = office.harness.database.open(office.harness.database.owner)
            try await owner.run("ALTER TABLE dossier_reads RENAME TO away")
            #expect(try await office.get("/dossiers/\(id)", as: office.officer).status == 200)
            await #expect(throws: PostgresError.self) { try await ledger.write() }
            #expect(try await office.get("/dossiers/\(id)", as: office.leader).status == 200)
            try await owner.run("ALTER TABLE away RENAME TO dossier_reads")
            try await ledger.write()
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossier_reads") == before + 2)
            #expect(ledger.unwritten == 0)
        }
    }

    @Test func `os-132: in a running service it is written by itself`() async throws {
        try await withRoom { room in
            try await Office.open(in: room) { office in
                let id = try await office.inWork()
                _ = try await office.get("/dossiers/\(id)", as: office.officer)
                try await eventually("written by the background", within: .seconds(5)) {
                    try await office.harness.count("SELECT count(*) AS n FROM dossier_reads") == 3
                }
            }
        }
    }

    @Test func `os-272: what a dossier was read for is said in Vietnamese and English`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.attach(Array("%PDF-1.4\n%%EOF".utf8), part: "other", to: id, as: office.officer)
            let list = try await office.get("/dossiers/\(id)/attachments", as: office.officer).json
            let file = try #require(list["attachments"]?.array?.first?["id"]?.text)
            #expect(try await office.get("/dossiers/\(id)/attachments/\(file)", as: office.officer).status == 200)
            let reads = try await office.get("/dossiers/\(id)/reads", as: office.citizen).json["reads"]?.array ?? []
            let last = try #require(reads.first)
            #expect((last["purpose"], last["attachment"]?.text) == ("attachment", file))
            #expect(
                reads.map { $0["vietnamese"]?.text } == [
                    "Mở một tệp giấy tờ", "Xem danh mục tệp", "Xử lý: Bàn giao", "Xử lý: Tiếp nhận",
                ])
            #expect(reads.last?["english"] == "Worked on: accepted" && reads.last?["attachment"] == nil)
        }
    }

    @Test func `os-272: every word that is logged or written in a history is on the list`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Services/OneStopService")
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
        let act = try Regex(##"\bChange\([^"]{0,60}"([a-z-]+)""##, as: (Substring, Substring).self)
        let logged = try Regex(
            ##"logRead\(of: "dossier",[^)]{0,60}purpose: "([^"]+)""##, as: (Substring, Substring).self)
        var acts: Set<String> = ["submitted", "received", "branch-done", "branch-recalled"]
        for name in names {
            let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
            for found in text.matches(of: act) { acts.insert(String(found.output.1)) }
            for found in text.matches(of: logged) { acts.insert(String(found.output.1)) }
        }
        #expect(acts.count > 35)
        for word in acts { #expect(HistoryWord(rawValue: word) != nil, "\(word)") }
        for word in HistoryWord.allCases { #expect(word.vietnamese != word.rawValue && word.english != "", "\(word)") }
        for purpose in ReadPurpose.allCases {
            #expect(LoggedPurpose(purpose.rawValue).vietnamese == purpose.vietnamese)
            #expect(purpose.vietnamese.contains { !$0.isASCII }, "\(purpose)")
        }
        #expect(LoggedPurpose("of an earlier release").vietnamese == "Xử lý hồ sơ")
    }

    @Test func `reads of the same by the same are one line`() {
        func read(_ id: String, _ caller: String, _ purpose: String) -> PersonalRead {
            let caller = Caller(id: caller, kind: .official, account: nil, person: nil, client: nil)
            return PersonalRead(
                kind: "dossier", id: id, purpose: purpose, caller: caller, at: Date(timeIntervalSince1970: 0), trace: ""
            )
        }
        var waiting = ReadLedger.Waiting()
        func fits(_ id: String, _ caller: String, _ purpose: String) -> Bool {
            waiting.add(ReadLedger.Line(read: read(id, caller, purpose)), most: 4)
        }
        func taken(_ count: Int) -> [ReadLedger.Line] { waiting.take(count) }
        #expect(fits("a", "x", "p") && fits("a", "y", "p") && fits("a", "x", "p") && fits("a", "x", "q"))
        #expect(fits("b", "x", "p") && !fits("c", "x", "p") && fits("b", "x", "p"))
        #expect(waiting.lines.map(\.times) == [2, 1, 1, 2])
        #expect(taken(1).map(\.read.id) == ["a"])
        #expect(fits("b", "x", "p"))
        #expect(taken(9).map(\.times) == [1, 1, 3])
        #expect(taken(9).isEmpty)
    }

    @Test func `os-141: who could read is who can, at every stage`() async throws {
        try await Office.open { office in
            try await office.set("2021-02-09 10:00")
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.communeClerk,
                [
                    "submission": Office.submission.with("procedure", .string(Office.allowance))
                        .with("agency", "H19.31.02"),
                    "channel": "counter", "person": .string(office.citizen.text),
                ])
            let id = try #require(received.json["id"]?.text)
            try await compare(office, id, "received")
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.done("hand-over", on: id, as: office.communeClerk)
            try await compare(office, id, "at the district")
            let opinion: JSON = ["toAgency": "H19.25", "question": "x", "limit": ["amount": 1, "unit": "days"]]
            try await office.done("opinions", on: id, as: office.districtOfficer, opinion)
            try await compare(office, id, "the police are asked")
            try await office.done("send", on: id, as: office.districtOfficer, ["toAgency": "H19.06"])
            try await compare(office, id, "sent to the department")
            try await office.done("send-back", on: id, as: office.officer, ["note": "x"])
            try await office.done("stop", on: id, as: office.districtOfficer, ["reasonCode": "x", "reason": "y"])
            // On a day all that was so at any moment of it counts; the next day what is left.
            try await office.set("2021-02-17 10:00")
            try await compare(office, id, "stopped")
        }
    }

    /// By asking everybody.
    private func compare(
        _ office: Office, _ id: String, _ stage: Comment, and more: PersonID? = nil
    ) async throws {
        let everybody =
            [
                office.clerk, office.officer, office.leader, office.inspector, office.communeClerk,
                office.districtOfficer, office.districtLeader,
            ] + (more.map { [$0] } ?? [])
        var can: Set<String> = []
        for person in everybody where try await office.get("/dossiers/\(id)", as: person).status == 200 {
            can.insert(person.text)
        }
        let could = try await office.get("/dossiers/\(id)/readers", as: office.administrator).json
        #expect(Set((could["readers"]?.array ?? []).compactMap { $0["person"]?.text }) == can, stage)
    }

    private func could(_ office: Office, _ id: String, _ day: String) async throws -> Set<String> {
        let answer = try await office.get("/dossiers/\(id)/readers?on=\(day)", as: office.administrator)
        return Set((answer.json["readers"]?.array ?? []).compactMap { $0["person"]?.text })
    }

    @Test func `os-141: who works on a linked dossier could read its application, and the other way round`()
        async throws
    {
        try await Office.open { office in
            let districtClerk = PersonID.new()
            try await office.appoint(districtClerk, .clerk, at: Agencies.district)
            try await LinkTests.publish(office, .parallel)
            let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
            let id = try #require(made.json["id"]?.text)
            try await office.set("2021-03-02 09:00")
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.fire()
            let links = try await office.get("/dossiers/\(id)/links", as: office.citizen).json["links"]?.array ?? []
            let record = try #require(links.first { $0["key"] == "record" }?["dossier"]?.text)
            try await compare(office, id, "the application", and: districtClerk)
            try await compare(office, record, "a linked dossier", and: districtClerk)
            let commune = Set(
                [office.communeClerk, office.districtOfficer, office.districtLeader, districtClerk].map(\.text))
            #expect(try await could(office, id, "2021-03-01") == commune, "before the slips")
            try await office.set("2021-03-03 09:00")
            try await office.done("hand-over", on: id, as: office.communeClerk)
            try await office.done("send", on: id, as: office.districtOfficer, ["toAgency": "H19.25"])
            try await compare(office, record, "the application is elsewhere", and: districtClerk)
            try await office.set("2021-03-04 09:00")
            try await office.done("send-back", on: id, as: office.inspector, ["note": "x"])
            try await office.set("2021-03-05 09:00")
            try await compare(office, record, "it came back", and: districtClerk)
            for (day, isThere) in [("2021-03-02", false), ("2021-03-03", true), ("2021-03-04", true)] {
                #expect(try await could(office, record, day).contains(office.inspector.text) == isThere, "\(day)")
            }
            let answer = try await office.get("/dossiers/\(record)/readers", as: office.citizen).json["groups"]?.array
            let reasons = (answer ?? []).map { "\($0["agency"]?.text ?? "") \($0["reason"]?.text ?? "")" }
            #expect(reasons.contains("H19.31.02 linked") && reasons.contains("H19.06 received"), "\(reasons)")
        }
    }

    @Test func `os-141: before it was forwarded it was with who passed it on, and nobody else`() async throws {
        try await Office.open { office in
            let second = try await ForwardTests().establish(office).text
            let id = try await office.submit()
            try await office.set("2021-03-02 09:00")
            try await office.done("forward", on: id, as: office.clerk, ["toAgency": "H19.07", "reason": "x"])
            try await office.set("2021-03-03 09:00")
            let first = Set([office.clerk, office.officer, office.leader].map(\.text))
            #expect(try await could(office, id, "2021-03-01") == first)
            #expect(try await could(office, id, "2021-03-02") == first.union([second]))
            #expect(try await could(office, id, "2021-03-03") == [second])
        }
    }

    @Test func `os-141: rights are those of the day: a transfer, and a dossier that was elsewhere then`() async throws {
        try await Office.open { office in
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.communeClerk,
                [
                    "submission": Office.submission.with("procedure", .string(Office.allowance))
                        .with("agency", "H19.31.02"),
                    "channel": "counter", "person": .string(office.citizen.text),
                ])
            let id = try #require(received.json["id"]?.text)
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.set("2021-03-02 09:00")
            try await office.done("hand-over", on: id, as: office.communeClerk)
            await office.harness.take(try office.transferred(office.districtOfficer, to: Agencies.police))
            try await office.set("2021-03-08 09:00")
            func could(_ day: String) async throws -> Set<String> {
                let answer = try await office.get("/dossiers/\(id)/readers?on=\(day)", as: office.districtLeader)
                return Set((answer.json["readers"]?.array ?? []).compactMap { $0["person"]?.text })
            }
            // District officials stand above the commune, so they could at once; the transfer was on the 3rd.
            let (clerk, moved, leader) = (
                office.communeClerk.text, office.districtOfficer.text, office.districtLeader.text
            )
            #expect(try await could("2021-02-28") == [])
            #expect(try await could("2021-03-01") == [clerk, moved, leader])
            #expect(try await could("2021-03-02") == [clerk, moved, leader])
            #expect(try await could("2021-03-03") == [clerk, leader])
        }
    }

    @Test func `os-142: the applicant sees agencies and roles, an official who may ask sees names`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            _ = try await office.get("/dossiers/\(id)", as: office.officer)
            let own = try await office.get("/dossiers/\(id)/reads", as: office.citizen)
            #expect(own.json["reads"]?.array?.first?["agencyName"] == "Cơ quan H19.06")
            let could = try await office.get("/dossiers/\(id)/readers", as: office.citizen)
            let groups = could.json["groups"]?.array ?? []
            #expect(Set(groups.compactMap { $0["role"]?.text }) == ["clerk", "officer", "leader"])
            for body in [own.body, could.body] {
                let text = String(decoding: body, as: UTF8.self)
                #expect(!text.contains("Trần Văn An") && !text.contains(office.officer.text))
            }
            for (person, status) in [
                (office.stranger, 404), (office.officer, 403), (office.clerk, 403), (office.inspector, 403),
                (office.districtLeader, 403), (office.leader, 200), (office.administrator, 200),
            ] {
                for what in ["reads", "readers"] {
                    #expect(try await office.get("/dossiers/\(id)/\(what)", as: person).status == status)
                }
            }
            let named = try await office.get("/dossiers/\(id)/reads", as: office.leader)
            #expect(named.json["reads"]?.array?.contains { $0["name"] == "Trần Văn An" } == true)
            let other = try await office.get("/dossiers/\(id)/reads?on=2021-02-28", as: office.leader)
            #expect(other.json["reads"] == [])
        }
    }
}
