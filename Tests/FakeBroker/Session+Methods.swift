/// What a client publishes on one channel.
struct Publishing {
    var isConfirming = false
    /// The content that is still to come.
    var open: (exchange: String, routingKey: String, properties: [UInt8]?, size: Int, body: [UInt8], pieces: [Int])?
    var tag: UInt64 = 0
    private var verdicts: [(tag: UInt64, verdict: Verdict)] = []
    private var since = ContinuousClock.now

    mutating func gather(_ tag: UInt64, _ verdict: Verdict) {
        verdicts.append((tag, verdict))
        since = .now
    }

    /// The answers that go out now, in their order.
    mutating func due(_ order: Order) -> [(tag: UInt64, multiple: Bool, positive: Bool)] {
        guard !verdicts.isEmpty else { return [] }
        guard verdicts.count >= order.window || ContinuousClock.now - since > .milliseconds(20) else { return [] }
        defer { verdicts = [] }
        let answers = verdicts.map { (tag: $0.tag, multiple: false, positive: $0.verdict != .nack) }
        switch order {
        case .each: return answers
        case .reversed: return answers.reversed()
        case .shuffled(_, let seed):
            var random = Shuffling(state: seed &+ answers[0].tag)
            return answers.shuffled(using: &random)
        case .multiple:
            return answers.indices.filter {
                $0 + 1 == answers.count || answers[$0 + 1].positive != answers[$0].positive
            }.map { (answers[$0].tag, true, answers[$0].positive) }
        }
    }
}

/// The same order for the same seed.
private struct Shuffling: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        let once = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        let twice = (once ^ (once >> 27)) &* 0x94D0_49BB_1331_11EB
        return twice ^ (twice >> 31)
    }
}

/// What is handed to a client on one channel.
struct Consuming {
    var isActive = false
    var tag = ""
    var prefetch = Int.max
    var next: UInt64 = 1
    var outstanding: [(tag: UInt64, stored: FakeBroker.Stored)] = []

    /// What was not acknowledged, marked as handed out before.
    mutating func takenBack() -> [FakeBroker.Stored] {
        defer { outstanding = [] }
        return outstanding.map { FakeBroker.Stored(content: $0.stored.content, redelivered: true) }
    }
}

extension Session {
    func take(_ frame: Frame) throws {
        switch frame.kind {
        case .heartbeat: broker.state.withLock { $0.record.heartbeats += 1 }
        case .header, .body:
            if !isChannelClosed { try content(frame) }
        case .method:
            var reader = OctetReader(frame.payload)
            let number = try reader.long()
            guard let method = Method(rawValue: number) else { throw BadOctets(description: "method \(number)") }
            if isChannelClosed, frame.channel == 1 {
                if method == .channelCloseOK { isChannelClosed = false }
                return
            }
            if let refusal = behaviour.refused[method] { return try closeChannel(refusal.code, refusal.text) }
            try answer(method, &reader)
        }
    }

    private func answer(_ method: Method, _ reader: inout OctetReader) throws {
        switch method {
        case .connectionStartOK: try tune()
        case .connectionTuneOK: try tuned(&reader)
        case .connectionOpen: try send(.connectionOpenOK, channel: 0) { $0.shortString("") }
        case .connectionClose:
            try send(.connectionCloseOK, channel: 0)
            throw Ended()
        case .connectionCloseOK: throw Ended()
        case .channelOpen:
            (publishing, consuming) = (Publishing(), Consuming())
            try send(.channelOpenOK) { $0.longString([]) }
        case .channelClose: try send(.channelCloseOK)
        case .exchangeDeclare: try declareExchange(&reader)
        case .queueDeclare:
            _ = try reader.short()
            let name = try reader.shortString()
            try send(.queueDeclareOK) { writer in
                writer.shortString(name)
                writer.long(0)
                writer.long(0)
            }
        case .queueBind: try send(.queueBindOK)
        case .basicQos:
            _ = try reader.long()
            let count = Int(try reader.short())
            consuming.prefetch = count == 0 ? .max : count
            try send(.basicQosOK)
        case .basicConsume: try consume(&reader)
        case .basicCancel:
            consuming.isActive = false
            broker.state.withLock { $0.record.consumers -= 1 }
            try send(.basicCancelOK) { $0.shortString(consuming.tag) }
        case .basicAck: try acknowledged(tag: try reader.longLong(), multiple: try reader.octet() & 1 == 1)
        case .confirmSelect:
            publishing.isConfirming = true
            try send(.confirmSelectOK)
        case .basicPublish:
            _ = try reader.short()
            publishing.open = (try reader.shortString(), try reader.shortString(), nil, 0, [], [])
        default: throw BadOctets(description: "\(method) is not for a client to send")
        }
    }

    private func declareExchange(_ reader: inout OctetReader) throws {
        _ = try reader.short()
        let name = try reader.shortString()
        _ = try reader.shortString()
        let isPassive = try reader.octet() & 1 == 1
        guard !isPassive || behaviour.exchanges.contains(name) else {
            return try closeChannel(404, "NOT_FOUND - no exchange '\(name)'")
        }
        broker.behave { $0.exchanges.insert(name) }
        try send(.exchangeDeclareOK)
    }

    private func consume(_ reader: inout OctetReader) throws {
        _ = try reader.short()
        _ = try reader.shortString()
        consuming.tag = try reader.shortString()
        consuming.isActive = true
        broker.state.withLock { $0.record.consumers += 1 }
        try send(.basicConsumeOK) { $0.shortString(consuming.tag) }
    }
}

// MARK: - Messages

extension Session {
    private func content(_ frame: Frame) throws {
        guard publishing.open != nil else { throw BadOctets(description: "content without basic.publish") }
        if frame.kind == .header {
            var reader = OctetReader(frame.payload)
            _ = try reader.long()
            publishing.open?.size = Int(try reader.longLong())
            publishing.open?.properties = Array(frame.payload.dropFirst(12))
        } else {
            publishing.open?.body += frame.payload
            publishing.open?.pieces.append(frame.payload.count)
        }
        guard let open = publishing.open, let properties = open.properties, open.body.count >= open.size else { return }
        publishing.open = nil
        publishing.tag += 1
        let content = Content(
            exchange: open.exchange, routingKey: open.routingKey, properties: properties, body: open.body)
        try judge(content, pieces: open.pieces)
    }

    private func judge(_ content: Content, pieces: [Int]) throws {
        let tag = publishing.tag
        let verdict = behaviour.verdict(content, tag)
        let isKept = behaviour.keeps && [.ack, .silence, .cut].contains(verdict)
        broker.state.withLock { state in
            state.record.published.append(.init(connection: id, tag: tag, content: content, pieces: pieces))
            if isKept { state.queue.append(FakeBroker.Stored(content: content)) }
        }
        switch verdict {
        case .ack, .nack: publishing.gather(tag, verdict)
        case .returned(let code, let text):
            try send(content.returned(code: code, text: text, channel: 1, frameMax: frameMax))
            publishing.gather(tag, verdict)
        case .silence: break
        case .cut:
            isReset = true
            throw Ended()
        case .closeChannel(let code, let text): try closeChannel(code, text)
        }
    }

    func settle(_ answers: [(tag: UInt64, multiple: Bool, positive: Bool)]) throws(Ended) {
        guard !answers.isEmpty, publishing.isConfirming, !isChannelClosed else { return }
        try send(
            answers.map { answer in
                Frame.method(answer.positive ? .basicAck : .basicNack) { writer in
                    writer.longLong(answer.tag)
                    writer.octet(answer.multiple ? 1 : 0)
                }
            })
    }

    /// Hands out what waits, as far as the prefetch allows.
    func hand() throws(Ended) {
        guard consuming.isActive, !isChannelClosed else { return }
        while consuming.outstanding.count < consuming.prefetch {
            let stored = broker.state.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
            guard let stored else { return }
            for copy in 0..<max(1, behaviour.copies) {
                let tag = consuming.next
                consuming.next += 1
                if copy == 0 { consuming.outstanding.append((tag, stored)) }
                try send(
                    stored.content.delivery(
                        tag: tag, redelivered: stored.redelivered, consumer: consuming.tag,
                        frameMax: min(frameMax, behaviour.frameBytes ?? frameMax)))
            }
        }
    }

    private func acknowledged(tag: UInt64, multiple: Bool) throws {
        guard tag < consuming.next else { throw BadOctets(description: "ack of \(tag), which was not delivered") }
        let done = consuming.outstanding.filter { multiple ? $0.tag <= tag : $0.tag == tag }
        consuming.outstanding.removeAll { multiple ? $0.tag <= tag : $0.tag == tag }
        let ids = done.map(\.stored.content.messageID)
        broker.state.withLock { $0.record.acknowledged += ids }
    }
}
