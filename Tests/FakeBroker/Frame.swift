/// One frame (AMQP 0-9-1, section 2.3.5): type, channel, size, payload, frame-end.
public struct Frame: Sendable, Equatable {
    public enum Kind: UInt8, Sendable { case method = 1, header, body, heartbeat = 8 }

    public static let end: UInt8 = 0xCE
    /// Octets around a payload.
    public static let overhead = 8

    public var kind: Kind
    public var channel: UInt16
    public var payload: [UInt8]

    public init(_ kind: Kind, channel: UInt16, _ payload: [UInt8] = []) {
        self.kind = kind
        self.channel = channel
        self.payload = payload
    }

    public static let heartbeat = Frame(.heartbeat, channel: 0)

    /// A method with its arguments.
    public static func method(
        _ method: Method, channel: UInt16 = 1, _ arguments: (inout OctetWriter) -> Void = { _ in }
    ) -> Frame {
        var writer = OctetWriter()
        writer.long(method.rawValue)
        arguments(&writer)
        return Frame(.method, channel: channel, writer.bytes)
    }

    public var bytes: [UInt8] { Frame.bytes(kind.rawValue, channel, payload) }

    /// A frame as it stands on the wire; for frames that are wrong too.
    public static func bytes(
        _ kind: UInt8, _ channel: UInt16, _ payload: [UInt8], size: UInt32? = nil, end: UInt8 = Frame.end
    ) -> [UInt8] {
        var writer = OctetWriter()
        writer.octet(kind)
        writer.short(channel)
        writer.long(size ?? UInt32(payload.count))
        writer.raw(payload)
        writer.octet(end)
        return writer.bytes
    }
}

/// Cuts a stream of octets into frames.
public struct FrameReader {
    private var buffer: [UInt8] = []
    /// What was agreed on; 0 before.
    public var frameMax = 0

    public init() {}

    public mutating func append(_ bytes: some Sequence<UInt8>) { buffer += bytes }

    /// The eight octets with which a client begins.
    public mutating func protocolHeader() throws(BadOctets) -> Bool {
        guard buffer.count >= 8 else { return false }
        guard Array(buffer.prefix(8)) == Array("AMQP".utf8) + [0, 0, 9, 1] else {
            throw BadOctets(description: "no protocol header of 0-9-1")
        }
        buffer.removeFirst(8)
        return true
    }

    /// The next whole frame; nil when more octets are needed.
    public mutating func next() throws(BadOctets) -> Frame? {
        guard buffer.count >= 7 else { return nil }
        let size = buffer[3..<7].reduce(0) { $0 << 8 | Int($1) }
        guard frameMax == 0 || size + Frame.overhead <= frameMax else {
            throw BadOctets(description: "a frame of \(size + Frame.overhead) octets, \(frameMax) were agreed on")
        }
        guard buffer.count >= size + Frame.overhead else { return nil }
        guard buffer[7 + size] == Frame.end else { throw BadOctets(description: "no frame-end") }
        guard let kind = Frame.Kind(rawValue: buffer[0]) else {
            throw BadOctets(description: "frame type \(buffer[0])")
        }
        let frame = Frame(kind, channel: UInt16(buffer[1]) << 8 | UInt16(buffer[2]), Array(buffer[7..<(7 + size)]))
        buffer.removeFirst(size + Frame.overhead)
        return frame
    }
}

/// The methods that either side uses here: class in the upper half.
public enum Method: UInt32, Sendable {
    case connectionStart = 0x000A_000A
    case connectionStartOK = 0x000A_000B
    case connectionTune = 0x000A_001E
    case connectionTuneOK = 0x000A_001F
    case connectionOpen = 0x000A_0028
    case connectionOpenOK = 0x000A_0029
    case connectionClose = 0x000A_0032
    case connectionCloseOK = 0x000A_0033
    case connectionBlocked = 0x000A_003C
    case connectionUnblocked = 0x000A_003D
    case channelOpen = 0x0014_000A
    case channelOpenOK = 0x0014_000B
    case channelFlow = 0x0014_0014
    case channelClose = 0x0014_0028
    case channelCloseOK = 0x0014_0029
    case exchangeDeclare = 0x0028_000A
    case exchangeDeclareOK = 0x0028_000B
    case queueDeclare = 0x0032_000A
    case queueDeclareOK = 0x0032_000B
    case queueBind = 0x0032_0014
    case queueBindOK = 0x0032_0015
    case basicQos = 0x003C_000A
    case basicQosOK = 0x003C_000B
    case basicConsume = 0x003C_0014
    case basicConsumeOK = 0x003C_0015
    case basicCancel = 0x003C_001E
    case basicCancelOK = 0x003C_001F
    case basicPublish = 0x003C_0028
    case basicReturn = 0x003C_0032
    case basicDeliver = 0x003C_003C
    case basicGetEmpty = 0x003C_0048
    case basicAck = 0x003C_0050
    case basicNack = 0x003C_0078
    case confirmSelect = 0x0055_000A
    case confirmSelectOK = 0x0055_000B
}
