/// A message as it stands between two frames: properties as they came, so that what is handed on is what was sent.
public struct Content: Sendable, Equatable {
    public var exchange: String
    public var routingKey: String
    /// Flags and properties of the content header (section 4.2.6.1), without class, weight and size.
    public var properties: [UInt8]
    public var body: [UInt8]

    public init(exchange: String = "events", routingKey: String, properties: [UInt8] = [0, 0], body: [UInt8]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.properties = properties
        self.body = body
    }

    /// A message with a table of headers and a message id.
    public init(
        exchange: String = "events", routingKey: String, messageID: String, headers: [(String, FieldValue)] = [],
        body: [UInt8]
    ) {
        var writer = OctetWriter()
        writer.short(1 << 13 | 1 << 7)
        writer.table(headers)
        writer.shortString(messageID)
        self.init(exchange: exchange, routingKey: routingKey, properties: writer.bytes, body: body)
    }

    /// The message id; empty when there is none or the properties cannot be read.
    public var messageID: String { (try? Self.messageID(properties)) ?? "" }

    private static func messageID(_ properties: [UInt8]) throws(BadOctets) -> String {
        var reader = OctetReader(properties)
        let flags = try reader.short()
        func has(_ bit: Int) -> Bool { flags & 1 << bit != 0 }
        if has(15) { _ = try reader.shortString() }
        if has(14) { _ = try reader.shortString() }
        if has(13) { _ = try reader.longString() }
        if has(12) { _ = try reader.octet() }
        if has(11) { _ = try reader.octet() }
        for bit in [10, 9, 8] where has(bit) { _ = try reader.shortString() }
        return has(7) ? try reader.shortString() : ""
    }

    /// The header frame and the body frames.
    public func frames(channel: UInt16, frameMax: Int, class classID: UInt16 = 60) -> [Frame] {
        var header = OctetWriter()
        header.short(classID)
        header.short(0)
        header.longLong(UInt64(body.count))
        header.raw(properties)
        let most = max(1, frameMax - Frame.overhead)
        let pieces = stride(from: 0, to: body.count, by: most).map {
            Frame(.body, channel: channel, Array(body[$0..<min($0 + most, body.count)]))
        }
        return [Frame(.header, channel: channel, header.bytes)] + pieces
    }

    /// `basic.deliver` with its content.
    public func delivery(
        tag: UInt64, redelivered: Bool = false, consumer: String = "lienthong", channel: UInt16 = 1,
        frameMax: Int = 131_072
    ) -> [Frame] {
        let method = Frame.method(.basicDeliver, channel: channel) { writer in
            writer.shortString(consumer)
            writer.longLong(tag)
            writer.octet(redelivered ? 1 : 0)
            writer.shortString(exchange)
            writer.shortString(routingKey)
        }
        return [method] + frames(channel: channel, frameMax: frameMax)
    }

    /// `basic.return` with its content.
    public func returned(code: Int, text: String, channel: UInt16, frameMax: Int) -> [Frame] {
        let method = Frame.method(.basicReturn, channel: channel) { writer in
            writer.short(UInt16(code))
            writer.shortString(text)
            writer.shortString(exchange)
            writer.shortString(routingKey)
        }
        return [method] + frames(channel: channel, frameMax: frameMax)
    }
}
