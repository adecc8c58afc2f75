import Foundation

/// One row of a data file, with where it stands.
struct Entry: Sendable {
    let file: String
    let line: Int
    let values: [String: String]

    /// The value of a column; empty where the file has none. `check.py` has made sure of columns and shapes.
    subscript(_ column: String) -> String { values[column] ?? "" }

    var place: String { "\(file):\(line)" }
}

/// What is wrong with a row, as `file:line: fault`.
struct BadProvince: Error, CustomStringConvertible {
    let faults: [String]
    var description: String {
        (faults + ["\(faults.count) fault\(faults.count == 1 ? "" : "s"); nothing was loaded"]).joined(separator: "\n")
    }
}

/// Comma-separated values (RFC 4180) with comment lines at the top.
enum CSV {
    static func read(_ text: String, file: String) throws(BadProvince) -> [Entry] {
        var records = try records(text, file: file)
        guard !records.isEmpty else { throw BadProvince(faults: ["\(file):1: there is no header"]) }
        let header = records.removeFirst().values
        return try records.map { record throws(BadProvince) in
            guard record.values.count == header.count else {
                throw BadProvince(
                    faults: ["\(file):\(record.line): \(record.values.count) values for \(header.count) columns"])
            }
            return Entry(
                file: file, line: record.line,
                values: Dictionary(zip(header, record.values), uniquingKeysWith: { first, _ in first }))
        }
    }

    private struct Reader {
        var value: [UInt8] = []
        var values: [String] = []
        var quoted = false
        var wasQuoted = false

        mutating func endValue() {
            values.append(String(decoding: value, as: UTF8.self))
            value = []
            wasQuoted = false
        }
    }

    private static func records(_ text: String, file: String) throws(BadProvince) -> [(line: Int, values: [String])] {
        var records: [(line: Int, values: [String])] = []
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var reader = Reader()
        var start = 1
        for (index, line) in lines.enumerated() {
            if !reader.quoted {
                start = index + 1
                if line.isEmpty || (records.isEmpty && line.first == UInt8(ascii: "#")) { continue }
            } else {
                reader.value.append(UInt8(ascii: "\n"))
            }
            var bytes = Array(line)[...]
            while let byte = bytes.popFirst() {
                switch byte {
                case UInt8(ascii: "\"") where reader.quoted && bytes.first == byte:
                    reader.value.append(byte)
                    bytes = bytes.dropFirst()
                case UInt8(ascii: "\"") where reader.quoted: reader.quoted = false
                case UInt8(ascii: "\"") where reader.value.isEmpty && !reader.wasQuoted:
                    reader.quoted = true
                    reader.wasQuoted = true
                case UInt8(ascii: ",") where !reader.quoted: reader.endValue()
                default: reader.value.append(byte)
                }
            }
            guard !reader.quoted else { continue }
            reader.endValue()
            records.append((start, reader.values))
            reader = Reader()
        }
        guard !reader.quoted else { throw BadProvince(faults: ["\(file):\(start): a quote is not closed"]) }
        return records
    }
}
