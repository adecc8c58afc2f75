import Foundation

/// One connection, served by its own thread.
final class Session {
    let broker: FakeBroker
    let id: Int
    private let wire: Wire
    private var reader = FrameReader()
    private(set) var behaviour: Behaviour
    private var isGreeted = false
    private var isTuned = false
    private(set) var frameMax = 131_072
    private var heartbeat: Duration = .seconds(10)
    private var lastSent = ContinuousClock.now
    private var lastHeard = ContinuousClock.now
    /// We sent channel.close and wait for its answer.
    var isChannelClosed = false
    var publishing = Publishing()
    var consuming = Consuming()
    var isReset = false

    init(_ broker: FakeBroker, _ id: Int, _ descriptor: Int32) {
        self.broker = broker
        self.id = id
        wire = Wire(descriptor)
        behaviour = broker.state.withLock(\.behaviour)
    }

    func run() {
        do {
            while try turn() {}
        } catch let fault as BadOctets {
            broker.state.withLock { $0.record.violations.append(fault.description) }
        } catch is Ended {
        } catch { broker.state.withLock { $0.record.violations.append("\(error)") } }
        broker.state.withLock { state in
            state.record.ended[id] = .now
            state.actions[id] = nil
            if consuming.isActive { state.record.consumers -= 1 }
            state.queue = consuming.takenBack() + state.queue
        }
        wire.close(reset: isReset)
    }

    /// False: the connection is over.
    private func turn() throws -> Bool {
        let (now, actions, isClosed) = broker.state.withLock { state in
            defer { if state.actions[id] != nil { state.actions[id] = [] } }
            return (state.behaviour, state.actions[id] ?? [], state.isClosed)
        }
        behaviour = now
        guard !isClosed else { return false }
        for action in actions { try perform(action) }
        if behaviour.reads {
            try read()
        } else if wire.isGone(within: 5) {
            return false
        }
        try settle(publishing.due(behaviour.order))
        try hand()
        if isTuned, behaviour.sendsHeartbeats, ContinuousClock.now - lastSent > heartbeat / 2 {
            try send(Frame.heartbeat.bytes)
        }
        return true
    }

    private func read() throws {
        let bytes = try wire.receive(within: 5)
        // What a test changed before it sent these octets, counts for them.
        behaviour = broker.state.withLock(\.behaviour)
        let now = ContinuousClock.now
        if !bytes.isEmpty {
            let silence = now - lastHeard
            lastHeard = now
            if isTuned {
                broker.state.withLock { $0.record.longestSilence = max($0.record.longestSilence, silence) }
            }
        }
        reader.append(bytes)
        if !isGreeted {
            guard try reader.protocolHeader() else { return }
            isGreeted = true
            broker.state.withLock { $0.record.greetings += 1 }
            try start()
        }
        while let frame = try reader.next() { try take(frame) }
    }

    func send(_ bytes: [UInt8]) throws(Ended) {
        lastSent = .now
        try wire.send(bytes, segment: behaviour.segment)
    }

    func send(_ frames: [Frame]) throws(Ended) {
        var bytes: [UInt8] = []
        for frame in frames {
            bytes += Frame.bytes(frame.kind.rawValue, frame.channel, frame.payload, end: behaviour.frameEnd)
        }
        try send(bytes)
    }

    func send(_ method: Method, channel: UInt16 = 1, _ arguments: (inout OctetWriter) -> Void = { _ in }) throws(Ended)
    {
        try send([Frame.method(method, channel: channel, arguments)])
    }

    func closeChannel(_ code: Int, _ text: String) throws(Ended) {
        isChannelClosed = true
        try send(.channelClose) { writer in
            writer.short(UInt16(code))
            writer.shortString(text)
            writer.long(0)
        }
    }

    private func perform(_ action: Action) throws(Ended) {
        switch action {
        case .raw(let bytes): try send(bytes)
        case .block(let reason): try send(.connectionBlocked, channel: 0) { $0.shortString(reason) }
        case .unblock: try send(.connectionUnblocked, channel: 0)
        case .closeChannel(let code, let text): try closeChannel(code, text)
        case .closeConnection(let code, let text):
            try send(.connectionClose, channel: 0) { writer in
                writer.short(UInt16(code))
                writer.shortString(text)
                writer.long(0)
            }
        case .cancelConsumer:
            try send(.basicCancel) { writer in
                writer.shortString(consuming.tag)
                writer.octet(1)
            }
        case .cut:
            isReset = true
            throw Ended()
        case .end: throw Ended()
        }
    }
}

// MARK: - The beginning of a connection

extension Session {
    func start() throws(Ended) {
        try send(.connectionStart, channel: 0) { writer in
            writer.octet(0)
            writer.octet(9)
            writer.table([("product", .text("fake broker")), ("capabilities", .table([("basic.nack", .bool(true))]))])
            writer.longString(Array("PLAIN AMQPLAIN".utf8))
            writer.longString(Array("en_US".utf8))
        }
    }

    func tune() throws(Ended) {
        try send(.connectionTune, channel: 0) { writer in
            writer.short(2_047)
            writer.long(behaviour.frameMax)
            writer.short(behaviour.heartbeat)
        }
    }

    func tuned(_ reader: inout OctetReader) throws {
        _ = try reader.short()
        let most = Int(try reader.long())
        let beat = try reader.short()
        frameMax = most == 0 ? 131_072 : most
        self.reader.frameMax = frameMax
        heartbeat = beat == 0 ? .seconds(3600) : .seconds(Int(beat))
        isTuned = true
        lastHeard = .now
        if behaviour.frameMax != 0, most > max(4_096, Int(behaviour.frameMax)) {
            throw BadOctets(description: "frame_max \(most), \(behaviour.frameMax) were proposed")
        }
    }
}
