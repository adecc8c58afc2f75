import Contracts
import Foundation
import Glibc
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// A citizen on a bad line: requests that are cut off anywhere, and sent again with the same Idempotency-Key.
@Suite(.timeLimit(.minutes(10))) struct BadLineTests {
    @Test func `os-143: what is cut off and sent again happens once, and is answered as the first time`() async throws {
        try await withRoom { room in
            try await Office.open(in: room) { office in
                let line = Line(port: try #require(office.harness.running.port), office: office)
                // What is only half there has no effect at all.
                for part in [0.2, 0.6, 0.99] {
                    try await line.cut("/dossiers", Office.submission, key: "half", after: part)
                }
                let id = try await line.act("/dossiers", Office.submission, key: "submit")["id"]?.text ?? ""
                try await office.done("accept", on: id, as: office.clerk)
                try await office.done("request-supplement", on: id, as: office.clerk, ["missing": "x"])
                _ = try await line.act("/dossiers/\(id)/supply", ["note": "y"], key: "supply")
                _ = try await line.act("/dossiers/\(id)/ratings", RatingTests.good, key: "rate")
                _ = try await line.act(
                    "/my/complaints", ["grievance": ComplaintTests.grievance, "dossier": .string(id)], key: "complain")
                _ = try await line.act("/dossiers/\(id)/withdraw", [:], key: "withdraw")
                for (type, count): (any Event.Type, Int) in [
                    (DossierSubmitted.self, 1), (DossierSupplementSupplied.self, 1), (RatingGiven.self, 1),
                    (ComplaintLodged.self, 1), (DossierWithdrawalRequested.self, 1),
                ] {
                    #expect(try await office.harness.announced(type) == count, "\(type)")
                }
                // And the feed says each once, without a gap.
                let changes = try await office.get("/my/changes", as: office.citizen).json["changes"]?.array ?? []
                #expect(changes.compactMap { $0["number"]?.integer } == Array(1...7))
            }
        }
    }

    struct Line: Sendable {
        let port: Int
        let office: Office

        /// The request is sent whole and the line goes before the answer, three times; then it holds.
        func act(_ path: String, _ body: JSON, key: String) async throws -> JSON {
            for _ in 1...3 { try await cut(path, body, key: key, after: 1) }
            var answer = try await office.send("POST", path, as: office.citizen, body, key: key)
            // One of those may be on its way yet.
            try await eventually("none of them runs any more") {
                answer = try await office.send("POST", path, as: office.citizen, body, key: key)
                return answer.code != "still-running" && answer.outgoing.header("idempotent-replayed") == "true"
            }
            guard answer.status < 300 else { throw Office.Unexpected(answer) }
            return answer.json
        }

        /// So much of the request is sent; then the line goes.
        func cut(_ path: String, _ body: JSON, key: String, after part: Double) async throws {
            let token = try office.harness.token(office.citizen, .citizen)
            let content = body.bytes
            let head = [
                "POST \(path) HTTP/1.1", "host: localhost", "authorization: Bearer \(token)",
                "content-type: application/json", "idempotency-key: \(key)", "content-length: \(content.count)", "", "",
            ].joined(separator: "\r\n")
            let all = Array(head.utf8) + content
            let cable = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(cable) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(cable, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            #expect(connected == 0)
            let sent = all.prefix(Int(Double(all.count) * part)).withUnsafeBytes {
                write(cable, $0.baseAddress, $0.count)
            }
            #expect(sent == Int(Double(all.count) * part))
        }
    }
}
