import Contracts
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import ServiceKit

/// Answers with one key at `/.well-known/jwks.json` and with tokens at `/oauth/token`, and counts.
final class FakeIdentity: Sendable {
    let key = SigningKey()
    private let channel = Mutex<(any NIOCore.Channel)?>(nil)
    private let counts = Mutex((keys: 0, clients: [String]()))

    /// How often the keys were asked for, and to whom tokens were given.
    var asked: Int { counts.withLock { $0.keys } }
    var given: [String] { counts.withLock { $0.clients } }
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

    /// A program's token goes to whoever names itself by HTTP Basic.
    private func body(_ head: HTTPRequestHead?) -> [UInt8] {
        guard head?.uri == "/oauth/token" else {
            counts.withLock { $0.keys += 1 }
            return JSON.object([.init("keys", .array([key.jwk]))]).bytes
        }
        let basic = head?.headers.first(name: "authorization")?.dropFirst("Basic ".count) ?? ""
        let pair = Data(base64Encoded: String(basic)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let client = String(pair.prefix { $0 != ":" })
        counts.withLock { $0.clients.append(client) }
        let claims = DeskRoom.claims(.program, client: client, changing: ["iss": .string(address)])
        let token = (try? key.sign(claims)) ?? ""
        return JSON.object([.init("access_token", .string(token)), .init("expires_in", 300)]).bytes
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let identity: FakeIdentity
        private var head: HTTPRequestHead?

        init(_ identity: FakeIdentity) { self.identity = identity }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end: answer(context, identity.body(head))
            }
        }

        private func answer(_ context: ChannelHandlerContext, _ body: [UInt8]) {
            let headers: HTTPHeaders = ["content-length": "\(body.count)", "content-type": "application/json"]
            context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
