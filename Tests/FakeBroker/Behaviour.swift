/// What the broker says about one published message.
public enum Verdict: Sendable, Equatable {
    case ack
    case nack
    /// basic.return, then the ack.
    case returned(code: Int, text: String)
    /// Nothing, ever.
    case silence
    /// The message was taken, and then the connection was cut before anything was said.
    case cut
    case closeChannel(code: Int, text: String)
}

/// When and in which order verdicts go out.
public enum Order: Sendable, Equatable {
    case each
    /// Gathered, the last one first.
    case reversed(Int)
    /// Gathered and shuffled by the seed.
    case shuffled(Int, seed: UInt64)
    /// Gathered; one frame with `multiple` for each run of equal verdicts.
    case multiple(Int)

    /// How many are gathered; fewer go out when no more come.
    var window: Int {
        switch self {
        case .each: 1
        case .reversed(let count), .shuffled(let count, _), .multiple(let count): max(1, count)
        }
    }
}

/// How the broker behaves; may be changed at any time.
public struct Behaviour: Sendable {
    /// Proposed in connection.tune. 4096 is the least that AMQP allows.
    public var frameMax: UInt32 = 131_072
    /// Proposed in connection.tune, in seconds; 0 proposes none.
    public var heartbeat: UInt16 = 10
    public var sendsHeartbeats = true
    /// False: what the client sends stays in the sockets' buffers.
    public var reads = true
    /// Octets of one TCP segment at most; nil: whatever fits.
    public var segment: Int?
    /// Octets of one frame that we send at most, when smaller than what was agreed on.
    public var frameBytes: Int?
    public var order = Order.each
    /// By the message and its number on the connection, from 1.
    public var verdict: @Sendable (Content, UInt64) -> Verdict = { _, _ in .ack }
    /// Methods that are answered with channel.close.
    public var refused: [Method: (code: Int, text: String)] = [:]
    /// Exchanges that stand; others are made when they are declared.
    public var exchanges: Set<String> = ["events"]
    /// Whether messages that were acked (or about which nothing was said) go to the one queue.
    public var keeps = false
    /// How often each message is handed to the consumer at once.
    public var copies = 1
    /// Sent as the last octet of frames.
    public var frameEnd = Frame.end

    public init() {}
}

/// What the broker saw.
public struct Record: Sendable {
    public struct Publication: Sendable {
        public let connection: Int
        public let tag: UInt64
        public let content: Content
        /// Payload octets of each body frame.
        public let pieces: [Int]
    }

    /// When each connection was accepted.
    public var accepted: [ContinuousClock.Instant] = []
    /// Connections on which a client has begun to speak.
    public var greetings = 0
    /// When each connection, by its number from 1, was seen to end.
    public var ended: [Int: ContinuousClock.Instant] = [:]
    public var published: [Publication] = []
    /// Deliveries that were acknowledged, by the id of the message, in order.
    public var acknowledged: [String] = []
    public var heartbeats = 0
    /// The longest that a client was silent on a connection that we read from.
    public var longestSilence: Duration = .zero
    /// What clients sent that AMQP does not allow.
    public var violations: [String] = []
    public var consumers = 0

    public var bodies: [String] { published.map { String(decoding: $0.content.body, as: UTF8.self) } }
}

/// Something that the broker does now, on every connection.
public enum Action: Sendable {
    /// These octets, in or out of place.
    case raw([UInt8])
    case block(String)
    case unblock
    case closeChannel(code: Int, text: String)
    case closeConnection(code: Int, text: String)
    case cancelConsumer
    /// TCP reset.
    case cut
    /// TCP end of stream.
    case end
}
