import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 client for the background reads between our services: plain http on the inner network, one
/// connection a request, everything bounded. (FoundationNetworking would bring libcurl into every process.)
struct Outbound: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
    }

    /// - Parameter address: an `http://` address with path and query.
    /// - Throws: `OutboundFault`, which names the address without its query.
    func send(
        _ method: HTTPMethod = .GET, _ address: String, headers: [(String, String)] = [], body: [UInt8] = []
    ) async throws -> Answer {
        guard let parts = URLComponents(string: address), parts.scheme == "http", let host = parts.host else {
            throw OutboundFault(address: address, reason: "only plain http addresses can be read")
        }
        let port = parts.port ?? 80
        var head = HTTPRequestHead(
            version: .http1_1, method: method,
            uri: (parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath)
                + (parts.percentEncodedQuery.map { "?\($0)" } ?? ""))
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        head.headers.replaceOrAdd(name: "host", value: "\(host):\(port)")
        head.headers.replaceOrAdd(name: "connection", value: "close")
        if !body.isEmpty || method == .POST {
            head.headers.replaceOrAdd(name: "content-length", value: "\(body.count)")
        }
        do {
            return try await exchange(head, body, host, port)
        } catch {
            throw OutboundFault(address: "\(host):\(port)\(parts.percentEncodedPath)", reason: "\(error)")
        }
    }

    private func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8], _ host: String, _ port: Int
    ) async throws -> Answer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Answer.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(Limits.Client.connect))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(Collector(promise))
                }
            }
        let channel: any NIOCore.Channel
        do {
            // A literal address needs no resolver.
            channel =
                if let literal = try? SocketAddress(ipAddress: host, port: port) {
                    try await bootstrap.connect(to: literal).get()
                } else {
                    try await bootstrap.connect(host: host, port: port).get()
                }
        } catch {
            promise.fail(error)
            throw error
        }
        let limit = loop.scheduleTask(in: TimeAmount(Limits.Client.answer)) {
            promise.fail(OutboundTooSlow())
        }
        defer {
            limit.cancel()
            channel.close(promise: nil)
        }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return try await promise.futureResult.get()
    }

    /// Gathers one response. Lives on its channel's event loop.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let promise: EventLoopPromise<Answer>
        private var status = 0
        private var body: [UInt8] = []

        init(_ promise: EventLoopPromise<Answer>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): status = Int(head.status.code)
            case .body(let buffer):
                body.append(contentsOf: buffer.readableBytesView)
                if body.count > Limits.Client.bodyBytes {
                    promise.fail(OutboundTooLarge())
                    context.close(promise: nil)
                }
            case .end: promise.succeed(Answer(status: status, body: body))
            }
        }

        func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }
    }
}

/// A background read failed: where to and why.
struct OutboundFault: Error, CustomStringConvertible {
    let address: String
    let reason: String

    var description: String { "reading \(address): \(reason)" }
}

private struct OutboundTooSlow: Error, CustomStringConvertible {
    var description: String { "no answer within \(Limits.Client.answer)" }
}

private struct OutboundTooLarge: Error, CustomStringConvertible {
    var description: String { "the answer exceeds \(Limits.Client.bodyBytes) bytes" }
}
