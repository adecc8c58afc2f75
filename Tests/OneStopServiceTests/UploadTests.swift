import Contracts
import Files
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Files that come in parts.
@Suite struct UploadTests {
    /// A PDF of some size.
    static func document(_ count: Int) -> [UInt8] {
        AttachmentTests.page + (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 % 251) }
    }

    private func opened(
        _ settings: [String: String] = [:], _ body: (Office, PaperDesk) async throws -> Void
    ) async throws {
        try await Office.open(settings) { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            try await body(office, PaperDesk(office))
        }
    }

    @Test func `os-032: what is confirmed is there after a break and after a restart`() async throws {
        try await opened { office, desk in
            let (bytes, draft) = (Self.document(10_000), try await desk.written())
            let id = try await desk.announce(bytes, to: "/my/drafts/\(draft)", part: "cccd")
            let first = try await desk.chunk(id, at: 0, Array(bytes[..<4_000]))
            #expect((first.status, first.json["offset"], first.json["state"]) == (200, 4_000, "receiving"))
            // What is there is not written again; what does not go on from there is refused.
            #expect(try await desk.chunk(id, at: 0, Array(bytes[..<4_000])).json["offset"] == 4_000)
            let gap = try await desk.chunk(id, at: 5_000, Array(bytes[5_000...]))
            #expect((gap.status, gap.code) == (409, "onestop.upload-offset"))
            let long = try await desk.chunk(id, at: 4_000, Array(bytes[4_000...]) + [1])
            #expect((long.status, long.code) == (422, "onestop.upload-beyond-end"))
            // Another process finds it on the disk: the bytes that the row does not count yet are written again.
            let folder = office.harness.running.runtime.configuration
            let store = try FileStore(try folder.files())
            let upload = try UploadID(id)
            try await store.stage(upload.uuid, at: 4_000, [9, 9, 9])
            #expect(try await store.staged(upload.uuid, size: 4_000) == Array(bytes[..<4_000]))
            #expect(try await desk.send("GET", "/uploads/\(id)").json["offset"] == 4_000)
            let last = try await desk.chunk(id, at: 4_000, Array(bytes[4_000...]))
            #expect((last.status, last.json["state"]) == (200, "verified"))
            #expect(last.json["offset"] == .integer(Int64(bytes.count)))
            #expect(try await store.staged(upload.uuid, size: bytes.count) == bytes)
            #expect(try await desk.chunk(id, at: bytes.count, []).json["state"] == "verified")
        }
    }

    @Test func `os-032: of two who send the same part it is there once`() async throws {
        try await opened { office, desk in
            let (bytes, draft) = (Self.document(40_000), try await desk.written())
            let id = try await desk.announce(bytes, to: "/my/drafts/\(draft)", part: "cccd")
            for part in stride(from: 0, to: bytes.count, by: 9_000) {
                let piece = Array(bytes[part..<min(part + 9_000, bytes.count)])
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<3 { group.addTask { try await desk.chunk(id, at: part, piece).status } }
                    return try await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(statuses == [200])
            }
            #expect(try await desk.send("GET", "/uploads/\(id)").json["state"] == "verified")
        }
    }

    @Test func `os-033: a file that is not what was announced is sent again or goes`() async throws {
        try await opened { office, desk in
            let (bytes, draft) = (Self.document(500), try await desk.written())
            let place = "/my/drafts/\(draft)"
            let id = try await desk.announce(bytes, to: place, part: "cccd")
            let wrong = try await desk.chunk(id, at: 0, Array(bytes.reversed()))
            #expect((wrong.status, wrong.code) == (422, "onestop.hash-differs"))
            #expect(try await desk.send("GET", "/uploads/\(id)").json["offset"] == 0)
            #expect(try await desk.chunk(id, at: 0, bytes).json["state"] == "verified")
            let program = Array("MZ\u{90}\0".utf8)
            for (content, part, type, code) in [
                (program, "other", nil, "onestop.file-executable"),
                (bytes + [1], "other", "image/png", "onestop.type-differs"),
                (Array("chữ".utf8), "cccd", nil, "onestop.type-not-of-part"),
                ([0, 1, 2], "other", nil, "onestop.file-type"),
            ] as [([UInt8], String, String?, String)] {
                let begun = try await desk.announce(content, to: place, part: part, type: type)
                let answer = try await desk.chunk(begun, at: 0, content)
                #expect(answer.code == code)
                #expect(try await desk.send("GET", "/uploads/\(begun)").status == 404)
            }
            let store = office.harness.running.runtime.resource(FileStore.self)
            // What was verified and is no longer whole is noticed before anything says “submitted”.
            try await store.stage(try UploadID(id).uuid, at: 100, [0])
            let broken = try await desk.submit(draft)
            #expect((broken.status, broken.code) == (409, "onestop.upload-broken"))
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossiers") == 0)
            #expect(PaperDesk.missing(try await desk.read(draft)) == ["upload"])
            #expect(try await desk.chunk(id, at: 0, bytes).json["state"] == "verified")
            #expect(try await desk.submit(draft).status == 201)
        }
    }

    @Test func `a file for a dossier becomes its paper with the last byte`() async throws {
        try await opened { office, desk in
            let (bytes, id) = (Self.document(700), try await office.submit())
            let sent = try await desk.upload(bytes, to: "/dossiers/\(id)")
            #expect((sent.status, sent.json["state"]) == (200, "attached"))
            let list = try await office.get("/dossiers/\(id)/attachments", as: office.clerk).json["attachments"]
            #expect(list?.array?.map { $0["id"] } == [sent.json["id"]])
            #expect(try await office.harness.running.runtime.resource(FileStore.self).contains(ContentHash(of: bytes)))
            let stranger = PaperDesk(office, office.stranger)
            #expect(try await stranger.send("GET", "/uploads/\(sent.json["id"]?.text ?? "")").status == 404)
            let again = try await desk.send("POST", "/dossiers/\(id)/uploads", PaperDesk.announcement(of: bytes))
            #expect((again.status, again.code) == (409, "onestop.attached-already"))
            let late = try await desk.announce(AttachmentTests.page, to: "/dossiers/\(id)")
            try await office.done("accept", on: id, as: office.clerk)
            let closed = try await desk.chunk(late, at: 0, AttachmentTests.page)
            #expect((closed.status, closed.code) == (409, "onestop.not-in-status"))
        }
    }

    @Test func `os-277: who may not add any more when the last part comes adds nothing, neither papers nor the answer`()
        async throws
    {
        try await opened { office, desk in
            let (bytes, id) = (Self.document(700), try await office.submit())
            let worked = try await ResultDesk(office).opened(try ResultDesk.definition())
            var begun: [(upload: String, sender: PersonID)] = []
            for (dossier, part, sender) in [(id, "other", office.clerk), (worked, "result", office.officer)] {
                let answer = try await office.send(
                    "POST", "/dossiers/\(dossier)/uploads", as: sender, PaperDesk.announcement(of: bytes, part: part))
                begun.append((try #require(answer.json["id"]?.text, "\(answer.json)"), sender))
            }
            func rest(_ upload: String, as sender: PersonID) async throws -> TestService.Answer {
                try await office.harness.send(
                    "PUT", "/uploads/\(upload)", as: sender, .official, body: bytes,
                    headers: [("content-type", "application/octet-stream"), ("upload-offset", "0")])
            }
            try await office.move(office.clerk, from: Agencies.justice, to: Agencies.commune, .clerk)
            try await office.move(office.officer, from: Agencies.justice, to: Agencies.commune, .officer)
            for (upload, sender) in begun {
                let late = try await rest(upload, as: sender)
                #expect((late.status, late.code) == (403, "forbidden"))
                let kept = try await office.get("/uploads/\(upload)", as: sender).json
                #expect((kept["state"], kept["offset"]) == ("receiving", kept["size"]))
            }
            for table in ["attachments", "result_files"] {
                #expect(try await office.harness.count("SELECT count(*) AS n FROM \(raw: table)") == 0, "\(table)")
            }
            // The applicant's own is nobody else's right.
            #expect(try await desk.upload(bytes, to: "/dossiers/\(id)").json["state"] == "attached")
        }
    }

    @Test func `os-039: a file of which nothing more comes is removed`() async throws {
        try await withRoom { room in
            try await Office.open(in: room) { office in
                let (bytes, id) = (Self.document(700), try await office.submit())
                let desk = PaperDesk(office)
                let upload = try await desk.announce(bytes, to: "/dossiers/\(id)")
                _ = try await desk.chunk(upload, at: 0, Array(bytes[..<100]))
                let store = office.harness.running.runtime.resource(FileStore.self)
                let staged = try UploadID(upload).uuid
                try await office.set("2021-03-03 09:00")
                _ = try await desk.chunk(upload, at: 100, Array(bytes[100..<200]))
                try await office.set("2021-03-05 09:00")
                #expect(try await desk.send("GET", "/uploads/\(upload)").status == 200)
                try await office.set("2021-03-06 09:01")
                try await eventually("it is gone") {
                    try await desk.send("GET", "/uploads/\(upload)").status == 404
                }
                #expect(try await store.staged(staged, size: 1).isEmpty)
            }
        }
    }

    @Test func `a dossier's files have a limit together`() throws {
        var (draft, upload) = (Draft(), Upload())
        (upload.size, upload.sha256) = (Limits.fileBytes, "a")
        let definition = try PaperDesk.definition()
        let most = Limits.OneStop.dossierBytes / Limits.fileBytes
        var others = (1..<most).map { number in
            var other = upload
            other.sha256 = "\(number)"
            return other
        }
        #expect(refusal { try UploadToDraft.decide(draft, upload, definition, others: others) } == nil)
        upload.sha256 = "1"
        #expect(
            refusal { try UploadToDraft.decide(draft, upload, definition, others: others) }
                == "onestop.attached-already")
        others.append(Upload())
        others[others.count - 1].size = 1
        upload.sha256 = "a"
        #expect(
            refusal { try UploadToDraft.decide(draft, upload, definition, others: others) }
                == "onestop.dossier-too-large")
        #expect(
            refusal { try UploadToDraft.decide(draft, upload, nil, others: []) } == "onestop.procedure-unknown")
        draft.dossier = .new()
        #expect(
            refusal { try UploadToDraft.decide(draft, upload, definition, others: []) } == "onestop.draft-submitted")
    }
}
