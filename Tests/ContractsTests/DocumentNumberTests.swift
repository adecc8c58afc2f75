import Foundation
import Testing

@testable import Contracts

@Suite struct DocumentNumberTests {
    @Test(
        arguments: [
            ("15/QĐ-UBND", 15, nil, "QĐ-UBND"), ("1594/UBND-KGVX", 1594, nil, "UBND-KGVX"),
            ("05/2026/QĐ-UBND", 5, 2026, "QĐ-UBND"), ("30/2020/NĐ-CP", 30, 2020, "NĐ-CP"),
            ("01/TTr-SVHTT&DL", 1, nil, "TTr-SVHTT&DL"), ("7816/VPCP-TTĐT", 7816, nil, "VPCP-TTĐT"),
        ] as [(String, Int, Int?, String)])
    func partsAndBack(text: String, number: Int, year: Int?, symbol: String) throws {
        let read = try DocumentNumber(text)
        #expect(read.number == number)
        #expect(read.year == year)
        #expect(read.symbol == symbol)
        #expect(read.text == text)
    }

    @Test(arguments: [
        "", "15", "15/", "/QĐ-UBND", "0/QĐ-UBND", "-1/QĐ-UBND", "15/QĐ UBND", "15/QĐ--UBND", "15/-QĐ", "15/QĐ-",
        "15 /QĐ-UBND", "15/2026/QĐ/UBND", "15/26/QĐ-UBND", "15/1800/QĐ-UBND", "15/12-3", "99999999/QĐ", "15a/QĐ-UBND",
        "15/QĐ_UBND", "15/QĐ-<b>", "15/.QĐ",
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: FieldFault.self) { try DocumentNumber(text) }
    }

    @Test func aLeadingZeroBelowTen() throws {
        #expect(try DocumentNumber(1, symbol: "QĐ-UBND").text == "01/QĐ-UBND")
        #expect(try DocumentNumber(9, symbol: "QĐ-UBND").text == "09/QĐ-UBND")
        #expect(try DocumentNumber(10, symbol: "QĐ-UBND").text == "10/QĐ-UBND")
        #expect(try DocumentNumber("1/QĐ-UBND") == DocumentNumber("01/QĐ-UBND"))
    }

    @Test func diacriticsCount() throws {
        #expect(try DocumentNumber("15/QĐ-UBND") != DocumentNumber("15/QD-UBND"))
        #expect(try DocumentNumber("15/ĐA-UBND") != DocumentNumber("15/DA-UBND"))
        #expect(try DocumentNumber("15/HĐ-UBND") != DocumentNumber("15/HD-UBND"))
        #expect(try DocumentNumber("15/QyĐ-UBND") != DocumentNumber("15/QYĐ-UBND"))
    }

    @Test func composedAndDecomposedAreTheSameBytes() throws {
        let composed = try DocumentNumber("15/TB-HỘI")
        let decomposed = try DocumentNumber("15/TB-HO\u{302}\u{323}I")
        #expect(composed == decomposed)
        #expect(Array(composed.text.utf8) == Array(decomposed.text.utf8))
        #expect(composed.hashValue == decomposed.hashValue)
    }

    @Test func lettersThatOnlyLookLikeItBecomeIt() throws {
        #expect(try DocumentNumber("15/Q\u{D0}-UBND") == DocumentNumber("15/Q\u{110}-UBND"))
        #expect(try DocumentNumber("15/Q\u{189}-UBND").symbol == "Q\u{110}-UBND")
    }

    @Test func symbolsByType() throws {
        let decision = try #require(DocumentType.find("QĐ"))
        let letter = try #require(DocumentType.find("cong-van"))
        #expect(try DocumentNumber.symbol(decision, issuer: "UBND", draftedBy: "KGVX") == "QĐ-UBND")
        #expect(try DocumentNumber.symbol(letter, issuer: "UBND", draftedBy: "KGVX") == "UBND-KGVX")
        #expect(try DocumentNumber.symbol(letter, issuer: "STP") == "STP")
        #expect(throws: FieldFault.self) { try DocumentNumber.symbol(decision, issuer: "") }
    }

    @Test func theDecreesTypes() {
        #expect(DocumentType.all.count { !$0.isCopy } == 29)
        #expect(DocumentType.all.count(where: \.isCopy) == 3)
        #expect(Set(DocumentType.all.map(\.code)).count == 32)
        let abbreviations = DocumentType.all.compactMap(\.abbreviation)
        #expect(Set(abbreviations).count == 30)
        #expect(DocumentType.find("ĐA")?.code == "de-an")
        #expect(DocumentType.find("DA")?.code == "du-an")
        #expect(DocumentType.find("HĐ")?.code == "hop-dong")
        #expect(DocumentType.find("HD")?.code == "huong-dan")
        #expect(DocumentType.find("QD") == nil)
        #expect(DocumentType.all.allSatisfy { $0.vietnamese == $0.vietnamese.precomposedStringWithCanonicalMapping })
    }

    @Test func theLongestTextFits() throws {
        let symbol = String(repeating: "Đ", count: Limits.documentSymbolLength)
        let longest = try DocumentNumber(Limits.documentNumber.upperBound, year: 2_999, symbol: symbol)
        #expect(longest.text.count == Limits.documentNumberLength)
        #expect(try DocumentNumber(longest.text) == longest)
        #expect(throws: FieldFault.self) { try DocumentNumber(1, symbol: symbol + "A") }
    }

    @Test func anyNumberComesBack() throws {
        var random = Seeded(4)
        let groups = ["QĐ", "UBND", "KGVX", "TTr", "QyĐ", "S12", "SVHTT&DL", "Đ1"]
        for _ in 0..<2_000 {
            let symbol = (0..<Int.random(in: 1...4, using: &random))
                .map { _ in groups.randomElement(using: &random)! }.joined(separator: "-")
            let year = Bool.random(using: &random) ? Int.random(in: 1_945...2_999, using: &random) : nil
            let number = try DocumentNumber(Int.random(in: 1...9_999_999, using: &random), year: year, symbol: symbol)
            #expect(try DocumentNumber(number.text) == number)
            #expect(try DocumentNumber(number.text.decomposedStringWithCanonicalMapping) == number)
        }
    }
}
