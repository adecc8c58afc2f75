import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite(.timeLimit(.minutes(5))) struct ReportTests {
    private func course(_ change: (inout Course) throws -> Void) throws -> Course {
        var course = Course(acceptedAt: try at("2021-03-01 09:00"), asOf: try at("2021-04-01 00:00"))
        course.dueAt = try at("2021-03-15 17:00")
        try change(&course)
        return course
    }

    @Test func `os-200: early is a day before the appointment, on time that day, late after the moment`() throws {
        for (end, verdict) in [
            ("2021-03-14 23:59", Timeliness.early), ("2021-03-15 00:00", .onTime), ("2021-03-15 17:00", .onTime),
            ("2021-03-15 17:01", .late),
        ] { #expect(try course { $0.finishedAt = try at(end) }.verdict == verdict, "\(end)") }
        #expect(try course { _ in }.verdict == .overdue)
        #expect(try course { $0.asOf = try at("2021-03-15 17:00") }.verdict == .inTime)
        #expect(try course { ($0.finishedAt, $0.dueAt) = (try at("2021-03-02 09:00"), nil) }.verdict == .late)
    }

    @Test func `os-201: the end is 9, else 10, else 8; of what waits for the applicant the request`() throws {
        let (nine, ten) = (try at("2021-03-10 09:00"), try at("2021-03-20 09:00"))
        #expect(try course { ($0.finishedAt, $0.returnedAt) = (nine, ten) }.end == (nine, .finished))
        #expect(try course { ($0.stoppedAt, $0.returnedAt) = (nine, ten) }.end == (ten, .returned))
        #expect(try course { $0.stoppedAt = nine }.end == (nine, .stopped))
        let waiting = try course { $0.stoodSince = nine }
        #expect(waiting.end == (nine, .waiting) && waiting.verdict == .inTime)
        #expect(try course { $0.stoodSince = ten }.verdict == .overdue)
        #expect(try course { _ in }.end == (try at("2021-04-01 00:00"), .asOf))
    }

    @Test func `os-296: for the indexes a withdrawal that waits is an end, before the request for papers`() throws {
        let (asked, paper, stop) = (try at("2021-03-10 09:00"), try at("2021-03-05 09:00"), try at("2021-03-20 09:00"))
        let waiting = try course { $0.withdrawingSince = asked }
        #expect(waiting.end == (waiting.asOf, .asOf) && waiting.verdict == .overdue)
        let counted = try course { ($0.withdrawingSince, $0.isForIndexes) = (asked, true) }
        #expect(counted.end == (asked, .withdrawing) && counted.isMet && counted.verdict == .inTime)
        let both = try course { ($0.withdrawingSince, $0.stoodSince, $0.isForIndexes) = (asked, paper, true) }
        #expect(both.end == (asked, .withdrawing))
        #expect(try course { ($0.withdrawingSince, $0.stoodSince) = (asked, paper) }.end == (paper, .waiting))
        #expect(try course { ($0.stoppedAt, $0.isForIndexes) = (stop, true) }.end == (stop, .stopped))
        #expect(try course { ($0.withdrawingSince, $0.isForIndexes) = (stop, true) }.verdict == .overdue)
    }

    @Test func `os-202: papers that were asked for more than once make it late`() throws {
        let early = try at("2021-03-03 09:00")
        #expect(try course { ($0.finishedAt, $0.supplements) = (early, 1) }.verdict == .early)
        #expect(try course { ($0.finishedAt, $0.supplements) = (early, 2) }.verdict == .late)
        #expect(try course { ($0.stoodSince, $0.supplements) = (early, 2) }.verdict == .overdue)
    }

    @Test func `a period is a month, a quarter or a year`() throws {
        for (text, first, after) in [
            ("2021-03", "2021-03-01", "2021-04-01"), ("2021-12", "2021-12-01", "2022-01-01"),
            ("2021-Q2", "2021-04-01", "2021-07-01"), ("2021", "2021-01-01", "2022-01-01"),
        ] {
            let period = try #require(ReportPeriod(text))
            #expect(try (period.first, period.after) == (Day(first), Day(after)) && period.description == text)
        }
        for text in ["", "21", "2021-", "2021-00", "2021-13", "2021-3", "2021-Q0", "2021-Q5", "2021-Q", "2021-QQ"] {
            #expect(ReportPeriod(text) == nil, "\(text)")
        }
        for text in ["2021-03-01", "2021-+3", "1000", "-021", "2021-Q12", "2021-٠٣"] {
            #expect(ReportPeriod(text) == nil, "\(text)")
        }
    }

    private static let periods = ["2021-04", "2021-03", "2021-Q2", "2021-07", "2021"]

    /// What a table must be: figures by group and key, each with its dossiers.
    private func expected(
        _ lives: [Life], _ reported: Reported, _ group: ReportGroup
    ) -> [String: [ReportCell: Set<DossierID>]] {
        var table: [String: [ReportCell: Set<DossierID>]] = [:]
        let top = reported.agency.text
        for life in lives {
            guard let (agency, cells) = life.figures(reported.start, reported.asOf) else { continue }
            guard agency.text == top || agency.text.hasPrefix(top + ".") else { continue }
            let fields = [Office.criminalRecord: "LLTP", Office.allowance: "BTXH"]
            let key =
                switch group {
                case .agency: agency.text
                case .procedure: life.procedure
                case .field: fields[life.procedure] ?? ""
                }
            for cell in cells { table[key, default: [:]][cell, default: []].insert(life.id) }
        }
        return table
    }

    private func lives(_ count: Int, _ seed: UInt64) throws -> [Life] {
        var random = Seeded(seed)
        return try (0..<count).map { _ in try Life(&random) }
    }

    @Test(arguments: [1, 2])
    func `os-204: what was there and came is what became of it, in every line of every table`(seed: UInt64)
        async throws
    {
        try await Office.open { office in
            let lives = try lives(250, seed)
            try await office.write(lives)
            try await office.set("2021-10-01 09:00")
            let tables: [(String, ReportGroup)] =
                ReportGroup.allCases.map { ("H19", $0) } + ["H19.06", "H19.31", "H19.31.02"].map { ($0, .agency) }
            for period in Self.periods {
                for (agency, group) in tables {
                    let path = "/agencies/\(agency)/reports/\(period)/timeliness?by=\(group.rawValue)"
                    let answer = try await office.get(path, as: office.administrator)
                    let report = try ReportTimeliness.Output(decoding: answer.json, unknown: .refuse)
                    let reported = try Reported(
                        Agencies.code(agency), report.period, asOf: nil, now: at("2021-10-01 09:00"))
                    #expect(report.final == (period != "2021") && report.asOf == reported.asOf)
                    let wanted = expected(lives, reported, group)
                    #expect(report.lines.map(\.key) == wanted.keys.sorted())
                    for line in report.lines {
                        #expect(line.balance.came == line.balance.became && line.balance.came > 0)
                        for cell in ReportCell.balance {
                            let count = wanted[line.key]?[cell]?.count ?? 0
                            #expect(line.balance[cell] == count, "\(agency) \(period) \(line.key) \(cell) \(seed)")
                        }
                    }
                    #expect(report.total.came == report.total.became)
                }
            }
        }
    }

    @Test func `os-205: a figure's list has the dossiers that it counts, each with the verdict of the figure`()
        async throws
    {
        try await Office.open { office in
            let lives = try lives(150, 3)
            try await office.write(lives)
            try await office.set("2021-10-01 09:00")
            let verdicts: [ReportCell: Timeliness] = [
                .early: .early, .onTime: .onTime, .late: .late, .inTime: .inTime, .overdue: .overdue,
            ]
            for period in ["2021-03", "2021-Q2"] {
                let reported = try Reported(
                    Agencies.code("H19"), try #require(ReportPeriod(period)), asOf: nil, now: at("2021-10-01 09:00"))
                for (key, cells) in expected(lives, reported, .agency) {
                    let others: [ReportCell] = [
                        .inHand, .met, .missed, .received, .finished, .apologised, .onlineLate,
                    ]
                    for cell in ReportCell.balance + others {
                        let lines = try await list(
                            office, "/agencies/H19/reports/\(period)/dossiers?cell=\(cell.rawValue)&key=\(key)&limit=7")
                        #expect(Set(lines.map(\.dossier)) == cells[cell] ?? [], "\(period) \(key) \(cell)")
                        #expect(lines.count == cells[cell]?.count ?? 0)
                        if let verdict = verdicts[cell] { #expect(lines.allSatisfy { $0.verdict == verdict }) }
                    }
                }
            }
        }
    }

    private func list(_ office: Office, _ path: String) async throws -> [ListReported.Line] {
        var (lines, next): ([ListReported.Line], String?) = ([], path)
        while let address = next {
            let answer = try await office.get(address, as: office.administrator)
            guard answer.status == 200 else { throw Office.Unexpected(answer) }
            lines += try ListReported.Output(decoding: answer.json, unknown: .refuse).dossiers
            next = answer.next
        }
        return lines
    }

    @Test func `os-203: the report of a period that is over stays what it was, whatever happens later`() async throws {
        try await Office.open { office in
            let lives = try lives(150, 4)
            let over = try at("2021-04-01 00:00")
            try await office.write(lives, before: over)
            try await office.set("2021-04-01 01:00")
            let paths = ReportGroup.allCases.map { "/agencies/H19/reports/2021-Q1/timeliness?by=\($0.rawValue)" }
            func figures() async throws -> [JSON] {
                var found: [JSON] = []
                for path in paths { found.append(try await office.get(path, as: office.administrator).json) }
                found.append(
                    try await office.get("/agencies/H19/reports/2021-Q1/service-index", as: office.administrator).json)
                for cell in ReportCell.balance {
                    let path = "/agencies/H19/reports/2021-Q1/dossiers?cell=\(cell.rawValue)&limit=200"
                    found.append(try await office.get(path, as: office.administrator).json)
                }
                return found
            }
            let before = try await figures()
            #expect(before[0]["final"] == true && (before[0]["lines"]?.array?.count ?? 0) == 3)
            try await office.write(lives, after: over)
            try await office.set("2021-10-01 09:00")
            #expect(try await figures() == before)
            // In the middle of it, the same moment says the same.
            let middle = "/agencies/H19/reports/2021-Q1/timeliness?asOf=2021-02-15T00:00:00%2B07:00"
            let then = try await office.get(middle, as: office.administrator).json
            #expect(then["final"] == false)
            let again = try await office.get(middle, as: office.administrator).json
            #expect(then == again)
        }
    }
}
