import Contracts
import Foundation
import Synchronization

/// Whether a value is what a JSON Schema of ours says: the words that our kinds use. What is accepted must not be
/// refused by the schema that we publish, for integrators check by that.
enum SchemaCheck {
    /// Nil, or what is wrong.
    static func fault(_ value: JSON, _ schema: JSON, at place: String = "") -> String? {
        if let words = schema["enum"]?.array, !words.contains(where: { exact($0, value) }) {
            return "\(place) is none of the words"
        }
        switch (schema["type"]?.text, value) {
        case ("string", .string(let text)): return fault(text, schema, place)
        case ("integer", .integer(let number)):
            if let least = schema["minimum"]?.integer, number < least { return "\(place) is below \(least)" }
            if let most = schema["maximum"]?.integer, number > most { return "\(place) is above \(most)" }
            return nil
        case ("boolean", .bool), (nil, _): return nil
        case ("array", .array(let values)): return fault(values, schema, place)
        case ("object", .object(let members)): return fault(members, schema, place)
        default: return "\(place) is no \(schema["type"]?.text ?? "?")"
        }
    }

    /// By octets: equal text in another spelling is another text to everybody else.
    private static func exact(_ left: JSON, _ right: JSON) -> Bool { left.bytes == right.bytes }

    private static func fault(_ text: String, _ schema: JSON, _ place: String) -> String? {
        let length = Int64(text.unicodeScalars.count)
        if let least = schema["minLength"]?.integer, length < least { return "\(place) is too short" }
        if let most = schema["maxLength"]?.integer, length > most { return "\(place) is too long" }
        if let pattern = schema["pattern"]?.text, !Patterns.matches(text, pattern) {
            return "\(place) does not match \(pattern)"
        }
        if let format = schema["format"]?.text, let pattern = formats[format], !Patterns.matches(text, pattern) {
            return "\(place) is no \(format)"
        }
        return nil
    }

    private static let formats = [
        "uuid": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "date-time":
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
    ]

    private static func fault(_ values: [JSON], _ schema: JSON, _ place: String) -> String? {
        if let least = schema["minItems"]?.integer, values.count < least { return "\(place) has too few elements" }
        if let most = schema["maxItems"]?.integer, values.count > most { return "\(place) has too many elements" }
        let items = schema["items"] ?? [:]
        for (index, value) in values.enumerated() {
            if let fault = fault(value, items, at: "\(place)[\(index)]") { return fault }
        }
        return nil
    }

    private static func fault(_ members: [JSON.Member], _ schema: JSON, _ place: String) -> String? {
        guard let properties = schema["properties"] else { return nil }
        let required = (schema["required"]?.array ?? []).compactMap(\.text)
        for name in required where !members.contains(where: { $0.name == name }) {
            return "\(place).\(name) is missing"
        }
        for member in members {
            let name = "\(place).\(member.name)"
            guard let known = property(member.name, properties) else {
                if schema["additionalProperties"] == false { return "\(name) is not known" }
                continue
            }
            // Absent and null mean the same for optional members, and the documentation says so.
            if member.value == .null, !required.contains(member.name) { continue }
            if let fault = fault(member.value, known, at: name) { return fault }
        }
        return nil
    }

    private static func property(_ name: String, _ properties: JSON) -> JSON? {
        guard case .object(let members) = properties else { return nil }
        return members.first { Array($0.name.utf8) == Array(name.utf8) }?.value
    }
}

/// Regular expressions of ECMA-262 as JSON Schema uses them: `$` is the very end, not before a last line break.
enum Patterns {
    private static let made = Mutex<[String: NSRegularExpression]>([:])

    static func matches(_ text: String, _ pattern: String) -> Bool {
        made.withLock { made in
            let known = made[pattern] ?? (try? NSRegularExpression(pattern: pattern.replacing("$", with: #"\z"#)))
            made[pattern] = known
            let all = NSRange(location: 0, length: text.utf16.count)
            return known?.firstMatch(in: text, range: all) != nil
        }
    }
}
