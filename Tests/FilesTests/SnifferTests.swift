import Contracts
import Testing

@testable import Files

@Suite struct SnifferTests {
    static let samples: [(String, [UInt8], MediaType)] = [
        ("a PDF", pdf, .pdf),
        ("a PNG", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0], .png),
        ("a JPEG", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16], .jpeg),
        ("a TIFF of Intel order", [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0], .tiff),
        ("a TIFF of Motorola order", [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8], .tiff),
        ("a DOCX", archive([("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<w/>")]), .docx),
        ("an XLSX", archive([("xl/workbook.xml", "<w/>"), ("[Content_Types].xml", "<Types/>")]), .xlsx),
        ("a PPTX", archive([("[Content_Types].xml", "<Types/>"), ("ppt/presentation.xml", "<p/>")]), .pptx),
        ("an ODT", archive([("mimetype", MediaType.odt.rawValue), ("content.xml", "<o/>")]), .odt),
        ("an ODS", archive([("mimetype", MediaType.ods.rawValue), ("content.xml", "<o/>")]), .ods),
        ("XML", Array("<?xml version=\"1.0\"?>\n<!-- ghi chú --><edXMLEnvelope/>".utf8), .xml),
        ("XML with a byte order mark", [0xEF, 0xBB, 0xBF] + Array("<?xml version='1.0'?><a/>".utf8), .xml),
        ("Vietnamese text", Array("Kính gửi: Sở Tư pháp\r\n\tNội dung".utf8), .text),
    ]

    @Test(arguments: samples.indices) func contentTellsItsType(_ index: Int) throws {
        let (name, bytes, type) = Self.samples[index]
        #expect(try Sniffer(bytes).type() == type, "\(name)")
    }

    static let programs: [(String, [UInt8])] = [
        ("ELF", [0x7F, 0x45, 0x4C, 0x46, 2, 1]),
        ("Windows", [0x4D, 0x5A, 0x90, 0]),
        ("Mach-O", [0xCF, 0xFA, 0xED, 0xFE, 7]),
        ("Java", [0xCA, 0xFE, 0xBA, 0xBE, 0]),
        ("WebAssembly", [0, 0x61, 0x73, 0x6D, 1]),
        ("a script", Array("#!/bin/sh\necho".utf8)),
        ("a script behind a byte order mark", [0xEF, 0xBB, 0xBF] + Array("#!/bin/sh".utf8)),
        ("HTML", Array("\n  <!DOCTYPE html><html></html>".utf8)),
        ("SVG", Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8)),
        ("SVG as XML", Array("<?xml version='1.0'?>\n<!DOCTYPE svg>\n<s:svg xmlns:s='x'/>".utf8)),
        ("XHTML", Array("<?xml version='1.0'?><!-- <a> --><html/>".utf8)),
        (
            "a document with macros",
            archive([
                ("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<w/>"), ("word/vbaProject.bin", "x"),
            ])
        ),
        ("an open document with macros", archive([("mimetype", MediaType.odt.rawValue), ("Basic/a.xml", "x")])),
        ("a program in a document", archive([("[Content_Types].xml", ""), ("word/document.xml", ""), ("a.EXE", "")])),
    ]

    @Test(arguments: programs.indices) func programsAreRefused(_ index: Int) {
        let (name, bytes) = Self.programs[index]
        #expect(throws: FileFault.executable, "\(name)") { try Sniffer(bytes).type() }
    }

    static let strangers: [(String, [UInt8])] = [
        ("an archive", archive([("a.txt", "x")])),
        ("an archive without its end", Array(archive([("word/document.xml", "x")]).dropLast(22))),
        ("an archive cut to nothing", [0x50, 0x4B, 0x03, 0x04]),
        ("an open document's template", archive([("mimetype", MediaType.odt.rawValue + "-template")])),
        ("bytes", [0, 1, 2, 3]),
        ("text with a NUL", Array("abc\u{0}def".utf8)),
        ("text that is no UTF-8", [0x41, 0xC3, 0x28]),
    ]

    @Test(arguments: strangers.indices) func otherContentIsRefused(_ index: Int) {
        let (name, bytes) = Self.strangers[index]
        #expect(throws: FileFault.unknownType, "\(name)") { try Sniffer(bytes).type() }
    }

    /// The sniffer reads what anybody sends: whatever it is, it answers and does not stop the process.
    @Test func anyBytesGetAnAnswer() {
        var random = SystemRandomNumberGenerator()
        let seeds = Self.samples.map(\.1) + Self.programs.map(\.1) + Self.strangers.map(\.1)
        for _ in 0..<20_000 {
            var bytes = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random) / 4)
            _ = try? Sniffer(bytes).type()
        }
    }

    @Test func announcementsAreUnderstood() {
        #expect(MediaType.Declared(nil) == .nothing)
        #expect(MediaType.Declared("application/octet-stream") == .nothing)
        #expect(MediaType.Declared("Application/PDF; version=1.7") == .known(.pdf))
        #expect(MediaType.Declared("text/xml") == .known(.xml))
        #expect(MediaType.Declared("application/x-sh") == .foreign("application/x-sh"))
    }

    @Test func theTypeMustBeTheOneAnnounced() throws {
        try Sniffer.check(.pdf, against: .nothing)
        try Sniffer.check(.pdf, against: .known(.pdf))
        #expect(throws: FileFault.notAsDeclared(declared: .pdf, found: .docx)) {
            try Sniffer.check(.docx, against: .known(.pdf))
        }
        #expect(throws: FileFault.unknownType) { try Sniffer.check(.pdf, against: .foreign("a/b")) }
    }
}

@Suite struct FileNameTests {
    @Test(arguments: ["quyết định.pdf", "15_QĐ-STP.pdf", "a b (1).docx"]) func usualNamesAreTaken(_ text: String) throws
    {
        #expect(try FileName(text).text == text)
    }

    @Test(arguments: [
        "", "  ", "../x", "a/b", "a\\b", "a\nb", ".bashrc", "gpj\u{202E}fdp.exe", String(repeating: "a", count: 201),
    ])
    func trickyNamesAreRefused(_ text: String) {
        #expect(throws: FieldFault.self) { try FileName(text) }
    }

    @Test func headersCarryNamesInUTF8() throws {
        #expect(try FileName("a.pdf").disposition == "attachment; filename=\"a.pdf\"")
        #expect(try FileName("số 1.pdf").disposition == "attachment; filename*=UTF-8''s%E1%BB%91%201.pdf")
        #expect(try FileName("a\"b.pdf").disposition == "attachment; filename*=UTF-8''a%22b.pdf")
    }
}
