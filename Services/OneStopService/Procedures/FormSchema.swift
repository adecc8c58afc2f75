import Contracts
import Foundation
import ServiceKit

/// The electronic form of a procedure as a JSON Schema (2020-12), of the words that a form needs and no others: what a
/// word says that nobody checks would be a promise that nobody keeps (os-012).
enum FormSchema {
    /// What is wrong with a schema, or with a form: a place in it, and why.
    struct Fault: Hashable, Sendable {
        var place: String
        var vietnamese: String
        var english: String
    }

    private enum Shape: String { case string, integer, number, boolean, array, object }

    private static let words: [Shape: Set<String>] = [
        .string: ["minLength", "maxLength", "format", "enum"], .integer: ["minimum", "maximum", "enum"],
        .number: ["minimum", "maximum"], .boolean: [], .array: ["items", "minItems", "maxItems"],
        .object: ["properties", "required", "additionalProperties", orderWord],
    ]
    /// In which order the members are typed: as PostgreSQL keeps objects, their own order is lost.
    private static let orderWord = "x-order"
    private static let always: Set<String> = ["type", "title", "description"]

    // MARK: - The schema

    static func faults(of schema: JSON) -> [Fault] {
        var faults: [Fault] = []
        if schema["type"]?.text != "object" {
            faults.append(Fault(place: "", vietnamese: "biểu mẫu phải là đối tượng", english: "a form is an object"))
        }
        var members = 0
        look(at: schema, "", depth: 1, isTop: true, &members, &faults)
        if members > Limits.OneStop.formMembers {
            let most = Limits.OneStop.formMembers
            faults.append(
                Fault(place: "", vietnamese: "có quá \(most) trường", english: "has more than \(most) members"))
        }
        return Array(faults.prefix(Limits.OneStop.formFaults))
    }

    private static func look(
        at schema: JSON, _ place: String, depth: Int, isTop: Bool = false, _ members: inout Int,
        _ faults: inout [Fault]
    ) {
        members += 1
        func wrong(_ vi: String, _ en: String, at word: String = "") {
            faults.append(Fault(place: join(place, word), vietnamese: vi, english: en))
        }
        guard depth <= Limits.OneStop.formDepth, members <= Limits.OneStop.formMembers else {
            return wrong("lồng nhau quá sâu hoặc quá nhiều trường", "is nested too deeply, or has too many members")
        }
        guard case .object(let found) = schema, let shape = schema["type"]?.text.flatMap(Shape.init) else {
            return wrong("phải có “type” thuộc các kiểu được dùng", "needs a “type” that forms use")
        }
        for member in found {
            let isKnown =
                always.contains(member.name) || words[shape]?.contains(member.name) == true
                || (isTop && member.name == "$schema")
            if !isKnown { wrong("từ khóa không được dùng", "is no word that forms use", at: member.name) }
        }
        for word in ["title", "description", "$schema"] {
            guard let value = schema[word] else { continue }
            if !isText(value, Limits.noteLength) { wrong("phải là chuỗi", "must be a text", at: word) }
        }
        lookAtBounds(schema, shape) { wrong($0, $1, at: $2) }
        if shape == .array {
            guard let items = schema["items"] else { return wrong("danh sách phải có “items”", "a list needs “items”") }
            look(at: items, join(place, "items"), depth: depth + 1, &members, &faults)
        }
        guard shape == .object else { return }
        guard case .object(let properties)? = schema["properties"], schema["additionalProperties"] == false else {
            return wrong(
                "đối tượng phải có “properties” và “additionalProperties”: false",
                "an object needs “properties” and “additionalProperties”: false")
        }
        for property in properties {
            if !isText(.string(property.name), Limits.OneStop.formName) {
                wrong("tên trường không hợp lệ", "is no name of a member", at: "properties")
            }
            look(at: property.value, join(place, "properties.\(property.name)"), depth: depth + 1, &members, &faults)
        }
        let names = Set(properties.map(\.name))
        for word in ["required", orderWord] {
            guard let list = schema[word] else { continue }
            let wanted = list.array?.map { $0.text ?? "" } ?? [""]
            if Set(wanted).count != wanted.count || !names.isSuperset(of: wanted) {
                wrong("phải là danh sách tên trường", "must be a list of members that there are", at: word)
            }
        }
    }

    /// The members of an object in the order in which they are typed: as the schema says, then those that are required,
    /// then by name (os-122).
    static func order(of schema: JSON) -> [String] {
        guard case .object(let properties)? = schema["properties"] else { return [] }
        let said = (schema[orderWord]?.array ?? []).compactMap(\.text)
        let required = Set((schema["required"]?.array ?? []).compactMap(\.text))
        let rest = properties.map(\.name).filter { !said.contains($0) }.sorted {
            (required.contains($0) ? 0 : 1, $0) < (required.contains($1) ? 0 : 1, $1)
        }
        return said + rest
    }

    private static func lookAtBounds(_ schema: JSON, _ shape: Shape, _ wrong: (String, String, String) -> Void) {
        for (low, high) in [("minLength", "maxLength"), ("minItems", "maxItems"), ("minimum", "maximum")] {
            let bounds = [low, high].compactMap { schema[$0] }.map(\.integer)
            let isOrdered = bounds.count < 2 || (bounds[0] ?? 0) <= (bounds[1] ?? 0)
            if bounds.contains(nil) || !isOrdered || (low != "minimum" && bounds.contains { ($0 ?? 0) < 0 }) {
                wrong("phải là số nguyên, cận dưới không quá cận trên", "must be whole numbers, low to high", low)
            }
        }
        if let format = schema["format"], format != "date" {
            wrong("chỉ dùng “date”", "only “date” is used", "format")
        }
        guard let choices = schema["enum"] else { return }
        let values = choices.array ?? []
        let fit = values.allSatisfy { shape == .string ? isText($0, Limits.nameLength) : $0.integer != nil }
        if values.isEmpty || values.count > Limits.OneStop.formChoices || Set(values).count != values.count || !fit {
            wrong("phải là danh sách giá trị khác nhau", "must be a list of different values", "enum")
        }
    }

    private static func isText(_ value: JSON, _ most: Int) -> Bool {
        guard let text = value.text else { return false }
        let count = text.unicodeScalars.count
        return count > 0 && count <= most && !text.unicodeScalars.contains { $0.value < 0x20 }
    }

    // MARK: - A form

    /// What in a filled-in form does not fit the schema, which has no faults (os-013).
    static func faults(in form: JSON, by schema: JSON, at place: String = "") -> [Fault] {
        func wrong(_ vi: String, _ en: String, at name: String = "") -> [Fault] {
            [Fault(place: join(place, name), vietnamese: vi, english: en)]
        }
        if let choices = schema["enum"]?.array, !choices.contains(form) {
            return wrong("không thuộc các giá trị được chọn", "is none of the choices")
        }
        guard let shape = schema["type"]?.text.flatMap(Shape.init) else {
            return wrong("sai kiểu dữ liệu", "is of another type")
        }
        switch (shape, form) {
        case (.string, .string(let text)):
            guard isWithin(text.unicodeScalars.count, schema["minLength"], schema["maxLength"]) else {
                return wrong("độ dài không đúng", "is too short or too long")
            }
            if schema["format"] == "date", (try? Day(text)) == nil {
                return wrong("phải là ngày dạng 2021-02-09", "must be a date such as 2021-02-09")
            }
            return []
        case (.integer, .integer(let value)), (.number, .integer(let value)):
            let fits = isWithin(Int(clamping: value), schema["minimum"], schema["maximum"])
            return fits ? [] : wrong("ngoài giới hạn", "is out of bounds")
        case (.number, .number(let text)):
            let value = Double(text) ?? .infinity
            let low = schema["minimum"]?.integer.map(Double.init) ?? -.greatestFiniteMagnitude
            let high = schema["maximum"]?.integer.map(Double.init) ?? .greatestFiniteMagnitude
            return (low...max(low, high)).contains(value) ? [] : wrong("ngoài giới hạn", "is out of bounds")
        case (.boolean, .bool): return []
        case (.array, .array(let values)):
            guard isWithin(values.count, schema["minItems"], schema["maxItems"]) else {
                return wrong("số phần tử không đúng", "has too few or too many elements")
            }
            return values.enumerated().flatMap {
                faults(in: $1, by: schema["items"] ?? [:], at: "\(place)[\($0)]")
            }
        case (.object, .object(let members)):
            return faults(of: members, by: schema, { wrong($0, $1, at: $2) }) { name, value, rule in
                faults(in: value, by: rule, at: join(place, name))
            }
        default: return wrong("sai kiểu dữ liệu", "is of another type")
        }
    }

    private static func faults(
        of members: [JSON.Member], by schema: JSON, _ wrong: (String, String, String) -> [Fault],
        _ inside: (String, JSON, JSON) -> [Fault]
    ) -> [Fault] {
        let names = Set(members.map(\.name))
        let missing = (schema["required"]?.array ?? []).compactMap(\.text).filter { !names.contains($0) }
        return missing.flatMap { wrong("là bắt buộc", "is required", $0) }
            + members.flatMap { member in
                guard let rule = schema["properties"]?[member.name] else {
                    return wrong("không được biết", "is not known", member.name)
                }
                return inside(member.name, member.value, rule)
            }
    }

    private static func isWithin(_ value: Int, _ low: JSON?, _ high: JSON?) -> Bool {
        (low?.integer ?? .min) <= Int64(value) && Int64(value) <= (high?.integer ?? .max)
    }

    private static func join(_ place: String, _ name: String) -> String {
        place.isEmpty ? name : name.isEmpty ? place : "\(place).\(name)"
    }
}

extension Definition {
    /// Refuses a form that does not fit; with every fault of it.
    func check(form: JSON?, channel: Channel) throws(Refused) {
        guard let schema = self.form else { return }
        guard let form else {
            // On paper the form is one of the papers.
            if channel == .online { throw .formDiffers.at("form") }
            return
        }
        let faults = FormSchema.faults(in: form, by: schema).prefix(Limits.OneStop.formFaults).map {
            FieldFault(
                Refused.formDiffers.code, field: $0.place.isEmpty ? "form" : "form.\($0.place)", vi: $0.vietnamese,
                en: $0.english)
        }
        guard faults.isEmpty else { throw .formDiffers.naming(Array(faults)) }
    }
}

extension Refused {
    static let formSchema = Refused(
        "onestop.form-schema", 422, vi: "Biểu mẫu điện tử không đúng.", en: "The schema of the form is not right.",
        field: "definition.form")
    static let formDiffers = Refused(
        "onestop.form-differs", 422, vi: "Nội dung tờ khai không đúng biểu mẫu của thủ tục.",
        en: "The form is not as the procedure's schema says.", field: "form")
}
