import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// The index of fees that are paid online, of dossiers that go their way through the service.
@Suite(.timeLimit(.minutes(5))) struct ReportPaymentTests {
    private func line(_ office: Office, _ period: String) async throws -> ReportServiceIndex.Line {
        let path = "/agencies/H19.06/reports/\(period)/service-index"
        let answer = try await office.get(path, as: office.leader)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        let report = try ReportServiceIndex.Output(decoding: answer.json, unknown: .refuse)
        return try #require(report.indexes.first { $0.index == .paidOnline })
    }

    private func list(_ office: Office, _ period: String, _ cell: ReportCell) async throws -> Set<String> {
        let path = "/agencies/H19.06/reports/\(period)/dossiers?cell=\(cell.rawValue)"
        let answer = try await office.get(path, as: office.leader)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        return Set(answer.json["dossiers"]?.array?.compactMap { $0["dossier"]?.text } ?? [])
    }

    /// Asked for a fee; each demand is paid by the next of these channels.
    @discardableResult
    private func pay(
        _ channels: PaymentChannel?..., for id: String, as person: PersonID, paidAt: Date? = nil, _ office: Office
    ) async throws -> [FeePaid] {
        try await office.done("require-payment", on: id, as: person)
        let demands = try await office.all(DossierPaymentRequired.self, of: id)
        #expect(demands.count == channels.count)
        var events: [FeePaid] = []
        for (required, channel) in zip(demands, channels) {
            var event = try office.paid(required)
            event.channel = channel
            if let paidAt { event.paidAt = paidAt }
            #expect(await office.harness.take(event) == .taken)
            events.append(event)
        }
        return events
    }

    private func submitted(_ procedure: String, _ office: Office) async throws -> String {
        let id = try await office.submitted(procedure)
        try await office.done("accept", on: id, as: office.clerk)
        return id
    }

    /// Two fees at reception; and one that is collected when the result is handed over.
    private func publish(_ office: Office) async throws {
        var both = try judicialRecord()
        var charge = both.fees[0]
        (charge.kind, charge.nature) = ("le-phi", .charge)
        both.fees.append(charge)
        try await office.publish("1.000011", both)
        var atReturn = try judicialRecord()
        atReturn.fees = [atReturn.fees[0]]
        atReturn.fees[0].moment = .handingOver
        try await office.publish("1.000012", atReturn)
    }

    @Test func `os-210: online is what came through the gateway, of the dossiers of which it is known how they paid`()
        async throws
    {
        try await Office.open { office in
            try await publish(office)
            let online = try await submitted(Office.criminalRecord, office)
            try await pay(.gateway, for: online, as: office.clerk, office)
            let others: [PaymentChannel] = [.counter, .transfer, .postal]
            var paid: Set<String> = [online]
            for channel in others {
                let id = try await submitted(Office.criminalRecord, office)
                try await pay(channel, for: id, as: office.clerk, office)
                paid.insert(id)
            }
            // One that was paid in part at the counter, and one of which nobody said how.
            let partly = try await submitted("1.000011", office)
            try await pay(.gateway, .counter, for: partly, as: office.clerk, office)
            paid.insert(partly)
            let unknown = try await submitted(Office.criminalRecord, office)
            try await pay(nil, for: unknown, as: office.clerk, office)
            try await office.set("2021-04-01 01:00")
            let line = try await line(office, "2021-Q1")
            #expect((line.part, line.whole, line.percent, line.state) == (1, 5, "20.00", .computed))
            #expect((line.partCell, line.wholeCell, line.group) == (.paidOnline, .paid, .payment))
            #expect(try await list(office, "2021-Q1", .paid) == paid, "os-205")
            #expect(try await list(office, "2021-Q1", .paidOnline) == [online], "os-205")
            let fee = try await office.get("/dossiers/\(online)", as: office.clerk).json["fees"]?.array?.first
            #expect(fee?["channel"] == "gateway" && fee?["reportedAt"] != nil)
            let page = try await office.get("/agencies/H19.06/reports/2021-Q1/page", as: office.leader)
            #expect(String(decoding: page.body, as: UTF8.self).contains("cell=paid-online"))
        }
    }

    @Test func `os-203: a payment counts when it was known here, and stays what it was`() async throws {
        try await Office.open { office in
            let (early, late) = (
                try await submitted(Office.criminalRecord, office), try await submitted(Office.criminalRecord, office)
            )
            let paid = try #require(try await pay(.gateway, for: early, as: office.clerk, office).first)
            try await office.set("2021-04-01 01:00")
            let before = try await line(office, "2021-Q1")
            #expect((before.part, before.whole) == (1, 1))
            // Collected by the post in March, said in April.
            try await office.set("2021-04-02 09:00")
            try await pay(.postal, for: late, as: office.clerk, paidAt: try at("2021-03-30 09:00"), office)
            var refunded = FeeRefunded()
            (refunded.demand, refunded.dossier, refunded.agency) = (paid.demand, paid.dossier, paid.agency)
            (refunded.amount, refunded.refunded, refunded.refundedAt) = (paid.amount, paid.amount, paid.paidAt)
            #expect(await office.harness.take(refunded) == .taken)
            try await office.set("2021-07-01 01:00")
            #expect(try await line(office, "2021-Q1") == before)
            let after = try await line(office, "2021-Q2")
            #expect((after.part, after.whole) == (0, 1))
        }
    }

    @Test func `os-205: what is paid at the return counts in its own period, also when the dossier had ended before`()
        async throws
    {
        try await Office.open { office in
            try await publish(office)
            let open = try await submitted(Office.criminalRecord, office)
            let id = try await submitted("1.000012", office)
            for (holder, next) in [
                (office.clerk, office.officer), (office.officer, office.officer), (office.officer, office.leader),
            ] { try await office.done("hand-over", on: id, as: holder, ["toOfficer": .string(next.text)]) }
            try await office.done("approve", on: id, as: office.leader, [:])
            await office.harness.take(try office.issued(for: id))
            #expect(try await office.status(id) == 9)
            try await office.set("2021-04-05 09:00")
            try await pay(.gateway, for: id, as: office.clerk, office)
            try await office.set("2021-07-01 01:00")
            let line = try await line(office, "2021-Q2")
            #expect((line.part, line.whole) == (1, 1))
            for cell in [ReportCell.paid, .paidOnline] { #expect(try await list(office, "2021-Q2", cell) == [id]) }
            // It is not in hand any more, and of no other figure.
            #expect(try await list(office, "2021-Q2", .inHand) == [open])
            let path = "/agencies/H19.06/reports/2021-Q2/service-index"
            let indexes = try await office.get(path, as: office.leader).json["indexes"]?.array ?? []
            let inTime = indexes.first { $0["index"] == "in-time" }
            #expect(inTime?["whole"] == 1 && indexes.first { $0["index"] == "digitised" }?["whole"] == 0)
            #expect(try await self.line(office, "2021-Q1").state == .noCases)
        }
    }
}
