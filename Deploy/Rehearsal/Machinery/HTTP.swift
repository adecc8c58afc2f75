import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Where a service listens.
struct Address: Sendable, Hashable, CustomStringConvertible {
    let host: String
    let port: Int

    init?(_ url: String) {
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty,
            (1...65_535).contains(parts.port ?? 80)
        else { return nil }
        self.host = host
        port = parts.port ?? 80
    }

    var description: String { "http://\(host):\(port)" }
}

struct HTTPAsk: Sendable {
    var method: String
    /// Path and query, percent-encoded.
    var target: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    static func form(_ target: String, _ pairs: [(String, String)]) -> HTTPAsk {
        let text = pairs.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
        return HTTPAsk(
            method: "POST", target: target, headers: [("content-type", "application/x-www-form-urlencoded")],
            body: Array(text.utf8))
    }

    /// Everything but RFC 3986's unreserved characters as %XX.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? text
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

struct HTTPAnswer: Sendable {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; nothing where it is none.
    var json: JSON { (try? JSON(parsing: body)) ?? .null }

    var succeeded: Bool { (200..<300).contains(status) }
}

/// The connection ended, or time ran out, before the answer was whole. Whether it was done is not known.
struct CutOff: Error, CustomStringConvertible {
    let description: String
}

/// One request on a connection of its own: simple, and a killed service never leaves a half-used connection behind.
/// Redirects are answers; the caller follows them.
enum HTTP {
    static func send(
        _ ask: HTTPAsk, to address: Address, within limit: Duration = Limits.Rehearsal.request
    ) async throws -> HTTPAnswer {
        do {
            return try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
                group.addTask {
                    // Nothing of it was sent: the connection ended between its making and the first octet.
                    do { return try await exchange(ask, address) } catch is Unsent {}
                    return try await exchange(ask, address)
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw CutOff(description: "no answer within \(limit)")
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        } catch let error as CutOff {
            throw CutOff(description: "\(ask.method) \(address)\(ask.target): \(error.description)")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw CutOff(description: "\(ask.method) \(address)\(ask.target): \(error)")
        }
    }

    private struct Unsent: Error {}

    private static func exchange(_ ask: HTTPAsk, _ address: Address) async throws -> HTTPAnswer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(Limits.Rehearsal.connect))
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: ask.method), uri: ask.target)
            head.headers.add(name: "host", value: "\(address.host):\(address.port)")
            head.headers.add(name: "connection", value: "close")
            for header in ask.headers { head.headers.add(name: header.name, value: header.value) }
            if ask.method != "GET" { head.headers.add(name: "content-length", value: "\(ask.body.count)") }
            // In one piece: a request without a body may be answered, and its connection ended, after the head.
            var request: [HTTPClientRequestPart] = [.head(head), .end(nil)]
            if !ask.body.isEmpty { request.insert(.body(.byteBuffer(ByteBuffer(bytes: ask.body))), at: 1) }
            do { try await outbound.write(contentsOf: request) } catch ChannelError.ioOnClosedChannel { throw Unsent() }
            var answer = HTTPAnswer()
            for try await part in inbound {
                switch part {
                case .head(let head):
                    answer.status = Int(head.status.code)
                    answer.headers = head.headers.map { ($0.name, $0.value) }
                case .body(let bytes): answer.body += Array(bytes.readableBytesView)
                case .end: return answer
                }
            }
            throw CutOff(description: "the connection ended early")
        }
    }
}
