import CRabbitMQ
import Contracts
import Foundation

/// One open connection with one channel. Belongs to the thread that made it; every library call is watched.
final class Link {
    static let channel: amqp_channel_t = 1
    /// For looks at queues: a refusal ends this one, and not what is on its way on the other.
    static let looking: amqp_channel_t = 2

    let state: amqp_connection_state_t
    let configuration: AMQPConfiguration
    let lifeline: Lifeline
    let socket: Int32
    /// The broker asked us not to publish (memory or disk alarm), with its reason.
    var blocked: String?
    /// A message whose header or body frames are still to come.
    var partial: Partial?
    private var alive = true
    private var isLookingOpen = false

    /// Connects, logs in and opens the channel. Blocks for at most connect + handshake + call of `Limits.AMQP`.
    init(_ configuration: AMQPConfiguration, name: String, lifeline: Lifeline) throws(AMQPError) {
        guard let state = amqp_new_connection() else { throw .unreachable(reason: "out of memory") }
        let socket: Int32
        do {
            socket = try Self.open(state, configuration, lifeline)
            try Self.logIn(state, configuration, name, lifeline)
        } catch {
            Self.destroy(state, lifeline)
            throw error
        }
        // From here on deinit owns the connection, also when this initialiser throws.
        self.configuration = configuration
        self.lifeline = lifeline
        self.state = state
        self.socket = socket
        try openChannel()
    }

    deinit { Self.destroy(state, lifeline) }

    /// Shuts the socket down first: the library's own TLS farewell would wait for the peer without bound.
    private static func destroy(_ state: amqp_connection_state_t, _ lifeline: Lifeline) {
        _ = lifeline.cut()
        lifeline.detach()
        amqp_destroy_connection(state)
    }

    private static func open(
        _ state: amqp_connection_state_t, _ configuration: AMQPConfiguration, _ lifeline: Lifeline
    ) throws(AMQPError) -> Int32 {
        let socket: OpaquePointer?
        if let tls = configuration.tls {
            socket = try secure(state, tls)
        } else {
            socket = amqp_tcp_socket_new(state)
        }
        guard let socket else { throw .unreachable(reason: "no socket could be made") }
        var limit = Limits.AMQP.connect.timeval
        let status = lifeline.watching {
            amqp_socket_open_noblock(socket, configuration.host, Int32(clamping: configuration.port), &limit)
        }
        guard status == 0 else { throw .unreachable(reason: "\(configuration): \(reason(status))") }
        let descriptor = amqp_get_sockfd(state)
        lifeline.attach(descriptor)
        let beat = Int32(clamping: configuration.heartbeatSeconds)
        let silence = Int32(clamping: min(Limits.AMQP.tcpSilence, configuration.heartbeat * 2).milliseconds)
        guard lt_keep_alive(descriptor, beat, max(1, beat / 3), 3, silence) == 0 else {
            throw .unreachable(reason: "the socket refused its keep-alive options")
        }
        return descriptor
    }

    private static func secure(
        _ state: amqp_connection_state_t, _ tls: AMQPTLS
    ) throws(AMQPError) -> OpaquePointer? {
        guard let socket = amqp_ssl_socket_new(state) else { return nil }
        amqp_ssl_socket_set_verify_peer(socket, 1)
        amqp_ssl_socket_set_verify_hostname(socket, 1)
        guard lt_require_tls_1_2(socket) == 0 else { throw .unreachable(reason: "TLS 1.2 is not available") }
        guard amqp_ssl_socket_set_cacert(socket, tls.authorities) == 0 else {
            throw .unreachable(reason: "the authorities in \(tls.authorities) cannot be read")
        }
        if let certificate = tls.certificate, let key = tls.key,
            amqp_ssl_socket_set_key(socket, certificate, key) != 0
        {
            throw .unreachable(reason: "our certificate \(certificate) and its key cannot be used")
        }
        return socket
    }

    private static func logIn(
        _ state: amqp_connection_state_t, _ configuration: AMQPConfiguration, _ name: String, _ lifeline: Lifeline
    ) throws(AMQPError) {
        var handshake = Limits.AMQP.handshake.timeval
        var call = Limits.AMQP.call.timeval
        guard amqp_set_handshake_timeout(state, &handshake) == 0, amqp_set_rpc_timeout(state, &call) == 0 else {
            throw .unreachable(reason: "time-outs cannot be set")
        }
        let reply = lifeline.watching {
            lt_login(
                state, configuration.vhost, Int32(clamping: configuration.heartbeatSeconds), name, configuration.user,
                configuration.password)
        }
        do { try check(reply, "log in as \(configuration.user) at vhost \(configuration.vhost)") } catch {
            if case .connectionLost(let reason, _) = error { throw .unreachable(reason: reason) }
            throw error
        }
    }

    static func reason(_ status: Int32) -> String { String(cString: amqp_error_string2(status)) }

    static func check(_ reply: amqp_rpc_reply_t, _ attempting: String) throws(AMQPError) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            var method = reply.reply
            throw refusal(&method, attempting) ?? .lost("unexpected method \(method.id) on \(attempting)")
        default: throw .lost("\(reason(reply.library_error)), attempting to \(attempting)")
        }
    }

    /// What a close method of the broker says; 320 and 541 are its own troubles, not a verdict on what we asked.
    static func refusal(_ method: inout amqp_method_t, _ attempting: String) -> AMQPError? {
        var code: UInt16 = 0
        var text = amqp_bytes_t()
        guard lt_refusal(&method, &code, &text) != 0 else { return nil }
        if code == 320 || code == 541 { return .lost("\(code) \(text.string)") }
        return .refused(code: Int(code), text: text.string, attempting: attempting, settled: [])
    }

    func openChannel() throws(AMQPError) {
        try ask("open a channel") { _ = amqp_channel_open(state, Self.channel) }
    }

    /// A question whose answer the library waits for, at most `Limits.AMQP.call`.
    func ask(_ attempting: String, _ question: () -> Void) throws(AMQPError) {
        let reply = lifeline.watching {
            question()
            return amqp_get_rpc_reply(state)
        }
        do { try Self.check(reply, attempting) } catch {
            if case .connectionLost = error { alive = false }
            throw error
        }
    }

    /// A call that only sends and answers with a status.
    func send(_ attempting: String, _ call: () -> Int32) throws(AMQPError) {
        let status = lifeline.watching(call)
        guard status == 0 else { throw failure(status, attempting) }
    }

    func failure(_ status: Int32, _ attempting: String) -> AMQPError {
        alive = false
        return .lost("\(Self.reason(status)), attempting to \(attempting)")
    }

    /// The broker closed our channel with 404: answer it and open the channel again.
    func reopenChannel() throws(AMQPError) {
        try send("answer channel.close") { lt_channel_close_ok(state, Self.channel) }
        try openChannel()
    }

    /// Messages that lie ready in a queue.
    func ready(in queue: String) throws(AMQPError) -> Int {
        if !isLookingOpen {
            try ask("open a channel to look") { _ = amqp_channel_open(state, Self.looking) }
            isLookingOpen = true
        }
        var ready = 0
        do {
            try ask("look for queue \(queue)") {
                let found = withBytes(queue) {
                    amqp_queue_declare(state, Self.looking, $0, 1, 1, 0, 0, amqp_empty_table)
                }
                if let found = found?.pointee { ready = Int(found.message_count) }
            }
        } catch {
            guard case .refused = error else { throw error }
            isLookingOpen = false
            try send("answer channel.close") { lt_channel_close_ok(state, Self.looking) }
            throw error
        }
        return ready
    }

    /// Octets of a frame, as agreed on.
    var frameMax: Int { Int(amqp_get_frame_max(state)) }

    /// As agreed on: the broker may have asked for a shorter one than ours.
    var heartbeat: Duration {
        let agreed = amqp_get_heartbeat(state)
        return agreed > 0 ? min(.seconds(Int(agreed)), configuration.heartbeat) : configuration.heartbeat
    }

    /// Whether frames wait inside the library, where poll(2) cannot see them.
    var hasInput: Bool { amqp_frames_enqueued(state) != 0 || amqp_data_in_buffer(state) != 0 }

    /// Says good-bye. While blocked the broker does not read it, so the socket is simply closed then.
    func close() {
        guard alive, blocked == nil else { return }
        alive = false
        var farewell = Limits.AMQP.farewell.timeval
        // The answer changes nothing: the connection is destroyed next.
        _ = amqp_set_rpc_timeout(state, &farewell)
        _ = lifeline.watching { amqp_connection_close(state, 200) }
    }
}

extension amqp_bytes_t {
    /// A copy as text; invalid UTF-8 is repaired.
    var string: String { String(decoding: UnsafeRawBufferPointer(start: bytes, count: len), as: UTF8.self) }
}

/// Runs a C call with the bytes of a text, which are valid only until it returns.
func withBytes<T>(_ text: String, _ body: (amqp_bytes_t) -> T) -> T {
    var text = text
    return text.withUTF8 {
        body(amqp_bytes_t(len: $0.count, bytes: UnsafeMutableRawPointer(mutating: $0.baseAddress)))
    }
}
