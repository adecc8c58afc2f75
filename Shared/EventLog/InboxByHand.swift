/// Events that do not come from the broker or a feed, but from whoever holds the inbox: tests, and repairs by hand.
extension Inbox {
    /// How an event stands after it was handed in. `nothing`: it cannot be stored, or the process ends.
    public enum Taken: Sendable { case taken, duplicate, parked, nothing }

    /// Takes one event exactly as a delivery is taken, without an acknowledgement; works without `run`.
    public func take(byHand event: Envelope) async -> Taken {
        switch await worker.take(event) {
        case .taken(let followed):
            if followed { await takeUp(event.aggregate) }
            return .taken
        case .duplicate: return .duplicate
        case .parked(let next):
            // What is not known is looked at once more, then it waits to be woken.
            if next == .again { await takeUp(event.aggregate) }
            return .parked
        case .unstorable, nil: return .nothing
        }
    }

    /// Takes up what is parked of an aggregate and due, as the inbox does after a wake.
    public func takeUp(_ key: AggregateKey) async { while case .onward? = await worker.resume(key) {} }
}
