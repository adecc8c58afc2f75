import Foundation
import Testing

@testable import Contracts

@Suite struct DossierCodeTests {
    @Test func theSameDossierInEveryForm() throws {
        let forms = [
            "H19.12-210209-0001", "000.00.12.H19-210209-0001", "H19.12-20210209-0001", "H19.12-20210209-0000001",
        ]
        let codes = try forms.map { try DossierCode($0) }
        #expect(Set(codes).count == 1)
        #expect(codes[0].agency.text == "H19.12")
        #expect(codes[0].received.text == "2021-02-09")
        #expect(codes[0].serial == 1)
        #expect(codes.allSatisfy { $0.text == "H19.12-210209-0001" })
    }

    @Test func theFormOfTheDateIsTheFormInForce() throws {
        let code = try AgencyCode("H19.12")
        #expect(
            try DossierCode(agency: code, received: Day("2020-09-14"), serial: 1).text == "000.00.12.H19-200914-0001")
        #expect(try DossierCode(agency: code, received: Day("2020-09-15"), serial: 1).text == "H19.12-200915-0001")
        #expect(try DossierCodePattern.patterns[1].validFrom == Day("2020-09-15"))
    }

    @Test func anOldFormThatCannotBeSaidFallsBack() throws {
        let code = try DossierCode(agency: AgencyCode("H19.A1"), received: Day("2019-01-02"), serial: 3)
        #expect(code.text == "H19.A1-190102-0003")
    }

    @Test func moreThanTenThousandADay() throws {
        let agency = try AgencyCode("G09.20")
        let code = try DossierCode(agency: agency, received: Day("2026-06-09"), serial: 92_637)
        #expect(code.text == "G09.20-260609-92637")
        #expect(try DossierCode(code.text) == code)
        #expect(try DossierCode("G09.20-20260609-0092637") == code)
        let wide = DossierCodePattern(validFrom: .none, hasOldAgencyForm: false, dateDigits: 8, serialDigits: 7)
        #expect(code.text(wide) == "G09.20-20260609-0092637")
    }

    @Test(arguments: [
        "", "H19.12", "H19.12-210209", "H19.12-210209-001", "H19.12-210209-0000", "H19.12-210209-12345678",
        "H19.12-210230-0001", "H19.12-2102091-0001", "h19.12-210209-0001", "H19.12-210209-0001-1",
        "H19.12-210209-+001", "H19.12-2102-9-0001", " H19.12-210209-0001", "H19.12-00000000-0001", "-210209-0001",
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: FieldFault.self) { try DossierCode(text) }
    }

    @Test func partsOutOfBoundsAreRefused() throws {
        let agency = try AgencyCode("H19.12")
        #expect(throws: FieldFault.self) { try DossierCode(agency: agency, received: .none, serial: 0) }
        #expect(throws: FieldFault.self) { try DossierCode(agency: agency, received: .none, serial: 10_000_000) }
        #expect(throws: FieldFault.self) { try DossierCode(agency: .none, received: .none, serial: 1) }
    }

    @Test func anyCodeComesBackFromAnyPattern() throws {
        var random = Seeded(3)
        for _ in 0..<3_000 {
            let agency = try AgencyCode(
                ["H19", "H19.12", "H19.12.01", "H19.30.002", "H19.ABC.7"].randomElement(using: &random)!)
            let day = Day(number: Int32.random(in: -40_000...60_000, using: &random))
            let serial = Int.random(in: 1...(Bool.random(using: &random) ? 9_999 : 9_999_999), using: &random)
            let code = try DossierCode(agency: agency, received: day, serial: serial)
            let pattern = DossierCodePattern(
                validFrom: .none, hasOldAgencyForm: Bool.random(using: &random),
                dateDigits: Bool.random(using: &random) ? 6 : 8, serialDigits: Int.random(in: 4...7, using: &random))
            #expect(try DossierCode(code.text(pattern)) == code)
            #expect(try DossierCode(code.text) == code)
        }
    }

    @Test func orderIsAgencyDateSerial() throws {
        let texts = ["H19.12-210209-9999", "H19.12-210209-10000", "H19.12-210210-0001", "H19.13-200101-0001"]
        let codes = try texts.map { try DossierCode($0) }
        #expect(
            codes.reversed().sorted().map(\.text) == [
                "H19.12-210209-9999", "H19.12-210209-10000",
                "H19.12-210210-0001", "000.00.13.H19-200101-0001",
            ])
    }
}
