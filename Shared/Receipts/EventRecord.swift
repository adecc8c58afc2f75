import Contracts
import Foundation

/// A row of the event log as the bytes that are sealed: every column, as PostgreSQL's `record_send` writes a row. Four
/// bytes 13, the number of columns; then for each column its type (4 bytes), its length (4 bytes, -1 for NULL) and its
/// bytes; numbers big-endian. In this order:
///
/// | column | type | bytes |
/// |---|---|---|
/// | seq | 20 | 8 |
/// | xid | 5069 | 8 |
/// | epoch | 23 | 4 |
/// | id | 2950 | 16 |
/// | aggregate_type, aggregate_id | 25 | UTF-8 |
/// | aggregate_version | 20 | 8 |
/// | type, agency, actor, traceparent | 25 | UTF-8; agency and traceparent may be NULL |
/// | occurred_at | 1184 | 8: microseconds since 2000-01-01 00:00 UTC |
/// | payload | 114 | the JSON text as it was stored |
public struct EventRecord: Sendable, Hashable {
    public var seq: Int64
    public var xid: UInt64
    public var epoch: Int32
    public var id: UUID
    public var aggregateType: String
    public var aggregateID: String
    public var version: Int64
    public var type: String
    public var agency: String?
    public var actor: String
    public var traceparent: String?
    /// Microseconds since 2000-01-01 00:00 UTC.
    public var microseconds: Int64
    public var payload: String

    /// Business time.
    public var occurredAt: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000 + 946_684_800) }

    /// Nil unless the bytes are exactly what `bytes` would write.
    public init?(_ bytes: [UInt8]) {
        var reader = RecordReader(bytes)
        guard reader.number(Int32.self) == 13, let seq: Int64 = reader.whole(20), let xid: UInt64 = reader.whole(5069),
            let epoch: Int32 = reader.whole(23), let id = reader.column(2950), id.count == 16,
            let aggregateType = reader.text(), let aggregateID = reader.text(), let version: Int64 = reader.whole(20),
            let type = reader.text(), let agency = reader.optionalText(), let actor = reader.text(),
            let traceparent = reader.optionalText(), let microseconds: Int64 = reader.whole(1184),
            let payload = reader.text(114)
        else { return nil }
        (self.seq, self.xid, self.epoch, self.version) = (seq, xid, epoch, version)
        self.id = id.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
        (self.aggregateType, self.aggregateID, self.type) = (aggregateType, aggregateID, type)
        (self.agency, self.actor, self.traceparent) = (agency, actor, traceparent)
        (self.microseconds, self.payload) = (microseconds, payload)
        guard self.bytes == bytes else { return nil }
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func column(_ type: Int32, _ content: [UInt8]?) {
            bytes.append(big: type)
            bytes.append(big: Int32(content?.count ?? -1))
            bytes += content ?? []
        }
        func whole<Number: FixedWidthInteger>(_ type: Int32, _ number: Number) {
            var content: [UInt8] = []
            content.append(big: number)
            column(type, content)
        }
        func text(_ text: String?, _ type: Int32 = 25) { column(type, text.map { Array($0.utf8) }) }
        bytes.append(big: Int32(13))
        whole(20, seq)
        whole(5069, xid)
        whole(23, epoch)
        column(2950, withUnsafeBytes(of: id.uuid) { Array($0) })
        text(aggregateType)
        text(aggregateID)
        whole(20, version)
        text(type)
        text(agency)
        text(actor)
        text(traceparent)
        whole(1184, microseconds)
        text(payload, 114)
        return bytes
    }

    public var leaf: Hash { Merkle.leaf(bytes) }

    /// Enough to find it: what it is, of which thing, and its row.
    public var name: String { "\(type) \(aggregateID) v\(version) (event \(id.text), seq \(seq))" }
}

private struct RecordReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard rest.count >= size else { return nil }
        let value = rest.prefix(size).reduce(Number(0)) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        rest = rest.dropFirst(size)
        return value
    }

    /// The bytes of a column of this type; an inner nil for NULL.
    private mutating func nullable(_ type: Int32) -> [UInt8]?? {
        guard number(Int32.self) == type, let length = number(Int32.self) else { return nil }
        if length == -1 { return .some(nil) }
        guard length >= 0, rest.count >= Int(length) else { return nil }
        let bytes = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        return bytes
    }

    mutating func column(_ type: Int32) -> [UInt8]? { nullable(type) ?? nil }

    mutating func whole<Number: FixedWidthInteger>(_ type: Int32) -> Number? {
        guard let bytes = column(type), bytes.count == MemoryLayout<Number>.size else { return nil }
        return bytes.reduce(Number(0)) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    mutating func text(_ type: Int32 = 25) -> String? {
        column(type).flatMap { String(validating: $0, as: UTF8.self) }
    }

    mutating func optionalText() -> String?? {
        guard let bytes = nullable(25) else { return nil }
        guard let bytes else { return .some(nil) }
        return String(validating: bytes, as: UTF8.self)
    }
}
