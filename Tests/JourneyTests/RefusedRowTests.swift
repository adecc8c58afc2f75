import Contracts
import Foundation
import ServiceKit
import Testing

@testable import Journeys
@testable import OneStopService

/// What a service would refuse is found before anything is loaded.
@Suite struct RefusedRowTests {
    @Test func `the one-stop service takes every procedure of the files`() async throws {
        let province = try await Province.read(Settings.province)
        #expect(!province.procedures.isEmpty)
        for row in province.procedures {
            do {
                let definition = try Definition(decoding: province.definition(row), unknown: .refuse)
                try definition.check()
                let names =
                    definition.parts.map(\.nameEn) + definition.fees.map(\.nameEn) + definition.steps.map(\.nameEn)
                #expect(
                    names.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value < 0x80 || $0 == "đ" } }, "\(row.place)")
            } catch { Issue.record("\(row.place): \(error)") }
        }
    }

    @Test func `every procedure of the files may be published with the people of the files`() async throws {
        let province = try await Province.read(Settings.province)
        func place(_ row: Entry) -> [String] { [row["agency"], row["unit"], row["post"]] }
        let fields = Dictionary(uniqueKeysWithValues: province.positions.map { (place($0), $0["fields"]) })
        for row in province.procedures {
            let day = max(row["valid_from"], Loader.firstDay)
            func isInForce(_ row: Entry) -> Bool {
                row["valid_from"] <= day && (row["valid_to"].isEmpty || day <= row["valid_to"])
            }
            var staffing = Staffing()
            for agency in province.agencies where isInForce(agency) {
                let code = try AgencyCode(agency["code"])
                staffing.agencies[code] = AgencyKind(rawValue: agency["kind"])
            }
            for official in province.officials where isInForce(official) {
                let limited = (fields[place(official)] ?? "").split(separator: " ").map(String.init)
                let (agency, role) = (try AgencyCode(official["agency"]), PostRole(rawValue: official["role"]))
                let post = Staffing.Post(role: try #require(role), fields: ProcedureFields(limited))
                staffing.posts[agency, default: []].insert(post)
            }
            let definition = try Definition(decoding: province.definition(row), unknown: .refuse)
            let found = ProcedureCheck.look(at: definition, staffing: staffing).findings
            #expect(found.isEmpty, "\(row.place): \(found.map(\.english))")
        }
    }

    /// A copy of the files in which rows are changed.
    private struct Spoilt {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("province-\(UUID())")

        init() throws { try FileManager.default.copyItem(at: Settings.province, to: folder) }

        func text(_ file: String) throws -> String {
            try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        }

        func write(_ text: String, _ file: String) throws {
            try text.write(to: folder.appendingPathComponent(file), atomically: true, encoding: .utf8)
        }

        /// Replaces the first `old`; where its line stands.
        func spoil(_ file: String, _ old: String, _ new: String) throws -> String {
            let text = try text(file)
            let range = try #require(text.range(of: old), "\(file) has no \(old)")
            try write(text.replacingCharacters(in: range, with: new), file)
            return "\(file):\(text[..<range.lowerBound].split(separator: "\n", omittingEmptySubsequences: false).count)"
        }

        func faults() async throws -> [String] {
            let error = await #expect(throws: BadProvince.self) { try await Province.read(folder) }
            return error?.faults ?? []
        }
    }

    /// One row each, with the beginning of its fault.
    private static let rows: [(file: String, old: String, new: String, fault: String)] = [
        (
            "agencies.csv", "\nH19.04,Sở Tài chính,Department of Finance,department,H19,,2021-01-01,",
            "\nH19.03,Sở Tài chính,Department of Finance,department,H19,,2021-01-02,", "code: H19.03 stands already"
        ),
        ("agencies.csv", "\nH19.05,", "\nH19.00,", "code: 'H19.00' is not allowed"),
        ("agencies.csv", ",department,H19,", ",province,,", "code: a province's has one group"),
        ("units.csv", ",Leadership,", ",\(String(repeating: "x", count: 301)),", "name_en: 301 characters"),
        ("officials.csv", "Nguyễn Văn An,", "\(String(repeating: "x", count: 201)),", "full_name: 201 characters"),
        ("officials.csv", ",lanpt,", ",\(String(repeating: "x", count: 65)),", "mailbox: 65 characters"),
        ("posts.csv", ",1,BTXH,", ",1,BTX,", "fields: procedures.csv has no field BTX"),
        ("posts.csv", ",1,BTXH,", ",1,BTXH HT BTXH,", "fields: one stands twice"),
        ("posts.csv", ",1,BTXH,", ",1,BTXH;HT,", "fields: 'BTXH;HT' is not allowed"),
        ("posts.csv", "System administrator,1,,", "System administrator,1,HT,", "fields: an administrator"),
        ("officials.csv", "2021-01-04", "2022-01-06", "valid_from: more than 366 days"),
        ("procedures.csv", "Birth registration,", "Birth\u{1}registration,", "name_en: has control characters"),
        ("procedures.csv", "\n1.001776,2,", "\n1.001776,3,", "version: is the 2."),
        ("procedures.csv", ",3,months,", ",37,months,", "limit_amount: at most 36 months"),
        ("procedures.csv", "province,H19.03,", "province,district,", "competent_agency: which district"),
        ("procedures.csv", "district,district,", "district,commune,", "competent_agency: which commune"),
        ("procedure_parts.csv", ",Draft of the will,", ",,", "name_en: '' is not allowed"),
        ("procedure_steps.csv", ",Return of the result,", ",,", "name_en: '' is not allowed"),
        ("procedure_steps.csv", "lead,officer,468,hours", "lead,officer,40,months", "limit_amount: at most 36 months"),
        (
            "procedure_steps.csv", "lead,leader,8,hours,none,2021-01-01,,", "H19.03,leader,8,hours,none,2021-01-01,,",
            "is valid on days on which H19.03 is not"
        ),
        ("procedure_fees.csv", "1,further-page,", "1,\(String(repeating: "x", count: 41)),", "case: 41 characters"),
        ("procedure_fees.csv", ",Student,", ",,", "case_name_en: '' is not allowed"),
        ("procedure_fees.csv", "phiếu,,no", "phiếu,0,no", "cap: '0' is not allowed"),
        (
            "calendar.csv", "2021-09-02,2021-09-03,off,",
            "2021-09-02,2021-09-03,off,\(String(repeating: "x", count: 301))",
            "name: 3"
        ),
    ]

    @Test func `a row that a service would refuse is named by file and line`() async throws {
        for row in Self.rows {
            let spoilt = try Spoilt()
            defer { try? FileManager.default.removeItem(at: spoilt.folder) }
            let lead = row.old.hasPrefix("\n") ? 1 : 0
            let place = try spoilt.spoil(row.file, row.old, row.new)
            let line = try #require(Int(place.split(separator: ":")[1])) + lead
            let wanted = "\(row.file):\(line): \(row.fault)"
            let faults = try await spoilt.faults()
            #expect(faults.contains { $0.hasPrefix(wanted) }, "no \(wanted) in \(faults)")
        }
    }

    @Test func `fees that do not go together are named`() async throws {
        let spoilt = try Spoilt()
        defer { try? FileManager.default.removeItem(at: spoilt.folder) }
        let other = try spoilt.spoil("procedure_fees.csv", "1000,trang,200000", "1000,trang,100000")
        let dear = try spoilt.spoil("procedure_fees.csv", "2000,trang,200000", "300000,trang,200000")
        let faults = try await spoilt.faults()
        #expect(faults.contains { $0.hasPrefix("\(other): cap: differs") })
        #expect(faults.contains { $0.hasPrefix("\(dear): cap: is less") })
    }

    @Test func `there is nobody above the province`() async throws {
        let spoilt = try Spoilt()
        defer { try? FileManager.default.removeItem(at: spoilt.folder) }
        _ = try spoilt.spoil("procedures.csv", "province,H19.03,", "province,H19,")
        let code = "2.001583"
        let step = try spoilt.spoil(
            "procedure_steps.csv",
            "\(code),1,2,process,work,\"Thẩm định, dự thảo kết quả\",\"Appraisal, draft of the result\",lead",
            "\(code),1,2,process,work,x,x,parent")
        #expect(try await spoilt.faults().contains { $0.hasPrefix("\(step): agency: there is none above") })
    }

    @Test func `a service's lists have bounds`() async throws {
        let spoilt = try Spoilt()
        defer { try? FileManager.default.removeItem(at: spoilt.folder) }
        let (end, code) = ("2021-01-01,,made,no\n", "1.004030,1")
        var (parts, steps, fees) = ("", "", "")
        for number in 1...51 { parts += "\(code),\(number + 2),x,x,copy,1,yes,\(end)" }
        for number in 1...31 { steps += "\(code),\(number + 4),k-\(number),work,x,x,lead,officer,1,hours,none,\(end)" }
        for number in 1...21 { fees += "\(code),case-\(number),x,x,fee,1,lần,,no,\(end)" }
        for (name, more) in [("parts", parts), ("steps", steps), ("fees", fees)] {
            try spoilt.write(try spoilt.text("procedure_\(name).csv") + more, "procedure_\(name).csv")
        }
        var hours = try spoilt.text("working-hours.csv")
        let fifth = hours.split(separator: "\n", omittingEmptySubsequences: false).count + 2
        for hour in 10...13 { hours += ",saturday,\(hour):00,\(hour):30,\(end)" }
        hours = hours.replacing(",saturday,10", with: ",saturday,09:00,09:30,\(end),saturday,10")
        try spoilt.write(hours, "working-hours.csv")
        var days = try spoilt.text("calendar.csv")
        let first = try Day("2030-01-01")
        for number in 0..<500 { days += "\(first + number),\(first + number),off,x,x,made,no,\n" }
        try spoilt.write(days, "calendar.csv")
        let faults = try await spoilt.faults()
        let procedure = try #require(faults.first { $0.hasSuffix("53 parts, at most 50") })
        for wanted in [
            procedure, procedure.replacing("53 parts, at most 50", with: "33 steps, at most 30"),
            procedure.replacing("53 parts, at most 50", with: "22 fees, at most 20"),
            "calendar.csv:1: 541 rows or weeks, at most 500",
            "working-hours.csv:\(fifth + 2): more than 4 stretches of a day",
        ] { #expect(faults.contains(wanted), "no \(wanted) in \(faults)") }
    }

    @Test func `whom the journeys need is asked for before anything is loaded`() async throws {
        let spoilt = try Spoilt()
        defer { try? FileManager.default.removeItem(at: spoilt.folder) }
        _ = try spoilt.spoil("officials.csv", "\nstp-clerk,", "\nstp-nobody,")
        _ = try spoilt.spoil("citizens.csv", "\ncong-dan-4,", "\ncong-dan-5,")
        #expect(
            try await spoilt.faults() == [
                "officials.csv:1: there is no stp-clerk, the clerk",
                "citizens.csv:1: there is no cong-dan-4, the citizen-4",
            ])
    }
}
