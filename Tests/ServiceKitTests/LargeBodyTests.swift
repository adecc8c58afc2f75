import Contracts
import Foundation
import Glibc
import TestKit
import Testing

@testable import ServiceKit

/// Bodies above the usual limit: who may not send one is answered by the headers, and only some are read at once.
@Suite struct LargeBodyTests {
    @Test func `a large body is read for who may send it only, and few at once`() async throws {
        try await withDesk { desk in
            let group = desk.running.group()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await eventually("it listens") { desk.running.port != nil }
                let result: Result<Void, any Error>
                do { result = .success(try await Self.send(desk)) } catch { result = .failure(error) }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                try result.get()
            }
        }
    }

    private static func send(_ desk: DeskRoom) async throws {
        let port = try #require(desk.running.port)
        let bytes = Limits.bodyBytes + 1
        func head(_ authorization: String) -> String {
            "POST /large HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: \(bytes)\r\n"
                + "\(authorization)\r\n"
        }
        let allowed = head("Authorization: Bearer \(try desk.token())\r\n")
        let refused = try await Line.open(port, head(""))
        defer { refused.close() }
        #expect(refused.answer.hasPrefix("HTTP/1.1 401"))
        var lines: [Line] = []
        defer { for line in lines { line.close() } }
        for _ in 0..<Limits.Server.largeBodies {
            let line = try await Line.open(port, allowed)
            #expect(line.answer.hasPrefix("HTTP/1.1 100"))
            lines.append(line)
        }
        let late = try await Line.open(port, allowed)
        defer { late.close() }
        #expect(late.answer.hasPrefix("HTTP/1.1 503"))
        lines.removeLast().close()
        // The place of who went away is free again, and one place serves one caller after another.
        for _ in 0..<3 {
            try await eventually("a place is free") {
                let answer = try await Outbound().send(
                    .POST, "http://127.0.0.1:\(port)/large",
                    headers: [("authorization", "Bearer \(try desk.token())")],
                    body: [UInt8](repeating: 0x61, count: bytes))
                return answer.status == 200 && answer.body == Array("\(bytes)".utf8)
            }
        }
    }
}

/// A connection that has sent a head, with the beginning of what was answered.
private struct Line {
    let socket: Int32
    let answer: String

    func close() { _ = Glibc.close(socket) }

    /// Off the cooperative pool.
    static func open(_ port: Int, _ head: String) async throws -> Line {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = in_port_t(port).bigEndian
                address.sin_addr.s_addr = inet_addr("127.0.0.1")
                var patience = timeval(tv_sec: 20, tv_usec: 0)
                setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                let connected = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                guard connected == 0 else {
                    _ = Glibc.close(socket)
                    return continuation.resume(throwing: URLError(.cannotConnectToHost))
                }
                _ = head.withCString { Glibc.send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                var buffer = [UInt8](repeating: 0, count: 4_096)
                let count = recv(socket, &buffer, buffer.count, 0)
                let answer = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
                continuation.resume(returning: Line(socket: socket, answer: answer))
            }
        }
    }
}
