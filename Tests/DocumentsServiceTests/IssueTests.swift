import Contracts
import Foundation
import FoundationNetworking
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import DocumentsService

/// Numbers have no gap and none comes twice, whatever happens.
@Suite struct IssueTests {
    @Test func `fifty issues at once give the numbers from 1 to 50`() async throws {
        try await withOffice { office in
            var places: [String] = []
            for _ in 0..<50 { places.append(try await office.approved()) }
            let numbers = try await withThrowingTaskGroup(of: String?.self) { group in
                for place in places { group.addTask { try await office.issue(place) } }
                return try await group.reduce(into: [String?]()) { $0.append($1) }
            }
            let expected = (1...50).map { "\($0 < 10 ? "0" : "")\($0)/QĐ-STP" }
            #expect(Set(numbers.compactMap(\.self)) == Set(expected))
            #expect(try await office.numbers() == Array(1...50))
        }
    }

    /// The first holds the document and waits for the counter; the others must wait for the document.
    @Test func `one document issued by many at once takes one number`() async throws {
        try await withOffice { office in
            #expect(try await office.issue(office.approved()) == "01/QĐ-STP")
            let place = try await office.approved()
            let administrator = office.database.open(office.database.administrator)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                try await administrator.transaction { holding in
                    try await holding.run("SELECT last FROM series_counters FOR UPDATE")
                    for _ in 0..<5 {
                        group.addTask { try await office.ask("POST", "\(place)/issue", as: office.records).status }
                    }
                    try await eventually("all five wait") {
                        try await administrator.run(
                            """
                            SELECT 1 AS one FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                            """
                        ).count == 5
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200, 409, 409, 409, 409])
            #expect(try await office.issue(office.approved()) == "03/QĐ-STP")
        }
    }

    @Test func `an issue that fails after it took its number gives it back`() async throws {
        try await withOffice { office in
            let first = try await office.approved()
            let administrator = office.database.open(office.database.administrator)
            try await administrator.run(
                """
                CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''disk''; END'
                """)
            try await administrator.run(
                """
                CREATE TRIGGER fail BEFORE INSERT ON event_log FOR EACH ROW
                WHEN (NEW.type = 'documents.document.issued.v1') EXECUTE FUNCTION fail()
                """)
            #expect(try await office.ask("POST", "\(first)/issue", as: office.records).status == 500)
            #expect(try await office.count("series_counters") == 0)
            try await administrator.run("DROP TRIGGER fail ON event_log")
            let second = try await office.approved()
            #expect(try await office.issue(second) == "01/QĐ-STP")
            #expect(try await office.issue(first) == "02/QĐ-STP")
        }
    }

    @Test func `the same Idempotency-Key gives the same number`() async throws {
        try await withOffice { office in
            let place = try await office.approved()
            let key = ["idempotency-key": UUID().uuidString]
            #expect(try await office.issue(place, headers: key) == "01/QĐ-STP")
            #expect(try await office.issue(place, headers: key) == "01/QĐ-STP")
            #expect(try await office.numbers() == [1])
        }
    }

    @Test func `a series begins again with 01 when the year ends in Vietnam`() async throws {
        try await withOffice { office in
            try await office.set("2021-12-31T23:59:59+07:00")
            for number in ["01/QĐ-STP", "02/QĐ-STP"] { #expect(try await office.issue(office.approved()) == number) }
            // Still the old year in London.
            try await office.set("2022-01-01T00:00:00+07:00")
            #expect(try await office.issue(office.approved()) == "01/QĐ-STP")
            #expect(try await office.numbers("van-ban", 2021) == [1, 2])
            #expect(try await office.numbers("van-ban", 2022) == [1])
        }
    }

    @Test func `types with a series of their own count apart, and keep it through the year`() async throws {
        try await withOffice { office in
            let target = "/agencies/H19.12/numbering"
            let standard = try await office.ask("GET", target, as: office.officer)
            #expect(standard.json["symbol"] == "STP" && standard.header("etag") == "\"0\"")
            let body: JSON = ["symbol": "STP1", "books": [["series": "quyet-dinh", "types": ["QĐ"]]]]
            let set = try await office.ask("PUT", target, body, as: office.records, headers: ["if-match": "\"0\""])
            #expect(set.status == 200 && set.header("etag") == "\"1\"", "\(set.json.description)")
            #expect(
                try await office.ask("PUT", target, body, as: office.records, headers: ["if-match": "\"0\""]).status
                    == 412)
            #expect(try await office.issue(office.approved("QĐ")) == "01/QĐ-STP1")
            #expect(try await office.issue(office.approved("TB")) == "01/TB-STP1")
            #expect(try await office.issue(office.approved("Phiếu", field: "LLTP")) == "02/STP1-LLTP")
            #expect(try await office.issue(office.approved("SY")) == "01/SY-STP1")
            #expect(try await office.issue(office.approved("TrS")) == "02/TrS-STP1")
            let moved = try await office.ask(
                "PUT", target, ["symbol": "STP"], as: office.records, headers: ["if-match": "\"1\""])
            #expect(moved.code == "documents.series-in-use")
            #expect(try await office.issue(office.approved("QĐ")) == "02/QĐ-STP1")
            try await office.set("2022-01-03T08:00:00+07:00")
            let later = try await office.ask(
                "PUT", target, ["symbol": "STP"], as: office.records, headers: ["if-match": "\"1\""])
            #expect(later.status == 200)
            #expect(try await office.issue(office.approved("QĐ")) == "01/QĐ-STP")
            #expect(try await office.issue(office.approved("TB")) == "02/TB-STP")
        }
    }

    @Test func `the register has every number in order, page by page and as a table`() async throws {
        try await withOffice { office in
            for _ in 0..<12 { _ = try await office.issue(office.approved()) }
            var lines: [JSON] = []
            var next: String? = "/agencies/H19.12/register?year=2021&limit=5"
            while let target = next {
                let page = try await office.ask("GET", target, as: office.officer)
                lines += page.json["lines"]?.array ?? []
                next = page.next
            }
            #expect(lines.compactMap { $0["order"]?.integer } == (1...12).map(Int64.init))
            #expect(lines[0]["number"] == "01/QĐ-STP" && lines[11]["number"] == "12/QĐ-STP")
            #expect(lines[0]["abstract"] == "Quyết định (cá biệt): Về việc trợ cấp")
            #expect(lines[0]["signer"] == "Trần Thị B" && lines[0]["recipients"] == ["Như trên", "Lưu: VT"])
            let table = try await office.ask("GET", "/agencies/H19.12/register.csv?year=2021", as: office.officer)
            let rows = String(decoding: table.body, as: UTF8.self).split(separator: "\r\n")
            #expect(rows.count == 13 && table.header("content-type") == "text/csv; charset=utf-8")
            #expect(rows[1].hasPrefix("van-ban,01/QĐ-STP,09/02/2021,Quyết định (cá biệt): Về việc trợ cấp,Trần Thị B,"))
            #expect(
                try await office.ask("GET", "/agencies/H19.12/register?year=2022", as: office.officer).json["lines"]
                    == [])
            #expect(
                try await office.ask("GET", "/agencies/H19.12/register.csv?year=x", as: office.officer).status == 422)
        }
    }
}

/// The shipped program, killed (SIGKILL) at the worst moments.
@Suite struct KilledTests {
    @Test func `a process that dies before the commit takes no number with it`() async throws {
        try await withOffice { office in
            var places: [String] = []
            for _ in 0..<4 { places.append(try await office.approved()) }
            let first = try await Program.start(office, killAt: "before-commit:3")
            #expect(try await first.issue(places[0]) == "01/QĐ-STP")
            #expect(try await first.issue(places[1]) == "02/QĐ-STP")
            await #expect(throws: (any Error).self) { try await first.issue(places[2]) }
            try await first.died()
            #expect(try await office.numbers() == [1, 2])
            let second = try await Program.start(office)
            #expect(try await second.issue(places[3]) == "03/QĐ-STP")
            #expect(try await second.issue(places[2]) == "04/QĐ-STP")
            await second.stop()
            #expect(try await office.numbers() == [1, 2, 3, 4])
            #expect(try await office.events(places[2]).count == 3)
        }
    }

    @Test func `a process that dies after the commit has issued once, and the repetition hears of it`() async throws {
        try await withOffice { office in
            let place = try await office.approved()
            let key = UUID().uuidString
            let first = try await Program.start(office, killAt: "after-commit:1")
            await #expect(throws: (any Error).self) { try await first.issue(place, key: key) }
            try await first.died()
            let second = try await Program.start(office)
            #expect(try await second.issue(place, key: key) == "01/QĐ-STP")
            await second.stop()
            #expect(try await office.numbers() == [1])
            #expect(try await office.events(place).count == 3)
        }
    }
}

/// `DocumentsService serve` as a process of its own on the office's database and folder.
final class Program: Sendable {
    private let process: Process
    private let address: String
    private let token: String

    private init(_ process: Process, _ address: String, _ token: String) {
        self.process = process
        self.address = address
        self.token = token
    }

    static func start(_ office: Office, killAt: String? = nil) async throws -> Program {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = root.appendingPathComponent(".build/debug/DocumentsService")
        process.arguments = ["serve"]
        let port = try freePort()
        let database = office.database.runtime
        var environment = [
            "LIENTHONG_PG_HOST": database.host, "LIENTHONG_PG_PORT": "\(database.port)",
            "LIENTHONG_PG_DATABASE": database.database, "LIENTHONG_PG_USER": database.user,
            "LIENTHONG_PG_PASSWORD": database.password, "LIENTHONG_AMQP_PORT": "1", "LIENTHONG_AMQP_USER": "nobody",
            "LIENTHONG_AMQP_PASSWORD": "none", "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:1",
            "LIENTHONG_CLIENT_SECRET": "own", "LIENTHONG_REHEARSAL": "1", "LIENTHONG_FILES_DIR": office.files,
            "LIENTHONG_HTTP_PORT": "\(port)", "LIENTHONG_LOG_LEVEL": "critical",
        ]
        environment["LIENTHONG_KILL_AT"] = killAt
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let program = Program(process, "http://127.0.0.1:\(port)", try office.service.token(office.records))
        try await eventually("the program answers") {
            (try? await program.send("GET", "/health/live")) != nil
        }
        return program
    }

    func issue(_ place: String, key: String? = nil) async throws -> String? {
        try await send("POST", "\(place)/issue", key: key)["number"]?.text
    }

    private func send(_ method: String, _ target: String, key: String? = nil) async throws -> JSON {
        guard let url = URL(string: address + target) else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        if let key { request.setValue(key, forHTTPHeaderField: "Idempotency-Key") }
        let (data, _) = try await URLSession.shared.data(for: request)
        return try JSON(parsing: Array(data))
    }

    /// Waits until the kill point struck.
    func died() async throws {
        try await eventually("the program dies") { !self.process.isRunning }
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL)
    }

    func stop() async {
        process.terminate()
        process.waitUntilExit()
    }

    private static func freePort() throws -> UInt16 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        try #require(bound)
        return UInt16(bigEndian: address.sin_port)
    }
}
