import Contracts
import Foundation

@testable import Files
@testable import OneStopService
@testable import ServiceKit

enum FileTargets {
    static let all: [Target] = [content, uploadHeaders]

    /// A stored ZIP with these entries (APPNOTE 4.3).
    static func archive(_ entries: [(name: String, body: String)]) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        var files: [UInt8] = []
        var table: [UInt8] = []
        for (name, body) in entries {
            let sizes = little(0, 4) + little(body.utf8.count, 4) + little(body.utf8.count, 4)
            let lengths = little(name.utf8.count, 2) + little(0, 2)
            table += [0x50, 0x4B, 1, 2] + little(20, 2) + little(20, 2) + little(0, 8) + sizes + lengths
            table +=
                little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(files.count, 4) + Array(name.utf8)
            files += [0x50, 0x4B, 3, 4] + little(20, 2) + little(0, 2) + little(0, 2) + little(0, 4) + sizes + lengths
            files += Array(name.utf8) + Array(body.utf8)
        }
        let end = little(0, 4) + little(entries.count, 2) + little(entries.count, 2) + little(table.count, 4)
        return files + table + [0x50, 0x4B, 5, 6] + end + little(files.count, 4) + little(0, 2)
    }

    private static let samples: [[UInt8]] =
        [
            archive([("[Content_Types].xml", "<x/>"), ("word/document.xml", "<w/>")]),
            archive([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<o/>")]),
            Array("%PDF-1.7\n".utf8), [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0], [0xFF, 0xD8, 0xFF, 0xE0],
            Array("<?xml version=\"1.0\"?><!-- c --><!DOCTYPE a><a:b xmlns:a=\"u\"/>".utf8), Array("xin chào\n".utf8),
            Array("<?xml version=\"1.0\"?>".utf8) + Array(String(repeating: "<!--->", count: 400).utf8),
        ]

    private static let content = Target(
        "content of a file", samples,
        words: [
            "PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{1}\u{2}", "<svg", "<!--", "-->", "<html", "#!", "vbaProject.bin",
            ".exe", "MZ",
        ]
    ) { bytes in
        let type = try Sniffer(bytes).type()
        try require(try Sniffer(bytes).type() == type, "the same octets are of two types")
        for program in [[0x7F, 0x45, 0x4C, 0x46], [0x4D, 0x5A], [0x23, 0x21]] as [[UInt8]] {
            try require(!bytes.starts(with: program), "a program is \(type)")
        }
        guard type == .text || type == .xml else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        let opening = text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        try require(!opening.hasPrefix("<html") && !opening.hasPrefix("<svg"), "what a browser would run is \(type)")
    }

    private static let headers =
        "x-file-name: %C4%90%C6%A1n.pdf\nx-file-sha256: \(ContentHash(of: []).text)\ncontent-type: application/pdf\n"
        + "content-length: 12\nx-file-part: ban-sao"

    private static let uploadHeaders = Target(
        "headers of an upload", texts: [headers], words: ["%2F", "%00", "%E2%80%AE", "..%2F", "-1", "x-file-part: "]
    ) { text in
        let headers = text.split(separator: "\n").compactMap { line -> (name: String, value: String)? in
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2 else { return nil }
            return (sides[0].lowercased(), sides[1].trimmingCharacters(in: .whitespaces))
        }
        let (name, claim) = try AttachPaper.read(Incoming("POST", "/x", headers: headers))
        try require(!name.text.contains("/") && !name.text.contains("\0") && !name.text.isEmpty, "\(name)")
        try require(claim.hash.map { Patterns.matches($0.text, "^[0-9a-f]{64}$") } ?? false, "no hash")
        try require(claim.size ?? 0 >= 0, "a size of \(claim.size ?? 0)")
    }
}
