import Contracts
import Foundation
import TestKit
import Testing

@testable import Typesetting

@Suite(.timeLimit(.minutes(5))) struct PDFTests {
    static func document(_ blocks: [Block], paper: Paper = .a5) -> Document {
        Document(
            title: "Giấy tiếp nhận", author: "Sở Tư pháp", date: Date(timeIntervalSince1970: 1_614_564_000),
            paper: paper, foot: "Chân trang", blocks)
    }

    static let alphabet = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ"

    @Test func `every Vietnamese letter is drawn with embedded fonts and is read back, in each style`() throws {
        let upper = Self.alphabet.uppercased()
        let text = Self.alphabet
        let bytes = try PDF.make(
            Self.document([
                .text(Paragraph(Run(text), size: 6, alignment: .left)),
                .text(Paragraph(.bold(upper), size: 6, alignment: .left)),
                .text(Paragraph(.italic(text), size: 6, alignment: .left)),
                .text(Paragraph(Run(upper, bold: true, italic: true), size: 6, alignment: .left)),
            ]))
        let seen = try SeenPDF(bytes, "alphabet")
        #expect(
            seen.text.components(separatedBy: text).count == 3 && seen.text.components(separatedBy: upper).count == 3)
        #expect(seen.hasOwnFonts && seen.fonts.count >= 4, "\(seen.fonts)")
        #expect(seen.size.hasPrefix("419.528 x 595.276 pts") && seen.pages == 1)
        #expect(seen.text.hasSuffix("Chân trang Trang 1/1"))
    }

    @Test func `the same document is the same bytes, also made by many threads at once`() async throws {
        let document = Self.document([.text(Paragraph("Nguyễn Thị Bích")), .code("H19.06-210301-0001", size: 29)])
        let first = try PDF.make(document)
        let all = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try PDF.make(document) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(all.allSatisfy { $0 == first })
        var later = document
        later.date += 1
        #expect(try PDF.make(later) != first)
    }

    @Test func `a long table goes on over pages under its head, every row whole, none lost`() throws {
        let rows = (1...120).map {
            [[Run("dòng-\($0)")], [Run("một nội dung dài hơn một dòng của cột này, số \($0)")]]
        }
        let table = Table([.init("Thứ tự", 1, .center), .init("Nội dung", 2)], rows: rows)
        let seen = try SeenPDF(try PDF.make(Self.document([.table(table)])), "table")
        #expect(seen.pages > 3)
        #expect(seen.text.components(separatedBy: "Thứ tự").count == seen.pages + 1)
        for row in 1...120 { #expect(seen.text.contains("dòng-\(row) ")) }
        #expect(seen.text.contains("Trang \(seen.pages)/\(seen.pages)"))
    }

    @Test func `a row longer than a page is divided, and a word longer than its column is broken`() throws {
        let long = (1...900).map { "từ\($0)" }.joined(separator: " ")
        let word = String(repeating: "dài", count: 100)
        let table = Table([.init("A", 1), .init("B", 1)], rows: [[[Run(long)], [Run(word)]], [["cuối"], ["cùng"]]])
        let seen = try SeenPDF(try PDF.make(Self.document([.table(table)])), "long-row")
        #expect(seen.pages > 1)
        for number in 1...900 { #expect(seen.text.contains("từ\(number)")) }
        #expect(seen.text.replacing(" ", with: "").contains("dàidàidài") && seen.text.contains("cuối"))
        let paragraph = try SeenPDF(try PDF.make(Self.document([.text(Paragraph(Run(long)))])), "long-text")
        #expect(paragraph.pages > 1)
        for number in 1...900 { #expect(paragraph.text.contains("từ\(number)")) }
    }

    @Test func `what stays together is not divided`() throws {
        let filler = Block.space(165)
        let signatures = Block.together([.text(Paragraph("đầu")), .space(25), .text(Paragraph("cuối"))])
        let seen = try SeenPDF(try PDF.make(Self.document([filler, signatures])), "together")
        #expect(seen.text == "Chân trang Trang 1/2 đầu cuối Chân trang Trang 2/2", "\(seen.text)")
    }

    @Test(arguments: [
        "H19.06-210301-0001", "https://dichvucong.dongnai.gov.vn/public/dossiers/H19.31.02-210301-0123",
        String(repeating: "a1", count: 106),
    ])
    func `a QR code is read by another's reader`(_ text: String) throws {
        let seen = try SeenPDF(try PDF.make(Self.document([.code(text, size: 35)])), "code")
        #expect(seen.codes == [text])
    }

    @Test func `too much is refused, what cannot be seen is left out`() throws {
        #expect(throws: TypesettingFault.codeTooLong) {
            try PDF.make(Self.document([.code(String(repeating: "x", count: 214), size: 35)]))
        }
        #expect(throws: TypesettingFault.tooLong) {
            try PDF.make(Self.document([Block](repeating: .space(150), count: Limits.Typesetting.pages + 1)))
        }
        let run = Run("a\u{0}b\u{202E}c\u{7}\r\ndòng the\u{301}")
        #expect(run.text == "abc\ndòng thé")
        let seen = try SeenPDF(try PDF.make(Self.document([.text(Paragraph("<b>&amp; %n \(run.text)"))])), "signs")
        #expect(seen.text.hasPrefix("<b>&amp; %n abc dòng thé"))
    }
}
