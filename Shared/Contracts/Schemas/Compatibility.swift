import Foundation

/// Why a schema may not take the place of one that was published under the same version.
public struct Incompatibility: Sendable, Hashable, CustomStringConvertible {
    /// What may not change within a version. Both directions count: whoever has the published schema must be able to
    /// read what is written now, and what was stored then must be readable now. So what is there stays as it is, and
    /// only optional fields are added.
    public enum Rule: String, CaseIterable, Sendable {
        /// The dialect or the name of the schema.
        case identity
        case fieldRemoved = "field-removed"
        /// What was stored before lacks it.
        case fieldRequired = "field-required"
        /// Whoever reads by the published schema counts on it.
        case fieldNoLongerRequired = "field-no-longer-required"
        /// The published schema refuses fields that it does not know.
        case fieldAddedToClosed = "field-added-to-closed"
        /// Open to unknown fields or closed.
        case openness
        case type, format, unit, pattern
        /// Lengths, counts, least and most.
        case bounds
        /// The words of an enumeration: neither more nor fewer.
        case words
        /// Anything else that decides what is valid.
        case keyword
    }

    public let rule: Rule
    /// Where: `amount`, `lines[].amount`; empty for the whole.
    public let path: String
    public let detail: String

    public var description: String { "\(path.isEmpty ? "schema" : path): \(rule.rawValue): \(detail)" }
}

/// Compares a schema with one that was published: pure.
public enum Compatibility {
    /// Keywords that explain and decide nothing: they may be worded better at any time.
    static let annotations: Set<String> = ["title", "description", "examples", "deprecated", "$comment"]

    /// Everything that makes `proposed` incompatible; empty when it may take the place of `published`.
    public static func problems(published: JSON, proposed: JSON) -> [Incompatibility] {
        problems(published, proposed, at: "")
    }

    /// Whether both decide the same, whatever words they explain it with.
    public static func areEquivalent(_ one: JSON, _ other: JSON) -> Bool { deciding(one) == deciding(other) }

    private static func problems(_ old: JSON, _ new: JSON, at path: String) -> [Incompatibility] {
        guard case .object(let before) = old, case .object(let after) = new else {
            return old == new ? [] : [problem(.keyword, path, old, new)]
        }
        let names = Set((before + after).map(\.name)).subtracting(annotations).sorted()
        return names.flatMap { name in
            let (was, now) = (old[name], new[name])
            return switch name {
            case "properties": fields(was, now, at: path, isClosed: old["additionalProperties"] == false)
            case "required": required(was, now, at: path)
            case "items": problems(was ?? [:], now ?? [:], at: "\(path)[]")
            case "enum": Set(was?.array ?? []) == Set(now?.array ?? []) ? [] : [problem(.words, path, was, now)]
            default: was == now ? [] : [problem(rule(of: name), path, was, now)]
            }
        }
    }

    private static func rule(of keyword: String) -> Incompatibility.Rule {
        switch keyword {
        case "$schema", "$id": .identity
        case "type": .type
        case "format": .format
        case "x-unit": .unit
        case "pattern": .pattern
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems",
            "maxItems":
            .bounds
        case "additionalProperties": .openness
        default: .keyword
        }
    }

    private static func fields(_ old: JSON?, _ new: JSON?, at path: String, isClosed: Bool) -> [Incompatibility] {
        let (before, after) = (old?.members ?? [], new?.members ?? [])
        var problems: [Incompatibility] = []
        for field in before {
            let place = path.isEmpty ? field.name : "\(path).\(field.name)"
            if let now = new?[field.name] {
                problems += Self.problems(field.value, now, at: place)
            } else {
                problems.append(.init(rule: .fieldRemoved, path: place, detail: "is gone"))
            }
        }
        guard isClosed else { return problems }
        let added = after.filter { field in !before.contains { $0.name == field.name } }
        return problems
            + added.map {
                .init(rule: .fieldAddedToClosed, path: path.isEmpty ? $0.name : "\(path).\($0.name)", detail: "is new")
            }
    }

    private static func required(_ old: JSON?, _ new: JSON?, at path: String) -> [Incompatibility] {
        let (before, after) = (Set(old?.array ?? []), Set(new?.array ?? []))
        func places(_ names: Set<JSON>) -> [String] {
            names.compactMap(\.text).sorted().map { path.isEmpty ? $0 : "\(path).\($0)" }
        }
        return places(after.subtracting(before)).map {
            .init(rule: .fieldRequired, path: $0, detail: "is required now")
        }
            + places(before.subtracting(after)).map {
                .init(rule: .fieldNoLongerRequired, path: $0, detail: "is required no longer")
            }
    }

    private static func problem(
        _ rule: Incompatibility.Rule, _ path: String, _ old: JSON?, _ new: JSON?
    ) -> Incompatibility {
        let words = [old, new].map { $0?.description ?? "nothing" }
        return .init(rule: rule, path: path, detail: "\(words[1]) instead of \(words[0])")
    }

    /// The schema without what only explains, and with its sets in one order. Names of fields are no keywords.
    private static func deciding(_ schema: JSON) -> JSON {
        guard case .object(let members) = schema else { return schema }
        let kept = members.filter { !annotations.contains($0.name) }.map { member -> JSON.Member in
            switch (member.name, member.value) {
            case ("properties", .object(let fields)):
                let decided = fields.map { JSON.Member($0.name, deciding($0.value)) }
                return .init("properties", .object(decided.sorted { $0.name < $1.name }))
            case ("items", let items): return .init("items", deciding(items))
            case ("required", .array(let names)), ("enum", .array(let names)):
                return .init(member.name, .array(names.sorted { $0.description < $1.description }))
            default: return member
            }
        }
        return .object(kept.sorted { $0.name < $1.name })
    }
}

extension JSON {
    fileprivate var members: [Member] { if case .object(let members) = self { members } else { [] } }
}
