import Contracts
import Foundation
import Testing

/// The checkout, found from this file.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

struct Source: Sendable, CustomTestStringConvertible {
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var testDescription: String { path }
}

func sources(under folders: [String], ending: String = ".swift") -> [Source] {
    folders.flatMap { folder -> [Source] in
        let base = root.appendingPathComponent(folder)
        let walker = FileManager.default.enumerator(atPath: base.path)
        return (walker?.allObjects as? [String] ?? []).filter { $0.hasSuffix(ending) }.sorted().compactMap { name in
            (try? String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)).map {
                Source(path: "\(folder)/\(name)", text: $0)
            }
        }
    }
}

let production = sources(under: ["Services", "Shared", "Deploy"])
let tests = sources(under: ["Tests"])

@Suite struct StyleTests {
    @Test func linesFitTheScreen() {
        for file in production + tests {
            for (number, line) in file.lines.enumerated() where line.count > 120 {
                Issue.record("\(file.path):\(number + 1) has \(line.count) columns")
            }
        }
    }

    @Test func filesAreShort() {
        for file in production + tests where file.lines.count > 400 {
            Issue.record("\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test func functionsAreShort() {
        for file in production {
            var start: (line: Int, indent: Int)?
            for (number, line) in file.lines.enumerated() {
                let indent = line.prefix { $0 == " " }.count
                let text = line.dropFirst(indent)
                if let open = start, text.hasPrefix("}"), indent == open.indent {
                    if number - open.line > 70 { Issue.record("\(file.path):\(open.line + 1) is too long a function") }
                    start = nil
                } else if start == nil, text.contains("func "), !text.hasPrefix("//"), !text.hasPrefix("*"),
                    line.hasSuffix("{")
                {
                    start = (number, indent)
                }
            }
        }
    }

    @Test func namesSayWhatAThingIs() throws {
        let banned = try Regex(
            #"\b(class|struct|enum|protocol|actor) \w*(Manager|Helper|Utils?|DTO|Impl|Base|Controller)\b"#)
        for file in production where file.text.contains(banned) { Issue.record("\(file.path) uses a banned name") }
    }

    @Test func nothingIsLeftUnfinished() {
        let words = ["TO" + "DO", "FIX" + "ME", "fatal" + "Error(", "try" + "!", " as" + "! "]
        for file in production {
            for word in words where file.text.contains(word) { Issue.record("\(file.path) contains \(word)") }
        }
    }

    /// Other threads read the environment all the time, without a lock (libpq does): changing it crashes them.
    @Test func nobodyChangesTheEnvironment() {
        let words = ["set" + "env(", "put" + "env("]
        for file in production + tests {
            for word in words where file.text.contains(word) { Issue.record("\(file.path) contains \(word)") }
        }
    }

    @Test func uncheckedSendableOnlyAroundC() {
        for file in production
        where file.text.contains("@unchecked Sendable") && !file.path.hasPrefix("Shared/Postgres/")
            && !file.path.hasPrefix("Shared/AMQP/")
        {
            Issue.record("\(file.path) has @unchecked Sendable")
        }
    }

    @Test func testsWaitForConditions() {
        // The fault harness has weather of its own: latency is made by waiting, on threads of its own.
        let exempt = ["Tests/Benchmarks/", "Tests/TestKit/", "Tests/Chaos/"]
        for file in tests where !exempt.contains(where: { file.path.hasPrefix($0) }) {
            for word in ["usleep" + "(", "Thread" + ".sleep"] where file.text.contains(word) {
                Issue.record("\(file.path) waits by the clock")
            }
        }
    }

    @Test func nothingNamesAMachine() {
        let words = ["/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/", "deb.deb" + "ian.org"]
        let files =
            production + tests + sources(under: ["Deploy"], ending: ".sh") + sources(under: ["Deploy"], ending: ".md")
        for file in files {
            for word in words where file.text.contains(word) { Issue.record("\(file.path) contains \(word)") }
        }
    }
}

@Suite struct HouseTests {
    let services = ["Identity", "HR", "OneStop", "Documents", "Budget", "Mail", "Integration"]

    @Test func noServiceIsForgotten() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("Services").path)
        #expect(Set(folders) == Set(services.map { "\($0)Service" }))
        #expect(Set(services.map { $0.lowercased() }) == Set(ServiceName.running.map(\.rawValue)))
        let scripts = try String(
            contentsOf: root.appendingPathComponent("Deploy/local/common.sh"), encoding: .utf8)
        for service in services {
            #expect(scripts.contains("\(service):"), "Deploy/local does not know \(service)")
            #expect(ServiceName(rawValue: service.lowercased()).flatMap { Catalogue.reactions[$0] } != nil)
        }
    }

    @Test func everyServiceHasItsPapers() throws {
        for service in services {
            for file in ["README.md", "Main.swift", "Migrations.swift", "schema.sql"] {
                let path = root.appendingPathComponent("Services/\(service)Service/\(file)")
                #expect(FileManager.default.fileExists(atPath: path.path), "\(service) lacks \(file)")
            }
            let readme = try String(
                contentsOf: root.appendingPathComponent("Services/\(service)Service/README.md"), encoding: .utf8)
            #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 26, "\(service) README")
        }
    }

    @Test func everyUseCaseIsMounted() throws {
        let declaration = try Regex(
            #"enum (\w+): (Endpoint|RawEndpoint|Reaction|TimedTask)\b"#, as: (Substring, Substring, Substring).self)
        for service in services {
            let files = sources(under: ["Services/\(service)Service"])
            let main = try #require(files.first { $0.path.hasSuffix("/Main.swift") })
            for file in files {
                for match in file.text.matches(of: declaration)
                where !main.text.contains("\(match.output.1).self") {
                    Issue.record("\(file.path): \(match.output.1) is not in Main.swift")
                }
            }
        }
    }

    @Test func servicesDoNotImportEachOther() {
        for file in sources(under: ["Services"]) {
            for service in services where file.text.contains("import \(service)Service") {
                Issue.record("\(file.path) imports \(service)Service")
            }
        }
    }

    @Test func onlyServiceKitKnowsTheWebServer() {
        for file in production
        where file.text.contains("import Hummingbird") && !file.path.hasPrefix("Shared/ServiceKit/") {
            Issue.record("\(file.path) imports Hummingbird")
        }
    }

    /// The broker's rights on commands stand in a script; they are those of the catalogue.
    @Test func commandsAreProvisioned() throws {
        let script = try String(
            contentsOf: root.appendingPathComponent("Deploy/local/definitions.sh"), encoding: .utf8)
        let line = try #require(script.split(separator: "\n").first { $0.hasPrefix("COMMANDS=(") })
        let listed = Set(line.split(separator: "\"").map(String.init).filter { $0.contains(/\w \w/) })
        #expect(listed == Set(Catalogue.commands.map { "\($0.source) \($0.aggregate) \($0.addressee.rawValue)" }))
        let events = Set(Catalogue.events.map { "\($0.source).\($0.aggregate)" })
        for command in Catalogue.commands {
            #expect(!events.contains("\(command.source).\(command.aggregate)"), "an aggregate has events or commands")
        }
    }

    @Test func cataloguedEventsAreDeclared() throws {
        let declared = try sources(under: ["Shared/Contracts"]).flatMap { file in
            file.text.matches(of: try Regex(#"struct (\w+): Event \{"#, as: (Substring, Substring).self))
                .map { String($0.output.1) }
        }
        #expect(Set(declared) == Set(Catalogue.events.map { String(describing: $0) }))
        #expect(Set(Catalogue.events.map { $0.type }).count == Catalogue.events.count)
        for (service, reactions) in Catalogue.reactions {
            for event in reactions
            where Catalogue.event(event.type) == nil && Catalogue.command(event.type)?.addressee != service {
                Issue.record("\(service) reacts to \(event.type), which is not catalogued")
            }
        }
    }
}
