import Contracts
import Courier
import Foundation
import ServiceKit
import TestKit
import Testing

@testable import IntegrationService

@Suite struct ManagementTests {
    private func configuration(_ more: [String: String]) throws -> Configuration {
        let least = [
            "LIENTHONG_PG_USER": "integration", "LIENTHONG_PG_OWNER": "integration_owner",
            "LIENTHONG_PG_OWNER_PASSWORD": "owner-secret",
        ]
        return try Configuration(
            service: .integration, environment: least.merging(more) { $1 }, for: .migrate)
    }

    /// Answers with the status that it was told, and how often it was asked.
    private static let script = """
        import ssl, sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        asked = 0
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                global asked
                asked += 1
                answer = f"{self.path} {asked}".encode()
                self.send_response(int(sys.argv[1]))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            def log_message(self, *arguments):
                pass
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if len(sys.argv) > 2:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[2])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """

    private func ask(_ management: Management) async throws -> String {
        let answer = try await management.send("GET", "nodes", nil)
        return "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
    }

    @Test func `without a variable of its own it is at every node of the broker, over TLS where AMQP is`() throws {
        #expect(try Management.addresses(configuration([:])) == ["http://127.0.0.1:15672"])
        let nodes = ["LIENTHONG_AMQP_HOST": "10.0.0.1:5671,10.0.0.2,[fd00::3]:5671"]
        let plain = try Management.addresses(configuration(nodes))
        #expect(plain == ["http://10.0.0.1:15672", "http://10.0.0.2:15672", "http://[fd00::3]:15672"])
        let secured = nodes.merging(["LIENTHONG_AMQP_AUTHORITIES": "broker.pem"]) { $1 }
        let encrypted = try Management.addresses(configuration(secured))
        #expect(encrypted == ["https://10.0.0.1:15671", "https://10.0.0.2:15671", "https://[fd00::3]:15671"])
        // Two nodes of one machine have other ports: which, only the operator knows.
        let one = try Management.addresses(configuration(["LIENTHONG_AMQP_HOST": "127.0.0.1:1,127.0.0.1:2"]))
        #expect(one == ["http://127.0.0.1:15672"])
    }

    @Test func `it is a list of addresses, and what is none is refused by the variable's name`() throws {
        let list = [Management.variable: "http://mq1.example.vn:15672/,https://mq2.example.vn"]
        let read = try Management.addresses(configuration(list))
        #expect(read == ["http://mq1.example.vn:15672", "https://mq2.example.vn"])
        for bad in [
            "mq1.example.vn:15672", "http://mq1.example.vn,", "http://a:b@mq1.example.vn", "ftp://mq1.example.vn",
            "http://mq1.example.vn?x=1", "http://mq1.example.vn, http://mq2.example.vn",
        ] {
            let given = try configuration([Management.variable: bad])
            let faults = #expect(throws: ConfigurationFaults.self) { try Management.addresses(given) }
            #expect(faults?.faults.first?.hasPrefix("\(Management.variable) ") == true, "\(bad)")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `an address that answers with a fault of its own is passed over, and not asked again first`() async throws {
        let (failing, answering) = (try TestServer(Self.script, "503"), try TestServer(Self.script, "200"))
        let addresses = [failing, answering].map { "http://127.0.0.1:\($0.port)" }
        let both = try configuration([Management.variable: addresses.joined(separator: ",")])
        let management = try Management(both, quiet)
        #expect(try await ask(management) == "200 /api/nodes 1")
        #expect(try await ask(management) == "200 /api/nodes 2")
        // The second time it was not asked. Alone its fault is the answer.
        let one = try Management(configuration([Management.variable: addresses[0]]), quiet)
        #expect(try await ask(one) == "503 /api/nodes 2")
        // Another refusal is an answer.
        let refusing = try TestServer(Self.script, "400")
        let list = ["http://127.0.0.1:1", "http://127.0.0.1:\(refusing.port)", addresses[1]]
        let third = try Management(configuration([Management.variable: list.joined(separator: ",")]), quiet)
        #expect(try await ask(third) == "400 /api/nodes 1")
        withExtendedLifetime([failing, answering, refusing]) {}
    }

    @Test(.timeLimit(.minutes(5)))
    func `its certificate is checked against the authorities of the broker`() async throws {
        let certificate = try TestCertificate()
        let server = try TestServer(Self.script, "200", certificate.both)
        let address = [Management.variable: "https://localhost:\(server.port)"]
        let trusting = address.merging(["LIENTHONG_AMQP_AUTHORITIES": certificate.certificate]) { $1 }
        #expect(try await ask(try Management(configuration(trusting), quiet)) == "200 /api/nodes 1")
        let strange = try Management(configuration(address), quiet)
        await #expect(throws: CourierFault.self) { try await strange.send("GET", "nodes", nil) }
        withExtendedLifetime((certificate, server)) {}
    }

    @Test(.timeLimit(.minutes(5)))
    func `queue and user are made though the first address takes no connection`() async throws {
        let addresses = "http://127.0.0.1:1,http://127.0.0.1:\(TestBroker.management)"
        try await Hall.open([Management.variable: addresses]) { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            #expect(try await hall.subscription(id)["provisioned"] == .bool(true))
            let client = try hall.client(pikaClient, try await hall.credentials(id))
            defer { client.stop() }
            try await hall.submit(1)
            try await eventually("it is there") { client.lines.count == 2 }
        }
    }
}
