import Contracts
import Foundation
import Testing

/// Each rule of compatibility, on a change made for it and on every event of the catalogue.
@Suite struct CompatibilityTests {
    typealias Rule = Incompatibility.Rule

    static let published: JSON = [
        "$schema": .string(EventSchema.dialect), "$id": "urn:lienthong:event:test.thing.made.v1", "title": "a",
        "type": "object",
        "properties": [
            "name": ["type": "string", "minLength": 1, "maxLength": 10, "pattern": "^[a-z]+$", "description": "b"],
            "day": ["type": "string", "format": "date"],
            "kind": ["type": "string", "enum": ["one", "two"]],
            "amount": ["type": "integer", "minimum": 0, "maximum": 9, "x-unit": "VND"],
            "lines": [
                "type": "array", "minItems": 0, "maxItems": 3,
                "items": [
                    "type": "object", "properties": ["n": ["type": "integer"]], "required": ["n"],
                    "additionalProperties": false,
                ],
            ],
        ],
        "required": ["name", "kind"],
    ]

    /// What changes where, and the one rule that must refuse it.
    static let changes: [(String, [String], JSON?, Rule)] = [
        ("another dialect", ["$schema"], "http://json-schema.org/draft-07/schema#", .identity),
        ("another name", ["$id"], "urn:lienthong:event:test.thing.made.v2", .identity),
        ("closed", ["additionalProperties"], false, .openness),
        ("a field is gone", ["properties", "day"], nil, .fieldRemoved),
        (
            "a field is gone from a list's elements", ["properties", "lines", "items", "properties", "n"], nil,
            .fieldRemoved
        ),
        ("more is required", ["required"], ["name", "kind", "day"], .fieldRequired),
        ("less is required", ["required"], ["name"], .fieldNoLongerRequired),
        ("nothing is required", ["required"], nil, .fieldNoLongerRequired),
        ("another type", ["properties", "name", "type"], "integer", .type),
        ("several types", ["properties", "name", "type"], ["string", "null"], .type),
        ("another format", ["properties", "day", "format"], "date-time", .format),
        ("no format", ["properties", "day", "format"], nil, .format),
        ("a format", ["properties", "name", "format"], "uuid", .format),
        ("one word more", ["properties", "kind", "enum"], ["one", "two", "three"], .words),
        ("one word fewer", ["properties", "kind", "enum"], ["one"], .words),
        ("any word", ["properties", "kind", "enum"], nil, .words),
        ("longer", ["properties", "name", "maxLength"], 11, .bounds),
        ("shorter", ["properties", "name", "maxLength"], 9, .bounds),
        ("unbounded", ["properties", "name", "maxLength"], nil, .bounds),
        ("may be empty", ["properties", "name", "minLength"], 0, .bounds),
        ("more", ["properties", "amount", "maximum"], 10, .bounds),
        ("less", ["properties", "amount", "minimum"], -1, .bounds),
        ("at least one line", ["properties", "lines", "minItems"], 1, .bounds),
        ("more lines", ["properties", "lines", "maxItems"], 4, .bounds),
        ("another pattern", ["properties", "name", "pattern"], "^[a-zA-Z]+$", .pattern),
        ("no pattern", ["properties", "name", "pattern"], nil, .pattern),
        ("another unit", ["properties", "amount", "x-unit"], "USD", .unit),
        ("no unit", ["properties", "amount", "x-unit"], nil, .unit),
        ("the elements of a list", ["properties", "lines", "items", "properties", "n", "type"], "string", .type),
        (
            "a field more in what is closed", ["properties", "lines", "items", "properties", "m"], [:],
            .fieldAddedToClosed
        ),
        ("what is closed opens", ["properties", "lines", "items", "additionalProperties"], nil, .openness),
        ("one more condition", ["properties", "lines", "uniqueItems"], true, .keyword),
        ("a constant", ["properties", "name", "const"], "a", .keyword),
    ]

    @Test(arguments: changes.indices)
    func `an incompatible change is refused by its rule`(_ index: Int) {
        let (what, path, value, rule) = Self.changes[index]
        let changed = Self.published.setting(path[...], to: value)
        #expect(changed != Self.published)
        let problems = Compatibility.problems(published: Self.published, proposed: changed)
        #expect(!problems.isEmpty && problems.allSatisfy { $0.rule == rule }, "\(what): \(problems)")
        #expect(!Compatibility.areEquivalent(Self.published, changed))
    }

    @Test func `every rule has a change that it refuses`() {
        #expect(Set(Self.changes.map(\.3)) == Set(Rule.allCases))
    }

    @Test(
        arguments: [
            (["properties", "later"], ["type": "string"]), (["title"], "other words"), (["description"], "more words"),
            (["properties", "name", "description"], "better words"), (["properties", "name", "examples"], ["a"]),
            (["properties", "name", "title"], "words"), (["properties", "name", "deprecated"], true),
            (["required"], ["kind", "name"]), (["properties", "kind", "enum"], ["two", "one"]),
        ] as [([String], JSON)])
    func `an optional field, better words and another order are compatible`(_ path: [String], _ value: JSON) {
        let changed = Self.published.setting(path[...], to: value)
        #expect(changed != Self.published)
        #expect(Compatibility.problems(published: Self.published, proposed: changed) == [])
        #expect(Compatibility.areEquivalent(Self.published, changed) == (path != ["properties", "later"]))
    }

    @Test func `a field may be called like a keyword`() {
        let published: JSON = [
            "type": "object", "properties": ["title": ["type": "string"], "enum": ["type": "string"]],
        ]
        let changed = published.setting(["properties", "title", "type"], to: "integer")
        #expect(Compatibility.problems(published: published, proposed: changed).map(\.rule) == [.type])
        #expect(!Compatibility.areEquivalent(published, changed))
        let without = published.setting(["properties", "title"], to: nil)
        #expect(Compatibility.problems(published: published, proposed: without).map(\.rule) == [.fieldRemoved])
    }

    /// Every place of every event's schema, changed in every way that its keywords allow: all are refused.
    @Test(arguments: PublishedTests.types)
    func `no event lets an incompatible change through`(_ type: String) throws {
        let schema = EventSchema.document(of: try #require(PublishedTests.event(type)))
        guard case .object(let fields)? = schema["properties"] else { return }
        var tried = 0
        for field in fields {
            guard case .object(let keywords) = field.value else { continue }
            var changes: [([String], JSON?)] = [(["properties", field.name], nil)]
            for keyword in keywords where !["description", "examples"].contains(keyword.name) {
                changes.append((["properties", field.name, keyword.name], nil))
                changes.append((["properties", field.name, keyword.name], keyword.value.different))
            }
            let required = schema["required"]?.array ?? []
            let name = JSON.string(field.name)
            changes.append(
                (["required"], .array(required.contains(name) ? required.filter { $0 != name } : required + [name])))
            for (path, value) in changes {
                let changed = schema.setting(path[...], to: value)
                #expect(
                    !Compatibility.problems(published: schema, proposed: changed).isEmpty,
                    "\(type) lets \(path.joined(separator: "/")) become \(value?.description ?? "nothing")")
                tried += 1
            }
        }
        #expect(tried >= fields.count * 3)
        let later = schema.setting(["properties", "addedLater"], to: ["type": "string"])
        #expect(Compatibility.problems(published: schema, proposed: later) == [])
    }
}

extension JSON {
    /// The same with the member at `path` set, added or (nil) removed.
    func setting(_ path: ArraySlice<String>, to value: JSON?) -> JSON {
        guard let name = path.first else { return value ?? .null }
        guard case .object(var members) = self else { return self }
        let index = members.firstIndex { $0.name == name }
        if path.count > 1 {
            guard let index else { return self }
            members[index] = .init(name, members[index].value.setting(path.dropFirst(), to: value))
        } else {
            switch (index, value) {
            case (let index?, let value?): members[index] = .init(name, value)
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(.init(name, value))
            case (nil, nil): break
            }
        }
        return .object(members)
    }

    /// Some other value.
    fileprivate var different: JSON {
        switch self {
        case .integer(let number): .integer(number + 1)
        case .string(let text): .string(text + "x")
        case .array(let values): .array(values + ["x"])
        case .bool(let flag): .bool(!flag)
        default: ["x": 1]
        }
    }
}
