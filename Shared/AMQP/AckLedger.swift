/// One frame to send: acknowledges `tag`, and with `multiple` every older tag too.
struct Acknowledgement: Equatable {
    let tag: UInt64
    let multiple: Bool
}

/// Which deliveries of one channel are done: a pure state machine that turns acknowledgements in any order into as few
/// frames as possible. `multiple` is used only when nothing below the tag is still being worked on.
struct AckLedger {
    private enum State { case working, done, acknowledged }

    private var states: [State] = []
    private var head = 0
    /// The tag of `states[0]`.
    private var firstTag: UInt64 = 1
    private var fresh: [UInt64] = []
    private(set) var outstanding = 0

    /// The broker numbers deliveries of a channel 1, 2, 3 …; false when it did not.
    mutating func delivered(_ tag: UInt64) -> Bool {
        guard tag == firstTag + UInt64(states.count) else { return false }
        states.append(.working)
        outstanding += 1
        return true
    }

    /// False: unknown, or acknowledged before.
    @discardableResult
    mutating func done(_ tag: UInt64) -> Bool {
        guard tag >= firstTag, tag - firstTag < UInt64(states.count), states[Int(tag - firstTag)] == .working else {
            return false
        }
        states[Int(tag - firstTag)] = .done
        outstanding -= 1
        fresh.append(tag)
        return true
    }

    /// The frames for everything done since the last flush.
    mutating func flush() -> [Acknowledgement] {
        guard !fresh.isEmpty else { return [] }
        var frames: [Acknowledgement] = []
        // The last one that the broker still has: it closes the channel on a tag that was acknowledged singly before.
        var last: UInt64?
        while head < states.count, states[head] != .working {
            if states[head] == .done { last = firstTag + UInt64(head) }
            head += 1
        }
        let reached = firstTag + UInt64(head)
        if let last { frames.append(Acknowledgement(tag: last, multiple: true)) }
        for tag in fresh.sorted() where tag >= reached {
            states[Int(tag - firstTag)] = .acknowledged
            frames.append(Acknowledgement(tag: tag, multiple: false))
        }
        fresh.removeAll(keepingCapacity: true)
        sweep()
        return frames
    }

    private mutating func sweep() {
        guard head == states.count || head >= 1024 else { return }
        firstTag += UInt64(head)
        states.removeFirst(head)
        head = 0
    }
}
