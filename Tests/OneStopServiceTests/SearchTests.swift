import Contracts
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

@Suite struct SearchTests {
    private func search(
        _ text: String, in office: Office, as person: PersonID? = nil, limit: Int = 50, cursor: JSON? = nil
    ) async throws -> TestService.Answer {
        let body: JSON = ["text": .string(text), "purpose": "counter", "limit": .integer(Int64(limit))]
        return try await office.send(
            "POST", "/dossiers/search", as: person ?? office.clerk, body.with("cursor", cursor))
    }

    @Test(arguments: [
        "H19.06-210301-0001", "h19.06-210301-0001", "000.00.06.H19-210301-0001", "000.00.06.h19-20210301-0000001",
        "H19.06-20210301-0000001", "H19062103010001", "h19 06 210301 0001", "H19.06–210301–0001",
        "0000006H192103010001", "H1906202103010000001", "1", "0001", "210301-0001", "20210301 0000001",
        " H19.06-210301-0001\n",
    ])
    func `os-112: a code is found in every written form`(text: String) async throws {
        try await Office.open { office in
            let id = try await office.submit()
            try await office.done("accept", on: id, as: office.clerk)
            let other = try await office.submit()
            try await office.done("accept", on: other, as: office.clerk)
            #expect(ids(try await search(text, in: office)) == [id])
            // Who may not read it there does not find it.
            #expect(ids(try await search(text, in: office, as: office.communeClerk)) == [])
            #expect(ids(try await search(text, in: office, as: office.administrator)).contains(id))
        }
    }

    @Test func `what can be no code is none`() throws {
        for text in ["H19", "H19.06-219901-0001", "nguyen", "2", "12345678", "H19.06-210301", "Đ19.06-210301-0001"] {
            if case .codes = WrittenText(text) { Issue.record("\(text) is read as a code") }
        }
        #expect(WrittenText("0900000001") == .number(["f:0900000001"]))
        #expect(WrittenText("+84 900 000 001") == .number(["f:0900000001"]))
        #expect(WrittenText("999190000017") == .number(["f:999190000017", "n:999190000017"]))
        #expect(WrittenText("Nguyễn 12/3") == .words("Nguyễn 12/3"))
        #expect(WrittenText("0017") == .serialOfToday(17))
        #expect(WrittenText("0000") == .words("0000"))
    }

    @Test func `os-113: words are found with and without diacritics, numbers by all their digits`() async throws {
        try await Office.open { office in
            let body = Office.submission.with("name", "Đỗ Thị Ưng Öztürk").with("subject", "Xin xác nhận Đường Lê Lợi")
            let answer = try await office.send("POST", "/dossiers", as: office.citizen, body)
            let id = try #require(answer.json["id"]?.text)
            _ = try await office.submit(as: office.stranger)
            for text in [
                "Đỗ Thị Ưng", "do thi ung", "DO UNG", "đỗ ưng", "\u{110}\u{6F}\u{302}\u{303} thi", "\u{D0}o thi ung",
                "ozturk", "duong le loi", "do thi lý lịch tư pháp", "ung xac nha", "lê lợi",
            ] {
                #expect(ids(try await search(text, in: office)) == [id], "\(text)")
            }
            // Only the last word may be begun, and all must be there.
            for text in ["xa nhan ung", "ung hoa", "'|!&:*()<->\\", "do'; DROP TABLE dossiers"] {
                #expect(ids(try await search(text, in: office)) == [], "\(text)")
            }
            for text in ["0900000001", "+84900000001", "84 900 000 001", "999190000017"] {
                #expect(ids(try await search(text, in: office)).contains(id), "\(text)")
            }
            let long = Array(repeating: "a", count: 13).joined(separator: " ")
            #expect(try await search(long, in: office).code == "onestop.too-many-words")
            let volatile = try await office.harness.count(
                "SELECT count(*) AS n FROM pg_proc WHERE proname IN ('fold', 'search_words') AND provolatile <> 'i'")
            #expect(volatile == 0)
        }
    }

    @Test func `all letters of Vietnamese lose their marks`() async throws {
        try await Office.open { office in
            var letters = "đĐ"
            for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY" {
                for tone in ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"] {
                    letters += "\(base)\(tone)".precomposedStringWithCanonicalMapping
                }
            }
            let rows = try await office.harness.database.database.run("SELECT fold(\(letters)) AS folded")
            let folded: String = try #require(try rows.first?("folded"))
            #expect(folded.utf8.count == letters.count && folded.allSatisfy { "daeiouy".contains($0) })
        }
    }

    @Test func `os-114: what is found is what may be read, from the same commit on`() async throws {
        try await Office.open { office in
            let body: JSON = [
                "submission": [
                    "procedure": "1.001776", "agency": "H19.31.02", "subject": "Trợ cấp", "name": "Lò Thị Mai",
                    "nationalId": "999190000018",
                ]
            ]
            let made = try await office.send("POST", "/counter/dossiers", as: office.communeClerk, body)
            let id = try #require(made.json["id"]?.text)
            func found(_ person: PersonID) async throws -> Bool {
                ids(try await search("lo thi mai", in: office, as: person)).contains(id)
            }
            // The commune and the district above it, and nobody else.
            for person in [office.communeClerk, office.districtOfficer] { #expect(try await found(person)) }
            for person in [office.clerk, office.inspector] { #expect(try await !found(person)) }
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.done("send", on: id, as: office.communeClerk, ["toAgency": "H19.25"])
            #expect(try await found(office.inspector))
            try await office.done("send-back", on: id, as: office.inspector, ["note": "x"])
            #expect(try await !found(office.inspector))
            #expect(try await found(office.communeClerk))
            let citizen = try await search("lo thi mai", in: office, as: office.citizen)
            #expect(citizen.status == 403)
        }
    }

    @Test func `os-114: a search is logged with what it is for, never with its text`() async throws {
        let lines = Kept<[String]>([])
        let log = Logger(label: "tests") { label in
            JSONLogHandler(service: "onestop", label: label, level: .info) { line in
                lines.change { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        }
        try await Office.open(log: log) { office in
            for (text, kind) in [
                ("H19.06-210301-0001", "by code"), ("7654321", "by serial"), ("0900000001", "by number"),
                ("nguyen thi bich", "by words"),
            ] {
                lines.set([])
                let answer = try await search(text, in: office)
                #expect(answer.status == 200)
                let reads = lines.value.filter { $0.contains("personal data read") }
                #expect(reads.count == 1, "\(text): \(reads)")
                #expect(reads.allSatisfy { $0.contains("search: counter") && $0.contains(kind) }, "\(reads)")
                #expect(!lines.value.contains { $0.contains(text) }, "\(text)")
            }
        }
    }

    @Test func `pages leave nothing out, whether they come from the newest, the index or a walk`() async throws {
        try await Office.open { office in
            var mine: [String] = []
            for index in 0..<7 { mine.insert(try await office.submit(subject: "Thửa \(index)"), at: 0) }
            for text in ["thua", "0900000001"] {
                var paged: [String] = []
                var cursor: JSON?
                repeat {
                    let page = try await search(text, in: office, limit: 2, cursor: cursor)
                    #expect(page.status == 200)
                    paged += ids(page)
                    cursor = page.json["next"]
                } while cursor != nil
                #expect(paged == mine)
            }
            #expect(try await search("thua", in: office, cursor: "x").status == 422)
            // Each of the three ways by itself.
            let query = Readable([.none]).query("thua")
            let database = office.harness.database.database
            let indexed = try await SearchSQL.hits(query, before: SearchSQL.newest, limit: 9, in: database)
            #expect(try indexed?.map { try $0("id", as: DossierID.self).text } == mine)
            let walked = try await database.run(SearchSQL.walk(query, before: SearchSQL.newest, most: 3, limit: 9))
            let walk = try Walk(walked, limit: 8, most: 3)
            #expect(walk.rows.count == 3 && walk.end != nil)
        }
    }
}
