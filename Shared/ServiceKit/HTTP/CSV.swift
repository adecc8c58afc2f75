import Contracts
import Foundation

/// Tables as text (RFC 4180, UTF-8): what spreadsheets open, and what banks send.
public enum CSV {
    /// The byte order mark by which spreadsheets know UTF-8.
    public static let mark = "\u{FEFF}"

    public static func row(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\r\n" }

    /// A text that a spreadsheet would take for a formula is marked as text.
    private static func cell(_ text: String) -> String {
        let isFormula = text.first.map { "=+-@\t\r".contains($0) } ?? false
        let safe = isFormula ? "'" + text : text
        let needsQuotes = safe.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        return needsQuotes ? "\"" + safe.replacing("\"", with: "\"\"") + "\"" : safe
    }

    /// A record, and the line of the file on which it begins, from 1.
    public struct Line: Sendable, Equatable {
        public var line: Int
        public var cells: [String]

        public init(_ line: Int, _ cells: [String]) { (self.line, self.cells) = (line, cells) }
    }

    /// What is not RFC 4180 in a file, and on which line.
    public struct Malformed: Error, Equatable {
        public var line: Int
        public var why: Why

        public enum Why: Sendable, Equatable {
            /// No UTF-8.
            case encoding
            /// A quote inside of a field that does not begin with one, or text behind the closing one.
            case quote
            /// The file ends inside of quotes.
            case unclosed
        }
    }

    private enum Place { case start, plain, quoted, closed }

    /// Every record of a file; lines end in CRLF or LF. An empty line is no record.
    public static func read(_ bytes: [UInt8]) throws(Malformed) -> [Line] {
        let file = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        var (lines, cells, field): ([Line], [String], [UInt8]) = ([], [], [])
        var (place, line, begun) = (Place.start, 1, 1)
        func text(_ field: [UInt8]) throws(Malformed) -> String {
            guard let text = String(validating: field, as: UTF8.self) else {
                throw Malformed(line: begun, why: .encoding)
            }
            return text
        }
        var index = file.startIndex
        while index < file.endIndex {
            let byte = file[index]
            index += 1
            let isCRLF = byte == 0x0D && index < file.endIndex && file[index] == 0x0A
            let endsLine = byte == 0x0A || isCRLF
            switch (place, byte) {
            case (.quoted, 0x22): place = .closed
            case (.quoted, _):
                if byte == 0x0A { line += 1 }
                field.append(byte)
            case (.closed, 0x22):
                place = .quoted
                field.append(byte)
            case (.start, 0x22): place = .quoted
            case (_, 0x2C):
                cells.append(try text(field))
                (place, field) = (.start, [])
            case _ where endsLine:
                if isCRLF { index += 1 }
                if place != .start || !cells.isEmpty { lines.append(Line(begun, cells + [try text(field)])) }
                (place, cells, field, line) = (.start, [], [], line + 1)
                begun = line
            case (.closed, _), (.plain, 0x22): throw Malformed(line: line, why: .quote)
            default:
                place = .plain
                field.append(byte)
            }
        }
        guard place != .quoted else { throw Malformed(line: begun, why: .unclosed) }
        if place != .start || !cells.isEmpty { lines.append(Line(begun, cells + [try text(field)])) }
        return lines
    }
}
