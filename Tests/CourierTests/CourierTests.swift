import Foundation
import TestKit
import Testing

@testable import Courier

@Suite struct CourierTests {
    /// An https server in Python with a certificate made for the test; it answers what the path says.
    private final class Server: Sendable {
        private let files: TestCertificate
        private let server: TestServer
        var port: Int { server.port }
        var authority: String { files.certificate }

        static let script = """
            import ssl, sys
            from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    answer = body + str(self.client_address[1]).encode()
                    if self.path == "/large":
                        answer = b"x" * 1_000_000
                    self.send_response(302 if self.path == "/moved" else 200)
                    self.send_header("Location", "/")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    if self.path != "/silent":
                        self.wfile.write(answer)
                def log_message(self, *arguments):
                    pass
            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            print(server.server_address[1], flush=True)
            server.serve_forever()
            """

        init() throws {
            files = try TestCertificate()
            server = try TestServer(Self.script, files.both)
        }
    }

    private let loopback = AddressPolicy(networks: [Network("127.0.0.0/8")].compactMap { $0 })

    @Test(.timeLimit(.minutes(5)))
    func `https with a trusted certificate, connections kept, redirects not followed, answers bounded`() async throws {
        let server = try Server()
        let courier = Courier(loopback, authorities: server.authority, keeps: 100)
        let address = "https://localhost:\(server.port)"
        let first = try await courier.send(CourierRequest("POST", "\(address)/", body: Array("a".utf8)))
        let second = try await courier.send(CourierRequest("POST", "\(address)/", body: Array("a".utf8)))
        #expect(first.status == 200 && first.body == second.body, "the same connection")
        #expect(try await courier.send(CourierRequest("POST", "\(address)/moved", body: [])).status == 302)
        await #expect(throws: CourierFault.self, "too much") {
            try await courier.send(CourierRequest("POST", "\(address)/large", body: []))
        }
        let hasty = Courier(loopback, authorities: server.authority, patience: .milliseconds(500))
        await #expect(throws: CourierFault.self, "too slow") {
            try await hasty.send(CourierRequest("POST", "\(address)/silent", body: []))
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask { try await courier.send(CourierRequest("POST", "\(address)/", body: [])).status }
            }
            for try await status in group { #expect(status == 200) }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `an unknown authority, another name, and a network that is not allowed are refused`() async throws {
        let server = try Server()
        let request = CourierRequest("POST", "https://localhost:\(server.port)/", body: [])
        await #expect(throws: CourierFault.self, "the system does not know the authority") {
            try await Courier(loopback).send(request)
        }
        await #expect(throws: CourierFault.self, "the certificate is of another name") {
            try await Courier(loopback, authorities: server.authority).send(
                CourierRequest("POST", "https://127.0.0.1:\(server.port)/", body: []))
        }
        // The name says nothing; the address that it leads to is refused when it is connected to.
        do {
            _ = try await Courier(AddressPolicy(), authorities: server.authority).send(request)
            Issue.record("loopback was connected to")
        } catch { #expect(error == .forbidden("127.0.0.1") || error == .forbidden("::1"), "\(error)") }
    }

    /// localhost has ::1 too, which is forbidden here: that 127.0.0.1 does not answer is the fault all the same.
    @Test(.timeLimit(.minutes(5)))
    func `an allowed address that does not answer is no forbidden one`() async throws {
        do {
            _ = try await Courier(loopback).send(CourierRequest("POST", "https://localhost:1/", body: []))
            Issue.record("something listens at port 1")
        } catch {
            guard case .failed = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a cancelled request ends at once`() async throws {
        let server = try Server()
        let courier = Courier(loopback, authorities: server.authority, patience: .seconds(50))
        let task = Task {
            try await courier.send(CourierRequest("POST", "https://localhost:\(server.port)/silent", body: []))
        }
        let begun = ContinuousClock.now
        task.cancel()
        let result = await task.result
        #expect(.now - begun < .seconds(40))
        if case .success = result { Issue.record("it was answered") }
    }
}
