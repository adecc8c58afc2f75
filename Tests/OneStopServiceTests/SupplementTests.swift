import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct SupplementTests {
    @Test func `os-276: the days for asking are three working days from acceptance`() throws {
        func isLate(_ accepted: String, _ now: String) throws -> Bool {
            try RequestSupplement.isLate(dossier(accepted: accepted), calendar: workCalendar(), now: at(now))
        }
        // Also over the weekend, and over Tết (10 to 16 February).
        for (accepted, last) in [
            ("2021-03-01 09:00", "2021-03-04"), ("2021-03-04 16:00", "2021-03-09"), ("2021-02-09 10:00", "2021-02-19"),
        ] {
            #expect(try !isLate(accepted, "\(last) 17:00"))
            #expect(try isLate(accepted, "\(last) 17:01"))
        }
        // The counter asks before it accepts.
        let submitted = try dossier(.submitted)
        #expect(try !RequestSupplement.isLate(submitted, calendar: workCalendar(), now: at("2021-03-31 09:00")))
    }

    @Test func `os-276: later than that only who leads the agency asks, and the history says so`() async throws {
        try await Office.open(["LIENTHONG_PUBLIC_URL": "https://motcua.dongnai.gov.vn/"]) { office in
            let (inTime, late) = (try await office.inWork(), try await office.inWork())
            try await office.set("2021-03-04 17:00")
            try await office.done("request-supplement", on: inTime, as: office.officer, ["missing": "x"])
            try await office.set("2021-03-04 17:01")
            for person in [office.officer, office.clerk] {
                let answer = try await office.act("request-supplement", on: late, as: person, ["missing": "x"])
                #expect((answer.status, answer.code) == (403, "onestop.supplement-too-late"))
            }
            let stranger = try await office.act(
                "request-supplement", on: late, as: office.districtLeader, ["missing": "x"])
            #expect((stranger.status, stranger.code) == (403, "forbidden"), "\(stranger.json)")
            // What was asked for once is not asked for again, by nobody and at no time.
            try await office.done("supply", on: inTime, as: office.citizen, [:])
            let again = try await office.act("request-supplement", on: inTime, as: office.officer, ["missing": "x"])
            #expect(again.code == "onestop.supplement-already-requested")
            try await office.done("request-supplement", on: late, as: office.leader, ["missing": "Bản sao CCCD"])
            #expect(try await office.status(late) == 5)
            func history(_ id: String) async throws -> [String] {
                let lines = try await office.get("/dossiers/\(id)/history", as: office.leader).json["lines"]?.array
                return lines?.compactMap { $0["what"]?.text } ?? []
            }
            #expect(try await history(late).last == "supplement-requested-late")
            #expect(try await history(inTime).contains("supplement-requested"))
            // It is form 02 like any other, with its number.
            let numbered = try await office.harness.count(
                "SELECT count(*) AS n FROM book_lines WHERE series = 'supplement'")
            #expect(numbered == 2)
            let form = try await office.get("/dossiers/\(late)/forms/02", as: office.citizen)
            #expect(form.status == 200)
        }
    }
}
