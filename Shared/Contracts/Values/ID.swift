import Foundation
import Synchronization

/// An identity that cannot be mistaken for one of another kind. Version 7, so that rows made together lie together.
public struct ID<Tag>: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let uuid: UUID

    /// All zeros: what a field holds before it is decoded. A new identity comes from `new()`.
    public init() { uuid = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)) }

    public init(_ uuid: UUID) { self.uuid = uuid }

    /// Reads the 36 characters of RFC 9562 in either case.
    public init(_ text: String) throws(FieldFault) {
        guard let uuid = UUID(text: text) else {
            throw FieldFault("id.shape", vi: "phải là UUID", en: "must be a UUID")
        }
        self.uuid = uuid
    }

    public static func new() -> ID { ID(UUID.v7()) }

    /// 36 characters, lower case, as PostgreSQL writes it.
    public var text: String { uuid.text }

    public var description: String { text }

    /// By bytes, which for version 7 is by time.
    public static func < (left: ID, right: ID) -> Bool {
        withUnsafeBytes(of: left.uuid.uuid) { left in
            withUnsafeBytes(of: right.uuid.uuid) { right in left.lexicographicallyPrecedes(right) }
        }
    }
}

public enum PersonTag {}
public enum AccountTag {}
public enum DossierTag {}
public enum DocumentTag {}
public enum ProcedureTag {}
public enum PaymentTag {}
public enum MessageTag {}
public enum DemandTag {}
public enum MailboxTag {}
public enum OpinionTag {}
public enum BranchTag {}
public enum DeadlineReachedTag {}
public enum PostTag {}
public enum UnitTag {}
public enum EventTag {}
public enum FileTag {}
public enum DecisionTag {}
public enum DelegationTag {}
public enum ReassignmentTag {}
public enum AgencyErrorTag {}
public enum AbsenceTag {}
public enum ReceiptTag {}
public enum SubscriptionTag {}
public enum ReplayTag {}

public typealias PersonID = ID<PersonTag>
public typealias AccountID = ID<AccountTag>
public typealias DossierID = ID<DossierTag>
public typealias DocumentID = ID<DocumentTag>
public typealias ProcedureID = ID<ProcedureTag>
public typealias PaymentID = ID<PaymentTag>
public typealias MessageID = ID<MessageTag>
public typealias DemandID = ID<DemandTag>
public typealias MailboxID = ID<MailboxTag>
public typealias OpinionID = ID<OpinionTag>
public typealias BranchID = ID<BranchTag>
public typealias DeadlineReachedID = ID<DeadlineReachedTag>
public typealias PostID = ID<PostTag>
public typealias UnitID = ID<UnitTag>
public typealias EventID = ID<EventTag>
public typealias FileID = ID<FileTag>
public typealias DecisionID = ID<DecisionTag>
public typealias AgencyErrorID = ID<AgencyErrorTag>
public typealias ReassignmentID = ID<ReassignmentTag>
public typealias DelegationID = ID<DelegationTag>
public typealias AbsenceID = ID<AbsenceTag>
public typealias ReceiptID = ID<ReceiptTag>
public typealias SubscriptionID = ID<SubscriptionTag>
public typealias ReplayID = ID<ReplayTag>

extension UUID {
    /// A new identifier of version 7 (RFC 9562, 5.7): milliseconds since 1970, a counter within the millisecond
    /// (method 1 of 6.2) and 62 random bits. Within one process each is greater than the one before, even when the
    /// clock is set back.
    public static func v7() -> UUID { clock.withLock { $0.next(at: Date()) } }

    private static let clock = Mutex(SequenceClock())

    /// Reads the 36 characters of RFC 9562 in either case; nil for anything else.
    public init?(text: String) {
        var text = text
        var bytes: (UInt64, UInt64) = (0, 0)
        let isShaped = text.withUTF8 { all -> Bool in
            guard all.count == 36 else { return false }
            var digits = 0
            for (index, byte) in all.enumerated() {
                if index == 8 || index == 13 || index == 18 || index == 23 {
                    guard byte == 0x2D else { return false }
                    continue
                }
                guard let digit = UUID.hexValue(byte) else { return false }
                if digits < 16 { bytes.0 = bytes.0 << 4 | digit } else { bytes.1 = bytes.1 << 4 | digit }
                digits += 1
            }
            return true
        }
        guard isShaped else { return nil }
        let ordered = (bytes.0.bigEndian, bytes.1.bigEndian)
        self.init(uuid: withUnsafeBytes(of: ordered) { $0.load(as: uuid_t.self) })
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x41...0x46: UInt64(byte - 0x37)
        case 0x61...0x66: UInt64(byte - 0x57)
        default: nil
        }
    }

    /// 36 characters, lower case.
    public var text: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            withUnsafeBytes(of: uuid) { bytes in
                var position = 0
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        buffer[position] = 0x2D
                        position += 1
                    }
                    buffer[position] = UUID.hexDigit(byte >> 4)
                    buffer[position + 1] = UUID.hexDigit(byte & 0x0F)
                    position += 2
                }
                return position
            }
        }
    }

    /// The 16 bytes, most significant first.
    public var bytes: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}

/// Makes identifiers of version 7 that only grow.
struct SequenceClock {
    private var milliseconds: UInt64 = 0
    private var counter: UInt16 = 0

    mutating func next(at now: Date) -> UUID {
        let shown = UInt64(max(0, now.timeIntervalSince1970 * 1_000))
        if shown > milliseconds {
            milliseconds = shown
            // The upper half stays free, so that a millisecond has room for at least 2,048.
            counter = UInt16.random(in: 0..<2_048)
        } else if counter < 4_095 {
            counter += 1
        } else {
            milliseconds += 1
            counter = UInt16.random(in: 0..<2_048)
        }
        let random = UInt64.random(in: 0...UInt64.max)
        let high = milliseconds << 16 | 0x7000 | UInt64(counter)
        let low = random & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
