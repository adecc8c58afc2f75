import Contracts
import Foundation
import ServiceKit
import Testing

@testable import OneStopService

/// Electronic forms by the schema of their procedure.
@Suite struct FormTests {
    static let schema: JSON = [
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "title": "Tờ khai",
        "required": ["purpose", "copies"], "additionalProperties": false,
        "properties": [
            "purpose": ["type": "string", "minLength": 2, "maxLength": 20, "title": "Mục đích"],
            "copies": ["type": "integer", "minimum": 1, "maximum": 5],
            "weight": ["type": "number", "minimum": 0, "maximum": 10],
            "born": ["type": "string", "format": "date"], "kind": ["type": "string", "enum": ["số 1", "số 2"]],
            "abroad": ["type": "boolean"],
            "names": [
                "type": "array", "minItems": 1, "maxItems": 2,
                "items": [
                    "type": "object", "required": ["given"], "additionalProperties": false,
                    "properties": ["given": ["type": "string", "minLength": 1]],
                ],
            ],
        ],
    ]

    private func wrong(_ schema: JSON) -> [String] { FormSchema.faults(of: schema).map(\.place) }

    private func property(_ rule: JSON) -> [String] {
        wrong(["type": "object", "additionalProperties": false, "properties": ["a": rule]])
    }

    @Test func `os-012: a form's schema says only what is checked`() {
        #expect(wrong(Self.schema) == [])
        #expect(wrong(["type": "array", "items": ["type": "string"]]) == [""])
        #expect(wrong("text").first == "")
        #expect(property(["type": "string", "pattern": "^a$"]) == ["properties.a.pattern"])
        #expect(property(["type": "null"]) == ["properties.a"])
        #expect(property(["minLength": 1]) == ["properties.a"])
        #expect(property(["type": "string", "minLength": 3, "maxLength": 2]) == ["properties.a.minLength"])
        #expect(property(["type": "string", "minLength": -1]) == ["properties.a.minLength"])
        #expect(property(["type": "integer", "minimum": .number("1.5")]) == ["properties.a.minimum"])
        #expect(property(["type": "integer", "minimum": -5, "maximum": -1]) == [])
        #expect(property(["type": "string", "format": "email"]) == ["properties.a.format"])
        #expect(property(["type": "string", "enum": ["x", "x"]]) == ["properties.a.enum"])
        #expect(property(["type": "string", "enum": []]) == ["properties.a.enum"])
        #expect(property(["type": "integer", "enum": [1, "x"]]) == ["properties.a.enum"])
        #expect(property(["type": "string", "title": "\u{0}"]) == ["properties.a.title"])
        #expect(property(["type": "array"]) == ["properties.a"])
        #expect(property(["type": "object", "properties": [:]]) == ["properties.a"])
        var closed = Self.schema
        closed = closed.with("required", ["purpose", "nobody"])
        #expect(wrong(closed) == ["required"])
        var deep: JSON = ["type": "string"]
        for _ in 0...Limits.OneStop.formDepth {
            deep = ["type": "object", "additionalProperties": false, "properties": ["a": deep]]
        }
        #expect(wrong(deep).count == 1)
        let many = (0...Limits.OneStop.formMembers).map { JSON.Member("m\($0)", ["type": "boolean"]) }
        #expect(
            !wrong(["type": "object", "additionalProperties": false, "properties": .object(many)]).isEmpty)
    }

    @Test func `os-013: a form fits its schema, and every fault of it is named`() {
        func faults(_ form: JSON) -> [String] { FormSchema.faults(in: form, by: Self.schema).map(\.place).sorted() }
        let good: JSON = ["purpose": "xin việc", "copies": 2]
        #expect(faults(good) == [])
        let full = good.with("born", "2000-02-29").with("kind", "số 1").with("abroad", false)
        #expect(faults(full.with("weight", .number("2.5")).with("names", [["given": "An"]])) == [])
        #expect(faults("text") == [""])
        #expect(faults([:]) == ["copies", "purpose"])
        #expect(faults(good.with("purpose", "x").with("copies", 6).with("other", 1)) == ["copies", "other", "purpose"])
        #expect(faults(good.with("copies", "2")) == ["copies"])
        #expect(faults(good.with("born", "2001-02-29")) == ["born"])
        #expect(faults(good.with("kind", "số 3")) == ["kind"])
        #expect(faults(good.with("weight", .number("1e400"))) == ["weight"])
        #expect(faults(good.with("weight", 11)) == ["weight"])
        #expect(faults(good.with("names", [])) == ["names"])
        let names = faults(good.with("names", [["given": ""], ["x": 1]]))
        #expect(names == ["names[0].given", "names[1].given", "names[1].x"])
    }

    @Test func `os-013: a submission online brings the form, on paper it may be missing`() async throws {
        try await Office.open { office in
            var definition = try judicialRecord()
            definition.form = Self.schema
            (definition.onlineLevel, definition.retention) = (.whole, .years20)
            try await office.publish(BranchTests.code, definition)
            let kept = try await office.get("/procedures/\(BranchTests.code)").json["definition"]
            #expect((kept?["onlineLevel"], kept?["retention"]) == ("whole", "20-years"))
            let good = Office.submission.with("procedure", .string(BranchTests.code)).with(
                "form", ["purpose": "xin việc", "copies": 2])
            func submit(_ form: JSON?) async throws -> [String?] {
                let answer = try await office.send("POST", "/dossiers", as: office.citizen, good.with("form", form))
                return ["\(answer.status)"] + (answer.json["errors"]?.array ?? []).map { $0["field"]?.text }
            }
            #expect(try await submit(["purpose": "xin việc", "copies": 2]) == ["201"])
            let bad: JSON = ["purpose": "xin việc", "copies": 9, "x": 1]
            #expect(try await submit(bad) == ["422", "form.copies", "form.x"])
            #expect(try await submit(nil) == ["422", "form"])
            let paper = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk,
                ["submission": good.with("form", nil), "duplicateReason": "Nộp bản giấy"])
            #expect(paper.status == 201)
            definition.form = ["type": "object"]
            let draft = try await office.send(
                "POST", "/procedures/\(BranchTests.code)/draft", as: office.administrator,
                ["validFrom": "2021-03-02", "definition": definition.json])
            #expect((draft.status, draft.code) == (422, "onestop.form-schema"))
        }
    }

    @Test func `os-015: what is not online is handed in at the counter`() async throws {
        try await Office.open { office in
            var definition = try judicialRecord()
            definition.onlineLevel = .forms
            try await office.publish(BranchTests.code, definition)
            let body = Office.submission.with("procedure", .string(BranchTests.code))
            let online = try await office.send("POST", "/dossiers", as: office.citizen, body)
            #expect((online.status, online.code) == (422, "onestop.not-online"))
            let desk = try await office.send("POST", "/counter/dossiers", as: office.clerk, ["submission": body])
            #expect(desk.status == 201)
        }
    }
}
