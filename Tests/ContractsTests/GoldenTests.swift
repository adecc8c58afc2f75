import Contracts
import Foundation
import Testing

/// One JSON file for every event version that was ever published, in Tests/Golden. `make golden` writes what is
/// missing; what is there is never written again, because somebody may have stored such an event.
@Suite struct GoldenTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Golden")
    static let writes = ProcessInfo.processInfo.environment["LIENTHONG_WRITE_GOLDEN"] != nil

    @Test(arguments: PublishedTests.types)
    func `an event is read and written as it always was`(_ type: String) throws {
        let event = try #require(PublishedTests.event(type))
        let file = Self.folder.appendingPathComponent("\(type).json")
        if Self.writes, !FileManager.default.fileExists(atPath: file.path) {
            try Data(sample(of: event).bytes + [0x0A]).write(to: file)
        }
        let golden = try Array(Data(contentsOf: file)).dropLast()
        #expect(try again(event, Array(golden)) == Array(golden), "\(type) is not written as its golden file says")
    }

    @Test(arguments: PublishedTests.types)
    func `what a newer version adds is ignored`(_ type: String) throws {
        let event = try #require(PublishedTests.event(type))
        guard case .object(let members) = sample(of: event) else { return }
        let newer = JSON.object(members + [.init("addedLater", ["x": 1])])
        #expect(try again(event, newer.bytes) == JSON.object(members).bytes)
    }

    @Test(.disabled(if: writes, "it is being written")) func `no golden file is left of an event that is gone`() throws
    {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let known = Set(PublishedTests.types.map { "\($0).json" })
        #expect(Set(files.filter { $0.hasSuffix(".json") }) == known)
    }

    @Test(arguments: PublishedTests.types)
    func `nothing personal of citizens travels`(_ type: String) throws {
        let event = try #require(PublishedTests.event(type))
        let personal = ["phone", "nationalId", "applicantName", "applicantAddress", "birthDate", "email"]
        #expect(names(of: event).filter { personal.contains($0) } == [])
    }

    private func names<E: Event>(of event: E.Type) -> [String] { E.fields.map(\.name) }

    private func sample<E: Event>(of event: E.Type) -> JSON {
        .object(E.fields.map { JSON.Member($0.name, Self.value(for: $0.schema, $0.name)) })
    }

    private func again<E: Event>(_ event: E.Type, _ bytes: [UInt8]) throws -> [UInt8] {
        try E(decoding: JSON(parsing: bytes), unknown: .ignore).jsonBytes
    }

    /// A lawful value for a schema, always the same.
    private static func value(for schema: JSON, _ name: String) -> JSON {
        if let first = schema["enum"]?.array?.first { return first }
        switch (schema["type"]?.text, schema["format"]?.text) {
        case ("string", "uuid"): return "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"
        case ("string", "date"): return "2021-02-09"
        case ("string", "date-time"): return "2021-02-09T10:00:00+07:00"
        case ("string", _): return .string(text(schema, name))
        case ("integer", _): return .integer(max(schema["minimum"]?.integer ?? 1, 1))
        case ("boolean", _): return true
        case ("array", _): return .array([value(for: schema["items"] ?? [:], name)])
        case ("object", _):
            guard case .object(let members)? = schema["properties"] else { return [:] }
            return .object(members.map { JSON.Member($0.name, value(for: $0.value, $0.name)) })
        default: return .null
        }
    }

    /// Strings without a format: agency codes, numbers and names are recognised by what their fields are called.
    private static func text(_ schema: JSON, _ name: String) -> String {
        let known = [
            "code": "H19.12-210209-0001", "procedure": "2.000488", "documentNumber": "15/QĐ-STP",
            "number": "15/QĐ-STP", "mailbox": "annv", "fullName": "Nguyễn Văn An",
            "sha256": String(repeating: "a", count: 64), "box": String(repeating: "QUJD", count: 16),
        ]
        if schema["maxLength"]?.integer == Int64(Limits.agencyCodeLength), schema["pattern"] == nil { return "H19.12" }
        if let text = known[name], Int64(text.unicodeScalars.count) <= schema["maxLength"]?.integer ?? 200 {
            return text
        }
        return String(repeating: "a", count: Int(max(schema["minLength"]?.integer ?? 1, 3)))
    }
}
