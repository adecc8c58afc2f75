import Contracts
import Foundation
import Testing

@testable import ServiceKit

@Suite struct OpenAPITests {
    private static let document = OpenAPI.document(title: Desk.title, mounted: Desk.mounted(rehearsal: true))

    private static func operation(_ method: String, _ path: String) throws -> JSON {
        try #require(document["paths"]?[path]?[method])
    }

    private static func members(_ json: JSON?) -> [JSON.Member] {
        if case .object(let members)? = json { members } else { [] }
    }

    private static func statuses(_ operation: JSON) -> Set<String> {
        Set(members(operation["responses"]).map(\.name))
    }

    @Test func `every mounted route has one operation with a name of its own`() throws {
        let document = Self.document
        #expect(document["openapi"] == "3.1.0")
        var names: Set<String> = []
        for endpoint in Desk.mounted(rehearsal: true) {
            let operation = try Self.operation(endpoint.route.method.lowercased(), endpoint.route.path)
            let name = try #require(operation["operationId"]?.text)
            #expect(names.insert(name).inserted, "\(name) twice")
            #expect(operation["summary"]?.text?.isEmpty == false)
            #expect(!Self.statuses(operation).isEmpty)
            #expect(Self.statuses(operation).isSuperset(of: ["500", "503"]))
        }
        let count = Self.members(document["paths"]).reduce(0) { $0 + Self.members($1.value).count }
        #expect(count == names.count)
    }

    @Test func `path fields are required parameters, and each is in the path`() throws {
        for path in Self.members(Self.document["paths"]) {
            let inPath = Set(
                path.name.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() })
            for operation in Self.members(path.value) {
                let parameters = (operation.value["parameters"]?.array ?? []).filter { $0["in"] == "path" }
                #expect(Set(parameters.compactMap { $0["name"]?.text.map { $0[...] } }) == inPath, "\(path.name)")
                #expect(parameters.allSatisfy { $0["required"] == true })
            }
        }
    }

    @Test func `references lead somewhere and schemas are JSON Schema objects`() throws {
        func walk(_ json: JSON) {
            switch json {
            case .object(let members):
                for member in members {
                    if member.name == "$ref" {
                        #expect(member.value == "#/components/schemas/Problem")
                    }
                    walk(member.value)
                }
            case .array(let values): values.forEach(walk)
            default: break
            }
        }
        walk(Self.document)
        #expect(Self.document["components"]?["schemas"]?["Problem"]?["type"] == "object")
        #expect(try JSON(parsing: Self.document.bytes) == Self.document)
    }

    @Test func `a POST says everything that can be answered`() throws {
        let make = try Self.operation("post", "/things")
        #expect(
            Self.statuses(make)
                == ["201", "400", "401", "403", "404", "409", "412", "413", "415", "422", "500", "503"])
        #expect(make["security"] == [["bearer": []]])
        let body = make["requestBody"]?["content"]?["application/json"]?["schema"]
        #expect(body?["additionalProperties"] == false)
        #expect(body?["required"] == ["label"])
        let names = (make["parameters"]?.array ?? []).compactMap { $0["name"]?.text }
        #expect(names == ["If-Match", "Idempotency-Key"])
        #expect(make["responses"]?["409"]?["description"]?.text?.contains("desk.label-taken") == true)
        let problem = make["responses"]?["422"]?["content"]?["application/problem+json"]?["schema"]
        #expect(problem?["$ref"] == "#/components/schemas/Problem")
    }

    @Test func `PUT requires If-Match, DELETE answers without content, open endpoints ask for no token`() throws {
        let put = try Self.operation("put", "/things/{thing}")
        let match = put["parameters"]?.array?.first { $0["name"] == "If-Match" }
        #expect(match?["required"] == true)
        #expect(Self.statuses(put).isSuperset(of: ["412", "428"]))
        let delete = try Self.operation("delete", "/things/{thing}")
        #expect(delete["responses"]?["204"]?["content"] == nil)
        let read = try Self.operation("get", "/things/{thing}")
        #expect(read["security"] == [])
        #expect(Self.statuses(read).isDisjoint(with: ["401", "403", "409", "412", "415", "428"]))
    }

    /// What tools do with the document: each answer must be announced, of the announced kind, and fit its schema.
    @Test func `answers are among those that are announced, with their content and members`() async throws {
        try await withDesk { desk in
            let token = try desk.token()
            let program = try desk.token(.program, client: "mail")
            let thing = "/things/\(UUID.v7().text)"
            let asked: [(String, String, String, String?, String?)] = [
                ("get", "/things", "/things", nil, token), ("get", "/things", "/things?limit=x", nil, token),
                ("post", "/things", "/things", #"{"label":"quiet"}"#, token),
                ("post", "/things", "/things", "{", token),
                ("post", "/things", "/things", #"{"label":"quiet"}"#, token), ("post", "/things", "/things", "1", nil),
                ("get", "/things/{thing}", thing, nil, nil), ("get", "/things/{thing}", "/things/x", nil, nil),
                ("put", "/things/{thing}", thing, "{}", token), ("delete", "/things/{thing}", thing, nil, token),
                ("get", "/broken", "/broken", nil, nil), ("get", "/mine", "/mine", nil, token),
                ("get", "/health/live", "/health/live", nil, nil), ("get", "/health/ready", "/health/ready", nil, nil),
                ("get", "/events", "/events", nil, program), ("get", "/events", "/events?id=x", nil, program),
                ("get", "/dead-events", "/dead-events", nil, token), ("post", "/raw", "/raw", "12345", nil),
                ("post", "/raw", "/raw", String(repeating: "1", count: 17), nil),
                ("get", "/openapi.json", "/openapi.json", nil, nil), ("get", "/metrics", "/metrics", nil, nil),
                ("get", "/rehearsal/clock", "/rehearsal/clock", nil, nil),
            ]
            for (method, path, target, body, token) in asked {
                let answer = await desk.ask(method.uppercased(), target, body, token: token)
                let response = try Self.operation(method, path)["responses"]?["\(answer.status)"]
                let announced = try #require(response, "\(method) \(target): \(answer.status)")
                let type = answer.header("content-type").map { String($0.prefix { $0 != ";" }) }
                let content = announced["content"]?[try #require(type)]
                let schema = try #require(content?["schema"], "\(method) \(target): \(type ?? "none")")
                guard answer.status < 300, schema["additionalProperties"] == false else { continue }
                let known = Set(Self.members(schema["properties"]).map(\.name))
                let given = Set(Self.members(answer.json).map(\.name))
                #expect(given.isSubset(of: known), "\(method) \(target)")
                let required = Set((schema["required"]?.array ?? []).compactMap(\.text))
                #expect(required.isSubset(of: given), "\(method) \(target)")
            }
        }
    }
}
