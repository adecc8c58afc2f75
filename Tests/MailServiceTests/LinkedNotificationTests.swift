import Contracts
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import MailService

/// Who is told of what happens at other agencies.
@Suite struct LinkedNotificationTests {
    @Test func `late opinions, branches that are given and linked procedures are told of`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier, channel: .counter)
            await office.accept(dossier)
            await office.service.take(office.handOver(dossier, officer: office.officer))
            var given = DossierBranchAssigned()
            (given.dossier, given.branch, given.agency) = (dossier, .new(), office.justice)
            (given.toOfficer, given.status) = (office.officer, .processing)
            var overdue = DossierOpinionOverdue()
            (overdue.dossier, overdue.opinion, overdue.fromAgency) = (dossier, .new(), office.justice)
            (overdue.toAgency, overdue.reportedTo, overdue.status) = (office.police, office.justice, .processing)
            var link = DossierLinkClosed()
            (link.dossier, link.linkKey, link.agency, link.status) = (dossier, "card", office.police, .processing)
            var (failed, dropped) = (link, link)
            (failed.outcome, dropped.outcome) = (.refused, .dropped)
            for event in [given, overdue, link, failed, dropped] as [any Event] {
                #expect(await office.service.take(event) == .taken, "\(Swift.type(of: event))")
            }
            let name = "hồ sơ H19.12-210209-0001"
            let (officer, leader) = (
                try await office.subjects(office.officer), try await office.subjects(office.leader)
            )
            let expected = [
                "Nhận bàn giao \(name)", "Được giao bước phối hợp giải quyết \(name)",
                "Một thủ tục liên thông của \(name) đã xong",
                "Một thủ tục liên thông của \(name) không có kết quả, cần quyết định",
            ]
            #expect(officer == expected)
            #expect(leader == ["Quá hạn trả lời ý kiến về \(name)"])
        }
    }
}
