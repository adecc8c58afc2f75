import CRabbitMQ
import Foundation

/// The baseline of the broker's side: librabbitmq called directly on one thread, persistent, mandatory, confirmed,
/// every message with the same headers and body.
final class BarePublisher {
    private let state: amqp_connection_state_t
    private var entries: [amqp_table_entry_t]
    private var next: UInt64 = 1
    private var lowest: UInt64 = 1
    private var settled = [Bool](repeating: false, count: 1_024)

    init(port: Int, user: String, password: String, vhost: String, headers: [(String, String)]) throws {
        guard let state = amqp_new_connection(), let socket = amqp_tcp_socket_new(state) else {
            throw BenchFault("no memory")
        }
        self.state = state
        entries = headers.map { name, value in
            var entry = amqp_table_entry_t()
            entry.key = amqp_cstring_bytes(strdup(name))
            entry.value.kind = lt_kind_text
            entry.value.value.bytes = amqp_cstring_bytes(strdup(value))
            return entry
        }
        guard amqp_socket_open(socket, "127.0.0.1", Int32(port)) == 0 else { throw BenchFault("no broker at \(port)") }
        guard lt_login(state, vhost, 0, "benchmark", user, password).reply_type == AMQP_RESPONSE_NORMAL else {
            throw BenchFault("the broker refused the login")
        }
        amqp_channel_open(state, 1)
        amqp_confirm_select(state, 1)
        guard amqp_get_rpc_reply(state).reply_type == AMQP_RESPONSE_NORMAL else { throw BenchFault("no channel") }
    }

    deinit {
        amqp_connection_close(state, AMQP_REPLY_SUCCESS)
        amqp_destroy_connection(state)
        for entry in entries {
            free(entry.key.bytes)
            free(entry.value.value.bytes.bytes)
        }
    }

    var outstanding: Int { Int(next - lowest) }

    /// Publishes; waits for confirms only while `window` are outstanding.
    func publish(_ key: String, messageID: String, body: [UInt8], window: Int) throws {
        while outstanding >= window { try settle() }
        var body = body
        let status = entries.withUnsafeMutableBufferPointer { entries in
            body.withUnsafeMutableBytes { body in
                key.withCString { key in
                    messageID.withCString { id in
                        var properties = amqp_basic_properties_t()
                        properties._flags = lt_has_delivery_mode | lt_has_headers | lt_has_message_id
                        properties.delivery_mode = 2
                        properties.message_id = amqp_cstring_bytes(id)
                        properties.headers = amqp_table_t(
                            num_entries: Int32(entries.count), entries: entries.baseAddress)
                        return amqp_basic_publish(
                            state, 1, amqp_cstring_bytes("lienthong.events"), amqp_cstring_bytes(key), 1, 0,
                            &properties,
                            amqp_bytes_t(len: body.count, bytes: body.baseAddress))
                    }
                }
            }
        }
        guard status == 0 else { throw BenchFault("publish failed with \(status)") }
        next += 1
    }

    func settleAll() throws { while outstanding > 0 { try settle() } }

    /// Reads one frame: a confirm, possibly of many, possibly out of order.
    private func settle() throws {
        var frame = amqp_frame_t()
        let status = amqp_simple_wait_frame(state, &frame)
        guard status == 0 else { throw BenchFault("the broker went away (\(status))") }
        if frame.frame_type == UInt8(AMQP_FRAME_METHOD), frame.payload.method.id == lt_basic_ack,
            let decoded = frame.payload.method.decoded
        {
            let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            for tag in (ack.multiple != 0 ? lowest : ack.delivery_tag)...ack.delivery_tag {
                settled[Int(tag & 1_023)] = true
            }
            while lowest < next, settled[Int(lowest & 1_023)] {
                settled[Int(lowest & 1_023)] = false
                lowest += 1
            }
        }
        amqp_maybe_release_buffers(state)
    }
}
