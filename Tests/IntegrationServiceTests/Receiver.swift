import Foundation
import Testing

/// A webhook in Python: checks signatures with the library of Standard Webhooks, reads the event with the package
/// `cloudevents`, answers what the file says, and prints for each request
/// `number subject answer replay verified id type epoch key data`.
struct Receiver: Sendable {
    let program: Program
    private let answers: URL
    private let secrets: URL
    let port: Int

    static let script = """
        import json, os, sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from cloudevents.core.bindings.http import HTTPMessage, from_binary_event
        from standardwebhooks import Webhook
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k: v for k, v in self.headers.items()}
                event = from_binary_event(HTTPMessage(headers, body))
                number, subject = event.get_extension("subscriptionnumber"), event.get_subject()
                verified = ""
                for name in open(os.environ["SECRETS"]).read().split():
                    try:
                        Webhook(name).verify(body, {k.lower(): v for k, v in headers.items()})
                        verified += "y"
                    except Exception:
                        verified += "n"
                answer = 200
                for line in open(os.environ["ANSWERS"]).read().splitlines():
                    key, value = line.split()
                    if key in ("*", subject) or key == str(number):
                        answer = int(value)
                words = [number, subject, answer, event.get_extension("replay") or "-", verified or "-",
                         event.get_id(), event.get_type(), event.get_extension("exchangeepoch"),
                         self.headers["webhook-id"], json.dumps(event.get_data(), separators=(",", ":"))]
                # One write a line: the threads share the pipe.
                os.write(1, (" ".join(map(str, words)) + chr(10)).encode())
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            def log_message(self, *arguments):
                pass
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if len(sys.argv) > 1:
            import ssl
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print("port", server.server_address[1], flush=True)
        server.serve_forever()
        """

    struct Request: Sendable, Equatable {
        let number: Int
        let subject: String
        let answer: Int
        let replay: String
        let verified: String
        let id: String
        let type: String
        let epoch: Int
        /// `webhook-id`: what a repetition is known by.
        let key: String
        let data: String
    }

    static func start(certificate: [String] = []) async throws -> Receiver {
        let folder = FileManager.default.temporaryDirectory
        let answers = folder.appendingPathComponent("answers-\(UUID().uuidString)")
        let secrets = folder.appendingPathComponent("secrets-\(UUID().uuidString)")
        try Data().write(to: answers)
        try Data().write(to: secrets)
        let program = try Program(
            script, arguments: certificate, ["ANSWERS": answers.path, "SECRETS": secrets.path])
        let deadline = ContinuousClock.now + .seconds(30)
        while program.lines.first?.hasPrefix("port ") != true, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        let port = try #require(program.lines.first.flatMap { Int($0.dropFirst(5)) }, "\(program.text)")
        return Receiver(program: program, answers: answers, secrets: secrets, port: port)
    }

    init(program: Program, answers: URL, secrets: URL, port: Int) {
        (self.program, self.answers, self.secrets, self.port) = (program, answers, secrets, port)
    }

    /// `* 500`, `<subject> 410`, `<number> 503`, a line each; nothing: 200.
    func answer(_ text: String) throws { try Data(text.utf8).write(to: answers, options: .atomic) }
    func trust(_ list: [String]) throws {
        try Data(list.joined(separator: " ").utf8).write(to: secrets, options: .atomic)
    }

    var requests: [Request] {
        program.lines.dropFirst().compactMap { line in
            let words = line.split(separator: " ", maxSplits: 9).map(String.init)
            guard words.count == 10, let number = Int(words[0]), let answer = Int(words[2]), let epoch = Int(words[7])
            else { return nil }
            return Request(
                number: number, subject: words[1], answer: answer, replay: words[3], verified: words[4], id: words[5],
                type: words[6], epoch: epoch, key: words[8], data: words[9])
        }
    }

    var taken: [Request] { requests.filter { $0.answer == 200 } }

    func stop() {
        program.stop()
        try? FileManager.default.removeItem(at: answers)
        try? FileManager.default.removeItem(at: secrets)
    }
}
