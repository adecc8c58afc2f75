import Contracts
import Foundation

/// Tells what a file is from its bytes; neither its name nor what the sender says counts.
struct Sniffer {
    let size: Int
    /// `count` bytes from `offset`, fewer at the end.
    let read: (_ offset: Int, _ count: Int) throws(FileFault) -> [UInt8]

    init(size: Int, read: @escaping (_ offset: Int, _ count: Int) throws(FileFault) -> [UInt8]) {
        self.size = size
        self.read = read
    }

    init(_ bytes: [UInt8]) {
        self.init(size: bytes.count) { offset, count throws(FileFault) in
            Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
        }
    }

    /// The type of the content.
    /// - Throws: `.executable`, `.unknownType`.
    func type() throws(FileFault) -> MediaType {
        let head = try read(0, Limits.Files.head)
        if Sniffer.programs.contains(where: { head.starts(with: $0) }) { throw .executable }
        for (signature, type) in Sniffer.signatures where head.starts(with: signature) { return type }
        if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return try packed() }
        return try written()
    }

    /// The type announced must be the one found; a type that we do not know is announced in vain.
    static func check(_ found: MediaType, against declared: MediaType.Declared) throws(FileFault) {
        switch declared {
        case .nothing: return
        case .foreign: throw .unknownType
        // A plain text may be announced as itself only; XML may be announced as the text that it also is.
        case .known(.text) where found == .xml: return
        case .known(let type): if type != found { throw .notAsDeclared(declared: type, found: found) }
        }
    }

    /// ELF, DOS and Windows, Mach-O (both orders, also Java classes), WebAssembly, Dalvik, scripts.
    private static let programs: [[UInt8]] = [
        [0x7F, 0x45, 0x4C, 0x46], [0x4D, 0x5A], [0xFE, 0xED, 0xFA, 0xCE], [0xFE, 0xED, 0xFA, 0xCF],
        [0xCE, 0xFA, 0xED, 0xFE], [0xCF, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE], [0x00, 0x61, 0x73, 0x6D],
        [0x64, 0x65, 0x78, 0x0A], [0x23, 0x21],
    ]

    private static let signatures: [([UInt8], MediaType)] = [
        (Array("%PDF-".utf8), .pdf),
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], .png),
        ([0xFF, 0xD8, 0xFF], .jpeg),
        ([0x49, 0x49, 0x2A, 0x00], .tiff),
        ([0x4D, 0x4D, 0x00, 0x2A], .tiff),
    ]
}

// MARK: - Office documents

extension Sniffer {
    /// An office document in a ZIP; other archives may hide anything and are refused.
    private func packed() throws(FileFault) -> MediaType {
        let names = try entryNames()
        let carriesProgram = names.contains { name in
            let name = name.lowercased()
            return name.hasSuffix("vbaproject.bin") || name.hasPrefix("basic/") || name.hasPrefix("scripts/")
                || name.contains("/activex/") || Sniffer.programEndings.contains { name.hasSuffix($0) }
        }
        if carriesProgram { throw .executable }
        if names.contains("[Content_Types].xml") {
            for (part, type) in [
                ("word/document.xml", MediaType.docx), ("xl/workbook.xml", .xlsx),
                ("ppt/presentation.xml", .pptx),
            ]
            where names.contains(part) { return type }
        }
        if names.first == "mimetype", let type = try openDocument() { return type }
        throw .unknownType
    }

    private static let programEndings = [".exe", ".dll", ".bat", ".cmd", ".com", ".js", ".vbs", ".ps1", ".jar", ".sh"]

    /// Open documents begin with their media type, stored as it is (OpenDocument 1.2, part 3, section 3.3).
    private func openDocument() throws(FileFault) -> MediaType? {
        let header = try read(0, 30)
        guard header.count == 30 else { return nil }
        let isStored = Sniffer.little(header, 8, 2) == 0
        let start = 30 + Sniffer.little(header, 26, 2) + Sniffer.little(header, 28, 2)
        guard isStored else { return nil }
        let said = try read(start, 80)
        return [MediaType.odt, .ods, .odp].first { type in
            let word = Array(type.rawValue.utf8)
            // A template or master document goes on after these bytes and is another type.
            return said.starts(with: word) && (said.dropFirst(word.count).first.map { $0 != 0x2D } ?? true)
        }
    }

    /// The names in the archive's own table of contents, which stands at its end (APPNOTE 4.3.12, 4.3.16).
    private func entryNames() throws(FileFault) -> [String] {
        let tailStart = max(0, size - 65_557)
        let tail = try read(tailStart, size - tailStart)
        guard tail.count >= 22 else { throw .unknownType }
        let end = stride(from: tail.count - 22, through: 0, by: -1).first {
            tail[$0] == 0x50 && tail[$0 + 1] == 0x4B && tail[$0 + 2] == 0x05 && tail[$0 + 3] == 0x06
        }
        guard let end else { throw .unknownType }
        let count = Sniffer.little(tail, end + 10, 2)
        let length = Sniffer.little(tail, end + 12, 4)
        let start = Sniffer.little(tail, end + 16, 4)
        guard count > 0, count <= Limits.Files.archiveEntries, start + length <= size else { throw .unknownType }
        let table = try read(start, length)
        var names: [String] = []
        var at = 0
        for _ in 0..<count {
            guard at + 46 <= table.count, Sniffer.little(table, at, 4) == 0x0201_4B50 else { throw .unknownType }
            let nameLength = Sniffer.little(table, at + 28, 2)
            let rest = Sniffer.little(table, at + 30, 2) + Sniffer.little(table, at + 32, 2)
            guard at + 46 + nameLength <= table.count else { throw .unknownType }
            names.append(String(decoding: table[(at + 46)..<(at + 46 + nameLength)], as: UTF8.self))
            at += 46 + nameLength + rest
        }
        return names
    }

    private static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
        (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
    }
}

// MARK: - Text

extension Sniffer {
    /// XML or plain text in UTF-8, every byte looked at. What a browser would run (HTML, SVG) counts as a program.
    private func written() throws(FileFault) -> MediaType {
        var bytes = try read(0, size)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self), bytes.allSatisfy(Sniffer.isWritten) else {
            throw .unknownType
        }
        let start = text.drop { $0.isWhitespace }
        let opening = start.prefix(Limits.Files.head).lowercased()
        let runs = ["<!doctype html", "<html", "<svg", "<script", "#!"]
        if runs.contains(where: { opening.hasPrefix($0) }) { throw .executable }
        guard opening.hasPrefix("<?xml") else { return .text }
        if let root = Sniffer.rootElement(opening), ["html", "svg", "script"].contains(root) { throw .executable }
        return .xml
    }

    private static func isWritten(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || (0x09...0x0D).contains(byte)
    }

    /// The local name of the first element, past the prologue.
    private static func rootElement(_ xml: String) -> Substring? {
        var rest = xml[...]
        while let open = rest.firstIndex(of: "<") {
            let after = rest[rest.index(after: open)...]
            let closing = after.hasPrefix("!--") ? "-->" : ">"
            if !after.hasPrefix("?"), !after.hasPrefix("!") {
                let name = after.prefix { !$0.isWhitespace && $0 != ">" && $0 != "/" }
                return name.split(separator: ":").last
            }
            guard let end = after.range(of: closing) else { return nil }
            rest = after[end.upperBound...]
        }
        return nil
    }
}
