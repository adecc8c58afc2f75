import Foundation
import Testing

@testable import Contracts

@Suite struct MoneyTests {
    @Test(
        arguments: [
            (0, "0 đồng"), (5, "5 đồng"), (999, "999 đồng"), (1_000, "1.000 đồng"), (200_000, "200.000 đồng"),
            (3_486_600, "3.486.600 đồng"), (-200_000, "-200.000 đồng"), (-100, "-100 đồng"),
            (1_000_000_000_000_000_000, "1.000.000.000.000.000.000 đồng"),
        ] as [(Int64, String)])
    func writtenAndRead(dong: Int64, text: String) throws {
        #expect(try Money(dong).text == text)
        #expect(try Money(text) == Money(dong))
    }

    @Test(arguments: ["200000", "200.000", "200.000 đ", "200.000 đồng", "200000 đồng"])
    func waysToWriteIt(text: String) throws {
        #expect(try Money(text).dong == 200_000)
    }

    @Test(arguments: [
        "", "-", "đồng", "200,000", "20.0000", "2000.000", ".200", "200.", "200.00", "1 000", "+5", "--5", "5 USD",
        "99999999999999999999", "1.000.000.000.000.000.001", "٢",
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: FieldFault.self) { try Money(text) }
    }

    @Test func nothingWrapsAround() throws {
        let most = try Money(Limits.moneyDong)
        let one = try Money(Int64(1))
        #expect(throws: FieldFault.self) { try most + one }
        #expect(throws: FieldFault.self) { try -most - one }
        #expect(throws: FieldFault.self) { try most * 10 }
        #expect(throws: FieldFault.self) { try most * Int.max }
        #expect(throws: FieldFault.self) { try Money(Int64.min) }
        #expect(throws: FieldFault.self) { try Money.sum([most, one]) }
        #expect(try most - most == .zero)
        #expect(try -most + most == .zero)
    }

    @Test func countsRight() throws {
        let fee = try Money(Int64(200_000))
        #expect(try fee * 3 == Money(Int64(600_000)))
        #expect(try Money.sum([fee, fee, fee]) == fee * 3)
        #expect(try Money.sum([]) == .zero)
        #expect(-fee < .zero)
        #expect(try fee - fee * 2 == -fee)
    }

    @Test func anyAmountComesBack() throws {
        var random = Seeded(5)
        for _ in 0..<3_000 {
            let amount = try Money(Int64.random(in: -Limits.moneyDong...Limits.moneyDong, using: &random))
            #expect(try Money(amount.text) == amount)
            #expect(try Money(String(amount.dong)) == amount)
        }
    }
}
