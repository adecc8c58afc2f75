import Contracts
import FakeBroker
import Foundation

@testable import AMQP

/// Octets of a broker after a good beginning, read by the connection that publishers and consumers use.
enum BrokerTargets {
    static let all: [Target] = [stream]

    private static let contents = [
        Content(
            routingKey: "a.b", messageID: "m1",
            headers: [("n", .integer(7)), ("t", .text("x")), ("f", .bool(true)), ("in", .table([("a", .integer(1))]))],
            body: Array("first".utf8)),
        Content(routingKey: "c", messageID: "m2", body: Array(repeating: 7, count: 3_000)),
        Content(routingKey: "", properties: [0, 0], body: []),
    ]

    private static let samples: [[UInt8]] = [
        contents.enumerated().flatMap { $1.delivery(tag: UInt64($0 + 1), frameMax: 1_000) }.flatMap(\.bytes),
        Frame.method(.basicAck) {
            $0.longLong(3)
            $0.octet(1)
        }.bytes + Frame.heartbeat.bytes
            + Frame.method(.connectionBlocked, channel: 0) { $0.shortString("memory") }.bytes,
        Frame.method(.basicReturn) {
            $0.short(312)
            $0.shortString("NO_ROUTE")
            $0.shortString("events")
            $0.shortString("a")
        }.bytes + contents[0].frames(channel: 1, frameMax: 4_096).flatMap(\.bytes)
            + Frame.method(.basicCancel) {
                $0.shortString("lienthong")
                $0.octet(1)
            }.bytes,
        Frame.method(.channelClose) {
            $0.short(404)
            $0.shortString("NOT_FOUND")
            $0.long(0)
        }.bytes,
    ]

    private static let broker = try? FakeBroker()
    private static let lifeline = Lifeline(limit: .seconds(60))

    private static let stream = Target(
        "stream of a broker", samples,
        words: [
            "\u{1}\0\u{1}", "\u{2}\0\u{1}", "\u{3}\0\u{1}", "\0<\0<", "\0\n", "\0\u{14}", "F\0\0\0", "A\0\0\0",
            "\u{CE}", "\0\0\0\0",
        ],
        change: { $1.below(2) == 0 ? $1.change($0) : reframed($0, &$1) }
    ) { bytes in
        guard let broker else { throw Finding("no broker") }
        let configuration = AMQPConfiguration(port: broker.port, vhost: "/", user: "u", password: "p")
        let link: Link
        do { link = try Link(configuration, name: "fuzz", lifeline: lifeline) } catch {
            throw Finding("no beginning: \(error)")
        }
        broker.perform(.raw(bytes), .end)
        let deadline = ContinuousClock.now + .seconds(10)
        let wakeup = Wakeup()
        var arrivals = 0
        // Until the end of the stream, which is an error like every other one.
        while true {
            try require(ContinuousClock.now < deadline, "reading does not end")
            let next: Arrival?
            do { next = try link.next() } catch { return }
            guard let arrival = next else {
                if !link.hasInput { wakeup.wait(socket: link.socket, atMost: .milliseconds(50)) }
                continue
            }
            arrivals += 1
            try require(arrivals <= bytes.count + 8, "more arrives than was sent")
            if case .delivered(let incoming) = arrival {
                try require(incoming.body.count <= bytes.count, "a body of \(incoming.body.count) octets")
            }
        }
    }

    /// Changes the payload of one frame and keeps everything around it right.
    private static func reframed(_ bytes: [UInt8], _ mutator: inout Mutator) -> [UInt8] {
        var reader = FrameReader()
        reader.append(bytes)
        var frames: [Frame] = []
        while let frame = try? reader.next() { frames.append(frame) }
        guard !frames.isEmpty else { return bytes }
        let at = mutator.below(frames.count)
        switch mutator.below(8) {
        case 0: frames.remove(at: at)
        case 1: frames.insert(frames[mutator.below(frames.count)], at: at)
        case 2: frames.swapAt(at, mutator.below(frames.count))
        case 3: frames[at].channel = UInt16(truncatingIfNeeded: mutator.dice.next())
        default: frames[at].payload = mutator.change(frames[at].payload)
        }
        return frames.flatMap(\.bytes)
    }
}
