import Contracts
import Files
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// Papers at the counter, papers that are taken again, and how long a dossier is kept.
@Suite struct PapersTests {
    static let other = "9.000011"

    /// Two procedures that ask for the same kind of paper; the second also for the result of the first.
    func opened(
        _ settings: [String: String] = [:], log: Logger = quiet, _ body: (Office, PaperDesk) async throws -> Void
    ) async throws {
        try await Office.open(settings, log: log) { office in
            var first = try PaperDesk.definition()
            first.parts[1].code = "GT.01"
            var result = ResultKind()
            (result.code, result.name, result.nameEn) = ("KQ.LLTP", "Phiếu lý lịch tư pháp", "Certificate")
            result.validMonths = 6
            first.results = [result]
            first.retention = .years10
            try await office.publish(PaperDesk.code, first)
            var second = try PaperDesk.definition()
            second.name = "Thủ tục sau"
            second.parts[1].key = "giay-to"
            second.parts[1].code = "GT.01"
            second.parts[2].key = "phieu"
            second.parts[2].code = "KQ.LLTP"
            second.parts[2].reusable = true
            second.parts[2].due = .submission
            try await office.publish(Self.other, second)
            try await body(office, PaperDesk(office))
        }
    }

    /// A dossier with one file, submitted from a draft.
    func submitted(_ desk: PaperDesk, _ bytes: [UInt8] = AttachmentTests.page) async throws -> String {
        let draft = try await desk.written()
        _ = try await desk.upload(bytes, to: "/my/drafts/\(draft)", part: "cccd")
        let answer = try await desk.submit(draft)
        guard let id = answer.json["id"]?.text else { throw Office.Unexpected(answer) }
        return id
    }

    /// Its document is issued and the result is handed over.
    func finished(_ id: String, _ office: Office, sha256: String? = nil) async throws {
        try await office.done("hand-over", on: id, as: office.clerk, ["toOfficer": .string(office.officer.text)])
        try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "y"])
        try await office.done("hand-over", on: id, as: office.officer)
        try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(office.leader.text)])
        try await office.done("approve", on: id, as: office.leader, [:])
        var issued = try office.issued(for: id)
        issued.sha256 = sha256
        await office.harness.take(issued)
        try await office.done("return", on: id, as: office.clerk, [:])
    }

    func offers(_ desk: PaperDesk) async throws -> [JSON] {
        try await desk.send("GET", "/my/papers?procedure=\(Self.other)").json["papers"]?.array ?? []
    }

    @Test func `os-040: an applicant's own accepted papers are offered, and nobody else takes them`() async throws {
        try await opened { office, desk in
            let id = try await submitted(desk)
            #expect(try await offers(desk).isEmpty)
            try await office.done("accept", on: id, as: office.clerk)
            let offer = try #require(try await offers(desk).first)
            #expect((offer["kind"], offer["parts"], offer["dossier"]?.text) == ("file", ["giay-to"], id))
            let paper = try #require(offer["paper"]?.text)
            let data = try await desk.send("GET", "/my/papers?procedure=\(Self.other)").json["data"]
            #expect((data?["name"], data?["form"]) == ("Nguyễn Thị Bích", ["purpose": "xin việc"]))
            let stranger = PaperDesk(office, office.stranger)
            #expect(try await offers(stranger).isEmpty)
            let theirs = try await stranger.send("POST", "/dossiers", Office.submission).json["id"]?.text
            let stolen = try await stranger.send(
                "POST", "/dossiers/\(try #require(theirs))/reuse",
                ["reuse": ["part": "giay-to", "paper": .string(paper)]])
            #expect((stolen.status, stolen.code) == (422, "onestop.not-offered"))
            // Nor for a part for which it does not stand.
            let wish: JSON = ["part": "don", "paper": .string(paper)]
            let content: JSON = [
                "submission": PaperDesk.submission.with("procedure", .string(Self.other)), "reuse": [wish],
            ]
            let saved = try await desk.send("PUT", "/my/drafts/\(DraftID.new())", ["content": content], ifMatch: 0)
            #expect(PaperDesk.missing(saved.json) == ["parts.giay-to", "parts.phieu", "reuse[0]"])
            #expect(
                try await desk.send("GET", "/my/papers?procedure=\(PaperDesk.code)").json["papers"]?.array?.count == 1)
        }
    }

    @Test func `os-041: what is taken again is the same stored file`() async throws {
        try await opened { office, desk in
            let id = try await submitted(desk)
            try await office.done("accept", on: id, as: office.clerk)
            try await finished(id, office)
            let found = try await offers(desk)
            #expect(found.map { $0["kind"] } == ["file", "result"])
            #expect(found.last?["validUntil"] == "2021-09-01")
            let wishes = found.map { offer -> JSON in
                ["part": offer["parts"]?.array?.first ?? .null, "paper": offer["paper"] ?? .null]
            }
            let draft = DraftID.new()
            let content: JSON = [
                "submission": PaperDesk.submission.with("procedure", .string(Self.other)), "reuse": .array(wishes),
            ]
            let saved = try await desk.send("PUT", "/my/drafts/\(draft)", ["content": content], ifMatch: 0)
            #expect(PaperDesk.missing(saved.json) == [])
            let next = try #require(try await desk.submit(draft).json["id"]?.text)
            let list = try await office.get("/dossiers/\(next)/papers", as: office.clerk).json
            #expect(list["papers"]?.array?.map { $0["form"] } == ["file", "result"])
            #expect(list["papers"]?.array?.map { $0["reused"] } == [true, true])
            #expect(list["papers"]?.array?.last?["documentNumber"] == "15/QĐ-STP")
            #expect(list["missing"] == ["to-khai"])
            let rows = try await office.harness.database.database.run(
                "SELECT count(*) AS n, count(DISTINCT sha256) AS files, count(reused_from) AS again FROM attachments")
            let row = try #require(rows.first)
            #expect(try (row("n"), row("files"), row("again")) == (2, 1, 1))
            let paper = try #require(list["papers"]?.array?.first?["attachment"]?.text)
            let file = try await office.get("/dossiers/\(next)/attachments/\(paper)", as: office.clerk)
            #expect(file.body == AttachmentTests.page)
        }
    }

    @Test func `os-264: the document of a result is offered with its hash, and taken by that hash alone`() async throws
    {
        try await opened { office, desk in
            let id = try await submitted(desk)
            try await office.done("accept", on: id, as: office.clerk)
            let hash = String(repeating: "a1", count: 32)
            try await finished(id, office, sha256: hash)
            let offer = try #require(try await offers(desk).last)
            #expect((offer["kind"], offer["parts"], offer["sha256"]) == ("result", ["phieu"], JSON.string(hash)))
            let document = try #require(offer["document"]?.text)
            func wish(_ hash: String?) -> JSON {
                let wish: JSON = ["part": "phieu", "paper": offer["paper"] ?? .null]
                return wish.with("sha256", hash.map { .string($0) })
            }
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk,
                [
                    "submission": PaperDesk.submission.with("procedure", .string(Self.other)),
                    "person": .string(office.citizen.text), "duplicateReason": "x",
                ])
            let next = try #require(received.json["id"]?.text)
            for wrong in [nil, String(repeating: "b2", count: 32)] {
                let taken = try await desk.send("POST", "/dossiers/\(next)/reuse", ["reuse": wish(wrong)])
                #expect((taken.status, taken.code) == (422, "onestop.not-offered"))
                let content: JSON = [
                    "submission": PaperDesk.submission.with("procedure", .string(Self.other)), "reuse": [wish(wrong)],
                ]
                let draft = try await desk.send("PUT", "/my/drafts/\(DraftID.new())", ["content": content], ifMatch: 0)
                #expect(PaperDesk.missing(draft.json).contains("reuse[0]"))
            }
            let taken = try await desk.send("POST", "/dossiers/\(next)/reuse", ["reuse": wish(hash)])
            #expect(taken.status == 201, "\(taken.json)")
            let list = try await office.get("/dossiers/\(next)/papers", as: office.clerk).json["papers"]?.array
            let paper = try #require(list?.first { $0["form"] == "result" })
            #expect((paper["sha256"], paper["document"]?.text) == (JSON.string(hash), document))
            #expect((paper["part"], paper["documentNumber"]) == ("phieu", "15/QĐ-STP"))
        }
    }

    @Test func `os-042: a result stands for a paper until its last day`() async throws {
        try await opened { office, desk in
            let id = try await submitted(desk)
            try await office.done("accept", on: id, as: office.clerk)
            #expect(try await offers(desk).map { $0["kind"] } == ["file"])
            try await finished(id, office)
            let result = try #require(try await offers(desk).last)
            #expect((result["kind"], result["parts"]) == ("result", ["phieu"]))
            #expect((result["documentNumber"], result["validUntil"]) == ("15/QĐ-STP", "2021-09-01"))
            try await office.set("2021-09-01 09:00")
            #expect(try await offers(desk).map { $0["kind"] } == ["file", "result"])
            try await office.set("2021-09-02 09:00")
            #expect(try await offers(desk).map { $0["kind"] } == ["file"])
        }
    }

    @Test func `os-293: a result that was recorded as wrong is neither offered nor taken`() async throws {
        try await opened { office, desk in
            let id = try await submitted(desk)
            try await office.done("accept", on: id, as: office.clerk)
            try await finished(id, office)
            func record(_ kind: String) async throws {
                try await office.done(
                    "errors", on: id, as: office.leader,
                    ["kind": .string(kind), "what": "Ghi sai ngày sinh", "apology": "Thành thật xin lỗi ông/bà."])
            }
            try await record("papers-lost")
            let offer = try #require(try await offers(desk).last)
            #expect(offer["kind"] == "result")
            let wish: JSON = ["part": "phieu", "paper": offer["paper"] ?? .null]
            let content: JSON = [
                "submission": PaperDesk.submission.with("procedure", .string(Self.other)), "reuse": [wish],
            ]
            let draft = DraftID.new()
            let before = try await desk.send("PUT", "/my/drafts/\(draft)", ["content": content], ifMatch: 0)
            #expect(!PaperDesk.missing(before.json).contains("reuse[0]"))
            try await record("wrong-result")
            #expect(try await offers(desk).map { $0["kind"] } == ["file"])
            let refused = try await desk.submit(draft)
            #expect((refused.status, refused.code) == (422, "onestop.draft-incomplete"))
            #expect(refused.faults.contains("reuse[0]"))
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk,
                [
                    "submission": PaperDesk.submission.with("procedure", .string(Self.other)),
                    "person": .string(office.citizen.text), "duplicateReason": "x",
                ])
            let next = try #require(received.json["id"]?.text)
            let taken = try await office.act("reuse", on: next, as: office.clerk, ["reuse": wish])
            #expect((taken.status, taken.code) == (422, "onestop.not-offered"))
        }
    }

    @Test func `os-043: a clerk sees what there is for an applicant at the counter`() async throws {
        let lines = Kept<[String]>([])
        let log = Logger(label: "tests") { label in
            JSONLogHandler(service: "onestop", label: label, level: .info) { line in
                lines.change { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        }
        try await opened(log: log) { office, desk in
            let id = try await submitted(desk)
            try await office.done("accept", on: id, as: office.clerk)
            let ask: JSON = ["procedure": .string(Self.other), "agency": "H19.06", "purpose": "reception"]
            let byNumber = ask.with("nationalId", "999190000017")
            let byPerson = ask.with("person", .string(office.citizen.text))
            for body in [byNumber, byPerson] {
                let seen = try await office.send("POST", "/counter/papers", as: office.clerk, body)
                #expect((seen.status, seen.json["papers"]?.array?.count) == (200, 1))
            }
            let reads = lines.value.filter { $0.contains("personal data read") && $0.contains("papers offered") }
            #expect(reads.count == 2)
            #expect(reads.allSatisfy { $0.contains(id) && $0.contains("reception") && !$0.contains("999190000017") })
            let nobody = try await office.send(
                "POST", "/counter/papers", as: office.clerk, ask.with("nationalId", "999190000018"))
            #expect(nobody.json["papers"]?.array?.count == 0)
            #expect(
                try await office.send("POST", "/counter/papers", as: office.clerk, ask).code == "onestop.who-is-asked")
            #expect(try await office.send("POST", "/counter/papers", as: office.officer, byNumber).status == 403)
            #expect(try await office.send("POST", "/counter/papers", as: office.communeClerk, byNumber).status == 403)
            #expect(try await office.send("POST", "/counter/papers", as: office.citizen, byNumber).status == 403)
            #expect(
                try await office.send("POST", "/counter/papers", as: office.clerk, byNumber.with("purpose", nil)).status
                    == 422)
            // The clerk takes it again for the applicant whose it is, and for nobody else.
            let paper = try #require(try await offers(desk).first?["paper"])
            for (person, isOffered) in [(office.citizen, true), (office.stranger, false)] {
                let content: JSON = [
                    "submission": PaperDesk.submission.with("procedure", .string(Self.other)),
                    "person": .string(person.text), "reuse": [["part": "giay-to", "paper": paper]],
                ]
                let saved = try await office.send(
                    "PUT", "/my/drafts/\(DraftID.new())", as: office.clerk, ["content": content], ifMatch: 0)
                #expect(PaperDesk.missing(saved.json) == (isOffered ? [] : ["reuse[0]"]))
            }
        }
    }

    @Test func `os-043: every dossier from which the form is filled in is logged as read`() async throws {
        try await opened { office, desk in
            var ids: [String] = []
            for form in [["purpose": "xin việc", "copies": 2], ["purpose": "du học"], [:]] as [JSON] {
                let received = try await office.send(
                    "POST", "/counter/dossiers", as: office.clerk,
                    [
                        "submission": Office.submission.with("form", form), "person": .string(office.citizen.text),
                        "duplicateReason": "x",
                    ])
                let id = try #require(received.json["id"]?.text, "\(received.json)")
                try await office.done("accept", on: id, as: office.clerk)
                ids.append(id)
            }
            let seen = try await office.send(
                "POST", "/counter/papers", as: office.clerk,
                [
                    "procedure": .string(Self.other), "agency": "H19.06", "purpose": "guidance",
                    "person": .string(office.citizen.text),
                ])
            // The number from the first, the purpose from the second, name and address from the third.
            let data = seen.json["data"]
            #expect(data?["dossier"]?.text == ids.last)
            #expect((data?["form"]?["purpose"], data?["form"]?["copies"]) == ("du học", 2))
            for id in ids {
                let reads = try await office.get("/dossiers/\(id)/reads", as: office.leader).json["reads"]?.array ?? []
                #expect(reads.filter { $0["purpose"] == "papers offered: guidance" }.count == 1, "\(id)")
            }
            let listed = try await desk.send("GET", "/my/papers?procedure=\(Self.other)").json["data"]
            #expect(listed == data)
        }
    }

    @Test func `os-044: what was handed in on paper is ticked, listed, and stays`() async throws {
        try await opened { office, desk in
            let papers: JSON = [
                ["part": "cccd", "form": "copy", "count": 2],
                ["part": "other", "name": "Thư giới thiệu", "form": "original"],
            ]
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk,
                ["submission": PaperDesk.submission, "person": .string(office.citizen.text), "papers": papers])
            let id = try #require(received.json["id"]?.text)
            let list = try await office.get("/dossiers/\(id)/papers", as: office.citizen).json
            #expect(list["papers"]?.array?.map { $0["count"] } == [2, 1])
            #expect(list["papers"]?.array?.map { $0["name"] } == ["Giấy tờ cccd", "Thư giới thiệu"])
            #expect(list["missing"] == ["to-khai", "minh-chung"])
            let more = try await office.act(
                "papers", on: id, as: office.clerk,
                ["papers": [["part": "to-khai", "form": "original"], ["part": "minh-chung", "form": "copy"]]])
            #expect((more.status, more.json["missing"]) == (201, []))
            #expect(
                more.json["papers"]?.array?.map { $0["part"] } == ["to-khai", "cccd", "minh-chung", "other"])
            #expect(try await office.get("/dossiers/\(id)/attachments", as: office.clerk).json["missing"] == [])
            for wrong in [["part": "x", "form": "copy"], ["part": "other", "form": "copy"]] as [JSON] {
                let refused = try await office.act("papers", on: id, as: office.clerk, ["papers": [wrong]])
                #expect((refused.status, refused.code) == (422, "onestop.paper-unknown"))
            }
            #expect(try await desk.send("POST", "/dossiers/\(id)/papers", ["papers": papers]).status == 403)
            await #expect(throws: (any Error).self) {
                try await office.harness.running.runtime.database.run("UPDATE dossier_papers SET count = 3")
            }
            let content: JSON = ["submission": PaperDesk.submission, "onPaper": papers, "duplicateReason": "x"]
            let clerk = PaperDesk(office, office.clerk)
            let draft = DraftID.new()
            let saved = try await clerk.send("PUT", "/my/drafts/\(draft)", ["content": content], ifMatch: 0)
            #expect(saved.json["ready"] == true)
            let next = try #require(try await clerk.submit(draft).json["id"]?.text)
            let again = try await office.get("/dossiers/\(next)/papers", as: office.clerk).json["papers"]
            #expect(again?.array?.map { $0["count"] } == [2, 1])
        }
    }

    @Test func `os-045: when a dossier closes it is decided until when it is kept`() async throws {
        try await opened { office, desk in
            let id = try await submitted(desk)
            #expect(try await office.get("/dossiers/\(id)/retention", as: office.citizen).json == [:])
            try await office.done("accept", on: id, as: office.clerk)
            try await finished(id, office)
            let kept = try await office.get("/dossiers/\(id)/retention", as: office.citizen).json
            #expect(kept == ["closedOn": "2021-03-01", "retention": "10-years", "keptUntil": "2031-12-31"])
            let refused = try await office.submit()
            try await office.done("refuse", on: refused, as: office.clerk, ["reasonCode": "x", "reason": "y"])
            // Nobody decided it for that procedure.
            let open = try await office.get("/dossiers/\(refused)/retention", as: office.citizen).json
            #expect(open == ["closedOn": "2021-03-01"])
        }
        var (done, definition) = (try dossier(.returned), try judicialRecord())
        done.finishedAt = try at("2021-03-10 09:00")
        let day = try Day("2021-03-11")
        func kept(_ change: (inout Definition) -> Void) -> Keeping {
            change(&definition)
            return Keeping(closing: done, on: day, definition)
        }
        #expect(kept { $0.retention = .years5 }.keptUntil == (try Day("2026-12-31")))
        var result = ResultKind()
        result.validMonths = 120
        #expect(kept { $0.results = [result] }.keptUntil == (try Day("2031-03-10")))
        result.retention = .years50
        #expect(kept { $0.results.append(result) }.keptUntil == (try Day("2071-12-31")))
        done.finishedAt = nil
        #expect(kept { _ in }.keptUntil == (try Day("2026-12-31")))
        done.finishedAt = try at("2021-03-10 09:00")
        result.retention = .permanent
        let forGood = kept { $0.results.append(result) }
        #expect((forGood.retention, forGood.keptUntil) == (.permanent, nil))
    }
}
