import Contracts
import Foundation
import LegalClock
import Testing

@testable import Journeys

@Suite struct ProvinceDataTests {
    @Test func `the files of the checkout are right and complete`() async throws {
        let province = try await Province.read(Settings.province)
        #expect(province.agencies.filter { $0["kind"] == "district" }.count == 11)
        #expect(province.procedures.filter { $0["verified"] == "yes" }.count >= 10)
        for year in 2021...2026 {
            #expect(province.calendar.contains { $0["valid_from"].hasPrefix("\(year)-") })
        }
        for member in Cast.officials { #expect(throws: Never.self) { try province.official(member.key) } }
        for member in Cast.citizens { #expect(province.citizens.contains { $0["citizen_key"] == member.key }) }
    }

    @Test func `every bad row is named by file and line, and nothing is read`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("province-\(UUID())")
        try FileManager.default.copyItem(at: Settings.province, to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        func spoil(_ file: String, _ old: String, _ new: String) throws -> Int {
            let url = folder.appendingPathComponent(file)
            let text = try String(contentsOf: url, encoding: .utf8)
            let range = try #require(text.range(of: old))
            try text.replacingCharacters(in: range, with: new).write(to: url, atomically: true, encoding: .utf8)
            return text[..<range.lowerBound].split(separator: "\n", omittingEmptySubsequences: false).count
        }
        let agency = try spoil("agencies.csv", ",district,H19,731,", ",district,H20,731,")
        let day = try spoil("calendar.csv", "2021-09-02,2021-09-03,", "2021-09-02,2021-09-31,")
        let hours = try spoil("working-hours.csv", ",friday,13:00,17:00", ",friday,17:00,13:00")
        let fee = try spoil("procedure_fees.csv", "2.000488,1,standard,", "2.999999,1,standard,")
        let unknown = try spoil("officials.csv", ",H19,chuyen-mon,officer,", ",H19,chuyen-mon,director,")
        let full = try spoil("officials.csv", ",H19.05,lanh-dao,leader,leader,", ",H19.04,lanh-dao,leader,leader,")
        let other = try spoil("officials.csv", "Chief of Office,07", "Head of Office,07")
        let error = await #expect(throws: BadProvince.self) { try await Province.read(folder) }
        for place in [
            "agencies.csv:\(agency):", "calendar.csv:\(day):", "working-hours.csv:\(hours):",
            "procedure_fees.csv:\(fee):", "officials.csv:\(unknown): post:", "officials.csv:\(full): post:",
            "officials.csv:\(other): title_en:",
        ] {
            #expect(error?.faults.contains { $0.hasPrefix(place) } == true, "no fault at \(place)")
        }
    }

    @Test func `CSV keeps quotes, commas and line breaks, and counts lines`() throws {
        let text = "# a comment\nname,note\n\"Sở \"\"Tư pháp\"\"\",\"a, b\nc\"\nlast,\n"
        let entries = try CSV.read(text, file: "x.csv")
        #expect(entries.map(\.line) == [3, 5])
        #expect(entries[0]["name"] == "Sở \"Tư pháp\"")
        #expect(entries[0]["note"] == "a, b\nc")
        #expect(entries[1]["note"] == "")
        #expect(throws: BadProvince.self) { try CSV.read("a,b\n1\n", file: "x.csv") }
        #expect(throws: BadProvince.self) { try CSV.read("a\n\"open\n", file: "x.csv") }
    }

    @Test func `a procedure's rows become the service's definition`() async throws {
        let province = try await Province.read(Settings.province)
        let row = try #require(province.procedures.first { $0["code"] == "2.000488" })
        let definition = province.definition(row)
        #expect(definition["receivers"] == ["department"])
        #expect(definition["limit"] == ["amount": 10, "unit": "days"])
        let fees = definition["fees"]?.array ?? []
        #expect(fees.map { $0["kind"]?.text } == ["standard", "student", "merit", "exempt", "extra-copy"])
        #expect(fees.map { $0["amount"]?.integer } == [200_000, 100_000, 100_000, 0, 5_000])
        #expect(fees.map { $0["byDefault"] == true } == [true, false, false, false, false])
        #expect((fees.last?["per"]?.text, fees.last?["nameEn"]?.text?.prefix(8)) == ("phiếu", "From the"))
        let steps = definition["steps"]?.array ?? []
        #expect(steps.map { $0["key"]?.text } == ["appraise", "conclude", "approve"])
        #expect(steps.last?["nameEn"]?.text == "Signature of the certificate")
        #expect(definition["parts"]?.array?.first?["nameEn"]?.text == "Application for a judicial record certificate")
        #expect(steps.first?["guards"] == ["fees-paid", "opinions-in"])
        #expect(steps.allSatisfy { $0["rule"]?.text == "named" && $0["agency"]?.text == "H19.12" })
        let allowance = try #require(province.procedures.first { $0["code"] == "1.001776" })
        let rules = (province.definition(allowance)["steps"]?.array ?? []).map { $0["rule"]?.text }
        #expect(rules == ["receiving", "parent", "parent"])
        // A default case of 0 is no fee.
        #expect(province.definition(allowance)["fees"] == [])
        let copy = try #require(province.procedures.first { $0["code"] == "2.000815" })
        let caps = (province.definition(copy)["fees"]?.array ?? []).map { $0["cap"]?.integer }
        #expect(caps == [200_000, 200_000])
    }

    @Test func `people keep their identity from load to load`() {
        #expect(Cast.person("stp-clerk") == Cast.person("stp-clerk"))
        #expect(Cast.person("stp-clerk") != Cast.person("stp-leader"))
        #expect(Cast.person("stp-clerk").text.dropFirst(14).first == "8")
    }

    @Test func `the hidden fields of a form come back as a browser sends them`() {
        let page =
            "<form><input type=\"hidden\" name=\"state\" value=\"a&amp;b&lt;&#39;\"><input name=\"login\"></form>"
        let fields = Sessions.hiddenFields(page)
        #expect(fields.map(\.0) == ["state"])
        #expect(fields.map(\.1) == ["a&b<'"])
    }
}

/// The constants of 2021 that everybody who reads the law agrees on, by the calendar that the files hold.
@Suite struct CalendarDataTests {
    private func calendar() async throws -> WorkCalendar {
        let loaded = try await Province.read(Settings.province).workingCalendar
        let special = try (loaded["specialDays"]?.array ?? []).map { row in
            try SpecialDays(
                validFrom: Day(row.text("validFrom")), validTo: Day(row.text("validTo")),
                kind: #require(SpecialDayKind(rawValue: row.text("kind"))), vietnamese: row.text("vietnamese"),
                english: row.text("english"))
        }
        let weeks = try (loaded["weeks"]?.array ?? []).map { week in
            var hours: [Weekday: [WorkInterval]] = [:]
            for day in week["hours"]?.array ?? [] {
                let weekday = try #require(day["weekday"]?.integer.flatMap { Weekday(rawValue: Int($0)) })
                hours[weekday] = try Self.intervals(day["spans"])
            }
            return try WorkWeek(
                validFrom: Day(week.text("validFrom")), validTo: nil, hours: hours,
                makeUpHours: Self.intervals(week["makeUpHours"]))
        }
        return try WorkCalendar(
            weeks: weeks, specialDays: special, decidedThrough: Day(loaded.text("decidedThrough")))
    }

    private static func intervals(_ spans: JSON?) throws -> [WorkInterval] {
        func minute(_ text: String) -> Int { (Int(text.prefix(2)) ?? 0) * 60 + (Int(text.suffix(2)) ?? 0) }
        return try (spans?.array ?? []).map { span in
            try WorkInterval(start: minute(span.text("begins")), end: minute(span.text("ends")))
        }
    }

    @Test(arguments: [
        "2021-01-01", "2021-02-10", "2021-02-11", "2021-02-12", "2021-02-15", "2021-02-16", "2021-04-21", "2021-04-30",
        "2021-05-03", "2021-09-02", "2021-09-03", "2024-04-29", "2025-05-02",
    ])
    func `holidays are days off`(_ day: String) async throws {
        #expect(try await calendar().isWorking(Day(day)) == false)
    }

    @Test(arguments: ["2021-02-09", "2021-02-17", "2021-04-20", "2021-05-04", "2021-09-01", "2024-05-04", "2025-04-26"])
    func `the days around them and make-up days are worked on`(_ day: String) async throws {
        #expect(try await calendar().isWorking(Day(day)))
    }

    @Test func `three working days over Tết 2021`() async throws {
        let received = try Moment("2021-02-09 10:00").date
        let due = try await calendar().due(received: received, limit: Limit(3, .workingDays))
        #expect(Day(due.due) == (try Day("2021-02-19")))
    }

    @Test func `what comes after 15:00 before Tết is handed over after it`() async throws {
        let received = try Moment("2021-02-09 16:00").date
        #expect(Day(try await calendar().handOverDeadline(received: received)) == (try Day("2021-02-17")))
    }
}
