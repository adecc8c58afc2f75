import Contracts
import Files
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import DocumentsService

/// The Department of Justice on a morning of 2021, with its people, on a database and a folder of its own.
struct Office: Sendable {
    static let agency = "H19.12"

    let service: TestService
    /// Where its files lie.
    let files: String
    let officer = PersonID.new()
    let leader = PersonID.new()
    let records = PersonID.new()
    /// The leader of another department.
    let stranger = PersonID.new()
    let administrator = PersonID.new()

    var database: TestDatabase { service.database }

    func ask(
        _ method: String, _ target: String, _ body: JSON? = nil, as person: PersonID, headers: [String: String] = [:]
    ) async throws -> TestService.Answer {
        try await send(method, target, body?.bytes, as: person, headers: headers)
    }

    private func send(
        _ method: String, _ target: String, _ body: [UInt8]?, as person: PersonID, headers: [String: String]
    ) async throws -> TestService.Answer {
        try await service.send(
            method, target, as: person, person == administrator ? .administrator : .official, body: body,
            headers: headers.map { (name: $0.key, value: $0.value) } + [("accept-language", "en")])
    }

    /// A draft's address.
    func draft(_ type: String = "QĐ", field: String? = nil) async throws -> String {
        var content: [JSON.Member] = [
            .init("documentType", .string(type)), .init("subject", "Về việc trợ cấp"),
            .init("recipients", ["Như trên", "Lưu: VT"]),
        ]
        if let field { content.append(.init("field", .string(field))) }
        let answer = try await ask(
            "POST", "/documents", ["agency": .string(Self.agency), "content": .object(content)], as: officer)
        return try #require(answer.outgoing.header("location"), "\(answer.json.description)")
    }

    func approved(_ type: String = "QĐ", field: String? = nil) async throws -> String {
        let place = try await draft(type, field: field)
        let answer = try await ask("POST", "\(place)/approve", [:], as: leader)
        #expect(answer.status == 200, "\(answer.json.description)")
        return place
    }

    /// The number that an issue gives.
    func issue(_ place: String, headers: [String: String] = [:]) async throws -> String? {
        try await ask("POST", "\(place)/issue", as: records, headers: headers).json["number"]?.text
    }

    func attach(
        _ place: String, _ bytes: [UInt8], _ headers: [String: String] = [:]
    ) async throws -> TestService.Answer {
        let standard = [
            "x-file-name": "v%C4%83n%20b%E1%BA%A3n.pdf", "x-file-sha256": sha256(bytes),
            "content-type": "application/pdf", "content-length": "\(bytes.count)",
        ]
        return try await send(
            "POST", "\(place)/attachments", bytes, as: officer, headers: standard.merging(headers) { $1 })
    }

    /// Sets business time as an operator does.
    func set(_ time: String) async throws {
        let answer = try await ask("POST", "/rehearsal/clock", ["now": .string(time)], as: administrator)
        #expect(answer.status == 200)
    }

    /// The numbers of a series and year, in order.
    func numbers(_ series: String = "van-ban", _ year: Int = 2021) async throws -> [Int] {
        try await database.database.run(
            "SELECT number FROM documents WHERE series = \(series) AND year = \(year) ORDER BY number"
        ).map { try $0("number") }
    }

    /// Type and version of a document's events.
    func events(_ place: String) async throws -> [String] {
        try await database.database.run(
            """
            SELECT type, aggregate_version FROM event_log WHERE aggregate_id = \(String(place.split(separator: "/")[1]))
            ORDER BY seq
            """
        ).map { row in
            let (type, version): (String, Int) = (try row("type"), try row("aggregate_version"))
            return "\(version) \(type)"
        }
    }

    func count(_ table: String) async throws -> Int {
        try await service.count("SELECT count(*) AS n FROM \(raw: table)")
    }

    fileprivate func seed() async throws {
        for (code, name) in [("H19.12", "Sở Tư pháp"), ("H19.15", "Sở Y tế")] {
            try await database.database.run(
                """
                INSERT INTO directory_agencies (code, name, name_en, kind, parent, valid_from)
                VALUES (\(code), \(name), \(name), 'department', 'H19', '2020-01-01')
                """)
        }
        for (person, agency, role, name) in [
            (officer, "H19.12", PostRole.officer, "Lê Văn A"), (leader, "H19.12", .leader, "Trần Thị B"),
            (records, "H19.12", .records, "Phạm C"), (stranger, "H19.15", .leader, "Võ D"),
        ] {
            try await database.database.run(
                """
                INSERT INTO directory_posts (post, person, full_name, mailbox, agency, unit, role, title, valid_from)
                VALUES (\(PostID.new()), \(person), \(name), \(person.text), \(agency), 'vp', \(role.rawValue),
                        \(role == .leader ? "Giám đốc" : "Chuyên viên"), '2020-01-01')
                """)
        }
        try await service.nameAdministrator(administrator)
    }
}

extension TestService.Answer {
    func header(_ name: String) -> String? { outgoing.header(name) }
}

func sha256(_ bytes: [UInt8]) -> String { ContentHash(of: bytes).text }

let pdf = Array("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n".utf8)

func withOffice(_ body: (Office) async throws -> Void) async throws {
    let files = FileManager.default.temporaryDirectory.appendingPathComponent("office-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: files) }
    let settings = ["LIENTHONG_REHEARSAL": "1", "LIENTHONG_FILES_DIR": files, "LIENTHONG_PG_CONNECTIONS": "8"]
    try await withService(Main.self, settings) { service in
        let office = Office(service: service, files: files)
        try await office.seed()
        try await office.set("2021-02-09T10:00:00+07:00")
        try await body(office)
    }
}
