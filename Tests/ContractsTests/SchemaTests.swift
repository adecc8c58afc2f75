import Contracts
import Foundation
import Testing

/// Our schemas and the AsyncAPI document, read by tools that know nothing of us: Tests/ApiTests/check_schemas.py.
@Suite struct SchemaTests {
    @Test(.timeLimit(.minutes(5)))
    func `other people's tools find nothing wrong with schemas, golden events and the AsyncAPI document`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("schemas-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["schemas", "golden"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        for event in Catalogue.events {
            try Data(EventSchema.document(of: event).bytes)
                .write(to: folder.appendingPathComponent("schemas/\(event.type).json"))
            try FileManager.default.copyItem(
                at: GoldenTests.folder.appendingPathComponent("\(event.type).json"),
                to: folder.appendingPathComponent("golden/\(event.type).json"))
        }
        try Data(AsyncAPI.document.bytes).write(to: folder.appendingPathComponent("asyncapi.json"))
        let python = ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "python3"
        let program = GoldenTests.folder.deletingLastPathComponent().appendingPathComponent("ApiTests/check_schemas.py")
        let (code, output) = try Command.run(python, program.path, folder.path, in: folder)
        #expect(code == 0, "\(output)")
        let last = try #require(output.split(separator: "\n").last)
        let counts = try JSON(parsing: Array(last.utf8))
        #expect(counts["schemas"]?.integer == Int64(Catalogue.events.count))
        #expect(counts["goldens"]?.integer == Int64(Catalogue.events.count))
        #expect(counts["messages"]?.integer == Int64(Catalogue.events.count))
        #expect(counts["broken"]?.integer ?? 0 > Int64(Catalogue.events.count) * 5)
    }

    @Test(arguments: PublishedTests.types)
    func `a schema says what the values mean`(_ type: String) throws {
        let event = try #require(PublishedTests.event(type))
        let schema = EventSchema.document(of: event)
        #expect(schema["title"]?.text == type && schema["description"]?.text == event.doc)
        #expect(schema["additionalProperties"] == nil, "optional fields may come")
        guard case .object(let fields)? = schema["properties"] else { return }
        for field in fields where field.value["type"] == "integer" && field.name.lowercased().contains("amount") {
            #expect(field.value["x-unit"] == "VND", "\(field.name) is an amount of what?")
        }
        for field in fields where field.name == "agency" { #expect(field.value["pattern"] != nil) }
    }

    @Test func `no machine is named`() {
        let text = AsyncAPI.document.description
        #expect(!text.contains("127.0.0.1") && !text.contains("localhost"))
        #expect(AsyncAPI.document["servers"]?["broker"]?["host"] == "{host}:{port}")
    }
}
