import Bundles
import Contracts
import Files
import Foundation
import Receipts
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// The answer to a dossier as files: who adds them, who sees them, and what is known of them.
@Suite(.timeLimit(.minutes(5))) struct ResultFileTests {
    private static let draft = AttachmentTests.page

    private func file(
        _ hash: String = "a", signed: Bool? = nil, size: Int = 1, overtaken: Bool = false,
        in status: DossierStatus = .processing, number: Int = 1, issued: Bool? = nil
    ) -> ResultFile {
        var result = ResultFile()
        (result.file.id, result.file.sha256, result.file.signed) = (.new(), hash, signed)
        (result.file.size, result.file.issued) = (size, issued)
        (result.number, result.status, result.isOvertaken) = (number, status, overtaken)
        return result
    }

    @Test func `os-277: officials add the answer while it is made and until it is handed over`() throws {
        func code(
            _ status: DossierStatus, applicant: Bool = false, approved: Bool = false, others: [ResultFile] = [],
            size: Int = 1
        ) -> String? {
            refusal {
                var known = try dossier(status)
                if approved { known.approvedAt = try at("2021-03-02 09:00") }
                try ResultFile.decide(known, isApplicant: applicant, others: others, hash: "a", size: size)
            }
        }
        for status in DossierStatus.allCases {
            let isTime = [4, 9].contains(status.number)
            #expect(code(status) == (isTime ? nil : "onestop.not-in-status"), "\(status)")
            #expect(code(status, applicant: true) == "onestop.result-by-office", "\(status)")
        }
        #expect(code(.processing, approved: true) == nil)
        // The newest one is not added twice; an earlier one may come again, and any when papers were supplied since.
        #expect(code(.processing, others: [file()]) == "onestop.attached-already")
        #expect(code(.processing, others: [file(), file("b")]) == nil)
        #expect(code(.processing, others: [file(overtaken: true)]) == nil)
        let many = [ResultFile](repeating: file("b"), count: Limits.OneStop.resultFiles)
        #expect(code(.processing, others: Array(many.dropLast())) == nil)
        #expect(code(.finished, others: many) == "onestop.too-many-results")
        let large = [file("b", size: Limits.OneStop.dossierBytes - 5)]
        #expect(code(.processing, others: large, size: 5) == nil)
        #expect(code(.processing, others: large, size: 6) == "onestop.dossier-too-large")
    }

    @Test func `os-277: whoever works on it, decides it, issues it or returns it adds the answer, and nobody else`()
        async throws
    {
        try await Office.open { office in
            let (desk, records) = (ResultDesk(office), PersonID.new())
            try await office.appoint(records, .records, at: Agencies.justice)
            let id = try await desk.opened(try ResultDesk.definition())
            func code(_ person: PersonID) async throws -> String? {
                let bytes = UploadTests.document(Int.random(in: 100..<100_000))
                let answer = try await desk.add(bytes, to: id, as: person)
                return answer.status == 201 ? nil : answer.code
            }
            for person in [office.clerk, records, office.inspector, office.districtLeader] {
                #expect(try await code(person) == "forbidden")
            }
            #expect(try await code(office.citizen) == "onestop.result-by-office")
            #expect(try await code(office.stranger) == "not-found")
            let announced = try await PaperDesk(office).send(
                "POST", "/dossiers/\(id)/uploads", PaperDesk.announcement(of: Self.draft, part: "result"))
            #expect((announced.status, announced.code) == (403, "onestop.result-by-office"))
            for person in [office.officer, office.leader] { #expect(try await code(person) == nil) }
            try await desk.toTheEnd(id)
            try await office.done("approve", on: id, as: office.leader, [:])
            // Papers come no more; the answer does, also from where it is numbered.
            let late = try await desk.add(Self.draft, to: id, as: office.officer, part: "other")
            #expect(late.code == "onestop.already-approved")
            for person in [office.officer, records] { #expect(try await code(person) == nil) }
            #expect(try await code(office.clerk) == "forbidden")
            await office.harness.take(try office.issued(for: id))
            for person in [office.officer, records, office.clerk] { #expect(try await code(person) == nil) }
            let parts = try await PaperDesk(office, office.clerk).upload(
                UploadTests.document(90), to: "/dossiers/\(id)", part: "result")
            #expect((parts.status, parts.json["state"]) == (200, "attached"))
            #expect(try await desk.shown(id, to: office.clerk).count == 8)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM attachments") == 0)
            try await office.done("return", on: id, as: office.clerk, [:])
            #expect(try await code(office.officer) == "onestop.not-in-status")
        }
    }

    @Test func `os-277: what another agency decided is added there, and those who add at once all do`() async throws {
        try await Office.open { office in
            let (desk, chief) = (ResultDesk(office), PersonID.new())
            try await office.appoint(chief, .leader, at: Agencies.police)
            let id = try await desk.opened(
                try ResultDesk.definition { definition in
                    for step in 1...2 {
                        (definition.steps[step].rule, definition.steps[step].agency) = (.named, Agencies.police)
                    }
                })
            #expect(try await desk.add(Self.draft, to: id, as: office.inspector).status == 403)
            try await office.done("hand-over", on: id, as: office.officer)
            #expect(try await desk.add(Self.draft, to: id, as: office.officer).status == 403)
            try await office.done("hand-over", on: id, as: office.inspector)
            try await office.done("approve", on: id, as: chief)
            await office.harness.take(try office.issued(for: id))
            // It went home; the police, who decided it, still have the document.
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...4 {
                    let person = number % 2 == 0 ? office.inspector : office.clerk
                    group.addTask {
                        try await desk.add(UploadTests.document(100 * number), to: id, as: person).status
                    }
                }
                for try await status in group { #expect(status == 201) }
            }
            #expect(try await desk.shown(id, to: office.clerk).count == 4)
            for person in [office.officer, office.districtOfficer] {
                #expect(try await desk.add(Self.draft, to: id, as: person).status == 403)
            }
            // What was added stays as it was.
            await #expect(throws: (any Error).self) {
                try await office.harness.database.database.run("UPDATE result_files SET signed = true")
            }
        }
    }

    @Test func `os-278: no paper of a procedure has a key of ours`() async throws {
        try await Office.open { office in
            func drafted(_ keys: String...) async throws {
                let definition = try ResultDesk.definition {
                    $0.parts = keys.map { key in
                        var part = Part()
                        (part.key, part.name, part.nameEn) = (key, key, key)
                        return part
                    }
                }
                let body: JSON = ["validFrom": "2021-01-01", "definition": definition.json]
                let draft = try await office.send(
                    "POST", "/procedures/\(ResultDesk.code)/draft", as: office.administrator, body)
                #expect(draft.status == 200)
            }
            func publish() async throws -> TestService.Answer {
                try await office.send("POST", "/procedures/\(ResultDesk.code)/publish", as: office.administrator)
            }
            try await drafted("cccd", "result", "other")
            let check = try await office.get("/procedures/\(ResultDesk.code)/draft/check", as: office.administrator)
            let findings = try #require(check.json["findings"]?.array)
            #expect(findings.map { $0["rule"] } == ["os-278", "os-278"])
            #expect(findings.map { $0["field"]?.text } == ["definition.parts[1].key", "definition.parts[2].key"])
            let refused = try await publish()
            #expect((refused.status, refused.code) == (422, "onestop.check-failed"))
            try await drafted("cccd", "results")
            #expect(try await publish().status == 200)
        }
        // A version from before keeps its own paper.
        var definition = try ResultDesk.definition()
        #expect(definition.isResult("result") && !definition.isResult("other"))
        var part = Part()
        part.key = "result"
        definition.parts = [part]
        #expect(!definition.isResult("result"))
    }

    @Test func `os-280: a file whose hash the issuer announced is the issued one`() async throws {
        try await Office.open { office in
            let desk = ResultDesk(office)
            let id = try await desk.opened(try ResultDesk.definition())
            let signed = try SignedPDFTests.signed()
            try await desk.added(Self.draft, to: id)
            let early = try await desk.add(signed, to: id, as: office.officer)
            #expect((early.json["signed"], early.json["issued"]) == (true, nil))
            try await desk.toTheEnd(id)
            try await office.done("approve", on: id, as: office.leader, [:])
            var issued = try office.issued(for: id)
            issued.sha256 = ContentHash(of: signed).text.uppercased()
            await office.harness.take(issued)
            let again = try await desk.add(signed, to: id, as: office.leader)
            #expect(again.code == "onestop.attached-already")
            let scan = try await desk.add(UploadTests.document(70), to: id, as: office.clerk)
            #expect(scan.json["issued"] == false)
            let shown = try await desk.shown(id, to: office.officer)
            #expect(shown.map { $0["issued"] } == [false, true, false])
            #expect(shown.map { $0["signed"] } == [false, true, false])
            #expect(shown.allSatisfy { $0["part"] == "result" })
            // Not announced: nobody knows.
            let other = try await desk.begun()
            try await desk.added(signed, to: other)
            try await desk.toTheEnd(other)
            try await office.done("approve", on: other, as: office.leader, [:])
            await office.harness.take(try office.issued(for: other))
            #expect(try await desk.shown(other, to: office.citizen).map { $0["issued"] } == [nil])
        }
    }

    @Test func `os-281: what only led to the answer stays inside`() throws {
        var known = try dossier(.finished)
        let files = [
            file("1", issued: true), file("2", signed: true), file("3", number: 3), file("4", in: .finished, number: 4),
            file("5", in: .finished, number: 5),
        ]
        let definition = try ResultDesk.definition()
        func shown(_ reader: AccountKind) -> [String] {
            files.shown(to: reader, of: known, definition).map(\.sha256)
        }
        // A stopped one that was returned has no answer.
        #expect(shown(.citizen) == [])
        #expect(shown(.official).count == 5)
        known.finishedAt = try at("2021-03-09 09:00")
        #expect(shown(.citizen) == ["1", "3", "4", "5"])
        known.status = .returned
        #expect(shown(.citizen) == ["1", "3", "4", "5"] && shown(.administrator).count == 5)
        #expect([file("1")].shown(to: .citizen, of: known, definition).count == 1)
        #expect([ResultFile]().shown(to: .citizen, of: known, definition).isEmpty)
    }

    @Test func `os-291: the applicant sees the answer when what is collected at the return is paid`() async throws {
        try await Office.open { office in
            let desk = ResultDesk(office)
            var fee = try #require(try judicialRecord().fees.first)
            fee.moment = .handingOver
            let asked = fee
            let id = try await desk.opened(try ResultDesk.definition { $0.fees = [asked] })
            let answer = try await desk.added(Self.draft, to: id)
            try await desk.toTheEnd(id)
            try await office.done("approve", on: id, as: office.leader, [:])
            await office.harness.take(try office.issued(for: id))
            #expect(try await office.status(id) == 9)
            func seen() async throws -> (Int, Int) {
                let file = try await office.get("/dossiers/\(id)/attachments/\(answer)", as: office.citizen)
                return (try await desk.shown(id, to: office.citizen).count, file.status)
            }
            // Not asked for yet, then asked for: officials have it all the while.
            #expect(try await seen() == (0, 404))
            try await office.done("require-payment", on: id, as: office.clerk)
            #expect(try await seen() == (0, 404))
            #expect(try await desk.shown(id, to: office.clerk).count == 1)
            let required = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            await office.harness.take(try office.paid(required))
            #expect(try await seen() == (1, 200))
            try await office.done("return", on: id, as: office.clerk, [:])
            #expect(try await seen() == (1, 200))
        }
    }

    @Test func `os-281: the applicant sees the answer when there is one, officials as they may read`() async throws {
        try await Office.open { office in
            let desk = ResultDesk(office)
            let id = try await desk.opened(try ResultDesk.definition())
            let signed = try SignedPDFTests.signed()
            let (draft, answer) = (
                try await desk.added(Self.draft, to: id), try await desk.added(signed, to: id, as: office.leader)
            )
            func status(_ file: String, _ person: PersonID) async throws -> Int {
                try await office.get("/dossiers/\(id)/attachments/\(file)", as: person).status
            }
            func seen() async throws -> [String?] {
                try await desk.shown(id, to: office.citizen).map { $0["id"]?.text }
            }
            func hidden() async throws {
                #expect(try await seen() == [])
                for file in [draft, answer] {
                    #expect(try await status(file, office.citizen) == 404)
                    #expect(try await status(file, office.clerk) == 200)
                    #expect(try await status(file, office.inspector) == 403)
                }
            }
            try await hidden()
            try await desk.toTheEnd(id)
            try await office.done("approve", on: id, as: office.leader, [:])
            try await hidden()
            await office.harness.take(try office.issued(for: id))
            #expect(try await seen() == [answer])
            let scan = try await desk.added(UploadTests.document(80), to: id, as: office.clerk)
            #expect(try await seen() == [answer, scan])
            #expect(try await status(draft, office.citizen) == 404)
            #expect(try await status(answer, office.stranger) == 404)
            let back = try await office.get("/dossiers/\(id)/attachments/\(answer)", as: office.citizen)
            #expect((back.status, back.body) == (200, signed))
            try await office.done("return", on: id, as: office.clerk, [:])
            #expect(try await seen() == [answer, scan])
            // The answer is nothing that was handed in.
            let papers = try await office.get("/dossiers/\(id)/papers", as: office.clerk).json
            #expect(papers["papers"] == [])
            // Stopped with a draft in it: there is no answer.
            let other = try await desk.begun()
            try await desk.added(Self.draft, to: other)
            try await office.done(
                "stop", on: other, as: office.officer, ["reasonCode": "x", "reason": "Không đủ điều kiện"])
            try await office.done("return", on: other, as: office.clerk, [:])
            #expect(try await desk.shown(other, to: office.citizen) == [])
            #expect(try await desk.shown(other, to: office.clerk).count == 1)
        }
    }

    @Test func `os-282: a bundle has the answer as its reader may see it, and is proven`() async throws {
        let seed = String(repeating: "5b", count: 32)
        let key = try #require(SealingKey(hex: seed)).open.of("onestop")
        try await withRoom { room in
            try await Office.open(in: room, ["LIENTHONG_RECEIPT_KEY": seed]) { office in
                let desk = ResultDesk(office)
                let id = try await desk.opened(try ResultDesk.definition())
                let signed = try SignedPDFTests.signed()
                try await desk.added(Self.draft, to: id)
                try await desk.added(signed, to: id, as: office.leader)
                func taken(as person: PersonID, _ query: String = "") async throws -> (Set<String>, html: String) {
                    let bytes = try await TakenBundleTests().taken(id, office, as: person, query)
                    let proof = try DossierBundle.verify(bytes, [key])
                    let archive = try Archive(bytes)
                    if let answer = archive.entries.first(where: { $0.path == "results/02-ket-qua.pdf" }) {
                        #expect(answer.bytes == signed)
                    }
                    let page = try #require(archive.entries.first { $0.path == "index.html" })
                    let paths = proof.manifest.files.map(\.path).filter { $0.hasPrefix("results/") }
                    return (Set(paths), String(decoding: page.bytes, as: UTF8.self))
                }
                let both: Set = ["results/01-ket-qua.pdf", "results/02-ket-qua.pdf"]
                #expect(try await taken(as: office.clerk).0 == both)
                let early = try await taken(as: office.citizen)
                #expect(early.0.isEmpty && early.html.contains("<h2>Kết quả</h2>\n<p>Không có.</p>"))
                try await desk.toTheEnd(id)
                try await office.done("approve", on: id, as: office.leader, [:])
                var issued = try office.issued(for: id)
                issued.sha256 = ContentHash(of: signed).text
                await office.harness.take(issued)
                #expect(try await taken(as: office.clerk).0 == both)
                // The applicant's has the answer alone.
                let own = try await taken(as: office.citizen)
                #expect(own.0 == ["results/01-ket-qua.pdf"])
                let line = "SHA-256 <code>\(ContentHash(of: signed))</code>, có chữ ký số, văn bản đã ban hành"
                #expect(own.html.contains("href=\"results/01-ket-qua.pdf\"") && own.html.contains(line))
                #expect(!own.html.contains(ContentHash(of: Self.draft).text))
                let light = try await taken(as: office.citizen, "?documents=false")
                #expect(light.0.isEmpty && light.html.contains(line))
            }
        }
    }
}
