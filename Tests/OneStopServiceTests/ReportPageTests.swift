import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Reports as officials ask for them, of dossiers that went their way through the service.
@Suite(.timeLimit(.minutes(5))) struct ReportPageTests {
    private static let path = "/agencies/H19.06/reports/2021-Q1"

    /// One finished early and rated, one that is late with a justified complaint about it, one refused at the counter.
    private func quarter(_ office: Office) async throws -> (early: String, late: String) {
        let (early, late, refused) = (
            try await office.inWork(), try await office.inWork(), try await office.submit()
        )
        try await office.done("refuse", on: refused, as: office.clerk, ["reasonCode": "x", "reason": "y"])
        for (id, day) in [(early, "2021-03-05 09:00"), (late, "2021-03-25 09:00")] {
            try await office.set(day)
            try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "y"])
            for step in ["verify", "sign"] {
                let who = step == "sign" ? office.leader : office.officer
                try await office.done(
                    "hand-over", on: id, as: office.officer, ["toOfficer": .string(who.text)])
            }
            try await office.done("approve", on: id, as: office.leader, [:])
            var issued = try office.issued(for: id)
            if id == early { issued.sha256 = String(repeating: "0a", count: 32) }
            await office.harness.take(issued)
            #expect(try await office.status(id) == 9)
        }
        try await office.done(
            "ratings", on: early, as: office.citizen,
            [
                "occasion": "receipt", "stars": 5,
                "points": [["indicator": 3, "points": 1], ["indicator": 4, "points": 2]],
            ])
        // A justified complaint stands against what the applicant said before.
        try await office.done(
            "ratings", on: late, as: office.citizen,
            ["occasion": "receipt", "stars": 5, "points": [["indicator": 7, "points": 2]]])
        let lodged = try await office.send(
            "POST", "/my/complaints", as: office.citizen,
            ["grievance": ComplaintTests.grievance, "dossier": .string(late)])
        let complaint = lodged.json["id"]?.text ?? ""
        let answered = try await office.send(
            "POST", "/complaints/\(complaint)/answer", as: office.leader, ["answer": "Đúng", "justified": true])
        #expect(answered.status == 200, "\(answered.json)")
        try await office.set("2021-04-01 01:00")
        return (early, late)
    }

    private func read(_ office: Office, _ view: String, as person: PersonID? = nil) async throws -> JSON {
        let answer = try await office.get("\(Self.path)/\(view)", as: person ?? office.leader)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        return answer.json
    }

    @Test func `os-206: an office is graded by what has data, brought to the full number of points`() throws {
        func grade(_ points: [Int], most: Int) -> String? {
            let scores = points.enumerated().map { IndicatorScore($0.offset + 1, points: $0.element, of: 10) }
            return ReportGrade.of(scores, most: most).map { "\($0.tenths) \($0.grade)" }
        }
        #expect(grade([], most: 18) == nil)
        #expect(grade([20, 20], most: 18) == "180 excellent" && grade([20], most: 10) == "100 full")
        #expect(grade([10, 10, 10, 10, 10], most: 10) == "50 full" && grade([7], most: 10) == "35 partly")
        #expect(grade([9, 10, 10, 10, 10], most: 10) == "49 partly" && grade([6], most: 10) == "30 below")
        // 1.7 and 1.6 of 2 are 14.85 of 18: not 15, whatever it is rounded to.
        #expect(grade([17, 16], most: 18) == "149 good" && grade([17, 17], most: 18) == "153 excellent")
        #expect(grade([10], most: 18) == "90 fair" && grade([9], most: 18) == "81 average")
        #expect(grade([6], most: 18) == "54 weak" && grade([0], most: 18) == "0 weak")
    }

    @Test func `os-207: a score has one decimal, halves up; complaints and online service have their bounds`() {
        for (points, dossiers, score) in [
            (5, 4, "1.3"), (7, 6, "1.2"), (0, 3, "0.0"), (1, 30, "0.0"), (1, 20, "0.1"), (40, 20, "2.0"),
        ] { #expect(IndicatorScore(1, points: points, of: dossiers).score == score) }
        #expect(Indicator.points(complaints: 0, of: 0) == nil && Indicator.points(complaints: 10, of: 10) == 2)
        #expect(Indicator.points(complaints: 9, of: 10) == 1 && Indicator.points(complaints: 8, of: 9) == 0)
        func online(_ offered: Int, _ came: Int, late: Int = 0) -> Int? {
            Indicator.points(procedures: offered, of: 10, came: came, of: 100, late: late)
        }
        #expect(online(2, 30) == 2 && online(2, 30, late: 1) == 1 && online(2, 29) == 1 && online(2, 15) == 1)
        #expect(online(2, 14) == 0 && online(1, 90) == 0)
        #expect(Indicator.points(procedures: 2, of: 0, came: 1, of: 1, late: 0) == nil)
    }

    @Test func `os-207: the indicators of agencies and officials, with the dossiers behind each`() async throws {
        try await Office.open { office in
            let (early, late) = try await quarter(office)
            let report = try ReportIndicators.Output(decoding: try await read(office, "indicators"), unknown: .refuse)
            let line = try #require(report.lines.first)
            #expect(report.lines.count == 1 && line.key == "H19.06" && line.most == 18)
            // 1: 2 and 0; 2: a step that was left too late counts for both; 3: said 1, none asked for 2; 4: said;
            // 7: early 2, complaint 0; 8: none was due yet; 9: nothing is offered online.
            let scores = Dictionary(uniqueKeysWithValues: line.scores.map { ($0.indicator, $0.score) })
            #expect(scores == [1: "1.0", 2: "0.0", 3: "1.5", 4: "2.0", 7: "1.0", 9: "0.0"], "\(scores)")
            // 5.5 of 12 are 8.25 of 18.
            #expect((line.total, line.grade) == ("8.3", .average))
            let points = try await read(office, "points?key=H19.06&indicator=7")
            let found = Dictionary(
                uniqueKeysWithValues: try ListPoints.Output(decoding: points, unknown: .refuse).dossiers.map {
                    ($0.dossier.text, "\($0.points) \($0.reason)")
                })
            #expect(found == [early: "2 time", late: "0 complaint"])
            let contacts = try await read(office, "points?key=H19.06&indicator=3")
            let said = try ListPoints.Output(decoding: contacts, unknown: .refuse).dossiers
            #expect(said.first { $0.dossier.text == early }.map { "\($0.points) \($0.reason)" } == "1 applicant")
            #expect(said.first { $0.dossier.text == late }.map { "\($0.points) \($0.reason)" } == "2 requests")
            let officials = try ReportIndicators.Output(
                decoding: try await read(office, "indicators?of=officer"), unknown: .refuse)
            #expect(Set(officials.lines.map(\.key)) == [office.officer.text, office.leader.text])
            #expect(officials.lines.allSatisfy { $0.most == 10 && $0.name == "Trần Văn An" })
            let csv = try await office.get("\(Self.path)/indicators/csv", as: office.leader)
            let row = "\r\nH19.06,Cơ quan H19.06,1.0,0.0,1.5,2.0,,,1.0,,0.0,8.3,18,Trung bình\r\n"
            #expect(String(decoding: csv.body, as: UTF8.self).contains(row))
        }
    }

    @Test func `os-209: how officials are judged is for their leader, and for each about himself`() async throws {
        try await Office.open { office in
            try await office.set("2021-04-01 01:00")
            func status(_ view: String, _ person: PersonID) async throws -> Int {
                try await office.get("\(Self.path)/\(view)", as: person).status
            }
            let own = "indicators?of=officer&officer=\(office.officer)"
            #expect(try await status("indicators", office.officer) == 200)
            #expect(try await status("indicators?of=officer", office.officer) == 403)
            #expect(try await status("indicators?of=officer", office.leader) == 200)
            for (person, answer) in [(office.officer, 200), (office.leader, 200), (office.clerk, 403)] {
                #expect(try await status(own, person) == answer)
            }
            #expect(try await status("points?of=officer&key=\(office.officer)&indicator=1", office.officer) == 200)
            #expect(try await status("points?of=officer&key=\(office.officer)&indicator=1", office.clerk) == 403)
            for view in ["timeliness", "timeliness/csv", "dossiers", "indicators", "service-index", "page"] {
                #expect(try await status(view, office.districtLeader) == 403, "\(view)")
                #expect(try await office.get("\(Self.path)/\(view)").status == 401, "\(view)")
            }
        }
    }

    @Test func `what is asked wrongly is refused by its field`() async throws {
        try await Office.open { office in
            for (path, code, field) in [
                ("2021-13/timeliness", "invalid-fields", "period"),
                ("2021-04/timeliness", "onestop.period-not-begun", "period"),
                ("2021-04/page", "onestop.period-not-begun", "period"),
                ("2021-02/timeliness?by=official", "invalid-fields", "by"),
                ("2021-02/timeliness?asOf=2021-03-01T00:00:01%2B07:00", "onestop.as-of-outside", "asOf"),
                ("2021-03/timeliness/csv?asOf=2021-03-01T09:00:01%2B07:00", "onestop.as-of-outside", "asOf"),
                ("2021-02/indicators", "onestop.quarter-or-year", "period"),
                ("2021-Q1/points?key=x&indicator=8", "onestop.indicator-of-agency", "indicator"),
                ("2021-Q1/dossiers?cell=lost", "invalid-fields", "cell"),
                ("2021-Q1/service-index/csv?to=x", "invalid-fields", "to"),
            ] {
                let answer = try await office.get("/agencies/H19.06/reports/\(path)", as: office.leader)
                #expect((answer.status, answer.code) == (422, code), "\(path) \(answer.json)")
                #expect(answer.faults == [field], "\(path)")
            }
        }
    }

    @Test func `os-208: a table opens in a spreadsheet: with its mark, and no formula`() async throws {
        try await Office.open { office in
            _ = try await quarter(office)
            var event = AgencyEstablished()
            (event.code, event.name, event.nameEn) = (Agencies.justice, "=SUM(A1), \"Sở\"", "Justice")
            (event.kind, event.validFrom) = (.department, try Day("2020-01-01"))
            await office.harness.take(event)
            let answer = try await office.get("\(Self.path)/timeliness/csv", as: office.leader)
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.outgoing.header("content-type") == "text/csv; charset=utf-8")
            #expect(text.hasPrefix("\u{FEFF}Mã,Tên,Kỳ trước chuyển sang,"))
            #expect(text.contains("\r\nH19.06,\"'=SUM(A1), \"\"Sở\"\"\",0,0,2,0,1,0,1,0,0,0,0\r\n"), "\(text)")
            #expect(text.hasSuffix("\r\n,Tổng,0,0,2,0,1,0,1,0,0,0,0\r\n"))
            let english = try await office.harness.send(
                "GET", "\(Self.path)/service-index/csv", as: office.leader, .official, body: nil,
                headers: [("accept-language", "en")])
            let lines = String(decoding: english.body, as: UTF8.self)
            #expect(lines.contains("Progress,Dossiers in time,1,2,50.00\r\n"), "\(lines)")
        }
    }

    @Test func `os-210: a share has two decimals; without cases it has none, and what is not known is not made up`()
        async throws
    {
        #expect(ServiceIndex.hundredths(2, of: 3) == 6667 && ServiceIndex.hundredths(1, of: 0) == nil)
        #expect(ServiceIndex.hundredths(1, of: 3).map(ServiceIndex.written) == "33.33")
        #expect(ServiceIndex.hundredths(5, of: 5).map(ServiceIndex.written) == "100.00")
        #expect(ServiceIndex.hundredths(1, of: 800).map(ServiceIndex.written) == "0.13")
        try await Office.open { office in
            _ = try await quarter(office)
            let report = try ReportServiceIndex.Output(
                decoding: try await read(office, "service-index"), unknown: .refuse)
            let shown = Dictionary(
                uniqueKeysWithValues: report.indexes.map {
                    ($0.index, $0.state == .computed ? "\($0.part ?? 0)/\($0.whole ?? 0)" : $0.state.rawValue)
                })
            #expect(
                shown == [
                    .publishedInTime: "0/2", .synchronised: "not-available", .inTime: "1/2", .apologised: "0/1",
                    .proceduresOnline: "0/2", .dossiersOnline: "1/2", .paidOnline: "no-cases",
                    .digitised: "0/2", .reused: "no-cases", .complaintsInTime: "no-cases", .satisfied: "2/2",
                ], "\(shown)")
        }
    }

    @Test func `os-211: the page has no script and loads nothing, in the language asked for; figures lead to dossiers`()
        async throws
    {
        try await Office.open { office in
            let (_, late) = try await quarter(office)
            func page(_ language: String) async throws -> TestService.Answer {
                try await office.harness.send(
                    "GET", "\(Self.path)/page", as: office.leader, .official, body: nil,
                    headers: [("accept-language", language)])
            }
            let answer = try await page("vi")
            let html = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.status == 200 && answer.outgoing.header("content-language") == "vi")
            let policy = answer.outgoing.header("content-security-policy") ?? ""
            #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"))
            for word in ["<script", "src=", "@import", "url(", "style=", "http"] {
                #expect(!html.contains(word), "\(word)")
            }
            #expect(html.contains("quý I năm 2021") && html.contains("50,00 % đúng hạn"))
            #expect(html.contains("Số liệu đã chốt"))
            let english = String(decoding: try await page("en").body, as: UTF8.self)
            #expect(english.contains("quarter 1 of 2021") && english.contains("50.00 % in time"))
            let links = html.matches(of: #/href="([^"]+)"/#).map { $0.1.replacing("&amp;", with: "&") }
            #expect(links.count > 20)
            for link in Set(links) {
                let list = try await office.get("\(Self.path)/\(link)", as: office.leader)
                #expect(list.status == 200 && list.json["dossiers"]?.array?.isEmpty == false, "\(link)")
            }
            let ofLate = try #require(links.first { $0.contains("cell=late&by=agency&key=H19.06") })
            let list = try await office.get("\(Self.path)/\(ofLate)", as: office.leader)
            #expect(list.json["dossiers"]?.array?.compactMap { $0["dossier"]?.text } == [late])
        }
    }

    @Test func `os-206: the grade is of the total before it is rounded`() throws {
        // 13.3 points of 16 are 14.9625 of 18: it shows as 15.0, and 15 it is not.
        let scores = [20, 20, 20, 20, 20, 11, 11, 11].enumerated().map {
            IndicatorScore($0.offset + 1, points: $0.element, of: 10)
        }
        let (tenths, grade) = try #require(ReportGrade.of(scores, most: 18))
        #expect((IndicatorScore.written(tenths), grade) == ("15.0", .good))
        // A tenth more is 15.075.
        let more = scores.dropLast() + [IndicatorScore(8, points: 12, of: 10)]
        #expect(ReportGrade.of(Array(more), most: 18)?.grade == .excellent)
    }
}
