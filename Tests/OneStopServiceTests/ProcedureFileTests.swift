import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

/// Procedures as files.
@Suite struct ProcedureFileTests {
    private func put(
        _ file: String, _ office: Office, query: String = "", as person: PersonID? = nil
    ) async throws -> TestService.Answer {
        try await office.harness.send(
            "POST", "/procedures/import\(query)", as: person ?? office.administrator,
            person == nil ? .administrator : .official, body: Array(file.utf8),
            headers: [("content-type", ProcedureFile.mediaType)])
    }

    private func row(_ code: String, _ change: (inout Definition) -> Void = { _ in }) throws -> String {
        var input = DraftProcedure.Input()
        (input.code, input.validFrom, input.definition) = (code, try Day("2021-03-02"), try judicialRecord())
        change(&input.definition)
        return String(decoding: input.jsonBytes, as: UTF8.self) + "\n"
    }

    @Test func `os-016: every bad row is named, and nothing of the file is taken in`() async throws {
        try await Office.open { office in
            let file =
                try row("9.000001") + "{\"code\":\n" + row("9.000002") { $0.steps[1].limit = nil } + "\n"
                + row("9.000003") { $0.fees.append($0.fees[0]) } + row("9.000001")
                + row("9.000004").replacing("\"validFrom\"", with: "\"from\"")
                + row("9.000005") { $0.steps[0].ways = [Way("nowhere")] }
            let answer = try await put(file, office)
            #expect((answer.status, answer.code) == (422, "onestop.bad-rows"))
            let named = (answer.json["errors"]?.array ?? []).map {
                "\($0["field"]?.text ?? "") \($0["code"]?.text ?? "")"
            }
            for place in [
                "line 2 malformed-json", "line 3: definition.steps[1].limit onestop.step-without-limit",
                "line 5: fees onestop.key-twice", "line 6: code onestop.code-twice", "line 7: validFrom missing",
                "line 8: definition.steps[0].ways[0].to onestop.way-unknown",
            ] {
                #expect(named.contains(place), "\(place) is not in \(named)")
            }
            #expect(!named.contains { $0.hasPrefix("line 1") })
            #expect(try await office.harness.count("SELECT count(*) AS n FROM procedures WHERE state = 'draft'") == 0)
            #expect(try await put(row("9.000001"), office, as: office.leader).status == 403)
            #expect(try await put(row("9.000001"), office, query: "?replace=maybe").status == 422)
            #expect(try await put(row("9.000001"), office, query: "?other=1").status == 422)
        }
    }

    @Test func `os-016: rows become drafts, and a draft that is there only when that is asked for`() async throws {
        try await Office.open { office in
            let file = try row("9.000001") + row(Office.criminalRecord) { $0.name = "Tên khác" }
            let first = try await put(file, office)
            #expect(first.status == 200)
            #expect(first.json["lines"]?.array?.map { $0["outcome"]?.text } == ["drafted", "drafted"])
            #expect(first.json["lines"]?.array?.map { $0["number"]?.integer } == [1, 2])
            // Sent once more it makes no other draft.
            let repeated = try await put(file, office)
            #expect(repeated.json["lines"]?.array?.map { $0["outcome"]?.text } == ["unchanged", "unchanged"])
            #expect(repeated.json["lines"]?.array?.map { $0["number"]?.integer } == [1, 2])
            let draft = try await office.get("/procedures/9.000001/draft", as: office.administrator)
            #expect((draft.status, draft.outgoing.header("etag")) == (200, "\"1\""))
            let other = try row("9.000001") { $0.limit = TimeLimit(9, .workingDays) }
            let again = try await put(other, office)
            #expect(again.code == "onestop.bad-rows")
            let codes = again.json["errors"]?.array?.map { $0["code"]?.text }
            #expect(codes == ["onestop.draft-there"])
            let replaced = try await put(other, office, query: "?replace=true")
            #expect(replaced.json["lines"]?.array?.map { $0["outcome"]?.text } == ["replaced"])
            let law = try await office.send("POST", "/procedures/9.000001/publish", as: office.administrator)
            #expect(law.status == 200)
        }
    }

    @Test func `os-017: what is exported is imported as it was`() async throws {
        try await Office.open { office in
            try await office.publish("9.000001", try BranchTests.definition())
            var formed = try judicialRecord()
            formed.form = FormTests.schema
            try await office.publish("9.000002", formed)
            let file = try await office.get("/procedures/export")
            #expect(file.outgoing.header("content-type") == ProcedureFile.mediaType)
            let text = String(decoding: file.body, as: UTF8.self)
            #expect(text.split(separator: "\n").count == 4)
            // The order in which somebody wrote a form's members makes no other procedure.
            var written = DraftProcedure.Input()
            (written.code, written.validFrom, written.definition) = ("9.000002", try Day("2021-01-01"), formed)
            let alike = try await put(String(decoding: written.jsonBytes, as: UTF8.self), office)
            #expect(alike.json["lines"]?.array?.map { $0["outcome"]?.text } == ["unchanged"])
            // Here it is all there.
            let same = try await put(text, office)
            #expect(same.json["lines"]?.array?.map { $0["outcome"]?.text } == Array(repeating: "unchanged", count: 4))
            #expect(try await office.get("/procedures/export?on=2020-12-31").body.isEmpty)
            #expect(try await office.get("/procedures/export?on=x").status == 422)
            #expect(try await office.get("/procedures/export?of=x").status == 422)
            // Elsewhere it becomes the same.
            try await Office.open { other in
                let there = try await put(text, other)
                let outcomes = there.json["lines"]?.array?.map { $0["outcome"]?.text }
                #expect(outcomes == ["unchanged", "unchanged", "drafted", "drafted"])
                for code in ["9.000001", "9.000002"] {
                    let law = try await other.send("POST", "/procedures/\(code)/publish", as: other.administrator)
                    #expect(law.status == 200)
                }
                #expect(try await other.get("/procedures/export").body == file.body)
            }
        }
    }
}
