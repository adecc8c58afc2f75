import CRabbitMQ
import Contracts
import Foundation

/// What the broker said, complete and copied out of the library.
enum Arrival {
    case answered(tag: UInt64, multiple: Bool, positive: Bool)
    case returned(messageID: String, code: Int, text: String)
    case delivered(Incoming)
    case consumerCancelled
    /// Nothing for the caller: a part of a message, or a change of `blocked`.
    case internalMatter
}

/// A delivery before it knows its generation.
struct Incoming {
    var tag: UInt64
    var redelivered: Bool
    var exchange: String
    var routingKey: String
    var properties = Properties()
    var body: [UInt8] = []
}

struct Properties {
    var messageID = ""
    var type = ""
    var appID = ""
    var userID = ""
    var contentType = ""
    var timestamp: Date?
    var headers: [String: HeaderValue] = [:]
}

/// A message of which the method frame has come; the header frame and then body frames follow it.
struct Partial {
    enum Purpose { case delivery, back(code: Int, text: String) }
    var purpose: Purpose
    var incoming: Incoming
    /// Bytes of body still missing; nil before the header frame.
    var missing: Int?
}

extension Link {
    /// The next thing the broker said, without waiting; nil when there is no more for now. Serves heartbeats.
    func next() throws(AMQPError) -> Arrival? {
        // Safe here: everything of the previous frame was copied out before this call.
        amqp_maybe_release_buffers(state)
        var frame = amqp_frame_t()
        var now = timeval(tv_sec: 0, tv_usec: 0)
        let status = lifeline.watching { amqp_simple_wait_frame_noblock(state, &frame, &now) }
        if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
        guard status == 0 else { throw failure(status, "read from the broker") }
        guard frame.channel == Self.channel || frame.channel == 0 && frame.frame_type == AMQP_FRAME_METHOD else {
            throw .lost("a frame on channel \(frame.channel), which is not open")
        }
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD: return try method(&frame)
        case AMQP_FRAME_HEADER: return try header(&frame)
        case AMQP_FRAME_BODY: return try fragment(frame.payload.body_fragment)
        default: return .internalMatter
        }
    }

    private func method(_ frame: inout amqp_frame_t) throws(AMQPError) -> Arrival {
        let id = frame.payload.method.id
        guard let decoded = frame.payload.method.decoded else { return .internalMatter }
        switch id {
        case lt_basic_ack:
            let ack = decoded.load(as: amqp_basic_ack_t.self)
            return .answered(tag: ack.delivery_tag, multiple: ack.multiple != 0, positive: true)
        case lt_basic_nack:
            let nack = decoded.load(as: amqp_basic_nack_t.self)
            return .answered(tag: nack.delivery_tag, multiple: nack.multiple != 0, positive: false)
        case lt_basic_deliver:
            try beginMessage()
            let deliver = decoded.load(as: amqp_basic_deliver_t.self)
            let incoming = Incoming(
                tag: deliver.delivery_tag, redelivered: deliver.redelivered != 0, exchange: deliver.exchange.string,
                routingKey: deliver.routing_key.string)
            partial = Partial(purpose: .delivery, incoming: incoming)
        case lt_basic_return:
            try beginMessage()
            let back = decoded.load(as: amqp_basic_return_t.self)
            let purpose = Partial.Purpose.back(code: Int(back.reply_code), text: back.reply_text.string)
            let incoming = Incoming(tag: 0, redelivered: false, exchange: "", routingKey: back.routing_key.string)
            partial = Partial(purpose: purpose, incoming: incoming)
        case lt_basic_cancel: return .consumerCancelled
        case lt_connection_blocked: blocked = decoded.load(as: amqp_connection_blocked_t.self).reason.string
        case lt_connection_unblocked: blocked = nil
        case lt_channel_close, lt_connection_close: throw refused(&frame)
        default: break
        }
        return .internalMatter
    }

    /// A message is never begun before the one before it is whole (section 4.2.6).
    private func beginMessage() throws(AMQPError) {
        guard partial == nil else { throw .lost("a message in the middle of another") }
    }

    /// The broker closed the channel or the connection; answer it so that it can forget us at once.
    private func refused(_ frame: inout amqp_frame_t) -> AMQPError {
        let id = frame.payload.method.id
        let error = Self.refusal(&frame.payload.method, "use the channel") ?? .lost("closed with method \(id)")
        // The connection is thrown away either way, so a failing answer changes nothing.
        if id == lt_connection_close { _ = lifeline.watching { lt_connection_close_ok(state) } }
        return error
    }

    private func header(_ frame: inout amqp_frame_t) throws(AMQPError) -> Arrival {
        // Of another class the library decodes another, smaller struct than we would read.
        guard frame.payload.properties.class_id == UInt16(AMQP_BASIC_CLASS),
            let decoded = frame.payload.properties.decoded
        else { throw .lost("a header frame of class \(frame.payload.properties.class_id)") }
        guard let begun = partial, begun.missing == nil else { throw .lost("a header frame without its message") }
        let size = frame.payload.properties.body_size
        guard size <= UInt64(Limits.AMQP.bodyBytes) else { throw .lost("a body of \(size) bytes") }
        let properties = decoded.assumingMemoryBound(to: amqp_basic_properties_t.self)
        if case .delivery = partial?.purpose {
            partial?.incoming.properties = Properties(properties.pointee)
            partial?.incoming.body.reserveCapacity(Int(size))
        } else if properties.pointee._flags & lt_has_message_id != 0 {
            partial?.incoming.properties.messageID = properties.pointee.message_id.string
        }
        partial?.missing = Int(size)
        return size == 0 ? finish() : .internalMatter
    }

    private func fragment(_ bytes: amqp_bytes_t) throws(AMQPError) -> Arrival {
        guard let missing = partial?.missing, bytes.len <= missing else {
            throw .lost("a body frame without its message")
        }
        if case .delivery = partial?.purpose {
            partial?.incoming.body.append(contentsOf: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len))
        }
        partial?.missing = missing - bytes.len
        return missing == bytes.len ? finish() : .internalMatter
    }

    private func finish() -> Arrival {
        guard let whole = partial else { return .internalMatter }
        partial = nil
        switch whole.purpose {
        case .delivery: return .delivered(whole.incoming)
        case .back(let code, let text):
            return .returned(messageID: whole.incoming.properties.messageID, code: code, text: text)
        }
    }
}

extension Properties {
    init(_ raw: amqp_basic_properties_t) {
        func text(_ flag: UInt32, _ bytes: amqp_bytes_t) -> String { raw._flags & flag != 0 ? bytes.string : "" }
        messageID = text(lt_has_message_id, raw.message_id)
        type = text(lt_has_type, raw.type)
        appID = text(lt_has_app_id, raw.app_id)
        userID = text(lt_has_user_id, raw.user_id)
        contentType = text(lt_has_content_type, raw.content_type)
        if raw._flags & lt_has_timestamp != 0 {
            timestamp = Date(timeIntervalSince1970: Double(raw.timestamp))
        }
        guard raw._flags & lt_has_headers != 0 else { return }
        for entry in UnsafeBufferPointer(start: raw.headers.entries, count: Int(raw.headers.num_entries)) {
            headers[entry.key.string] = HeaderValue(entry.value)
        }
    }
}

extension HeaderValue {
    /// Nil for the kinds that we do not read: other clients may send them, and an unknown header is no fault.
    init?(_ field: amqp_field_value_t) {
        switch amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_UTF8: self = .string(field.value.bytes.string)
        case AMQP_FIELD_KIND_BOOLEAN: self = .bool(field.value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = .integer(Int64(field.value.i8))
        case AMQP_FIELD_KIND_U8: self = .integer(Int64(field.value.u8))
        case AMQP_FIELD_KIND_I16: self = .integer(Int64(field.value.i16))
        case AMQP_FIELD_KIND_U16: self = .integer(Int64(field.value.u16))
        case AMQP_FIELD_KIND_I32: self = .integer(Int64(field.value.i32))
        case AMQP_FIELD_KIND_U32: self = .integer(Int64(field.value.u32))
        case AMQP_FIELD_KIND_I64: self = .integer(field.value.i64)
        case AMQP_FIELD_KIND_U64:
            guard let number = Int64(exactly: field.value.u64) else { return nil }
            self = .integer(number)
        default: return nil
        }
    }
}
