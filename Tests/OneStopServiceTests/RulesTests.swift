import Foundation
import Testing

/// Every numbered rule stands in the documentation, in the code that holds it, and in the name of a test.
@Suite struct RulesTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func numbers(under folder: String, _ pattern: String) throws -> Set<String> {
        let base = Self.root.appendingPathComponent(folder)
        let names = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter { $0.hasSuffix(".swift") }
        return try names.reduce(into: []) { found, name in
            let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
            found.formUnion(try Self.numbers(in: text, pattern))
        }
    }

    private static func numbers(in text: String, _ pattern: String) throws -> Set<String> {
        Set(text.matches(of: try Regex(pattern, as: (Substring, Substring).self)).map { String($0.output.1) })
    }

    @Test func `a rule has a sentence, a place in the code and a test`() throws {
        let folder = Self.root.appendingPathComponent("Deploy/runbooks")
        let pages = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let sentence = try Regex(#"\| (os-[0-9]{3}) \| [A-Z]"#, as: (Substring, Substring).self)
        let found = try pages.flatMap { page in
            try String(contentsOf: page, encoding: .utf8).matches(of: sentence).map { String($0.output.1) }
        }
        let sentences = Set(found)
        #expect(sentences.count == found.count, "a number stands for one rule")
        // Money is kept by Budget: its part of the rules stands there.
        let code = try ["OneStopService", "BudgetService"].map { try numbers(under: "Services/\($0)", "(os-[0-9]{3})") }
        let tests = try ["OneStopServiceTests", "BudgetServiceTests"].map {
            try numbers(under: "Tests/\($0)", "func `(os-[0-9]{3}):")
        }
        #expect(code.reduce(into: Set()) { $0.formUnion($1) } == sentences)
        #expect(tests.reduce(into: Set()) { $0.formUnion($1) } == sentences)
    }
}
