import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import ServiceKit

/// Answers `/.well-known/jwks.json` with one key, and counts.
final class FakeIdentity: Sendable {
    let key = SigningKey()
    private let channel = Mutex<(any NIOCore.Channel)?>(nil)
    private let count = Mutex(0)

    var asked: Int { count.withLock { $0 } }
    var address: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }

    static func start() async throws -> FakeIdentity {
        let identity = FakeIdentity()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Answering(identity))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        identity.channel.withLock { $0 = channel }
        return identity
    }

    func stop() async { try? await channel.withLock { $0 }?.close() }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let identity: FakeIdentity

        init(_ identity: FakeIdentity) { self.identity = identity }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            identity.count.withLock { $0 += 1 }
            let body = JSON.object([.init("keys", .array([identity.key.jwk]))]).bytes
            let headers: HTTPHeaders = ["content-length": "\(body.count)", "content-type": "application/json"]
            context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
