import Contracts
import Foundation
import ServiceKit
import Testing

@testable import MailService

@Suite struct `A notification` {
    @Test func `reaches those who must act, in their language`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier)
            await office.accept(dossier)
            await office.service.take(office.handOver(dossier, officer: office.officer))
            let clerk = try await office.inbox(office.clerk)
            #expect(clerk.count == 1)
            #expect(clerk.first?["subject"]?.text?.hasPrefix("Có hồ sơ nộp ngày") == true)
            let listed = try #require(try await office.inbox(office.officer).first)
            #expect(listed["thread"]?.text == dossier.text)
            #expect(listed["body"] == nil, "lists leave texts out")
            let id = listed["message"]?.text ?? ""
            let vietnamese = try await office.get("/messages/\(id)", as: office.officer)
            #expect(vietnamese.json["subject"]?.text == "Nhận bàn giao hồ sơ H19.12-210209-0001")
            #expect(vietnamese.json["body"]?.text?.contains("Hạn: 10:30 ngày 19/02/2021") == true)
            let english = try await office.get("/messages/\(id)", as: office.officer, "en")
            #expect(english.json["subject"]?.text == "Handed over to you: dossier H19.12-210209-0001")
            #expect(english.json["fromName"]?.text == "Dossier system")
        }
    }

    @Test func `goes to the successor of a dissolved agency from then on`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier)
            await office.service.take(office.handOver(dossier, officer: office.officer))
            var taken = DossierTakenOver()
            (taken.dossier, taken.fromAgency, taken.toAgency) = (dossier, office.justice, office.police)
            (taken.receives, taken.works, taken.status) = (true, true, .processing)
            await office.service.take(taken)
            let silently = try await office.inbox(office.chief)
            #expect(silently.isEmpty)
            var asked = DossierWithdrawalRequested()
            (asked.dossier, asked.requestedAt, asked.status) = (dossier, Date(), .withdrawalRequested)
            await office.service.take(asked)
            #expect(try await office.inbox(office.chief).count == 1)
            #expect(try await office.inbox(office.officer).count == 1)
        }
    }

    @Test func `comes once when its event comes again`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier)
            let envelope = office.service.envelope(office.handOver(dossier, officer: office.officer))
            #expect(await office.service.take(envelope) == .taken)
            for _ in 0..<3 { #expect(await office.service.take(envelope) == .duplicate) }
            #expect(try await office.inbox(office.officer).count == 1)
            // Also without the inbox: the mailbox itself takes an event once.
            for _ in 0..<2 {
                try await office.service.running.runtime.database.transaction { transaction in
                    try await office.service.react(TellOfHandOver.self, envelope, transaction)
                }
            }
            #expect(try await office.inbox(office.officer).count == 1)
        }
    }

    @Test func `goes to the leader when nobody holds the role, else it is kept`() async throws {
        try await Office.open { office in
            try await office.end(office.clerk)
            await office.submit(DossierID.new())
            #expect(try await office.inbox(office.leader).count == 1)
            #expect(try await office.rows("undeliverable") == 0)
            try await office.end(office.leader)
            await office.submit(DossierID.new())
            #expect(try await office.rows("undeliverable") == 1)
            let administrator = PersonID.new()
            var named = AdministratorNamed()
            (named.account, named.person) = (AccountID.new(), administrator)
            await office.service.take(named)
            let kept = try await office.get("/undeliverable", as: administrator)
            #expect(kept.json["undeliverable"]?.array?.first?["role"]?.text == "clerk")
            #expect(kept.json["undeliverable"]?.array?.first?["agency"]?.text == "H19.12")
            #expect(try await office.get("/undeliverable", as: office.officer).status == 403)
        }
    }

    @Test func `for an officer who has left goes to the leader of the agency`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier, channel: .counter)
            try await office.end(office.officer)
            await office.service.take(office.handOver(dossier, officer: office.officer))
            #expect(try await office.inbox(office.leader).count == 1)
            #expect(try await office.rows("undeliverable") == 0)
            let closed = try await office.get("/mailbox", as: office.officer)
            #expect(closed.status == 403)
            #expect(closed.code == "mail.mailbox-closed")
        }
    }

    @Test func `waits for the mailbox of an officer who is just being appointed`() async throws {
        try await Office.open { office in
            let (dossier, newcomer) = (DossierID.new(), PersonID.new())
            await office.submit(dossier)
            let event = office.handOver(dossier, officer: newcomer)
            #expect(await office.service.take(event) == .parked)
            try await office.appoint(newcomer, "moi", .officer, at: office.justice)
            await office.service.resume(event)
            #expect(try await office.inbox(newcomer).count == 1)
        }
    }

    @Test func `of a payment waits for its dossier`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            let event = try office.paid(dossier)
            #expect(await office.service.take(event) == .parked)
            await office.submit(dossier, channel: .counter)
            await office.service.resume(event)
            #expect(try await office.subjects(office.accountant).count == 1)
            #expect(try await office.subjects(office.leader).count == 1, "nobody works on it yet: the leader")
        }
    }

    @Test func `waits for an agency that is not known`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier)
            let unknown = try AgencyCode("H19.77")
            let event = office.handOver(dossier, to: unknown, officer: nil)
            #expect(await office.service.take(event) == .parked)
            await office.establish(unknown)
            await office.service.resume(event)
            #expect(try await office.rows("undeliverable") == 1)
            #expect(try await office.rows("inbox_parked") == 0)
        }
    }

    @Test func `is told along the whole life of a dossier`() async throws {
        try await Office.open { office in
            let dossier = DossierID.new()
            await office.submit(dossier, channel: .counter)
            await office.accept(dossier)
            await office.service.take(office.handOver(dossier, officer: office.officer))
            for event in try Self.life(dossier, office) {
                #expect(await office.service.take(event) == .taken, "\(Swift.type(of: event))")
            }
            #expect(
                try await office.subjects(office.officer) == [
                    "Nhận bàn giao hồ sơ H19.12-210209-0001", "Đã có ý kiến về hồ sơ H19.12-210209-0001",
                    "Đã có kết quả phối hợp của hồ sơ H19.12-210209-0001",
                    "Đã bổ sung giấy tờ cho hồ sơ H19.12-210209-0001",
                    "Đã nộp phí, lệ phí của hồ sơ H19.12-210209-0001",
                    "Công dân xin rút hồ sơ H19.12-210209-0001",
                    "Đã phê duyệt kết quả hồ sơ H19.12-210209-0001, cần dự thảo văn bản",
                    "Được giao xử lý hồ sơ H19.12-210209-0001",
                ])
            #expect(
                try await office.subjects(office.chief) == [
                    "Đề nghị cho ý kiến về hồ sơ H19.12-210209-0001",
                    "Đề nghị phối hợp giải quyết hồ sơ H19.12-210209-0001",
                    "Không cần phối hợp giải quyết hồ sơ H19.12-210209-0001 nữa",
                ])
            #expect(try await office.subjects(office.accountant).count == 1)
            #expect(try await office.subjects(office.leader) == ["Có dự thảo văn bản chờ phê duyệt"])
            #expect(
                try await office.subjects(office.clerk) == [
                    "Hẹn lại ngày trả kết quả hồ sơ H19.12-210209-0001",
                    "Đã có kết quả hồ sơ H19.12-210209-0001, chờ trả",
                ])
            #expect(try await office.service.count("SELECT count(DISTINCT thread) AS n FROM messages") == 1)
            #expect(try await office.rows("undeliverable") == 0)
        }
    }

    private static func life(_ dossier: DossierID, _ office: Office) throws -> [any Event] {
        var asked = DossierOpinionRequested()
        (asked.dossier, asked.opinion, asked.fromAgency) = (dossier, OpinionID.new(), office.justice)
        (asked.toAgency, asked.status) = (office.police, .processing)
        var answered = DossierOpinionAnswered()
        (answered.dossier, answered.opinion, answered.fromAgency) = (dossier, asked.opinion, office.police)
        answered.status = .processing
        var opened = DossierBranchOpened()
        (opened.dossier, opened.branch, opened.stepKey) = (dossier, .new(), "records")
        (opened.fromAgency, opened.toAgency, opened.status) = (office.justice, office.police, .processing)
        var done = DossierBranchClosed()
        (done.dossier, done.branch, done.stepKey) = (dossier, opened.branch, "records")
        (done.agency, done.status) = (office.police, .processing)
        var recalled = done
        recalled.outcome = .recalled
        var supplied = DossierSupplementSupplied()
        (supplied.dossier, supplied.status) = (dossier, .processing)
        var withdrawal = DossierWithdrawalRequested()
        (withdrawal.dossier, withdrawal.status) = (dossier, .withdrawalRequested)
        var again = DossierReappointed()
        (again.dossier, again.reasonCode, again.status) = (dossier, "late", .processing)
        var approved = DossierApproved()
        (approved.dossier, approved.code, approved.agency) = (dossier, "H19.12-210209-0001", office.justice)
        (approved.officer, approved.documentType, approved.subject) = (office.officer, "QĐ", "Phiếu lý lịch tư pháp")
        (approved.field, approved.status) = ("LLTP", .processing)
        var draft = DocumentDrafted()
        (draft.document, draft.dossier, draft.agency, draft.documentType) = (
            DocumentID.new(), dossier, office.justice, "QĐ"
        )
        var finished = DossierFinished()
        (finished.dossier, finished.agency, finished.status) = (dossier, office.justice, .finished)
        var assigned = DossierAssigned()
        (assigned.dossier, assigned.agency, assigned.toOfficer) = (dossier, office.justice, office.officer)
        (assigned.reasonCode, assigned.status) = ("leave", .processing)
        return [
            asked, answered, opened, done, recalled, supplied, try office.paid(dossier), withdrawal, again, approved,
            draft, finished, assigned,
        ]
    }
}
