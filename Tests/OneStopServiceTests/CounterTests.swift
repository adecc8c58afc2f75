import Contracts
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

@Suite struct CounterTests {
    private static let person: JSON = ["submission": Office.submission]

    @Test func `os-115: duplicates are shown, and the counter goes on only with a reason kept in history`() async throws
    {
        try await Office.open { office in
            func receive(_ body: JSON, key: String? = nil) async throws -> TestService.Answer {
                try await office.send("POST", "/counter/dossiers", as: office.clerk, body, key: key)
            }
            func find(_ body: JSON) async throws -> [JSON] {
                let answer = try await office.send("POST", "/counter/duplicates", as: office.clerk, body)
                return answer.json["duplicates"]?.array ?? []
            }
            let asked: JSON = ["procedure": "2.000488", "nationalId": "999190000017"]
            #expect(try await find(asked).isEmpty)
            let first = try await receive(Self.person, key: "one")
            #expect(first.status == 201)
            // The same request again is the same dossier, and no duplicate of itself.
            #expect(try await receive(Self.person, key: "one").json["id"] == first.json["id"])
            let id = try #require(first.json["id"]?.text)
            let code = try await office.done("accept", on: id, as: office.clerk)["code"]?.text ?? ""
            let found = try await find(asked)
            #expect(found.map { $0["code"]?.text } == [code] && found[0]["open"] == true)
            #expect(found[0]["applicantName"] == nil)
            #expect(try await find(asked.with("procedure", "1.001776")).isEmpty)
            #expect(try await find(["procedure": "2.000488"]).isEmpty)
            let refused = try await receive(Self.person)
            #expect((refused.status, refused.code) == (409, "onestop.duplicate"))
            #expect(refused.json["detail"]?.text?.contains(code) == true)
            let other = Office.submission.with("nationalId", "999190000018")
            #expect(try await receive(["submission": other]).status == 201)
            let second = try await receive(Self.person.with("duplicateReason", "Xin thêm bản cho người nhà"))
            let again = try #require(second.json["id"]?.text)
            let history = try await office.get("/dossiers/\(again)/history", as: office.clerk)
            let lines = history.json["lines"]?.array ?? []
            #expect(lines.first?["note"]?.text == "Xin thêm bản cho người nhà")
        }
    }

    @Test func `os-294: whoever is told of another dossier has read of it, also by a refusal`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            func reads() async throws -> [JSON] {
                let answer = try await office.get("/dossiers/\(id)/reads", as: office.citizen)
                return (answer.json["reads"]?.array ?? []).filter { $0["purpose"] == "duplicate" }
            }
            // Of another agency, which may read nothing of it.
            let asked: JSON = ["procedure": "2.000488", "nationalId": "999190000017"]
            let found = try await office.send("POST", "/counter/duplicates", as: office.communeClerk, asked)
            #expect(found.json["duplicates"]?.array?.map { $0["dossier"]?.text } == [id])
            let read = try #require(try await reads().first)
            #expect((read["agency"], read["role"]) == ("H19.31.02", "clerk"))
            #expect(read["vietnamese"] == "Tìm hồ sơ trùng khi tiếp nhận")
            let refused = try await office.send("POST", "/counter/dossiers", as: office.clerk, Self.person)
            #expect(refused.code == "onestop.duplicate")
            #expect(try await reads().map { $0["agency"] } == ["H19.06", "H19.31.02"])
            // Who is told of none has read of none.
            let nobody = asked.with("nationalId", "999190000018")
            _ = try await office.send("POST", "/counter/duplicates", as: office.communeClerk, nobody)
            #expect(try await reads().count == 2)
        }
    }

    @Test func `a duplicate is also one that ended not long ago, and one of the same account`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            try await office.done("refuse", on: id, as: office.clerk, ["reasonCode": "x", "reason": "y"])
            let asked: JSON = ["procedure": "2.000488", "person": .string(office.citizen.text)]
            func count() async throws -> Int? {
                try await office.send("POST", "/counter/duplicates", as: office.clerk, asked).json["duplicates"]?.array?
                    .count
            }
            #expect(try await count() == 1)
            try await office.set("2021-07-01 09:00")
            #expect(try await count() == 0)
        }
    }

    @Test func `os-115: what was refused or stopped lately counts from then, however old it is`() async throws {
        try await Office.open { office in
            let (stopped, refused) = (try await office.inWork(), try await office.submit())
            let asked: JSON = ["procedure": "2.000488", "person": .string(office.citizen.text)]
            func count() async throws -> Int? {
                try await office.send("POST", "/counter/duplicates", as: office.clerk, asked).json["duplicates"]?.array?
                    .count
            }
            try await office.set("2021-06-21 09:00")
            let why: JSON = ["reasonCode": "x", "reason": "y"]
            try await office.done("stop", on: stopped, as: office.officer, why)
            try await office.done("refuse", on: refused, as: office.clerk, why)
            try await office.set("2021-06-22 09:00")
            #expect(try await count() == 2)
            try await office.set("2021-10-01 09:00")
            #expect(try await count() == 0)
        }
    }

    @Test func `os-115: an application for linked procedures is registered with its papers, and twice with a reason`()
        async throws
    {
        try await Office.open { office in
            try await LinkTests().publish(office, .parallel)
            func receive(_ more: [String: JSON] = [:]) async throws -> TestService.Answer {
                let body = more.reduce(["application": LinkTests.application] as JSON) { $0.with($1.key, $1.value) }
                return try await office.send("POST", "/counter/linked-dossiers", as: office.communeClerk, body)
            }
            #expect(try await receive(["papers": [["part": "x", "form": "copy"]]]).code == "onestop.paper-unknown")
            #expect(try await receive().status == 201)
            let refused = try await receive()
            #expect((refused.status, refused.code) == (409, "onestop.duplicate"))
            let papers: JSON = [["part": "other", "name": "Giấy chứng sinh", "form": "original"]]
            let second = try await receive(["duplicateReason": "Sinh đôi", "papers": papers])
            let id = try #require(second.json["id"]?.text, "\(second.json)")
            let lines = try await office.get("/dossiers/\(id)/history", as: office.communeClerk).json["lines"]?.array
            #expect(lines?.first?["note"]?.text == "Sinh đôi")
            let listed = try await office.get("/dossiers/\(id)/papers", as: office.communeClerk).json["papers"]?.array
            #expect(listed?.map { $0["name"]?.text } == ["Giấy chứng sinh"])
        }
    }

    @Test func `os-122: the form is typed in the order that the procedure says`() async throws {
        try await Office.open { office in
            var definition = try judicialRecord()
            definition.form = [
                "type": "object", "additionalProperties": false, "required": ["pages", "purpose"],
                "x-order": ["purpose", "family"],
                "properties": [
                    "pages": ["type": "integer", "minimum": 1, "maximum": 5, "title": "Số bản"],
                    "note": ["type": "string", "maxLength": 200],
                    "purpose": ["type": "string", "enum": ["xin việc", "du học"], "title": "Mục đích"],
                    "family": [
                        "type": "array",
                        "items": [
                            "type": "object", "additionalProperties": false, "x-order": ["name", "born"],
                            "properties": [
                                "born": ["type": "string", "format": "date"], "name": ["type": "string"],
                            ],
                        ],
                    ],
                ],
            ]
            try await office.publish(BranchTests.code, definition)
            let path = "/counter/procedures/\(BranchTests.code)/form"
            let form = try await office.get(path, as: office.clerk)
            #expect(form.status == 200)
            let fields = form.json["fields"]?.array ?? []
            #expect(
                fields.compactMap { $0["path"]?.text } == [
                    "nationalId", "name", "phone", "address", "email", "subject", "form.purpose", "form.family[].name",
                    "form.family[].born", "form.pages", "form.note",
                ])
            #expect(fields[6]["choices"]?.array == ["xin việc", "du học"])
            #expect(fields[6]["title"]?.text == "Mục đích" && fields[6]["required"] == true)
            #expect(form.json["fees"]?.array?.count == 2 && form.json["amountByDefault"] == 200_000)
            #expect(form.json["dueIfAccepted"]?.text == "2021-03-15T17:00:00+07:00")
            #expect(try await office.get(path, as: office.officer).status == 403)
            let commune = try await office.get(path, as: office.communeClerk)
            #expect((commune.status, commune.code) == (422, "onestop.agency-does-not-receive"))
            for order in [["purpose", "purpose"], ["purpose", "x"]] as [JSON] {
                let wrong = FormSchema.faults(of: try #require(definition.form).with("x-order", order))
                #expect(wrong.map(\.place) == ["x-order"])
            }
        }
    }
}
