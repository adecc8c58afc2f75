import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

@Suite struct DueDateTests {
    @Test func `os-133: a sentence says what was counted`() throws {
        // Received on Tuesday 9 February, three working days, Tết in between.
        let due = try Deadlines.due(
            from: at("2021-02-09 10:00"), limit: TimeLimit(3, .workingDays), calendar: workCalendar())
        let sentence = Sentence(.appointment, due: due.at, cause: "accepted", due.explanation)
        #expect(
            sentence.vietnamese == """
                Hẹn trả kết quả lúc 17:00 ngày 19/02/2021: 03 ngày làm việc kể từ lúc 10:00 ngày 09/02/2021; không \
                tính ngày tiếp nhận, 07 ngày nghỉ lễ.
                """)
        #expect(
            sentence.english == """
                The result is due 2021-02-19 at 17:00: 3 working days from 2021-02-09 at 10:00; not counted: the day \
                of receipt, 7 days of holidays.
                """)
        let days = due.explanation.days.filter { !$0.counted }.count
        #expect(days == 1 + 7)
    }

    @Test func `os-133: steps, opinions and a moved appointment are explained too`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let opinion: JSON = ["toAgency": "H19.25", "question": "x", "limit": ["amount": 5, "unit": "workingDays"]]
            try await office.done("opinions", on: id, as: office.officer, opinion)
            try await office.set("2021-03-03 10:00")
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "x"])
            try await office.set("2021-03-05 10:00")
            try await office.done("supply", on: id, as: office.citizen, [:])
            let why = try await office.get("/dossiers/\(id)/due-dates", as: office.citizen).json
            #expect(
                why["sentence"]?["vietnamese"]?.text == """
                    Hẹn trả kết quả lúc 17:00 ngày 18/03/2021: 10 ngày làm việc kể từ lúc 09:00 ngày 01/03/2021; không \
                    tính ngày tiếp nhận, 04 ngày nghỉ hằng tuần, 03 ngày tạm dừng; trước đó hẹn lúc 17:00 ngày \
                    15/03/2021.
                    """)
            let steps = why["steps"]?.array ?? []
            #expect(steps.compactMap { $0["step"]?.text } == ["check"])
            #expect(steps.first?["dueAt"] == "2021-03-02T17:00:00+07:00")
            #expect(
                steps.first?["sentence"]?["english"]?.text == """
                    This step is due 2021-03-02 at 17:00: 1 working day from 2021-03-01 at 09:00; not counted: the day \
                    of receipt.
                    """)
            let asked = why["opinions"]?.array ?? []
            #expect(
                asked.first?["sentence"]?["vietnamese"]?.text?.hasPrefix("Ý kiến phải được trả lời lúc 17:00") == true)
            #expect(asked.first?["explanation"]?["days"]?.array?.isEmpty == false)
            #expect(!why.description.contains("question"))
            // The one new appointment, by its reason.
            try await office.set("2021-03-16 10:00")
            let apology: JSON = ["dueOn": "2021-03-25", "reasonCode": "waiting", "reason": "Chờ xác minh"]
            try await office.done("reappoint", on: id, as: office.leader, apology)
            let moved = try await office.get("/dossiers/\(id)/due-dates", as: office.citizen).json
            #expect(
                moved["sentence"]?["vietnamese"]?.text == """
                    Hẹn trả kết quả lúc 17:00 ngày 25/03/2021: hẹn lại theo thư xin lỗi; trước đó hẹn lúc 17:00 ngày \
                    18/03/2021; lý do: Chờ xác minh.
                    """)
        }
    }
}
