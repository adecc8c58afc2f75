import Contracts
import Foundation

/// The answer of one statement: rows copied out of libpq into one buffer.
public struct Rows: RandomAccessCollection, Sendable {
    final class Columns: Sendable {
        let names: [String]
        let oids: [UInt32]
        /// Where each column stands; the first one when a name repeats. Looked up once a cell.
        let positions: [String: Int]

        init(names: [String], oids: [UInt32]) {
            self.names = names
            self.oids = oids
            positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        }
    }

    /// All cells of all rows; `ends[i]` is where cell i ends, negative for NULL.
    final class Storage: Sendable {
        let columns: Columns
        let bytes: [UInt8]
        let starts: [Int32]
        let lengths: [Int32]

        init(columns: Columns, bytes: [UInt8], starts: [Int32], lengths: [Int32]) {
            self.columns = columns
            self.bytes = bytes
            self.starts = starts
            self.lengths = lengths
        }
    }

    let storage: Storage?
    /// Rows that the statement returned.
    public let count: Int
    /// Rows that an INSERT, UPDATE or DELETE touched.
    public let affected: Int

    static let none = Rows(storage: nil, count: 0, affected: 0)

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < count, "row out of range")
        guard let storage else { preconditionFailure("rows without storage") }
        return Row(storage: storage, index: position)
    }
}

/// One row: `let id: UUID = try row("id")`; a nullable column reads into an optional.
public struct Row: Sendable {
    let storage: Rows.Storage
    let index: Int

    private func cell<T>(
        _ column: String, _ body: (UnsafeRawBufferPointer?, UInt32) throws(Unreadable) -> T
    ) throws(PostgresError) -> T {
        guard let position = storage.columns.positions[column] else {
            throw PostgresError(.decoding, "no column \(column) among \(storage.columns.names)")
        }
        let at = index * storage.columns.names.count + position
        let length = Int(storage.lengths[at])
        let oid = storage.columns.oids[position]
        do throws(Unreadable) {
            if length < 0 { return try body(nil, oid) }
            let start = Int(storage.starts[at])
            let result = storage.bytes.withUnsafeBytes { all in
                Result { () throws(Unreadable) -> T in
                    try body(UnsafeRawBufferPointer(rebasing: all[start..<(start + length)]), oid)
                }
            }
            return try result.get()
        } catch {
            throw PostgresError(.decoding, "column \(column) of type \(oid) is no \(error.expected)")
        }
    }

    public func callAsFunction<T: SQLReadable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        try cell(column) { bytes, oid throws(Unreadable) in
            guard let bytes else { throw Unreadable(expected: "\(T.self): it is NULL") }
            return try T(sql: bytes, oid: oid)
        }
    }

    public func callAsFunction<T: SQLReadable>(_ column: String, as type: T?.Type = T?.self) throws(PostgresError) -> T?
    {
        try cell(column) { bytes, oid throws(Unreadable) in
            guard let bytes else { return nil }
            return try T(sql: bytes, oid: oid)
        }
    }
}
