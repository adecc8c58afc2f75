/// What is in flight on one channel in confirm mode: a pure state machine from the broker's answers to outcomes.
/// Tags count from 1 in publishing order; answers may skip, and `multiple` covers every older open tag. A return comes
/// before its ack and carries no tag, so it is matched by message id.
struct ConfirmLedger<Ticket> {
    private struct Entry {
        let ticket: Ticket
        let messageID: String
        let sentAt: ContinuousClock.Instant
        var returned: PublishOutcome?
        var open = true
    }

    private var entries: [Entry] = []
    /// Entries before this index are settled and wait to be swept.
    private var head = 0
    /// The tag of `entries[0]`.
    private var firstTag: UInt64 = 1
    private(set) var unsettled = 0

    /// Notes a message as published and answers the tag the broker will use for it.
    @discardableResult
    mutating func sent(_ ticket: Ticket, messageID: String, at now: ContinuousClock.Instant) -> UInt64 {
        entries.append(Entry(ticket: ticket, messageID: messageID, sentAt: now))
        unsettled += 1
        return firstTag + UInt64(entries.count - 1)
    }

    /// Marks the oldest open, not yet returned message with that id. False: no such message is in flight.
    mutating func returned(messageID: String, code: Int, text: String) -> Bool {
        for index in head..<entries.count
        where entries[index].open && entries[index].returned == nil && entries[index].messageID == messageID {
            entries[index].returned = .returned(code: code, text: text)
            return true
        }
        return false
    }

    /// An ack or nack. Tags that are unknown or already settled are passed over.
    mutating func settle(
        tag: UInt64, multiple: Bool, positive: Bool,
        _ each: (Ticket, PublishOutcome, ContinuousClock.Instant) -> Void
    ) {
        guard tag >= firstTag, !entries.isEmpty else { return }
        let last = min(Int(clamping: tag - firstTag), entries.count - 1)
        if multiple {
            for index in head..<max(head, last + 1) { close(index, positive, each) }
        } else if tag - firstTag == UInt64(last) {
            close(last, positive, each)
        }
        sweep()
    }

    /// Everything still open, oldest first: its outcome is unknown now.
    mutating func abandon() -> [Ticket] {
        defer { self = ConfirmLedger() }
        return entries[head...].filter(\.open).map(\.ticket)
    }

    private mutating func close(
        _ index: Int, _ positive: Bool, _ each: (Ticket, PublishOutcome, ContinuousClock.Instant) -> Void
    ) {
        guard entries[index].open else { return }
        entries[index].open = false
        unsettled -= 1
        let entry = entries[index]
        each(entry.ticket, positive ? entry.returned ?? .confirmed : .nacked, entry.sentAt)
    }

    private mutating func sweep() {
        while head < entries.count, !entries[head].open { head += 1 }
        // Sweeping only now and then keeps the cost per message constant.
        guard head == entries.count || head >= 1024 else { return }
        firstTag += UInt64(head)
        entries.removeFirst(head)
        head = 0
    }
}
