import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceTestKit
import Synchronization

/// Gives every program that asks a token of its own, signed with the key that a service under test trusts.
final class TokenDesk: Sendable {
    private let token: @Sendable (String) -> String
    private let channel = Mutex<(any NIOCore.Channel)?>(nil)

    var address: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }

    private init(_ token: @escaping @Sendable (String) -> String) { self.token = token }

    static func start(trustedBy service: TestService) async throws -> TokenDesk {
        let desk = TokenDesk { (try? service.token(program: $0)) ?? "" }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Answering(desk))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        desk.channel.withLock { $0 = channel }
        return desk
    }

    func stop() async { try? await channel.withLock { $0 }?.close() }

    private func body(_ head: HTTPRequestHead?) -> [UInt8] {
        let basic = head?.headers.first(name: "authorization")?.dropFirst("Basic ".count) ?? ""
        let pair = Data(base64Encoded: String(basic)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let token = token(String(pair.prefix { $0 != ":" }))
        return JSON.object([.init("access_token", .string(token)), .init("expires_in", 300)]).bytes
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let desk: TokenDesk
        private var head: HTTPRequestHead?

        init(_ desk: TokenDesk) { self.desk = desk }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                let body = desk.body(head)
                let headers: HTTPHeaders = ["content-length": "\(body.count)", "content-type": "application/json"]
                context.write(
                    wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
