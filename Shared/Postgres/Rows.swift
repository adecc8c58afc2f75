import Contracts
import Foundation
import Synchronization

/// The answer of one statement: rows copied out of libpq into one buffer.
public struct Rows: RandomAccessCollection, Sendable {
    @usableFromInline
    final class Columns: Sendable {
        let names: [String]
        let oids: [UInt32]
        /// Where each column stands; the first one when a name repeats.
        let positions: [String: Int]

        init(names: [String], oids: [UInt32]) {
            self.names = names
            self.oids = oids
            positions = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        }
    }

    /// All cells of all rows; `ends[i]` is where cell i ends, negative for NULL.
    @usableFromInline
    final class Storage: Sendable {
        let columns: Columns
        @usableFromInline let bytes: [UInt8]
        let starts: [Int32]
        let lengths: [Int32]
        /// The column after the one that was read last: rows are read in the order of their columns, and a glance at a
        /// name costs less than its hash.
        let next = Atomic(0)

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
    @usableFromInline let storage: Rows.Storage
    let index: Int

    /// Where a value lies; a negative length is NULL.
    @usableFromInline
    struct Cell {
        @usableFromInline let start: Int
        @usableFromInline let length: Int
        @usableFromInline let oid: UInt32
    }

    @usableFromInline
    func cell(_ column: String) throws(PostgresError) -> Cell {
        let position = try position(of: column)
        let at = index * storage.columns.names.count + position
        return Cell(
            start: Int(storage.starts[at]), length: Int(storage.lengths[at]), oid: storage.columns.oids[position])
    }

    private func position(of column: String) throws(PostgresError) -> Int {
        let columns = storage.columns
        let next = storage.next.load(ordering: .relaxed)
        var position: Int?
        if columns.positions.count == columns.names.count, next < columns.names.count, columns.names[next] == column {
            position = next
        }
        guard let position = position ?? columns.positions[column] else {
            throw PostgresError(.decoding, "no column \(column) among \(columns.names)")
        }
        storage.next.store(position + 1 < columns.names.count ? position + 1 : 0, ordering: .relaxed)
        return position
    }

    @usableFromInline
    func fault(_ column: String, _ cell: Cell, _ unreadable: Unreadable) -> PostgresError {
        PostgresError(.decoding, "column \(column) of type \(cell.oid) is no \(unreadable.expected)")
    }

    @usableFromInline
    func missing(_ column: String, _ type: String) -> PostgresError {
        PostgresError(.decoding, "column \(column) is no \(type): it is NULL")
    }

    /// Inlined into its caller, as `callAsFunction` is: rows are read by the column, and generic code that is not
    /// specialised cost more than the reading.
    @inlinable
    func read<T: SQLReadable>(_ cell: Cell) throws(Unreadable) -> T {
        let result = storage.bytes.withUnsafeBytes { all in
            Result { () throws(Unreadable) -> T in
                try T(
                    sql: UnsafeRawBufferPointer(rebasing: all[cell.start..<(cell.start + cell.length)]), oid: cell.oid)
            }
        }
        return try result.get()
    }

    @inlinable
    public func callAsFunction<T: SQLReadable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        let cell = try cell(column)
        guard cell.length >= 0 else { throw missing(column, "\(T.self)") }
        do throws(Unreadable) { return try read(cell) } catch { throw fault(column, cell, error) }
    }

    @inlinable
    public func callAsFunction<T: SQLReadable>(_ column: String, as type: T?.Type = T?.self) throws(PostgresError) -> T?
    {
        let cell = try cell(column)
        guard cell.length >= 0 else { return nil }
        do throws(Unreadable) { return try read(cell) } catch { throw fault(column, cell, error) }
    }
}
