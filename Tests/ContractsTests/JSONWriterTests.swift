import Foundation
import Testing

@testable import Contracts

@Suite struct JSONWriterTests {
    @Test func `every text comes back from its quotes`() throws {
        var random = Seeded(3)
        let pieces = [
            "a", "\"", "\\", "\n", "\r", "\t", "\u{1}", "\u{1F}", "é", "Đồng Nai", "\u{1F600}", "/", "\u{7F}",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in
                pieces.randomElement(using: &random)
            }.joined()
            let json = JSON.object([.init(text, .array([.string(text)]))])
            #expect(try JSON(parsing: json.bytes) == json)
            let theirs = try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: [String]]
            #expect(theirs == [text: [text]])
        }
    }

    @Test func `a repeated member is refused, or what came first counts`() throws {
        let bytes = Array(#"[{"a":[],"b":1,"a":["x"]},{"a":2}]"#.utf8)
        #expect(throws: JSONFault(reason: "expected each member once, but \"a\" repeats", offset: 18)) {
            try JSON(parsing: bytes)
        }
        #expect(try JSON(parsing: bytes, repeated: .ignored).bytes == Array(#"[{"a":[],"b":1},{"a":2}]"#.utf8))
    }

    @Test(arguments: [
        (-62_167_219_200.0, "0000-01-01T07:00:00+07:00"), (0, "1970-01-01T07:00:00+07:00"),
        (1_612_864_800.5, "2021-02-09T17:00:00.500+07:00"), (1_612_864_800.000_25, "2021-02-09T17:00:00.000250+07:00"),
        (-1, "1970-01-01T06:59:59+07:00"), (253_402_275_599, "9999-12-31T23:59:59+07:00"),
        (1e12, "9999-09-27T08:46:40+07:00"),
    ]) func `instants are written in Vietnam's time`(seconds: Double, text: String) {
        #expect(Instant.write(Date(timeIntervalSince1970: seconds)) == text)
    }

    private struct Mixed: Record {
        var first = 1
        var text: String?
        var nested: [Inner] = []
        var flag = true
        /// Not stored: read by its key path.
        var doubled: Int {
            get { first * 2 }
            set { first = newValue / 2 }
        }

        static let fields: [Field<Self>] = [
            .init("first", \.first, .integer(0...9), "A number"),
            .init("text", \.text, .text(0...9), "A text"),
            .init("nested", \.nested, .list(.record, 0...9), "Records"),
            .init("flag", \.flag, .bool, default: true, "A flag"),
            .init("doubled", \.doubled, .integer(0...99), "Computed"),
        ]
    }

    private struct Inner: Record {
        var name = ""
        static let fields: [Field<Self>] = [.init("name", \.name, .text(0...9), "A name")]
    }

    @Test func `a record writes stored and computed fields, and leaves out what is nil`() {
        var mixed = Mixed()
        (mixed.first, mixed.nested) = (4, [Inner(name: "a"), Inner(name: "b\"")])
        #expect(
            String(decoding: mixed.jsonBytes, as: UTF8.self)
                == #"{"first":4,"nested":[{"name":"a"},{"name":"b\""}],"flag":true,"doubled":8}"#)
    }
}
