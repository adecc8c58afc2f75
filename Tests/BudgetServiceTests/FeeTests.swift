import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

@Suite struct `A fee demand` {
    @Test func `belongs to the trace of the request that required it`() async throws {
        try await Office.open { office in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            var envelope = office.service.envelope(try office.requirement(200_000))
            envelope.traceparent = "00-\(trace)-00f067aa0ba902b7-01"
            #expect(await office.service.take(envelope) == .taken)
            let rows = try await office.service.database.database.run(
                "SELECT traceparent FROM event_log WHERE type = \(FeeDemanded.type)")
            let announced: String = try #require(try rows.first?("traceparent"))
            #expect(announced.hasPrefix("00-\(trace)-"))
        }
    }

    @Test func `is opened by a dossier's requirement, once`() async throws {
        try await Office.open { office in
            let event = try office.requirement(200_000)
            let envelope = office.service.envelope(event)
            #expect(await office.service.take(envelope) == .taken)
            #expect(await office.service.take(envelope) == .duplicate)
            // The same told by a further event of the dossier.
            await office.service.take(event)
            #expect(try await office.rows("fee_demands") == 1)
            #expect(try await office.service.announced(FeeDemanded.self) == 1)
            let seen = try await office.service.send("GET", "/demands/\(event.demand)", as: office.accountant)
            #expect(seen.status == 200)
            #expect(seen.json["amount"]?.integer == 200_000)
            #expect(seen.json["state"]?.text == "open")
        }
    }

    @Test func `is refused with an answer when nothing can be collected`() async throws {
        try await Office.open { office in
            try await office.establish("H19.14", to: "2021-06-30")
            for (amount, agency, reason) in [
                (Int64(0), "H19.12", "budget.amount-not-positive"), (5_000, "H19.14", "budget.agency-dissolved"),
            ] {
                let event = try office.requirement(amount, at: AgencyCode(agency))
                await office.service.take(event)
                let seen = try await office.service.send("GET", "/demands/\(event.demand)", as: office.accountant)
                #expect(seen.json["state"]?.text == "refused")
                #expect(seen.json["reasonCode"]?.text == reason)
            }
            #expect(try await office.service.announced(FeeRefused.self) == 2)
            #expect(try await office.service.announced(FeeDemanded.self) == 0)
        }
    }

    @Test func `waits for an agency that is not known yet`() async throws {
        try await Office.open { office in
            let event = try office.requirement(200_000, at: AgencyCode("H19.99"))
            await office.service.take(event)
            #expect(try await office.rows("fee_demands") == 0)
            #expect(
                try await office.service.count(
                    "SELECT count(*) AS n FROM inbox_parked WHERE wait_key = 'agency:H19.99'") == 1)
            try await office.establish("H19.99")
            await office.service.resume(event)
            #expect(try await office.service.announced(FeeDemanded.self) == 1)
            #expect(try await office.rows("inbox_parked") == 0)
        }
    }

    @Test func `is listed for those who may read the ledger there`() async throws {
        try await Office.open { office in
            for _ in 0..<5 { _ = try await office.demand() }
            var (seen, next): (Int, String?) = (0, "/demands?agency=H19.12&state=open&limit=2")
            while let page = next {
                let answer = try await office.service.send("GET", page, as: office.leader)
                seen += answer.json["demands"]?.array?.count ?? 0
                next = answer.next
            }
            #expect(seen == 5)
            for path in ["/demands", "/payments", "/receipts", "/journal", "/balances"] {
                let answer = try await office.service.send("GET", "\(path)?agency=H19.12", as: office.stranger)
                #expect(answer.status == 403, "\(path)")
                let citizen = try await office.service.send(
                    "GET", "\(path)?agency=H19.12", as: PersonID.new(), .citizen)
                #expect(citizen.status == 403, "\(path)")
                #expect(try await office.service.send("GET", "\(path)?agency=H19.12").status == 401, "\(path)")
            }
        }
    }
}

@Suite struct `Cash at the counter` {
    private func collect(
        _ office: Office, _ demand: DemandID, _ amount: Int64, as person: PersonID? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        try await office.service.send(
            "POST", "/demands/\(demand)/collect", as: person ?? office.accountant,
            body: JSON.object([.init("amount", .integer(amount))]).bytes, headers: headers)
    }

    @Test func `pays a demand once, with a receipt of the cash book`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await collect(office, demand, 200_000).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 409, count: 7))
            #expect(try await office.footprint() == [1, 1, 1, 1, 2, 2, 1])
            #expect(try await office.balances() == ["1111": 200_000, "3373": -200_000])
            let seen = try await office.service.send("GET", "/demands/\(demand)", as: office.accountant)
            #expect(seen.json["receiptNumber"]?.text == "0000001/BLTM-\(Day(Date()).year)")
        }
    }

    @Test func `is answered the same under one Idempotency-Key`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let key = [(name: "idempotency-key", value: "k-1")]
            let first = try await collect(office, demand, 200_000, headers: key)
            let second = try await collect(office, demand, 200_000, headers: key)
            #expect(first.status == 200)
            #expect(second.status == 200)
            #expect(second.body == first.body)
            #expect(try await office.rows("payments") == 1)
        }
    }

    @Test func `is refused without the right, the amount or the present version`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let before = try await office.footprint()
            #expect(try await collect(office, demand, 200_000, as: office.stranger).status == 403)
            #expect(try await collect(office, demand, 200_000, as: office.leader).status == 403)
            #expect(try await collect(office, demand, 199_999).code == "budget.amount-differs")
            let stale = try await collect(office, demand, 200_000, headers: [("if-match", "\"7\"")])
            #expect(stale.status == 412)
            #expect(try await collect(office, DemandID.new(), 200_000).status == 404)
            #expect(try await office.footprint() == before)
            let good = try await collect(office, demand, 200_000, headers: [("if-match", "\"1\"")])
            #expect(good.status == 200)
        }
    }
}
