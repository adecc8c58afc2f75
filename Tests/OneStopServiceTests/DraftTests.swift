import Contracts
import Files
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Submissions that are being written, and how a dossier becomes of one.
@Suite struct DraftTests {
    private func opened(_ body: (Office, PaperDesk) async throws -> Void) async throws {
        try await Office.open { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            try await body(office, PaperDesk(office))
        }
    }

    @Test func `os-030: what is saved is confirmed with its version and with what it lacks`() async throws {
        try await opened { office, desk in
            let draft = DraftID.new()
            let first = try await desk.save(draft, [:])
            #expect((first.status, first.json["version"]) == (200, 1))
            #expect(first.json["savedAt"]?.text == "2021-03-01T09:00:00+07:00")
            #expect(first.json["expiresAt"]?.text == "2021-03-31T09:00:00+07:00")
            #expect(first.outgoing.header("etag") == "\"1\"")
            let lacking = ["procedure", "agency", "subject", "name"].map { "submission.\($0)" }
            #expect(PaperDesk.missing(first.json) == lacking)
            try await office.set("2021-03-01 09:05")
            let half = PaperDesk.submission.with("phone", "09").with("name", "").with("form", ["copies": "hai"])
            let second = try await desk.save(draft, half, over: 1)
            #expect((second.status, second.json["version"], second.json["ready"]) == (200, 2, false))
            #expect(second.json["savedAt"]?.text == "2021-03-01T09:05:00+07:00")
            #expect(
                PaperDesk.missing(second.json).sorted() == [
                    "parts.cccd", "submission.form.copies", "submission.form.purpose", "submission.name",
                    "submission.phone",
                ])
            let read = try await desk.read(draft)
            #expect(read["content"]?["submission"] == half)
            #expect(read["missing"] == second.json["missing"])
            let strange = try await desk.save(draft, ["colour": "red"], over: 2)
            #expect((strange.status, strange.code) == (422, "onestop.not-a-submission"))
            #expect(strange.faults == ["content.submission.colour"])
            let list = try await desk.send("GET", "/my/drafts").json["drafts"]?.array
            #expect(list?.map { $0["procedureName"]?.text } == ["Cấp Phiếu lý lịch tư pháp số 1"])
        }
    }

    @Test func `os-030: of two who write the later one is told, and what is sent twice is kept once`() async throws {
        try await opened { office, desk in
            let draft = DraftID.new()
            #expect(try await desk.save(draft, [:], over: 3).status == 404)
            for _ in 0..<2 { #expect(try await desk.save(draft, ["name": "A"]).json["version"] == 1) }
            for _ in 0..<2 { #expect(try await desk.save(draft, ["name": "B"], over: 1).json["version"] == 2) }
            let late = try await desk.save(draft, ["name": "C"], over: 1)
            #expect((late.status, late.code) == (412, "stale-version"))
            #expect(try await desk.read(draft)["content"]?["submission"]?["name"] == "B")
            let bare = try await desk.send("PUT", "/my/drafts/\(draft)", ["content": ["submission": [:]]])
            #expect(bare.status == 428)
            let at = try await withThrowingTaskGroup(of: Int.self) { group in
                for name in ["X", "Y", "Z"] {
                    group.addTask { try await desk.save(draft, ["name": .string(name)], over: 2).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(at.sorted() == [200, 412, 412])
        }
    }

    @Test func `a draft is its writer's alone`() async throws {
        try await opened { office, desk in
            let draft = try await desk.written()
            for person in [office.stranger, office.clerk, office.leader] {
                let other = PaperDesk(office, person)
                #expect(try await other.send("GET", "/my/drafts/\(draft)").status == 404)
                #expect(try await other.send("DELETE", "/my/drafts/\(draft)", ifMatch: 1).status == 404)
                #expect(try await other.submit(draft).status == 404)
                let upload = try await other.send(
                    "POST", "/my/drafts/\(draft)/uploads", PaperDesk.announcement(of: AttachmentTests.page))
                #expect(upload.status == 404)
                #expect([403, 404].contains(try await other.save(draft, [:]).status))
            }
            let desk = try await desk.send(
                "PUT", "/my/drafts/\(draft)", ["content": ["submission": [:], "channel": "counter"]], ifMatch: 1)
            #expect((desk.status, desk.code) == (422, "onestop.desk-only"))
        }
    }

    @Test func `os-031: a draft becomes one dossier, however often and by how many it is asked`() async throws {
        try await opened { office, desk in
            let draft = try await desk.written()
            let early = try await desk.submit(draft)
            #expect((early.status, early.code, early.faults) == (422, "onestop.draft-incomplete", ["parts.cccd"]))
            let sent = try await desk.upload(AttachmentTests.page, to: "/my/drafts/\(draft)", part: "cccd")
            #expect((sent.status, sent.json["state"]) == (200, "verified"))
            #expect(try await desk.read(draft)["ready"] == true)
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for number in 0..<6 { group.addTask { try await desk.submit(draft, key: "k\(number / 2)") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // The second of a key may still find the first one running.
            #expect(answers.allSatisfy { $0.status == 201 || $0.code == "still-running" })
            let ids = Set(answers.compactMap { $0.json["id"]?.text })
            let id = try #require(ids.first)
            #expect(ids.count == 1)
            #expect(try await desk.submit(draft).json["id"]?.text == id)
            #expect(try await desk.submit(draft, key: "k0").json["id"]?.text == id)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossiers") == 1)
            #expect(
                try await office.harness.count(
                    "SELECT count(*) AS n FROM event_log WHERE type = \(DossierSubmitted.type)") == 1)
            let papers = try await office.get("/dossiers/\(id)/attachments", as: office.clerk).json["attachments"]
            let paper = try #require(papers?.array?.first)
            #expect((papers?.array?.count, paper["part"]) == (1, "cccd"))
            let file = try await office.get(
                "/dossiers/\(id)/attachments/\(paper["id"]?.text ?? "")", as: office.clerk)
            #expect(file.body == AttachmentTests.page)
            let done = try await desk.read(draft)
            #expect((done["dossier"]?.text, done["content"]?["submission"]) == (id, [:]))
            let again = try await desk.save(draft, [:], over: done["version"]?.integer.map(Int.init) ?? 0)
            #expect((again.status, again.code) == (409, "onestop.draft-submitted"))
        }
    }

    @Test func `os-031: what is saved or sent while a draft is submitted is not left out`() async throws {
        try await opened { office, desk in
            let draft = try await desk.written()
            _ = try await desk.upload(AttachmentTests.page, to: "/my/drafts/\(draft)", part: "cccd")
            let unfinished = try await desk.announce(AttachmentTests.page, to: "/my/drafts/\(draft)")
            let refused = try await desk.submit(draft)
            #expect((refused.status, refused.faults) == (422, ["uploads.\(unfinished)"]))
            let stale = try await desk.send("POST", "/my/drafts/\(draft)/submit", ifMatch: 7)
            #expect(stale.status == 412)
            #expect(try await desk.send("DELETE", "/uploads/\(unfinished)", ifMatch: 1).status == 204)
            #expect(try await desk.submit(draft).status == 201)
        }
    }

    @Test func `os-031: what is saved between the check and the dossier is told, and asked again it is there`()
        async throws
    {
        try await opened { office, desk in
            let draft = try await desk.written()
            _ = try await desk.upload(AttachmentTests.page, to: "/my/drafts/\(draft)", part: "cccd")
            let second = office.harness.database.open(office.harness.database.runtime)
            let held = Kept(false)
            async let answer = {
                try await eventually("the draft is held") { held.value }
                return try await desk.submit(draft)
            }()
            try await second.transaction { transaction in
                try await transaction.run("SELECT FROM drafts WHERE id = \(draft) FOR UPDATE")
                held.set(true)
                try await eventually("the submission waits for the draft") { try await office.waiting() > 0 }
                try await transaction.run(
                    """
                    UPDATE drafts SET version = version + 1,
                        content = jsonb_set(content::jsonb, '{submission,subject}', '"Khác"')::json
                    WHERE id = \(draft)
                    """)
            }
            let refused = try await answer
            #expect((refused.status, refused.code) == (412, "stale-version"))
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossiers") == 0)
            let id = try #require(try await desk.submit(draft).json["id"]?.text)
            #expect(try await office.get("/dossiers/\(id)", as: office.citizen).json["subject"] == "Khác")
        }
    }

    @Test func `a clerk writes one for an applicant at the counter`() async throws {
        try await opened { office, citizen in
            let desk = PaperDesk(office, office.clerk)
            let draft = DraftID.new()
            let content: JSON = [
                "submission": PaperDesk.submission.with("form", nil), "channel": "postal",
                "person": .string(office.citizen.text),
            ]
            let saved = try await desk.send("PUT", "/my/drafts/\(draft)", ["content": content], ifMatch: 0)
            // On paper neither the form nor the files need be there.
            #expect((saved.status, saved.json["ready"]) == (200, true))
            let id = try #require(try await desk.submit(draft).json["id"]?.text)
            let view = try await office.get("/dossiers/\(id)", as: office.citizen).json
            #expect((view["channel"], view["status"]) == ("postal", "submitted"))
            let elsewhere = DraftID.new()
            let commune = PaperDesk(office, office.communeClerk)
            _ = try await commune.save(elsewhere, PaperDesk.submission)
            #expect(try await commune.submit(elsewhere).status == 403)
            #expect(try await PaperDesk(office, office.officer).save(.new(), [:]).status == 403)
        }
    }

    @Test func `os-034: an online dossier has its required papers before it is submitted`() async throws {
        try await opened { office, desk in
            let direct = try await desk.send("POST", "/dossiers", PaperDesk.submission)
            #expect((direct.status, direct.code, direct.faults) == (422, "onestop.papers-missing", ["parts.cccd"]))
            let counter = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk, ["submission": PaperDesk.submission])
            #expect(counter.status == 201)
            let definition = try PaperDesk.definition()
            func missing(_ there: HandedIn...) -> [String] { definition.missing(there).map(\.key) }
            #expect(missing() == ["cccd"])
            #expect(missing(HandedIn(part: "other", mediaType: "application/pdf")) == ["cccd"])
            #expect(missing(HandedIn(part: "cccd", mediaType: "application/pdf")) == [])
            // The procedure may have changed since it was sent.
            #expect(missing(HandedIn(part: "cccd", mediaType: "image/jpeg")) == ["cccd"])
        }
    }

    @Test func `os-039: a draft that nobody saves goes, with its files`() async throws {
        try await withRoom { room in
            try await Office.open(in: room) { office in
                try await office.publish(PaperDesk.code, try PaperDesk.definition())
                let desk = PaperDesk(office)
                let (left, kept) = (try await desk.written(), try await desk.written())
                let sent = try await desk.upload(AttachmentTests.page, to: "/my/drafts/\(left)", part: "cccd")
                let file = try UploadID(sent.json["id"]?.text ?? "")
                let store = office.harness.running.runtime.resource(FileStore.self)
                try await office.set("2021-03-20 09:00")
                _ = try await desk.save(kept, PaperDesk.submission.with("name", "Khác"), over: 1)
                #expect(try await store.staged(file.uuid, size: 9).count == 9)
                try await office.set("2021-04-01 09:00")
                try await eventually("the draft is gone") {
                    try await desk.send("GET", "/my/drafts/\(left)").status == 404
                }
                #expect(try await desk.send("GET", "/my/drafts/\(kept)").status == 200)
                #expect(try await store.staged(file.uuid, size: 9).isEmpty)
                #expect(try await desk.send("GET", "/uploads/\(file)").status == 404)
            }
        }
    }
}
