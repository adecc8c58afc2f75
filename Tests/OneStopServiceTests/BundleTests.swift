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

@Suite(.timeLimit(.minutes(5))) struct TakenBundleTests {
    private static let seed = String(repeating: "5a", count: 32)

    func taken(_ dossier: String, _ office: Office, as person: PersonID, _ query: String = "") async throws
        -> [UInt8]
    {
        var body: [UInt8] = []
        try await eventually("its events are sealed") {
            let answer = try await office.get("/dossiers/\(dossier)/bundle\(query)", as: person)
            if answer.status == 409, answer.code == "receipt-not-yet" { return false }
            guard answer.status == 200 else { throw Office.Unexpected(answer) }
            #expect(answer.outgoing.header("content-type") == "application/zip")
            body = answer.body
            return true
        }
        return body
    }

    @Test func `os-156: a bundle has all of the dossier with a receipt of each event, and is proven offline`()
        async throws
    {
        let key = try #require(SealingKey(hex: Self.seed)).open.of("onestop")
        try await withRoom { room in
            try await Office.open(in: room, ["LIENTHONG_RECEIPT_KEY": Self.seed]) { office in
                let id = try await office.submit(subject: "Xin <b>cấp</b> & trả")
                let pdf = Array("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".utf8)
                let attached = try await office.harness.send(
                    "POST", "/dossiers/\(id)/attachments", as: office.citizen, .citizen, body: pdf,
                    headers: [
                        ("x-file-name", "to-khai.pdf"), ("x-file-sha256", ContentHash(of: pdf).text),
                        ("content-type", "application/pdf"),
                    ])
                #expect(attached.status == 201)
                try await office.done("accept", on: id, as: office.clerk)
                try await office.done(
                    "hand-over", on: id, as: office.clerk, ["toOfficer": .string(office.officer.text)])
                let tick: JSON = ["part": "other", "name": "Căn cước <gốc>", "form": "original"]
                try await office.done("papers", on: id, as: office.clerk, ["papers": [tick]])
                try await office.done(
                    "opinions", on: id, as: office.officer,
                    ["toAgency": "H19.25", "question": "Có án tích?", "limit": ["amount": 1, "unit": "days"]])
                try await office.done(
                    "stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "Không đủ điều kiện"])
                try await office.done("return", on: id, as: office.clerk, [:])

                let bytes = try await taken(id, office, as: office.clerk)
                let proof = try DossierBundle.verify(bytes, [key])
                #expect(proof.events.map(\.version) == Array(1...6))
                #expect(proof.events.last?.type == DossierReturned.type)
                let paths = Set(proof.manifest.files.map(\.path))
                let usual: Set = [
                    "index.html", "dossier.json", "history.json", "due-dates.json", "papers/01-to-khai.pdf",
                    "forms/mau-01.pdf", "forms/mau-03.pdf", "forms/mau-05.pdf", "papers.json", "opinions.json",
                    "errors.json",
                ]
                #expect(paths == usual.union((1...6).map { DossierBundle.receipt($0) }))
                let archive = try Archive(bytes)
                let page = try #require(archive.entries.first { $0.path == "index.html" })
                let html = String(decoding: page.bytes, as: UTF8.self)
                for text in [
                    "Xin &lt;b&gt;cấp&lt;/b&gt; &amp; trả", "Nguyễn Thị Bích", "Không đủ điều kiện", "Trả kết quả",
                    "ngày tiếp nhận, không tính", "href=\"papers/01-to-khai.pdf\"", "href=\"receipts/0001.json\"",
                    "Căn cước &lt;gốc&gt;", "Bản chính", "Có án tích?",
                ] { #expect(html.contains(text), "\(text)") }

                // The applicant's has no remarks of officials, no opinions and no control sheet.
                let own = try DossierBundle.verify(try await taken(id, office, as: office.citizen), [key])
                #expect(
                    Set(own.manifest.files.map(\.path)) == paths.subtracting(["forms/mau-05.pdf", "opinions.json"]))
                let light = try DossierBundle.verify(
                    try await taken(id, office, as: office.clerk, "?documents=false"), [key])
                #expect(!light.manifest.files.contains { $0.path.hasPrefix("papers/") })
                #expect(try await office.get("/dossiers/\(id)/bundle", as: office.stranger).status == 404)
                let wrong = try await office.get("/dossiers/\(id)/bundle?documents=x", as: office.clerk)
                #expect((wrong.status, wrong.faults) == (422, ["documents"]))

                // A row that somebody changed is not taken along.
                try await office.harness.database.open(office.harness.database.owner).run(
                    "UPDATE event_log SET actor = 'x' WHERE aggregate_id = \(id) AND aggregate_version = 2")
                let altered = try await office.get("/dossiers/\(id)/bundle", as: office.clerk)
                #expect((altered.status, altered.code) == (409, "event-altered"))
            }
        }
    }

    @Test func `os-156: a bundle of an application for linked procedures has its links`() async throws {
        let key = try #require(SealingKey(hex: Self.seed)).open.of("onestop")
        try await withRoom { room in
            try await Office.open(in: room, ["LIENTHONG_RECEIPT_KEY": Self.seed]) { office in
                try await LinkTests().publish(office, .parallel)
                let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
                let id = try #require(made.json["id"]?.text)
                let bytes = try await taken(id, office, as: office.citizen)
                #expect(try DossierBundle.verify(bytes, [key]).manifest.files.contains { $0.path == "links.json" })
                let page = try #require(try Archive(bytes).entries.first { $0.path == "index.html" })
                let html = String(decoding: page.bytes, as: UTF8.self)
                #expect(html.contains("Thủ tục liên thông: Khai sinh, thường trú, thẻ bảo hiểm"))
            }
        }
    }

    @Test func `os-156: a bundle has the errors of agencies with their apologies, as its reader may see them`()
        async throws
    {
        let key = try #require(SealingKey(hex: Self.seed)).open.of("onestop")
        try await withRoom { room in
            try await Office.open(in: room, ["LIENTHONG_RECEIPT_KEY": Self.seed]) { office in
                let id = try await office.inWork()
                let error: JSON = [
                    "kind": "papers-lost", "what": "Để quên ở <kho>", "apology": "Thành thật xin lỗi & sẽ làm lại.",
                    "cost": 50_000,
                ]
                try await office.done("errors", on: id, as: office.leader, error)
                for (person, isOfficial) in [(office.clerk, true), (office.citizen, false)] {
                    let bytes = try await taken(id, office, as: person)
                    _ = try DossierBundle.verify(bytes, [key])
                    let files = try Archive(bytes).entries
                    let data = try #require(files.first { $0.path == "errors.json" }?.bytes)
                    let listed = try #require(try JSON(parsing: data)["errors"]?.array?.first)
                    #expect((listed["kind"], listed["cost"]) == ("papers-lost", 50_000))
                    #expect(listed["apology"] == "Thành thật xin lỗi & sẽ làm lại.")
                    let what: JSON? = isOfficial ? "Để quên ở <kho>" : nil
                    #expect(listed["what"] == what)
                    let page = try #require(files.first { $0.path == "index.html" })
                    let html = String(decoding: page.bytes, as: UTF8.self)
                    #expect(html.contains("Làm mất, hư hỏng giấy tờ"))
                    #expect(html.contains("Thành thật xin lỗi &amp; sẽ làm lại."))
                    #expect(html.contains("Để quên ở &lt;kho&gt;") == isOfficial)
                }
            }
        }
    }

    @Test func `without a key there is no bundle`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let answer = try await office.get("/dossiers/\(id)/bundle", as: office.clerk)
            #expect((answer.status, answer.code) == (409, "no-receipts"))
        }
    }
}
