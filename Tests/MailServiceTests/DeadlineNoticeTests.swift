import Contracts
import Foundation
import ServiceKit
import Testing

@testable import MailService

@Suite struct DeadlineNoticeTests {
    @Test func `an answer that is waited for is told at the counter, and then to the leaders`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier, channel: .counter)
            for (hours, reader) in [(-4, RungReader.officer), (0, .leader)] {
                var event = AnswerAwaited()
                (event.id, event.dossier, event.rung, event.hours) = (.new(), dossier, "rung", hours)
                (event.agency, event.toAgency, event.reader) = (office.justice, office.justice, reader)
                event.dueAt = Date(timeIntervalSince1970: 1_613_705_400)
                #expect(await office.service.take(event) == .taken)
            }
            let (clerk, leader) = (try await office.subjects(office.clerk), try await office.subjects(office.leader))
            #expect((clerk.count, leader.count) == (1, 1))
            #expect(clerk.first?.hasPrefix("Sắp hết hạn trả lời tiếp nhận hồ sơ nộp ngày ") == true)
            #expect(leader.first?.hasPrefix("Đã đến hạn trả lời tiếp nhận hồ sơ nộp ngày ") == true)
        }
    }

    @Test func `a rung goes to whom it is for: who works on it, or the leaders`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier, channel: .counter)
            await office.accept(dossier)
            for (kind, hours, officer) in [
                (DeadlineKind.step, -4, office.officer as PersonID?), (.dossier, 0, nil), (.branch, 8, nil),
            ] {
                var event = DeadlineReached()
                (event.id, event.dossier, event.kind, event.rung) = (.new(), dossier, kind, "rung")
                (event.hours, event.agency, event.toAgency) = (hours, office.justice, office.justice)
                (event.dueAt, event.toOfficer) = (Date(timeIntervalSince1970: 1_613_705_400), officer)
                #expect(await office.service.take(event) == .taken)
            }
            let officer = try await office.subjects(office.officer)
            #expect(officer == ["Sắp đến hạn bước xử lý của hồ sơ H19.12-210209-0001"])
            let leader = try await office.subjects(office.leader)
            #expect(
                leader == [
                    "Đã đến hạn trả kết quả hồ sơ H19.12-210209-0001",
                    "Quá hạn bước phối hợp của hồ sơ H19.12-210209-0001",
                ])
        }
    }
}
