import Contracts
import Foundation

/// A ZIP archive (APPNOTE 6.3.3) without compression: what goes in is compressed already, and so one content has one
/// form. Every unpacking program opens it.
public struct Archive: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public var path: String
        public var bytes: [UInt8]

        public init(_ path: String, _ bytes: [UInt8]) { (self.path, self.bytes) = (path, bytes) }
    }

    public var entries: [Entry]
    /// In Vietnam, to two seconds, between 1980 and 2107.
    public var made: Date

    public init(_ entries: [Entry], made: Date) { (self.entries, self.made) = (entries, made) }

    private static let (local, central, end): (UInt32, UInt32, UInt32) = (0x0403_4B50, 0x0201_4B50, 0x0605_4B50)
    /// Names in UTF-8.
    private static let flags: UInt16 = 0x0800

    public var bytes: [UInt8] {
        get throws(ArchiveFault) {
            try check()
            var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
            bytes.reserveCapacity(entries.reduce(22) { $0 + $1.bytes.count + 2 * $1.path.utf8.count + 76 })
            for entry in entries {
                let offset = UInt32(bytes.count)
                let facts = fact(entry)
                bytes.append(little: Self.local)
                bytes += facts
                bytes += Array(entry.path.utf8) + entry.bytes
                directory.append(little: Self.central)
                // Made by the same version; no comment, disk, or attributes.
                directory.append(little: UInt16(20))
                directory += facts
                for _ in 0..<5 { directory.append(little: UInt16(0)) }
                directory.append(little: offset)
                directory += Array(entry.path.utf8)
            }
            let start = bytes.count
            bytes += directory
            bytes.append(little: Self.end)
            bytes.append(little: UInt32(0))
            bytes.append(little: UInt16(entries.count))
            bytes.append(little: UInt16(entries.count))
            bytes.append(little: UInt32(directory.count))
            bytes.append(little: UInt32(start))
            bytes.append(little: UInt16(0))
            return bytes
        }
    }

    /// What both headers of an entry say: version, flags, method, time, sum, sizes and lengths.
    private func fact(_ entry: Entry) -> [UInt8] {
        var facts: [UInt8] = []
        for number in [20, Self.flags, 0, time.clock, time.day] { facts.append(little: number) }
        facts.append(little: CRC32.sum(entry.bytes))
        facts.append(little: UInt32(entry.bytes.count))
        facts.append(little: UInt32(entry.bytes.count))
        facts.append(little: UInt16(entry.path.utf8.count))
        facts.append(little: UInt16(0))
        return facts
    }

    /// As MS-DOS wrote it.
    private var time: (clock: UInt16, day: UInt16) {
        let day = Day(made)
        let seconds = max(0, min(86_399, Int(made.timeIntervalSince(day.start))))
        let year = max(1980, min(2107, day.year))
        return (
            UInt16((seconds / 3_600) << 11 | (seconds / 60 % 60) << 5 | seconds % 60 / 2),
            UInt16((year - 1980) << 9 | day.month << 5 | day.day)
        )
    }

    private func check() throws(ArchiveFault) {
        guard entries.count < 65_535, entries.reduce(0, { $0 + $1.bytes.count + 400 }) < Int(UInt32.max) else {
            throw .tooLarge
        }
        var known: Set<String> = []
        for path in entries.map(\.path) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            let isShown = path.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 && $0 != "\\" }
            let leadsAway = parts.contains { part in part.isEmpty || part == "." || part == ".." }
            guard (1...Limits.Bundles.path).contains(path.utf8.count), isShown, !leadsAway,
                known.insert(path).inserted
            else { throw .path(path) }
        }
    }

    /// Only what `bytes` would write: nothing can hide between the entries.
    public init(_ bytes: [UInt8]) throws(ArchiveFault) {
        let tail = bytes.count - 22
        guard tail >= 0, bytes.little(tail, UInt32.self) == Self.end else { throw .noArchive }
        let count = Int(bytes.little(tail + 10, UInt16.self))
        var (at, entries): (Int, [Entry]) = (Int(bytes.little(tail + 16, UInt32.self)), [])
        var when: (clock: UInt16, day: UInt16) = (0, 0x21)
        // Where the entry before ends: what lies one behind the other is never more than the archive itself, whatever
        // sizes its directory promises.
        var behind = 0
        for _ in 0..<count {
            guard at + 46 <= tail, bytes.little(at, UInt32.self) == Self.central else { throw .noArchive }
            when = (bytes.little(at + 12, UInt16.self), bytes.little(at + 14, UInt16.self))
            let size = Int(bytes.little(at + 20, UInt32.self))
            let name = Int(bytes.little(at + 28, UInt16.self))
            let offset = Int(bytes.little(at + 42, UInt32.self))
            let start = offset + 30 + name
            guard at + 46 + name <= tail, start + size <= tail,
                let path = String(validating: bytes[(at + 46)..<(at + 46 + name)], as: UTF8.self)
            else { throw .noArchive }
            guard offset >= behind else { throw .overlap }
            behind = start + size
            entries.append(Entry(path, Array(bytes[start..<(start + size)])))
            at += 46 + name
        }
        self.init(entries, made: Self.date(when))
        guard try self.bytes == bytes else { throw .differs }
    }

    private static func date(_ time: (clock: UInt16, day: UInt16)) -> Date {
        let (year, month, day) = (1980 + Int(time.day >> 9), Int(time.day >> 5 & 15), Int(time.day & 31))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let start = (try? Day("\(year)-\(two(month))-\(two(day))"))?.start ?? Date(timeIntervalSince1970: 0)
        let seconds = Int(time.clock >> 11) * 3_600 + Int(time.clock >> 5 & 63) * 60 + Int(time.clock & 31) * 2
        return start.addingTimeInterval(Double(seconds))
    }
}

/// Why something is no archive of ours.
public enum ArchiveFault: Error, Sendable, Equatable, CustomStringConvertible {
    case noArchive
    /// It is an archive, but not as it was written: packed anew, or something was slipped in between.
    case differs
    /// Entries lie over one another, or not in the order of the directory: copied apart they could be of any size.
    case overlap
    case tooLarge
    case path(String)

    public var description: String {
        switch self {
        case .noArchive: "it is no ZIP archive, or is cut off"
        case .differs: "it is not the archive that was written: it was packed anew, or changed"
        case .overlap: "its files lie over one another, or in another order than it says"
        case .tooLarge: "it is too large"
        case .path(let path): "“\(path)” is no path of a file in it, or is there twice"
        }
    }
}

/// The sum of ZIP (ISO 3309).
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }

    static func sum(_ bytes: [UInt8]) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(~0) { sum, byte in sum >> 8 ^ table[Int((sum ^ UInt32(byte)) & 255)] }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append<Number: FixedWidthInteger>(little number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate func little<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type) -> Number {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset + size <= count else { return 0 }
        return self[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
