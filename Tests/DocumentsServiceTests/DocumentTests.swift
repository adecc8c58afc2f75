import Contracts
import Files
import Foundation
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import DocumentsService

@Suite struct DocumentTests {
    @Test func `a document is drafted, edited, given its text, approved, numbered, issued and registered`() async throws
    {
        try await withOffice { office in
            let place = try await office.draft()
            let edit: JSON = ["content": ["documentType": "quyet-dinh", "subject": "Trợ cấp, lần 1", "copies": 3]]
            #expect(try await office.ask("PUT", "\(place)/content", edit, as: office.officer).status == 428)
            let edited = try await office.ask(
                "PUT", "\(place)/content", edit, as: office.officer, headers: ["if-match": "\"1\""])
            #expect(edited.status == 200 && edited.header("etag") == "\"2\"")
            #expect(edited.json["content"]?["documentType"] == "QĐ" && edited.json["content"]?["recipients"] == [])
            let attached = try await office.attach(place, pdf, ["x-file-part": "main"])
            #expect(attached.status == 201 && attached.header("etag") == "\"3\"", "\(attached.json.description)")
            let approved = try await office.ask(
                "POST", "\(place)/approve", ["note": "Đồng ý"], as: office.leader, headers: ["if-match": "\"3\""])
            #expect(approved.json["state"] == "approved" && approved.json["signerName"] == "Trần Thị B")
            let issued = try await office.ask("POST", "\(place)/issue", as: office.records)
            #expect(issued.json["number"] == "01/QĐ-STP" && issued.json["issuedOn"] == "2021-02-09")
            let read = try await office.ask("GET", place, as: office.officer)
            #expect(read.json == issued.json && read.header("etag") == issued.header("etag"))
            #expect(
                try await office.events(place) == [
                    "1 documents.document.drafted.v1", "2 documents.document.approved.v1",
                    "3 documents.document.issued.v1",
                ])
            let told = try await office.database.database.run(
                "SELECT payload::text AS payload, agency FROM event_log WHERE type = \(DocumentIssued.type)")
            let payload = try JSON(parsing: Array((try told[0]("payload") as String).utf8))
            #expect(payload["number"] == "01/QĐ-STP" && payload["series"] == "van-ban")
            #expect(payload["sha256"]?.text == sha256(pdf) && payload["issuedOn"] == "2021-02-09")
            #expect(try told[0]("agency") as String == Office.agency)
            let history = try await office.ask("GET", "\(place)/history", as: office.leader)
            #expect(
                history.json["history"]?.array?.compactMap { $0["what"]?.text } == [
                    "drafted", "edited", "attached", "approved", "issued",
                ])
        }
    }

    @Test func `the file comes back as it was attached, and a changed one is a fault`() async throws {
        try await withOffice { office in
            let place = try await office.draft()
            let attached = try await office.attach(place, pdf)
            let attachment = try #require(attached.json["attachments"]?.array?.first?["attachment"]?.text)
            let file = try await office.ask("GET", "\(place)/attachments/\(attachment)", as: office.records)
            #expect(file.body == pdf && file.header("content-type") == "application/pdf")
            #expect(
                file.header("content-disposition") == "attachment; filename*=UTF-8''v%C4%83n%20b%E1%BA%A3n.pdf")
            let hash = sha256(pdf)
            let stored =
                "\(office.files)/objects/\(hash.prefix(2))/\(hash.dropFirst(2))"
            try FileManager.default.removeItem(atPath: stored)
            try Data(pdf + [0]).write(to: URL(fileURLWithPath: stored))
            #expect(try await office.ask("GET", "\(place)/attachments/\(attachment)", as: office.records).status == 500)
            let other = try await office.ask("GET", "\(place)/attachments/\(FileID.new())", as: office.records)
            #expect(other.status == 404)
            let removed = try await office.ask(
                "DELETE", "\(place)/attachments/\(attachment)", as: office.officer, headers: ["if-match": "\"2\""])
            #expect(removed.status == 204)
            #expect(try await office.ask("GET", place, as: office.officer).json["attachments"] == [])
        }
    }

    @Test func `a document whose text was changed on the disk is not issued, and no number is lost`() async throws {
        try await withOffice { office in
            let place = try await office.draft()
            #expect(try await office.attach(place, pdf, ["x-file-part": "main"]).status == 201)
            #expect(try await office.ask("POST", "\(place)/approve", [:], as: office.leader).status == 200)
            let hash = sha256(pdf)
            let stored =
                "\(office.files)/objects/\(hash.prefix(2))/\(hash.dropFirst(2))"
            try FileManager.default.removeItem(atPath: stored)
            #expect(try await office.ask("POST", "\(place)/issue", as: office.records).status == 500)
            #expect(try await office.issue(office.approved()) == "01/QĐ-STP")
        }
    }

    @Test func `a file that is not what was said is refused and changes nothing`() async throws {
        try await withOffice { office in
            let place = try await office.draft()
            let program: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1]
            let cases: [(body: [UInt8], headers: [String: String], status: Int, code: String)] = [
                (pdf, ["x-file-sha256": sha256([1])], 422, "documents.hash-differs"),
                (pdf, ["content-length": "\(pdf.count + 1)"], 422, "documents.hash-differs"),
                (pdf, ["x-file-sha256": "x"], 422, "documents.hash-missing"),
                (pdf, ["content-type": "image/png"], 422, "documents.type-differs"),
                (pdf, ["content-type": "application/x-sh"], 415, "documents.file-type"),
                (program, ["content-type": "application/octet-stream"], 415, "documents.file-executable"),
                ([], [:], 422, "documents.file-empty"),
                (pdf, ["x-file-name": "..%2Fa.pdf"], 422, "invalid-fields"),
                (pdf, ["x-file-part": "cover"], 422, "invalid-fields"),
                (pdf, ["if-match": "\"7\""], 412, "stale-version"),
            ]
            for (body, headers, status, code) in cases {
                let answer = try await office.attach(place, body, headers)
                #expect(answer.status == status && answer.code == code, "\(headers) \(answer.json.description)")
            }
            let large = try await office.attach(place, [UInt8](repeating: 0x41, count: Limits.fileBytes + 1))
            #expect(large.status == 413)
            #expect(try await office.count("attachments") == 0)
            #expect(try await office.ask("GET", place, as: office.officer).header("etag") == "\"1\"")
            #expect(try await office.attach(place, pdf).status == 201)
            #expect(try await office.attach(place, pdf).code == "documents.attached-already")
        }
    }

    @Test func `a file for which there is no room is not stored`() async throws {
        try await withOffice { office in
            let place = try await office.draft()
            let id = try DocumentID(String(place.dropFirst("/documents/".count)))
            try await office.database.database.run(
                """
                INSERT INTO attachments (id, document, part, name, sha256, size, media_type, attached_by, attached_at)
                SELECT gen_random_uuid(), \(id), 'annex', 'a.pdf', lpad(i::text, 64, '0'), 1, 'application/pdf', 'x',
                       now() FROM generate_series(1, \(Int32(Limits.Documents.attachments))) i
                """)
            #expect(try await office.attach(place, pdf).code == "documents.too-many-attachments")
            let store = office.service.running.runtime.resource(FileStore.self)
            #expect(try await !store.contains(ContentHash(of: pdf)))
        }
    }

    @Test func `unlawful moves are refused and change nothing`() async throws {
        try await withOffice { office in
            let place = try await office.draft()
            #expect(try await office.ask("POST", "\(place)/issue", as: office.records).code == "documents.not-approved")
            let stale = try await office.ask(
                "POST", "\(place)/approve", [:], as: office.leader, headers: ["if-match": "\"2\""])
            #expect(stale.status == 412)
            #expect(try await office.ask("POST", "\(place)/approve", [:], as: office.leader).status == 200)
            let again = try await office.ask("POST", "\(place)/approve", [:], as: office.leader)
            #expect(again.status == 409 && again.code == "documents.already-approved")
            let edit = try await office.ask(
                "PUT", "\(place)/content", ["content": ["documentType": "TB", "subject": "x"]], as: office.officer,
                headers: ["if-match": "\"2\""])
            #expect(edit.code == "documents.not-drafted")
            #expect(try await office.attach(place, pdf).code == "documents.not-drafted")
            #expect(try await office.issue(place) == "01/QĐ-STP")
            #expect(
                try await office.ask("POST", "\(place)/issue", as: office.records).code == "documents.already-issued")
            #expect(try await office.events(place).count == 3)
            let nothing = try await office.ask("POST", "/documents/\(DocumentID.new())/issue", as: office.records)
            #expect(nothing.status == 404)
            let letter = try await office.ask(
                "POST", "/documents",
                ["agency": .string(Office.agency), "content": ["documentType": "cong-van", "subject": "x"]],
                as: office.officer)
            #expect(letter.status == 422 && letter.code == "documents.field-missing")
        }
    }

    @Test func `everybody does only what the post allows, at the own agency`() async throws {
        try await withOffice { office in
            let place = try await office.approved()
            for (method, target, body, person) in [
                ("POST", "\(place)/approve", JSON.object([]), office.officer),
                ("POST", "\(place)/approve", [:], office.stranger),
                ("POST", "\(place)/issue", nil, office.leader), ("GET", place, nil, office.stranger),
                ("GET", "/documents?agency=H19.12", nil, office.stranger),
                ("GET", "/agencies/H19.12/register", nil, office.stranger),
                ("GET", "/agencies/H19.12/register.csv", nil, office.stranger),
                ("GET", "\(place)/history", nil, office.stranger),
                ("POST", "\(place)/issue", nil, PersonID.new()),
            ] as [(String, String, JSON?, PersonID)] {
                let answer = try await office.ask(method, target, body, as: person)
                #expect(answer.status == 403, "\(method) \(target)")
            }
            let other = try await office.ask(
                "PUT", "/agencies/H19.12/numbering", ["symbol": "X"], as: office.stranger,
                headers: ["if-match": "\"0\""])
            #expect(other.status == 403)
            // An administrator may do everything but sign.
            let draft = try await office.draft()
            let signed = try await office.ask("POST", "\(draft)/approve", [:], as: office.administrator)
            #expect(signed.code == "documents.signer-not-in-post")
        }
    }

    @Test func `what is issued can be changed by no statement`() async throws {
        try await withOffice { office in
            _ = try await office.issue(office.approved())
            await #expect(throws: PostgresError.self) {
                try await office.database.database.run("UPDATE documents SET subject = 'x'")
            }
            await #expect(throws: PostgresError.self) {
                try await office.database.database.run("DELETE FROM documents")
            }
            await #expect(throws: PostgresError.self) {
                try await office.database.database.run("UPDATE document_history SET what = 'x'")
            }
        }
    }

    @Test func `drafts are listed page by page`() async throws {
        try await withOffice { office in
            var places: [String] = []
            for _ in 0..<5 { places.append(try await office.draft()) }
            _ = try await office.ask("POST", "\(places[1])/approve", [:], as: office.leader)
            var seen: [String] = []
            var next: String? = "/documents?agency=H19.12&state=drafted&limit=2"
            while let target = next {
                let page = try await office.ask("GET", target, as: office.leader)
                seen += (page.json["documents"]?.array ?? []).compactMap { $0["document"]?.text }
                next = page.next
            }
            let expected = [0, 2, 3, 4].map { String(places[$0].dropFirst("/documents/".count)) }
            #expect(seen == expected)
            let bad = try await office.ask("GET", "/documents?agency=H19.12&cursor=abc", as: office.leader)
            #expect(bad.status == 422)
        }
    }
}
