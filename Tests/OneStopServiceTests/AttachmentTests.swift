import Contracts
import Files
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct AttachmentTests {
    static let page = Array("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n".utf8)

    private func attach(
        _ office: Office, _ dossier: String, as person: PersonID, _ bytes: [UInt8] = page, part: String? = nil,
        hash: String? = nil, type: String = "application/pdf"
    ) async throws -> TestService.Answer {
        var headers = [
            ("content-type", type), ("x-file-name", "Gi%E1%BA%A5y%20t%E1%BB%9D.pdf"),
            ("x-file-sha256", hash ?? ContentHash(of: bytes).text),
        ].map { (name: $0.0, value: $0.1) }
        if let part { headers.append(("x-file-part", part)) }
        return try await office.harness.send(
            "POST", "/dossiers/\(dossier)/attachments", as: person, person == office.clerk ? .official : .citizen,
            body: bytes, headers: headers)
    }

    @Test func `what was attached comes back as it was`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let added = try await attach(office, id, as: office.citizen)
            #expect(added.status == 201)
            let file = try #require(added.json["id"]?.text)
            let list = try await office.get("/dossiers/\(id)/attachments", as: office.clerk).json
            #expect(list["attachments"]?.array?.map { $0["name"]?.text } == ["Giấy tờ.pdf"])
            let back = try await office.get("/dossiers/\(id)/attachments/\(file)", as: office.clerk)
            #expect((back.status, back.body) == (200, AttachmentTests.page))
            #expect(back.outgoing.header("content-type") == "application/pdf")
            #expect(try await office.get("/dossiers/\(id)/attachments/\(file)", as: office.stranger).status == 404)
            #expect(try await office.get("/dossiers/\(id)/attachments/\(file)", as: office.inspector).status == 403)
            let twice = try await attach(office, id, as: office.citizen)
            #expect((twice.status, twice.code) == (409, "onestop.attached-already"))
        }
    }

    @Test func `a file that is not what it says is refused and leaves no row`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let citizen = office.citizen
            let other = ContentHash(of: [1, 2, 3]).text
            let wrong = [
                (try await attach(office, id, as: citizen, hash: other), "onestop.hash-differs"),
                (try await attach(office, id, as: citizen, hash: "x"), "onestop.hash-missing"),
                (try await attach(office, id, as: citizen, part: "no-such"), "onestop.part-unknown"),
                (try await attach(office, id, as: citizen, []), "onestop.file-empty"),
                (try await attach(office, id, as: citizen, type: "image/png"), "onestop.type-differs"),
                (
                    try await attach(
                        office, id, as: citizen, Array("MZ\u{90}\0".utf8), type: "application/octet-stream"),
                    "onestop.file-executable"
                ),
            ]
            for (answer, code) in wrong {
                #expect((400..<500).contains(answer.status))
                #expect(answer.code == code)
            }
            #expect(try await attach(office, id, as: office.stranger).status == 404)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM attachments") == 0)
        }
    }

    @Test func `a file for which there is no room is not stored`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            try await office.harness.database.database.run(
                """
                INSERT INTO attachments (id, dossier, part, name, sha256, bytes, media_type, added_by, added_at)
                SELECT gen_random_uuid(), \(try DossierID(id)), 'other', 'a.pdf', lpad(i::text, 64, '0'), 1,
                       'application/pdf', 'x', now() FROM generate_series(1, \(Int32(Limits.OneStop.attachments))) i
                """)
            let full = try await attach(office, id, as: office.citizen)
            #expect((full.status, full.code) == (409, "onestop.too-many-attachments"))
            let store = office.harness.running.runtime.resource(FileStore.self)
            #expect(try await !store.contains(ContentHash(of: AttachmentTests.page)))
        }
    }

    @Test func `applicants add papers while the office waits for them`() throws {
        var definition = try judicialRecord()
        var part = Part()
        (part.key, part.name, part.nameEn) = ("cccd", "CCCD", "Identity card")
        definition.parts = [part]
        func code(_ status: DossierStatus, _ isApplicant: Bool, part: String = "cccd") -> String? {
            refusal {
                try AttachPaper.decide(
                    try dossier(status), part: part, isApplicant: isApplicant, definition, others: [], hash: "")
            }
        }
        for status in DossierStatus.allCases {
            #expect((code(status, true) == nil) == [1, 5].contains(status.number), "\(status)")
            #expect((code(status, false) == nil) == [1, 2, 4, 5, 6].contains(status.number), "\(status)")
        }
        #expect(code(.submitted, true, part: "x") == "onestop.part-unknown")
        let many = [OneStopService.Attachment](
            repeating: OneStopService.Attachment(), count: Limits.OneStop.attachments)
        #expect(
            refusal {
                try AttachPaper.decide(
                    try dossier(.submitted), part: "other", isApplicant: true, definition, others: many, hash: "x")
            } == "onestop.too-many-attachments")
    }
}
