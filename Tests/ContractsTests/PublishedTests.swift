import Contracts
import Foundation
import Testing

/// The contract with everybody who reads our events. Beside the golden JSON of an event version lie the schemas under
/// which it was published, in Tests/Golden/schemas/<type>/: 1.json, and one more for each time that optional fields
/// were added. `make golden` writes what is missing; `make publish` lists every file with its SHA-256 in
/// Tests/Golden/published, and what is listed is never changed again, nor is a line of the list.
@Suite struct PublishedTests {
    /// Commands are no business of integrators, but stored and read again like events.
    static let all: [any Event.Type] = Catalogue.events + Catalogue.commands
    static let types = all.map { $0.type }

    static func event(_ type: String) -> (any Event.Type)? { all.first { $0.type == type } }

    static let folder = GoldenTests.folder.appendingPathComponent("schemas")
    static let list = GoldenTests.folder.appendingPathComponent("published")

    /// The schemas of one event version, oldest first.
    static func revisions(of type: String) throws -> [JSON] {
        let home = folder.appendingPathComponent(type)
        var revisions: [JSON] = []
        while let data = try? Data(contentsOf: home.appendingPathComponent("\(revisions.count + 1).json")) {
            revisions.append(try JSON(parsing: Array(data)))
        }
        return revisions
    }

    /// Runs first in its test, so that `make golden` leaves nothing to be written.
    private static func writeRevision(of event: any Event.Type) throws {
        let published = try revisions(of: event.type)
        let schema = EventSchema.document(of: event)
        if let last = published.last, Compatibility.areEquivalent(last, schema) { return }
        guard published.allSatisfy({ Compatibility.problems(published: $0, proposed: schema).isEmpty }) else { return }
        let home = folder.appendingPathComponent(event.type)
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        try Data(schema.bytes + [0x0A]).write(to: home.appendingPathComponent("\(published.count + 1).json"))
    }

    @Test(arguments: types)
    func `an event's schema takes the place of every one that was published before it`(_ type: String) throws {
        let event = try #require(Self.event(type))
        if GoldenTests.writes { try Self.writeRevision(of: event) }
        let schema = EventSchema.document(of: event)
        let published = try Self.revisions(of: type)
        for (index, old) in published.enumerated() {
            let problems = Compatibility.problems(published: old, proposed: schema)
            #expect(problems == [], "\(type) breaks revision \(index + 1): announce a new version beside it instead")
        }
        let last = try #require(published.last, "\(type) has no schema: make golden")
        #expect(Compatibility.areEquivalent(last, schema), "\(type) has new optional fields: make golden")
    }

    @Test(.disabled(if: GoldenTests.writes, "it is being written"))
    func `what was published is announced for ever`() throws {
        let published = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(published.filter { !$0.hasPrefix(".") }) == Set(Self.types))
    }

    @Test func `what was published is what it was`() throws {
        if ProcessInfo.processInfo.environment["LIENTHONG_PUBLISH"] != nil { try Self.publish() }
        #expect(try !Self.listed().isEmpty)
        let (code, output) = try Command.run("sha256sum", "--check", "--strict", "--quiet", "published", in: Self.home)
        #expect(code == 0, "files that were published have been changed: \(output)")
    }

    /// The list itself could be rewritten; the history of the repository cannot, unnoticed.
    @Test func `no line of the list was ever changed`() throws {
        guard FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(".git").path) else { return }
        let committed = try Self.git("log", "-p", "--format=", "--", "Tests/Golden/published")
        let pending = try Self.git("diff", "HEAD", "--", "Tests/Golden/published")
        let removed = (committed + "\n" + pending).split(separator: "\n")
            .filter { $0.hasPrefix("-") && !$0.hasPrefix("---") }
        #expect(removed == [])
    }

    // MARK: - The list

    private static func listed() throws -> Set<String> {
        let text = (try? String(contentsOf: list, encoding: .utf8)) ?? ""
        return Set(text.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) })
    }

    private static func publish() throws {
        var names: [String] = []
        for type in types {
            names.append("\(type).json")
            names += try revisions(of: type).indices.map { "schemas/\(type)/\($0 + 1).json" }
        }
        let news = try Set(names).subtracting(listed()).sorted()
        guard !news.isEmpty else { return }
        let (code, sums) = try Command.run(["sha256sum"] + news, in: home)
        try #require(code == 0, "not all of it could be read")
        let known = (try? String(contentsOf: list, encoding: .utf8)) ?? ""
        try Data((known + sums).utf8).write(to: list)
    }

    private static let home = GoldenTests.folder
    private static let root = home.deletingLastPathComponent().deletingLastPathComponent()

    private static func git(_ arguments: String...) throws -> String {
        // Whoever owns the checkout: nothing of it is run.
        let (code, output) = try Command.run(["git", "-c", "safe.directory=*"] + arguments, in: root)
        try #require(code == 0, "git \(arguments.joined(separator: " ")) failed")
        return output
    }
}

/// A program from outside, and what it says.
enum Command {
    static func run(_ words: String..., in folder: URL) throws -> (code: Int32, output: String) {
        try run(words, in: folder)
    }

    static func run(_ words: [String], in folder: URL) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
