import Contracts
import EventLog
import Foundation

enum JSONTargets {
    static let all: [Target] = [text] + Catalogue.events.map { event($0) }

    /// The files of events as they were always published.
    static func goldens() throws -> [[UInt8]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Golden")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
            .sorted()
            .map { try Array(Data(contentsOf: folder.appendingPathComponent($0))) }
    }

    private static let odd = [
        #"{"a":[1,-0,0.5,1e3,-1.25E-7,123456789012345678901234567890],"b":{"c":null,"d":[true,false]},"":"x"}"#,
        #"["\u0041\ud83d\ude00\n\t\"\\\/","á","é"]"#, "0", "\"\"", "[]", " {\r\n\t} ",
        String(repeating: "[", count: Limits.jsonDepth) + String(repeating: "]", count: Limits.jsonDepth),
    ].map { Array($0.utf8) }

    private static let text = Target(
        "JSON", try goldens() + odd, words: ["\\u00e9", "[[[[", "]]]]", "{\"a\":", "1e308", "-0", "E+", "\u{2028}"],
        change: { $1.below(3) == 0 ? $1.changeJSON($0) : $1.change($0) }
    ) { bytes in
        let value: JSON
        do throws(JSONFault) { value = try JSON(parsing: bytes) } catch {
            try require((0...bytes.count).contains(error.offset), "the fault stands at byte \(error.offset)")
            throw error
        }
        let written = value.bytes
        guard let again = try? JSON(parsing: written) else { throw Finding("what was written is no JSON") }
        try require(again == value && again.bytes == written, "it becomes another value when read again")
        // What we take, everybody takes: numbers apart, which Foundation puts into a double.
        guard !hasNumber(value) else { return }
        let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
        try require(isJSON, "Foundation does not take it for JSON")
    }

    private static func hasNumber(_ value: JSON) -> Bool {
        switch value {
        case .number: true
        case .array(let values): values.contains(where: hasNumber)
        case .object(let members): members.contains { hasNumber($0.value) }
        default: false
        }
    }

    private static func event(_ type: any Event.Type) -> Target { made(type) }

    private static func made<E: Event>(_ type: E.Type) -> Target {
        let golden: @Sendable () throws -> [[UInt8]] = {
            try goldens().filter { String(decoding: $0, as: UTF8.self).contains("{") && (try? read(E.self, $0)) != nil }
                .prefix(1).map { $0 }
        }
        return Target(E.type, try golden(), change: { $1.changeJSON($0) }) { bytes in
            let event: E
            do throws(FieldFault) { event = try E(decoding: try parsed(bytes), unknown: .ignore) } catch {
                try FaultCheck.names(error, E.fields.map(\.name))
                throw error
            }
            let written = event.jsonBytes
            let again: E
            do { again = try E(decoding: try JSON(parsing: written), unknown: .refuse) } catch {
                throw Finding("what was written is refused: \(error)")
            }
            try require(again.jsonBytes == written, "it becomes another event when read again")
            if let fault = SchemaCheck.fault(try JSON(parsing: written), E.schema) {
                throw Finding("what was written is against its schema: \(fault)")
            }
        }
    }

    private static func read<E: Event>(_ type: E.Type, _ bytes: [UInt8]) throws -> E {
        try E(decoding: JSON(parsing: bytes), unknown: .refuse)
    }

    static func parsed(_ bytes: [UInt8]) throws(FieldFault) -> JSON {
        do throws(JSONFault) { return try JSON(parsing: bytes) } catch {
            throw FieldFault("type", vi: "", en: error.reason)
        }
    }
}

/// A fault says which field it is about, and why in both languages.
enum FaultCheck {
    static func names(_ fault: FieldFault, _ known: [String]) throws {
        try require(!fault.code.isEmpty, "a fault without a code")
        guard !fault.field.isEmpty else { return }
        let first = fault.field.prefix { $0 != "." && $0 != "[" }
        try require(
            known.contains(String(first)) || fault.code == "unknown", "a fault of \(fault.field), which is no field")
        try require(!fault.vietnamese.isEmpty && !fault.english.isEmpty, "the fault of \(fault.field) gives no reason")
    }
}
