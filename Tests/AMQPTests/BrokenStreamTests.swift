import Contracts
import FakeBroker
import TestKit
import Testing

@testable import AMQP

/// Octets that no broker should send, in the middle of a good connection.
struct BrokenStream: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let octets: [UInt8]
    /// Ended by the broker: what came is only a part.
    var isCut = false

    init(_ name: String, _ octets: [UInt8], isCut: Bool = false) {
        testDescription = name
        self.octets = octets
        self.isCut = isCut
    }

    private static let content = Content(routingKey: "a", messageID: "broken", body: Array("broken".utf8))
    /// Leaves octets in the library's memory, which a struct of a wrong kind would be read over.
    private static let leftover = Content(
        routingKey: "a", messageID: String(repeating: "A", count: 200), body: Array(repeating: 0x41, count: 3_000)
    ).returned(code: 312, text: "NO_ROUTE", channel: 1, frameMax: 4_096).flatMap(\.bytes)
    private static let good = content.delivery(tag: 1).flatMap(\.bytes)
    private static let method = Array(content.delivery(tag: 1)[0].bytes)
    private static let header = content.frames(channel: 1, frameMax: 4_096)[0]
    private static let body = content.frames(channel: 1, frameMax: 4_096)[1]

    /// Properties with a table of one nameless entry, which is a table of one nameless entry, and so on.
    private static func nested(_ depth: Int) -> [UInt8] {
        var writer = OctetWriter()
        writer.short(1 << 13)
        for level in (1...depth).reversed() {
            writer.long(UInt32(level * 6 - 3))
            writer.octet(0)
            writer.octet(UInt8(ascii: level == 1 ? "t" : "F"))
        }
        writer.octet(1)
        return writer.bytes
    }

    /// A header frame that says `size`, of the class `classID`, with these properties.
    private static func header(size: UInt64 = 6, class classID: UInt16 = 60, _ properties: [UInt8] = [0, 0]) -> [UInt8]
    {
        var writer = OctetWriter()
        writer.short(classID)
        writer.short(0)
        writer.longLong(size)
        writer.raw(properties)
        return Frame(.header, channel: 1, writer.bytes).bytes
    }

    static let all: [BrokenStream] = [
        .init("garbage", (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ 91) }),
        .init("zeros", Array(repeating: 0, count: 64)),
        .init("another protocol", Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
        .init("a frame-end that is none", Frame.bytes(1, 1, header.payload, end: 0xCD)),
        .init("a frame larger than agreed", Frame.bytes(3, 1, [], size: 200_000)),
        .init("the largest size there is", Frame.bytes(3, 1, [], size: .max)),
        .init("an unknown method", Frame(.method, channel: 1, [0, 99, 0, 99]).bytes),
        .init("a method without its arguments", Frame(.method, channel: 1, [0, 60, 0, 60, 3]).bytes),
        .init("a method frame of two octets", Frame(.method, channel: 1, [0, 60]).bytes),
        .init("a header frame of two octets", method + Frame(.header, channel: 1, [0, 60]).bytes),
        .init("a header of the connection's class", leftover + method + header(class: 10, [0xFF, 0xFE])),
        .init("a header of the queue's class", leftover + method + header(class: 50, [0x20, 0])),
        .init("a header without a method", header.bytes),
        .init("a body without a method", body.bytes),
        .init("a body before its header", method + body.bytes),
        .init("two headers", method + header.bytes + header.bytes),
        .init("a body longer than said", method + header(size: 3) + body.bytes),
        .init("a body beyond our limit", method + header(size: UInt64(Limits.AMQP.bodyBytes) + 1)),
        .init("a body of 2^64 - 1", method + header(size: .max)),
        .init("a message in another", method + header.bytes + method + header.bytes + body.bytes),
        .init("flags without properties", method + header([0xFF, 0xFE])),
        .init("a table longer than its frame", method + header([0x20, 0, 0xFF, 0xFF, 0xFF, 0xFF])),
        .init("a frame on a channel that is not open", Frame(.body, channel: 9, [1, 2, 3]).bytes),
        .init("a delivery on another channel", content.delivery(tag: 1, channel: 2).flatMap(\.bytes)),
        .init("a delivery tag out of turn", content.delivery(tag: 5).flatMap(\.bytes)),
        .init("the delivery tag 0", content.delivery(tag: 0).flatMap(\.bytes)),
        .init("a cut within a frame's header", Array(good.prefix(5)), isCut: true),
        .init("a cut within a method", Array(good.prefix(20)), isCut: true),
        .init("a cut before the frame-end", Array(good.dropLast()), isCut: true),
    ]

    /// Odd, but to be lived with: what follows is read as ever.
    static let harmless: [BrokenStream] = [
        .init("a frame of an unknown type", Frame.bytes(77, 1, [1, 2, 3])),
        .init("a method that answers nothing asked", Frame.method(.basicGetEmpty) { $0.shortString("") }.bytes),
        .init("many heartbeats", (0..<500).flatMap { _ in Frame.heartbeat.bytes }),
        .init("unblocked without blocked", Frame.method(.connectionUnblocked, channel: 0).bytes),
    ]

    /// Tables in tables, as deep as one frame can hold.
    static let deep = Content(routingKey: "a", properties: nested(21_000), body: [1])
}

@Suite(.timeLimit(.minutes(5))) struct BrokenStreamTests {
    private static let good = Content(routingKey: "a", messageID: "good", body: Array("good".utf8))

    @Test(arguments: BrokenStream.all)
    func `a broken stream ends the connection; the next one works`(_ stream: BrokenStream) async throws {
        try await withFakeBroker { broker async throws in
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("it consumes") { broker.record.consumers == 1 && consumer.isConnected }
            if stream.isCut {
                broker.perform(.raw(stream.octets), .end)
            } else {
                broker.perform(.raw(stream.octets))
            }
            try await eventually("the connection is given up", within: .seconds(10)) { broker.record.ended[1] != nil }
            try await eventually("it consumes again") {
                broker.record.consumers == 1 && broker.record.accepted.count == 2
            }
            broker.enqueue([Self.good])
            try await eventually("a good message arrives") { collector.bodies == ["good"] }
            #expect(collector.deliveries.allSatisfy { $0.messageID == "good" })
            #expect(broker.record.acknowledged == [])
            await collector.end(consumer)
        }
    }

    @Test(arguments: BrokenStream.harmless)
    func `an oddity is passed over`(_ stream: BrokenStream) async throws {
        try await withFakeBroker { broker async throws in
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("it consumes") { broker.record.consumers == 1 && consumer.isConnected }
            broker.perform(.raw(stream.octets))
            broker.enqueue([Self.good])
            try await eventually("a good message arrives") { collector.bodies == ["good"] }
            #expect(broker.record.accepted.count == 1)
            await collector.end(consumer)
        }
    }

    @Test func `tables as deep as a frame can hold do not overflow the stack`() async throws {
        try await withFakeBroker { broker async throws in
            let collector = Collector()
            let consumer = broker.consumer(collector)
            consumer.start()
            try await eventually("it consumes") { broker.record.consumers == 1 }
            broker.enqueue([BrokenStream.deep])
            // The library may refuse such a table, or read it: then the message has no header that we know.
            try await eventually("it is over") {
                collector.deliveries.count == 1 || broker.record.ended[1] != nil
            }
            #expect(collector.deliveries.allSatisfy { $0.headers.isEmpty })
            await collector.end(consumer)
        }
    }

    @Test func `a broken beginning is tried again, ever later, and by drawn waits`() async throws {
        try await withFakeBroker {
            $0.frameEnd = 0
        } _: { broker async throws in
            let publisher = broker.publisher()
            publisher.start()
            try await eventually("six attempts") { broker.record.accepted.count >= 6 }
            let accepted = broker.record.accepted
            var ceiling = Limits.AMQP.reconnectFirst
            for (before, after) in zip(accepted, accepted.dropFirst()) {
                #expect(after - before >= ceiling / 2, "an attempt came too soon")
                ceiling = min(ceiling * 2, Limits.AMQP.reconnectMost)
            }
            broker.behave { $0.frameEnd = Frame.end }
            #expect(try await publisher.publish(numbered(1...3)).count == 3)
            await publisher.close()
            try await eventually("no socket is left") { broker.clientSockets == 0 }
        }
    }

    @Test func `waits are drawn between half and the whole`() {
        var shares: Set<Int> = []
        for seed in 0..<200 {
            var backoff = Backoff()
            var random = SystemRandomNumberGenerator()
            var ceiling = Limits.AMQP.reconnectFirst
            for _ in 0..<(seed % 8) {
                _ = backoff.delay(using: &random)
                ceiling = min(ceiling * 2, Limits.AMQP.reconnectMost)
            }
            let delay = backoff.delay(using: &random)
            #expect(delay >= ceiling / 2 && delay <= ceiling)
            shares.insert(Int(delay / ceiling * 20))
        }
        #expect(shares.count > 5, "services that lost the broker together would come back together")
    }
}
