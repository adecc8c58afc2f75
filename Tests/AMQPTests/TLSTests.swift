import FakeBroker
import TestKit
import Testing

@testable import AMQP

/// TLS ends before the fake broker, in a program of Python's `ssl`.
@Suite struct `A connection under TLS` {
    private static let script = """
        import socket, ssl, sys, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if sys.argv[3] == "old":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(sys.argv[1])
        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        def serve(client):
            try:
                inside = context.wrap_socket(client, server_side=True)
            except (OSError, ssl.SSLError):
                return client.close()
            broker = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
            threading.Thread(target=pump, args=(inside, broker), daemon=True).start()
            pump(broker, inside)
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """

    private func publisher(_ host: String, _ server: TestServer, _ authority: TestCertificate) -> Publisher {
        let configuration = AMQPConfiguration(
            host: host, port: server.port, vhost: "/", user: "tester", password: "any",
            tls: AMQPTLS(authorities: authority.certificate))
        return Publisher(configuration, exchange: "events", patience: .seconds(2), logger: quiet)
    }

    @Test func `is made to whom the authority has certified`() async throws {
        try await withFakeBroker { broker in
            let files = try TestCertificate()
            let server = try TestServer(Self.script, files.both, "\(broker.port)", "new")
            let publisher = publisher("localhost", server, files)
            #expect(try await publisher.publish(numbered(1...20)) == Array(repeating: .confirmed, count: 20))
            await publisher.close()
            #expect(broker.record.published.map { number($0.content) } == Array(1...20))
            #expect(broker.record.greetings == 1)
        }
    }

    /// Not a word is said to them, let alone a password.
    @Test func `is not made to another host, by another's authority, nor under an old TLS`() async throws {
        try await withFakeBroker { broker in
            let (files, strange) = (try TestCertificate(), try TestCertificate())
            let server = try TestServer(Self.script, files.both, "\(broker.port)", "new")
            let old = try TestServer(Self.script, files.both, "\(broker.port)", "old")
            for publisher in [
                publisher("127.0.0.1", server, files), publisher("localhost", server, strange),
                publisher("localhost", old, files),
            ] {
                await #expect(throws: AMQPError.self) { try await publisher.publish(numbered(1...1)) }
                await publisher.close()
            }
            #expect(broker.record.greetings == 0)
        }
    }
}
