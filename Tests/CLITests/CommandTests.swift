import Contracts
import Foundation
import Postgres
import Receipts
import ServiceTestKit
import TestKit
import Testing

@testable import lienthong

@Suite(.timeLimit(.minutes(5))) struct CommandTests {
    @Test func `a receipt of the running service is proven offline, by us and by Python's cryptography`() async throws {
        try await withCLI { bench in
            try await bench.announce(5)
            try await bench.sealed(5)
            let answer = try await bench.receipt(seq: 3)
            #expect(answer.status == 200)
            let file = bench.path("receipt.json")
            try Data(answer.body).write(to: URL(fileURLWithPath: file))
            let verdict = try await bench.run("verify", file, "--key", bench.pem)
            #expect(verdict.isGood && verdict.said.hasPrefix("PROVEN"), "\(verdict.said)")
            #expect(verdict.said.contains("thing 3") && verdict.said.contains("đã làm"))
            #expect(try Python.verify(file, bench.pem) == "proven")

            let strange = bench.path("other.pem")
            try SealingKey().open.pem.write(toFile: strange, atomically: true, encoding: .utf8)
            let other = try await bench.run("verify", file, "--key", strange)
            #expect(!other.isGood && other.said.contains("key \(bench.key.open.id), which was not given"))
            #expect(try Python.verify(file, strange) == "refused")

            var receipt = try Receipt(decoding: answer.json, unknown: .refuse)
            receipt.event[receipt.event.count - 3] ^= 1
            try Data(receipt.jsonBytes).write(to: URL(fileURLWithPath: file))
            let edited = try await bench.run("verify", file, "--key", bench.pem)
            #expect(!edited.isGood && edited.said.hasPrefix("NOT PROVEN: event and paths do not lead to the root"))
            #expect(try Python.verify(file, bench.pem) == "refused")
            try "{}".write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try await bench.run("verify", file, "--key", bench.pem).said.hasPrefix("NOT PROVEN"))
            await #expect(throws: CommandFault.self) { try await bench.run("verify", file) }
            await #expect(throws: CommandFault.self) { try await bench.run("verify", "/nowhere", "--key", bench.pem) }
            await #expect(throws: CommandFault.self) { try await bench.run("praise") }
        }
    }

    /// A verifier keeps all services' keys in one file; whoever has one of them signs in the name of another service.
    @Test func `a key proves nothing of another service, and nothing while nobody said whose it is`() async throws {
        try await withCLI { bench in
            try await bench.announce(1)
            try await bench.sealed(1)
            let file = bench.path("receipt.json")
            try Data(try await bench.receipt(seq: 1).body).write(to: URL(fileURLWithPath: file))
            func pem(_ name: String, _ keys: [SealKey]) throws -> String {
                try keys.map(\.labelled).joined().write(toFile: bench.path(name), atomically: true, encoding: .utf8)
                return bench.path(name)
            }
            let all = try pem("all.pem", [SealingKey().open.of("mail")] + bench.keys + [SealingKey().open.of("budget")])
            let good = try await bench.run("verify", file, "--key", all)
            #expect(good.isGood && good.said.hasPrefix("PROVEN") && good.said.contains("“hr”"), "\(good.said)")
            #expect(try Python.verify(file, all) == "proven")
            let asked = try await bench.run("verify", file, "--key", all, "--service", "budget")
            #expect(!asked.isGood && asked.said == "NOT PROVEN: it is of the service “hr”, not of “budget”")

            let foreign = try pem("foreign.pem", [bench.key.open.of("budget")])
            let refused = try await bench.run("verify", file, "--key", foreign)
            #expect(!refused.isGood && refused.said.hasPrefix("NOT PROVEN: statement 1 says"), "\(refused.said)")
            #expect(refused.said.hasSuffix("is of the service “budget”"))
            #expect(try Python.verify(file, foreign) == "refused")

            let bare = try pem("bare.pem", [bench.key.open])
            let unsaid = try await bench.run("verify", file, "--key", bare)
            #expect(!unsaid.isGood && unsaid.said.hasPrefix("NOT PROVEN: nobody said of which service"))
            #expect(try await bench.run("verify", file, "--key", bare, "--service", "hr").isGood)
            #expect(try Python.run("verify_receipt.py", file, bare) == "refused")
            #expect(try Python.run("verify_receipt.py", file, bare, "hr") == "proven")
            await #expect(throws: CommandFault.self) {
                try await bench.run("verify", file, "--key", bare, "--service", "nobody")
            }

            let anchor = bench.path("any.anchor")
            for key in [bare, all] {
                await #expect(throws: CommandFault.self) {
                    try await bench.run("anchor", bench.address, anchor, "--key", key)
                }
            }
            let other = try await bench.run("anchor", bench.address, anchor, "--key", all, "--service", "budget")
            #expect(!other.isGood && other.said.hasSuffix("statement 1 is of another service, hr"), "\(other.said)")
            #expect(try await bench.run("anchor", bench.address, anchor, "--key", all, "--service", "hr").isGood)
        }
    }

    @Test func `receipts of all sizes of ticks pass Python's check`() async throws {
        try await withCLI { bench in
            for size in [1, 2, 3, 7, 64, 100] { try await bench.announce(size, "of \(size)") }
            try await bench.sealed(177)
            for seq: Int64 in [1, 2, 3, 4, 6, 9, 13, 14, 77, 78, 110, 177] {
                let file = bench.path("\(seq).json")
                try Data(try await bench.receipt(seq: seq).body).write(to: URL(fileURLWithPath: file))
                #expect(try Python.verify(file, bench.pem) == "proven", "seq \(seq)")
            }
        }
    }

    @Test func `who may have a receipt, and the answers when there is none`() async throws {
        try await withCLI { bench in
            try await bench.announce(1)
            try await bench.sealed(1)
            let row = try #require(try await bench.database.run("SELECT id FROM event_log").first)
            let id: UUID = try row("id")
            let place = "/events/\(id.text)/receipt"
            #expect(try await bench.service.send("GET", place).status == 401)
            #expect(try await bench.service.send("GET", place, as: .new()).status == 403)
            #expect(try await bench.service.send("GET", place, as: .new(), .citizen).status == 403)
            let person = PersonID.new()
            try await bench.database.run("INSERT INTO directory_administrators (person) VALUES (\(person))")
            #expect(try await bench.service.send("GET", place, as: person).status == 200)
            let unknown = try await bench.service.send("GET", "/events/\(UUID.v7().text)/receipt", as: person)
            #expect(unknown.status == 404 && unknown.code == "not-found")
            try await bench.service.database.open(bench.service.database.owner).run("DELETE FROM receipt_seal")
            let early = try await bench.service.send("GET", place, as: person)
            #expect(early.status == 409 && early.code == "receipt-not-yet")
        }
    }

    @Test func `statements and keys are open to everybody, page by page`() async throws {
        try await withCLI { bench in
            for round in 0..<2 {
                try await bench.announce(1, "\(round)")
                try await bench.sealed(round + 1)
            }
            let first = try await bench.service.send("GET", "/receipts/roots?limit=1").json["statements"]?.array ?? []
            #expect(first.count == 1)
            let signed = try SignedSeal(decoding: try #require(first.first), unknown: .refuse)
            #expect(try signed.open(bench.keys).number == 1)
            let rest = try await bench.service.send("GET", "/receipts/roots?after=1").json["statements"]?.array ?? []
            #expect(rest.count == 1)
            let said = try await bench.run("keys", bench.address)
            #expect(said.isGood && SealKey.all(pem: said.said) == bench.keys)
            #expect(try await bench.run("keys", bench.address, "--service", "hr").said == said.said)
            await #expect(throws: CommandFault.self) {
                try await bench.run("keys", bench.address, "--service", "budget")
            }
        }
    }

    @Test func `an anchor grows, and refuses a history that does not continue it`() async throws {
        try await withCLI { bench in
            let file = bench.path("hr.anchor")
            let empty = try await bench.run("anchor", bench.address, file, "--key", bench.pem)
            #expect(empty.isGood && empty.said.contains("0 new statements"))
            for round in 0..<3 {
                try await bench.announce(2, "\(round)")
                try await bench.sealed(2 * (round + 1))
            }
            #expect(try await bench.run("anchor", bench.address, file, "--key", bench.pem).said.contains("3 new"))
            #expect(try await bench.run("anchor", bench.address, file, "--key", bench.pem).said.contains("0 new"))
            #expect(try await bench.audit(anchor: file).isGood)
            let owner = bench.service.database.open(bench.service.database.owner)
            try await owner.run("DELETE FROM event_log WHERE seq = 6")
            let deleted = try await bench.audit(anchor: file)
            #expect(!deleted.isGood && deleted.said.contains("FOUND deleted: place 2 of tick"))

            // The end is cut off everywhere: only the anchor knows.
            for statement in [
                "DELETE FROM event_log WHERE seq > 4",
                "DELETE FROM relay_tick WHERE tick > (SELECT last_tick FROM receipt_seal WHERE number = 2)",
                "DELETE FROM receipt_seal WHERE number > 2",
            ] as [SQL] { try await owner.run(statement) }
            let cut = try await bench.audit(anchor: file)
            #expect(!cut.isGood && cut.said.contains("FOUND truncated"), "\(cut.said)")
            #expect(try await bench.audit(anchor: nil).isGood)
            let before = try String(contentsOfFile: file, encoding: .utf8)
            let refused = try await bench.run("anchor", bench.address, file, "--key", bench.pem)
            #expect(!refused.isGood && refused.said.hasPrefix("REFUSED"))
            #expect(try String(contentsOfFile: file, encoding: .utf8) == before)

            let noted = try await bench.run(
                "anchor", bench.address, file, "--key", bench.pem, "--after-restore", "yes")
            #expect(noted.isGood && noted.said.contains("went back to statement 2"), "\(noted.said)")
            #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix(before))
            let after = try await bench.audit(anchor: file)
            #expect(after.isGood && after.said.contains("statement 3 of epoch 1 was lost"))
            try "nonsense\n".write(toFile: file, atomically: true, encoding: .utf8)
            await #expect(throws: CommandFault.self) {
                try await bench.run("anchor", bench.address, file, "--key", bench.pem)
            }
        }
    }
}

/// Tests/ApiTests/verify_*.py: the same checks written from the formats' descriptions, with other libraries.
enum Python {
    static func verify(_ receipt: String, _ key: String) throws -> String { try run("verify_receipt.py", receipt, key) }

    static func run(_ name: String, _ file: String, _ key: String, _ more: String...) throws -> String {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("ApiTests/\(name)").path
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3")
        process.arguments = [script, file, key] + more
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let said = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
