import Foundation
import Testing

@testable import Contracts

@Suite struct AgencyCodeTests {
    /// Old form and canonical form of the same agency; the samples of real traffic among them.
    static let pairs = [
        ("000.00.00.H19", "H19"), ("000.00.12.H19", "H19.12"), ("000.01.12.H19", "H19.12.01"),
        ("003.01.12.H19", "H19.12.01.003"), ("000.00.00.G22", "G22"), ("000.00.00.H41", "H41"),
        ("002.00.20.H13", "H13.20.002"), ("001.00.00.H19", "H19.001"),
    ]

    @Test(arguments: pairs)
    func bothFormsAreOneAgency(old: String, new: String) throws {
        #expect(try AgencyCode(old) == AgencyCode(new))
        #expect(try AgencyCode(old).text == new)
        #expect(try AgencyCode(new).old == old)
    }

    @Test(arguments: [
        "", "H", "H1", "h19", "19.H", "H19.", ".H19", "H19..12", "H19.1 2", "H19.ab", "H19.Đ1", "H00", "H19.00",
        "H19.000", "H19-12", "000.01.00.H19", "00.00.12.H19", "000.00.12.H1", "000.00.12.19H", "28.22.H17",
        "H19.01234567890123456789012345678901", "H19\n", "Ｈ19",
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: FieldFault.self) { try AgencyCode(text) }
    }

    @Test func thirtyFiveCharactersAreTheMost() throws {
        let longest = "H19." + String(repeating: "A", count: 31)
        #expect(try AgencyCode(longest).text == longest)
        #expect(throws: FieldFault.self) { try AgencyCode(longest + "A") }
    }

    @Test func reasonsAreNamed() {
        #expect { try AgencyCode("19") } throws: { ($0 as? FieldFault)?.code == "agency-code.level-1" }
        #expect { try AgencyCode("H19.a") } throws: { ($0 as? FieldFault)?.code == "agency-code.group" }
        #expect { try AgencyCode("H19.00") } throws: { ($0 as? FieldFault)?.code == "agency-code.zero-group" }
        #expect { try AgencyCode("000.01.00.H19") } throws: { ($0 as? FieldFault)?.code == "agency-code.old" }
        #expect { try AgencyCode(old: "H19.12") } throws: { ($0 as? FieldFault)?.code == "agency-code.old" }
    }

    @Test func theTree() throws {
        let commune = try AgencyCode("H19.30.07")
        #expect(commune.level == 3)
        #expect(commune.groups == ["H19", "30", "07"])
        #expect(commune.routingWords == "H19.30.07")
        #expect(commune.parent?.text == "H19.30")
        #expect(commune.ancestors.map(\.text) == ["H19.30", "H19"])
        #expect(try AgencyCode("H19").parent == nil)
        #expect(try commune.isWithin(AgencyCode("H19")))
        #expect(commune.isWithin(commune))
        #expect(try !commune.isWithin(AgencyCode("H19.3")))
        #expect(try !AgencyCode("H19.3").isWithin(commune))
        #expect(try !AgencyCode("H19").isWithin(AgencyCode("H19.30")))
        #expect(!commune.isWithin(.none))
        #expect(AgencyCode.none.level == 0)
        #expect(AgencyCode.none.old == nil)
    }

    @Test(arguments: ["H19.1", "H19.A1", "H19.12.01.003.04", "H19.0012", "H19.12.3", "H19.003.12"])
    func whatTheOldFormCannotSay(text: String) throws {
        #expect(try AgencyCode(text).old == nil)
    }

    @Test func anyOldCodeThatIsReadComesBack() {
        var random = Seeded(2)
        var read = 0
        for _ in 0..<5_000 {
            func digits(_ count: Int) -> String {
                Bool.random(using: &random)
                    ? String(repeating: "0", count: count)
                    : (0..<count).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
            }
            let old = "\(digits(3)).\(digits(2)).\(digits(2)).H\(Int.random(in: 10...63, using: &random))"
            guard let code = try? AgencyCode(old) else { continue }
            read += 1
            #expect(code.old == old)
            #expect((try? AgencyCode(code.text)) == code)
        }
        #expect(read > 3_000)
    }

    @Test func orderKeepsSubtreesTogether() throws {
        let codes = try ["H19.2", "H19.12.01", "H19", "H19.12", "H19.120", "H20", "H19.12.02"].map {
            try AgencyCode($0)
        }
        let sorted = codes.sorted().map(\.text)
        #expect(sorted == ["H19", "H19.12", "H19.12.01", "H19.12.02", "H19.120", "H19.2", "H20"])
    }

    @Test func `a code is read the same way in one pass and by its groups`() {
        var random = Seeded(20)
        let alphabet = Array("H190.0AZa-é")
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...6, using: &random)
            let text = "H19" + String((0..<length).compactMap { _ in alphabet.randomElement(using: &random) })
            let groups = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            #expect((try? AgencyCode(text)) == (try? AgencyCode(groups: groups)), "\(text)")
        }
    }
}
