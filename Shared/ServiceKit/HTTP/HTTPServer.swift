import Contracts
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// HTTP/1.1 over Hummingbird's core. The way from the socket to the `Responder` is kept short: no router, no
/// middleware, no request context, because `Responder` does all of that once.
final class HTTPServer: ServiceLifecycle.Service {
    private let host: String
    private let port: Int
    private let responder: Responder
    private let log: Logger
    private let bound = Mutex<Int?>(nil)
    private let date = HTTPDate()
    /// Large bodies in memory now.
    private let largeBodies = Mutex(0)

    init(_ configuration: Configuration, responder: Responder, log: Logger) {
        host = configuration.httpHost
        port = configuration.httpPort
        self.responder = responder
        self.log = log
    }

    /// The port that is listened on, once it is.
    var boundPort: Int? { bound.withLock { $0 } }

    func run() async throws {
        let limits = HTTP1Channel.Configuration(
            idleTimeout: TimeAmount(Limits.Server.idle),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Limits.Server.headerFieldBytes, maxHeaderListSize: Limits.Server.headerBytes,
                maxHeaderFieldCount: Limits.Server.headers))
        let builder = HTTPServerBuilder { responder in
            OnItsLoop(connections: HTTP1Channel(responder: responder, configuration: limits))
        }
        var quiet = log
        quiet.logLevel = max(log.logLevel, .warning)
        let server = try builder.buildServer(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port), backlog: Limits.Server.backlog),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet,
            responder: { [self] request, writer, channel in try await answer(request, writer, channel) },
            onServerRunning: { [self] channel in
                bound.withLock { $0 = channel.localAddress?.port }
                log.notice("serving", metadata: ["address": "\(host):\(channel.localAddress?.port ?? port)"])
            })
        try await server.run()
    }

    private func answer(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any NIOCore.Channel)
        async throws
    {
        let target = request.head.path ?? "/"
        let path: String
        let query: String
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = String(target[..<mark])
            query = String(target[target.index(after: mark)...])
        } else {
            path = target
            query = ""
        }
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(request.headers.count)
        var announced: Int?
        var isChunked = false
        var expects = false
        for field in request.headers {
            switch field.name {
            case .contentLength: announced = Int(field.value)
            case .transferEncoding: isChunked = true
            case .expect: expects = field.value.lowercased() == "100-continue"
            default: break
            }
            headers.append((field.name.canonicalName, field.value))
        }
        var incoming = Incoming(
            request.method.rawValue, path, query: query, headers: headers,
            peer: channel.remoteAddress?.ipAddress ?? "")
        let hasBody = isChunked || announced ?? 0 > 0
        guard hasBody else { return try await write(await responder.respond(incoming), to: writer) }
        let limit = responder.bodyLimit(incoming.method, path)
        var parts = request.body.makeAsyncIterator()
        let discard = expects ? 0 : Limits.Server.discard
        if let announced, announced > limit {
            return try await refuse(responder.refuse(incoming, .bodyTooLarge(limit)), &parts, discard, writer)
        }
        let isLarge = limit > Limits.bodyBytes && (isChunked || announced ?? 0 > Limits.bodyBytes)
        if isLarge {
            // Nothing of it is kept, so it may all be thrown away: a caller whose token has just expired sees why.
            let discard = expects ? 0 : limit
            if let refusal = await responder.refusal(for: incoming) {
                return try await refuse(refusal, &parts, discard, writer)
            }
            guard takesLargeBody() else {
                return try await refuse(responder.refuse(incoming, .busy), &parts, discard, writer)
            }
        }
        defer { if isLarge { largeBodies.withLock { $0 -= 1 } } }
        if expects { try await writer.writeInformationalHead(HTTPResponse(status: .continue)) }
        incoming.body.reserveCapacity(announced ?? 0)
        while let part = try await parts.next() {
            guard incoming.body.count + part.readableBytes <= limit else {
                let refusal = responder.refuse(incoming, .bodyTooLarge(limit))
                return try await refuse(refusal, &parts, Limits.Server.discard, writer)
            }
            incoming.body.append(contentsOf: part.readableBytesView)
        }
        try await write(await responder.respond(incoming), to: writer)
    }

    /// Takes one of the places for large bodies, when there is one.
    private func takesLargeBody() -> Bool {
        largeBodies.withLock { taken in
            guard taken < Limits.Server.largeBodies else { return false }
            taken += 1
            return true
        }
    }

    /// The answer, then some of the rest is read so that the caller sees the answer (nothing of it when the caller
    /// waits for our `100 Continue`), then the connection ends.
    private func refuse(
        _ refusal: Outgoing, _ rest: inout RequestBody.AsyncIterator, _ discard: Int, _ writer: consuming ResponseWriter
    ) async throws {
        var answer = refusal
        answer.headers.append(("connection", "close"))
        try await write(answer, to: writer)
        var discarded = 0
        while discarded < discard, let part = try await rest.next() { discarded += part.readableBytes }
        throw BodyRefused()
    }

    private func write(_ answer: Outgoing, to writer: consuming ResponseWriter) async throws {
        var fields = HTTPFields()
        fields.reserveCapacity(answer.headers.count + 2)
        var hasLength = false
        for (name, value) in answer.headers {
            guard let name = Self.name(name) else { preconditionFailure("\(name) is no header name") }
            if name == .contentLength { hasLength = true }
            fields.append(HTTPField(name: name, value: value))
        }
        // RFC 9110, section 8.6: no Content-Length in 204 and 304.
        if !hasLength, answer.status != 204, answer.status != 304 {
            fields.append(HTTPField(name: .contentLength, value: String(answer.body.count)))
        }
        fields.append(HTTPField(name: .date, value: date.now))
        let head = HTTPResponse(status: HTTPResponse.Status(code: answer.status), headerFields: fields)
        let body = answer.body.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        try await writer.write(response: head, body: body)
    }

    /// The names of every answer without looking at each of their characters again.
    private static func name(_ name: String) -> HTTPField.Name? {
        switch name {
        case "content-type": .contentType
        case "etag": .eTag
        case "content-language": .contentLanguage
        case "location": .location
        default: HTTPField.Name(name)
        }
    }
}

/// Ends the connection of a caller whose body was refused.
private struct BodyRefused: Error {}

/// The `Date` of answers (RFC 9110, section 6.6.1), made once a second.
private final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int, text: String)>((0, ""))

    var now: String {
        var spec = timespec()
        clock_gettime(CLOCK_REALTIME, &spec)
        let second = spec.tv_sec
        return last.withLock { last in
            if last.second != second { last = (second, Self.text(second)) }
            return last.text
        }
    }

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func text(_ second: Int) -> String {
        var time = time_t(second)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(days[second / 86_400 % 7]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
            + "\(parts.tm_year + 1_900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
