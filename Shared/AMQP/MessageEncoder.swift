import CRabbitMQ
import Contracts
import Foundation

/// Lays a message's texts and header table out in buffers that are made once and used for every message, because the
/// library takes pointers and a publish must not allocate. Belongs to one thread.
final class MessageEncoder {
    private let texts: UnsafeMutableRawPointer
    private let capacity: Int
    private var used = 0
    private let entries: UnsafeMutablePointer<amqp_table_entry_t>
    private let exchange: amqp_bytes_t
    private let user: String
    private var properties = amqp_basic_properties_t()

    init(exchange: String, user: String) {
        // What OutgoingMessage.defect lets through, fits: headers, and every property at its longest, twice the user.
        capacity = Limits.AMQP.headerBytes + 8 * Limits.AMQP.shortString
        texts = .allocate(byteCount: capacity, alignment: 8)
        entries = .allocate(capacity: Limits.AMQP.headers)
        entries.initialize(repeating: amqp_table_entry_t(), count: Limits.AMQP.headers)
        self.user = user
        self.exchange = withBytes(exchange) { amqp_bytes_malloc_dup($0) }
        properties._flags =
            lt_has_content_type | lt_has_headers | lt_has_delivery_mode | lt_has_message_id | lt_has_timestamp
            | lt_has_type | lt_has_user_id | lt_has_app_id
        properties.delivery_mode = UInt8(AMQP_DELIVERY_PERSISTENT.rawValue)
        properties.headers.entries = entries
    }

    deinit {
        texts.deallocate()
        entries.deallocate()
        amqp_bytes_free(exchange)
    }

    /// Octets of the frame with the message's properties and headers, which cannot be split.
    func headerFrame(_ message: OutgoingMessage) -> Int {
        // Frame 8, class, weight, size and flags 14, table 4, delivery mode 1, time stamp 8, six lengths of strings.
        var octets = 8 + 14 + 4 + 1 + 8 + 6
        octets += message.contentType.utf8.count + message.messageID.utf8.count + message.type.utf8.count
        octets += message.appID.utf8.count + (message.userID ?? user).utf8.count
        for (name, value) in message.headers {
            octets += 2 + name.utf8.count + (value.text.map { 4 + $0.utf8.count } ?? 8)
        }
        return octets
    }

    /// Sends one message, which must have no defect. May block until the watchdog cuts the connection.
    func publish(_ message: OutgoingMessage, on link: Link) throws(AMQPError) {
        used = 0
        properties.content_type = lay(message.contentType)
        properties.message_id = lay(message.messageID)
        properties.type = lay(message.type)
        properties.app_id = lay(message.appID)
        properties.user_id = lay(message.userID ?? user)
        properties.timestamp = UInt64(exactly: message.timestamp.timeIntervalSince1970.rounded(.down)) ?? 0
        properties.headers.num_entries = Int32(message.headers.count)
        for (index, (name, value)) in message.headers.enumerated() {
            entries[index].key = lay(name)
            switch value {
            case .string(let text):
                entries[index].value.kind = lt_kind_text
                entries[index].value.value.bytes = lay(text)
            case .integer(let number):
                entries[index].value.kind = lt_kind_i64
                entries[index].value.value.i64 = number
            case .bool(let flag):
                entries[index].value.kind = lt_kind_boolean
                entries[index].value.value.boolean = flag ? 1 : 0
            }
        }
        let key = lay(message.routingKey)
        let exchange = message.exchange.map(lay) ?? exchange
        let status = message.body.withUnsafeBytes { body in
            let bytes = amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
            return link.lifeline.watching {
                amqp_basic_publish(link.state, Link.channel, exchange, key, 1, 0, &properties, bytes)
            }
        }
        guard status == 0 else { throw link.failure(status, "publish") }
    }

    private func lay(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { source in
            precondition(used + source.count <= capacity, "a message with a defect reached the encoder")
            let place = texts + used
            if let base = source.baseAddress { place.copyMemory(from: base, byteCount: source.count) }
            used += source.count
            return amqp_bytes_t(len: source.count, bytes: place)
        }
    }
}
