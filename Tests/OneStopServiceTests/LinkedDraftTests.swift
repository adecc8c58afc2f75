import Contracts
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

/// An application for linked procedures that is written as a draft.
@Suite struct LinkedDraftTests {
    private func content(_ change: (JSON) -> JSON = { $0 }) -> JSON {
        ["content": change(LinkTests.application)]
    }

    @Test func `os-060: a linked procedure that asks for papers is opened, with those of the application`()
        async throws
    {
        try await Office.open { office in
            var paper = Part()
            (paper.key, paper.name, paper.nameEn) = ("chung-sinh", "Giấy chứng sinh", "Record of birth")
            var definition = try judicialRecord(limit: TimeLimit(3, .workingDays))
            (definition.receivers, definition.steps) = ([.district], [step("issue", .receiving, .leader)])
            (definition.fees, definition.documentType, definition.parts) = ([], nil, [paper])
            try await LinkTests().publish(office, .parallel)
            try await office.publish("9.000077", definition)
            let set = LinkTests.set(.parallel)
            let links = try #require(set["links"]?.array).map { link in
                link["key"] == "card" ? link.with("procedure", "9.000077") : link
            }
            let written = try await office.send(
                "POST", "/linked-procedures/birth", as: office.administrator, set.with("links", .array(links)))
            #expect(written.status == 200, "\(written.json)")
            let (draft, desk) = (DraftID.new(), PaperDesk(office))
            let saved = try await desk.send("PUT", "/my/drafts/\(draft)", content(), ifMatch: 0)
            #expect(saved.json["ready"] == true, "\(saved.json)")
            let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
            #expect(made.status == 201, "\(made.json)")
            let id = try #require(made.json["id"]?.text)
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.fire()
            let opened = try await office.get("/dossiers/\(id)/links", as: office.citizen).json["links"]?.array ?? []
            #expect(opened.map { $0["state"]?.text } == ["open", "open", "open"])
            let card = try #require(opened.first { $0["key"] == "card" }?["dossier"]?.text)
            // By itself that procedure takes nobody without the paper.
            let alone = Office.submission.with("procedure", "9.000077").with("agency", "H19.31")
            let bare = try await office.send("POST", "/dossiers", as: office.citizen, alone)
            #expect((bare.status, bare.code) == (422, "onestop.papers-missing"))
            #expect(try await office.get("/dossiers/\(id)/papers", as: office.districtLeader).status == 200)
            #expect(try await office.get("/dossiers/\(card)", as: office.communeClerk).status == 200)
        }
    }

    @Test func `os-267: linked procedures are applied for by a draft, which becomes one application`() async throws {
        try await Office.open { office in
            try await LinkTests().publish(office, .parallel)
            let (draft, desk) = (DraftID.new(), PaperDesk(office))
            func save(_ version: Int, _ content: JSON) async throws -> TestService.Answer {
                let saved = try await desk.send("PUT", "/my/drafts/\(draft)", content, ifMatch: version)
                guard saved.status == 200 else { throw Office.Unexpected(saved) }
                return saved
            }
            // Half written: what lacks is named, and nothing about the links yet.
            let half = try await save(0, ["content": ["submission": ["name": "A"], "set": "birth"]])
            #expect(!PaperDesk.missing(half.json).contains("set") && half.json["ready"] == false)
            let unknown = try await save(1, content { $0.with("set", "khong-co") })
            #expect(PaperDesk.missing(unknown.json) == ["set"])
            let alone = try await save(2, content { $0.with("set", nil) })
            #expect(PaperDesk.missing(alone.json) == ["set"])
            let lead = try await save(
                3, content { $0.with("submission", $0["submission"]?.with("procedure", .string(Office.allowance))) })
            #expect(PaperDesk.missing(lead.json) == ["submission.procedure"])
            let strange = try await save(4, content { $0.with("forms", [["link": "other", "form": [:]]]) })
            #expect(PaperDesk.missing(strange.json) == ["forms"])
            #expect(try await desk.submit(draft).code == "onestop.draft-incomplete")
            let whole = try await save(5, content())
            #expect(whole.json["ready"] == true, "\(whole.json)")
            #expect(whole.json["content"]?["forms"] == LinkTests.application["forms"])
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for _ in 0..<4 { group.addTask { try await desk.submit(draft) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let ids = Set(answers.compactMap { $0.json["id"]?.text })
            let id = try #require(ids.first)
            #expect(ids.count == 1 && answers.allSatisfy { $0.status == 201 })
            #expect(try await office.harness.count("SELECT count(*) AS n FROM linked_cases") == 1)
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.fire()
            let links = try await office.get("/dossiers/\(id)/links", as: office.citizen).json["links"]?.array ?? []
            #expect(links.count == 3 && links.allSatisfy { $0["dossier"]?.text != nil }, "\(links)")
            let record = try #require(links.first { $0["key"] == "record" }?["dossier"]?.text)
            let child = try await office.get("/dossiers/\(record)", as: office.clerk).json
            #expect(child["form"] == ["purpose": "xin việc"])
        }
    }

    @Test func `os-267: a form that keeps a link from being opened is named, and the draft is not submitted`()
        async throws
    {
        try await Office.open { office in
            try await LinkTests().publish(office, .parallel)
            var record = try judicialRecord()
            record.form = [
                "type": "object", "additionalProperties": false, "required": ["purpose"],
                "properties": ["purpose": ["type": "string"]],
            ]
            try await office.publish(Office.criminalRecord, record)
            let (draft, desk) = (DraftID.new(), PaperDesk(office))
            func missing(_ version: Int, _ form: JSON) async throws -> [String] {
                let forms: JSON = [["link": "record", "form": form]]
                let saved = try await desk.send(
                    "PUT", "/my/drafts/\(draft)", content { $0.with("forms", forms) }, ifMatch: version)
                guard saved.status == 200 else { throw Office.Unexpected(saved) }
                return PaperDesk.missing(saved.json)
            }
            #expect(try await missing(0, ["purpose": 7]) == ["forms"])
            #expect(try await desk.submit(draft).code == "onestop.draft-incomplete")
            #expect(try await missing(1, ["purpose": "xin việc"]) == [])
            #expect(try await desk.submit(draft).status == 201)
        }
    }
}
