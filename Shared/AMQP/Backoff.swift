import Contracts

/// Waits between attempts to connect: doubling, capped, each drawn between half and the whole so that services that
/// lost the broker together do not come back together.
struct Backoff {
    private var next = Limits.AMQP.reconnectFirst

    mutating func delay(using random: inout some RandomNumberGenerator) -> Duration {
        let ceiling = next
        next = min(next * 2, Limits.AMQP.reconnectMost)
        return ceiling * Double.random(in: 0.5...1, using: &random)
    }

    mutating func reset() { next = Limits.AMQP.reconnectFirst }
}
