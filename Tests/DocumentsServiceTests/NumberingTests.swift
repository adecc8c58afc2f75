import Contracts
import ServiceKit
import Testing

@testable import DocumentsService

@Suite struct NumberingTests {
    @Test(arguments: [
        ("QĐ", "STP", "X", "QĐ-STP"), ("quyet-dinh", "UBND", nil, "QĐ-UBND"), ("ĐA", "STP", nil, "ĐA-STP"),
        ("DA", "STP", nil, "DA-STP"), ("cong-van", "UBND", "KGVX", "UBND-KGVX"), ("Phiếu", "STP", "LLTP", "STP-LLTP"),
        ("Phiếu", "STP", "Lý lịch tư pháp", "STP-LLTP"), ("GCN", "UBND", nil, "GCN-UBND"), ("SY", "STP", nil, "SY-STP"),
        // An old keyboard's letter, and a decomposed one.
        ("QÐ", "STP", nil, "QĐ-STP"), ("QyĐ", "STP", nil, "QyĐ-STP"),
    ])
    func symbolsFollowTheType(_ word: String, _ issuer: String, _ field: String?, _ symbol: String) throws {
        #expect(try DocumentForm(word).symbol(issuer: issuer, field: field) == symbol)
    }

    @Test func whatHasNoAbbreviationNamesItsField() {
        #expect(throws: Refused.fieldMissing) { try DocumentForm("cong-van").symbol(issuer: "STP", field: nil) }
        #expect(throws: Refused.fieldMissing) { try DocumentForm("Phiếu").symbol(issuer: "STP", field: "---") }
        #expect(throws: Refused.fieldUnfit) {
            try DocumentForm("cong-van").symbol(issuer: String(repeating: "X", count: 60), field: "A")
        }
    }

    @Test(arguments: [
        ("Sở Tư pháp", AgencyKind.department, "STP"),
        ("Sở Lao động - Thương binh và Xã hội", .department, "SLĐTBXH"),
        ("Sở Văn hóa, Thể thao và Du lịch", .department, "SVHTTDL"),
        ("Sở Y tế", .department, "SYT"),
        ("Ủy ban nhân dân tỉnh Đồng Nai", .province, "UBND"),
        ("Ủy ban nhân dân thành phố Biên Hòa", .district, "UBND"),
        ("Ủy ban nhân dân thị trấn Vĩnh An", .commune, "UBND"),
        ("Văn phòng Ủy ban nhân dân tỉnh", .department, "VPUBND"),
        ("Ban Quản lý các khu công nghiệp", .department, "BQLKCN"),
        ("Công an tỉnh Đồng Nai", .police, "CAT"),
    ])
    func agenciesHaveAnAbbreviationByDefault(_ name: String, _ kind: AgencyKind, _ expected: String) {
        #expect(Abbreviation.ofAgency(name, kind: kind) == expected)
        #expect(Abbreviation.ofAgency(name.decomposedStringWithCanonicalMapping, kind: kind) == expected)
    }

    static func numbering(_ books: [(String, [String])] = []) -> Numbering {
        Numbering(
            agency: .none, symbol: "STP",
            books: books.map { pair in
                var book = Book()
                (book.series, book.types) = pair
                return book
            }, version: 1)
    }

    @Test func oneSeriesUnlessTheHeadDecidesOtherwise() {
        let plain = Self.numbering()
        for word in ["QĐ", "cong-van", "TB", "GCN", "Phiếu"] {
            #expect(plain.series(of: DocumentForm(word)) == "van-ban")
        }
        for word in ["SY", "TrS", "SL"] { #expect(plain.series(of: DocumentForm(word)) == "ban-sao") }
        let apart = Self.numbering([("quyet-dinh", ["QĐ", "CT"]), ("cong-van", ["cong-van"]), ("gcn", ["GCN"])])
        #expect(apart.series(of: DocumentForm("quyet-dinh")) == "quyet-dinh")
        #expect(apart.series(of: DocumentForm("CT")) == "quyet-dinh")
        #expect(apart.series(of: DocumentForm("QyĐ")) == "van-ban")
        #expect(apart.series(of: DocumentForm("GCN")) == "gcn")
    }

    /// Their symbols look alike (`STP-LLTP`), so one number must not come from two counters.
    @Test func whatHasNoAbbreviationSharesOneSeries() {
        let apart = Self.numbering([("cong-van", ["cong-van"])])
        for word in ["cong-van", "thu-cong", "Phiếu"] {
            #expect(apart.series(of: DocumentForm(word)) == "cong-van", "\(word)")
        }
    }

    static func input(_ books: [(String, [String])], symbol: String = "STP") -> SetNumbering.Input {
        var input = SetNumbering.Input()
        (input.symbol, input.books) = (symbol, numbering(books).books)
        return input
    }

    @Test func aNumberingHoldsTogether() throws {
        let cases: [(SetNumbering.Input, Refused)] = [
            (Self.input([], symbol: "S T P"), .symbolUnfit), (Self.input([], symbol: "QĐ"), .symbolUnfit),
            (Self.input([("van-ban", ["QĐ"])]), .seriesReserved), (Self.input([("ban-sao", ["QĐ"])]), .seriesReserved),
            (Self.input([("a", ["QĐ"]), ("a", ["CT"])]), .seriesTwice),
            (Self.input([("a", ["QĐ"]), ("b", ["quyet-dinh"])]), .typeTwice),
            (Self.input([("a", ["cong-van"]), ("b", ["thu-cong"])]), .typeTwice),
            (Self.input([("a", ["SY"])]), .typeNotNumbered), (Self.input([("a", ["Phiếu"])]), .typeNotNumbered),
        ]
        for (input, refused) in cases { #expect(throws: refused) { try SetNumbering.decide(input) } }
        let set = try SetNumbering.decide(Self.input([("a", ["quyet-dinh", "GCN"])], symbol: "STP.1"))
        #expect(set.books.map(\.types) == [["QĐ", "GCN"]])
    }

    @Test func aTypeKeepsItsSeriesThroughTheYear() throws {
        let apart = Self.numbering([("quyet-dinh", ["QĐ"])])
        #expect(throws: Refused.seriesInUse) {
            try SetNumbering.decide(apart, used: [(DocumentForm("QĐ"), "van-ban")])
        }
        #expect(throws: Refused.seriesInUse) {
            try SetNumbering.decide(Self.numbering(), used: [(DocumentForm("QĐ"), "quyet-dinh")])
        }
        try SetNumbering.decide(apart, used: [(DocumentForm("QĐ"), "quyet-dinh"), (DocumentForm("TB"), "van-ban")])
    }
}
