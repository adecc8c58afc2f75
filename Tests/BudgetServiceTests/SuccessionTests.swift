import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

extension Office {
    fileprivate func dissolve(_ agency: String, _ last: String, into successor: String?) async throws {
        var event = AgencyDissolved()
        (event.code, event.validTo) = (try AgencyCode(agency), try Day(last))
        event.successor = try successor.map { try AgencyCode($0) }
        await service.take(event)
    }

    /// Of each payment that an agency received, its demand.
    fileprivate func payments(at agency: String, as person: PersonID) async throws -> [String] {
        let answer = try await get("/payments?agency=\(agency)", as: person)
        return (answer.json["payments"]?.array ?? []).compactMap { $0["demand"]?.text }
    }
}

/// What a dissolved agency has not collected is its successor's; what it booked stays, and its successor winds it up.
@Suite struct SuccessionTests {
    private static let at = "2021-03-01 09:00"

    @Test func `os-305: money that comes after the last day is taken, in the successor's books`() async throws {
        try await Office.open(at: Self.at) { office in
            let (early, open) = (try await office.paidDemand(), try await office.demand())
            let (counter, event) = (try await office.demand(), try office.requirement(200_000))
            let cash: JSON = ["way": "cash", "amount": 200_000]
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.13")
            try await office.set("2021-03-02 09:00")
            #expect(try await office.post("/demands/\(counter)/collect", cash, as: office.stranger).status == 403)
            #expect(try await office.get("/payments?agency=H19.12", as: office.stranger).status == 403)
            // Told before the end, and heard after it.
            let late = office.service.envelope(event)
            try await office.set("2021-03-03 09:00")
            await office.service.take(late)
            let before = try await office.balances()
            let reported = try await office.callBack(office.report("R1", open))
            #expect(reported.json["outcome"] == "settled")
            #expect(reported.json["receiptNumber"] == "0000001/BLĐT-2021", "\(reported.json.description)")
            #expect(try await office.callBack(office.report("R1", open)).json["payment"] == reported.json["payment"])
            // A second time, and for what was paid long ago: owed back by the successor.
            #expect(try await office.callBack(office.report("R2", early)).json["outcome"] == "to-refund")
            let collected = try await office.done("/demands/\(counter)/collect", cash, as: office.stranger)
            #expect(collected["agency"] == "H19.13" && collected["receiptNumber"] == "0000001/BLTM-2021")
            _ = try await office.done("/demands/\(event.demand)/collect", cash, as: office.stranger)
            #expect(
                try await Set(office.payments(at: "H19.13", as: office.stranger))
                    == Set([event.demand, counter, early, open].map(\.text)))
            #expect(try await office.balances() == before)
            let told = try await office.service.events(FeePaid.self)
            #expect(told.map(\.agency.text) == ["H19.12", "H19.13", "H19.13", "H19.13"])
            // The same requirement told once more opens nothing and is no fault.
            #expect(await office.service.take(event) == .taken)
            #expect(try await office.payments(at: "H19.12", as: office.stranger) == [early.text])
        }
    }

    @Test func `os-306: what it booked stays in its books, and the successor winds them up`() async throws {
        try await Office.open(at: Self.at) { office in
            let leader = PersonID.new()
            try await office.appoint(leader, .leader, at: "H19.13")
            let (first, second) = (try await office.paidDemand(), try await office.paidDemand())
            let approved = try await office.approvedRefund(first)
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.13")
            try await office.set("2021-03-03 09:00")
            _ = try await office.done(
                "/refunds/\(approved)/pay-out", ["way": "cash", "reference": "PC-1"], as: office.stranger)
            let void = try await office.done(
                "/agencies/H19.12/receipts/cash/2021/2/void", ["reason": "Sai tên"], as: leader)
            // A new number is one of the successor's book; the money stays where it is.
            #expect(void["number"] == "0000002/BLTM-2021" && void["replacedBy"] == "0000001/BLTM-2021")
            let refund = try await office.done(
                "/demands/\(second)/refunds", ["reason": "Thu nhầm"], as: office.stranger)
            let place = "/refunds/\(refund["refund"]?.text ?? "")"
            #expect(refund["agency"] == "H19.12")
            _ = try await office.done("\(place)/decide", ["verdict": "approve"], as: leader)
            _ = try await office.done("\(place)/pay-out", ["way": "cash", "reference": "PC-2"], as: office.stranger)
            let balances = try await office.balances()
            #expect(balances["1111"] == 0 && balances["3373"] == 0 && balances["338"] == 0)
            let entries = try await office.service.count(
                "SELECT count(*) AS n FROM journal_entries WHERE agency <> 'H19.12'")
            #expect(entries == 0)
            try await office.set("2021-04-01 09:00")
            let closed = try await office.done("/agencies/H19.12/settlements/2021/1/close", [:], as: leader)
            #expect(closed["state"] == "closed" && closed["agency"] == "H19.12")
        }
    }

    @Test func `os-305: without a successor money is booked where it was due, then at the last one`() async throws {
        try await Office.open(at: Self.at) { office in
            let clerk = PersonID.new()
            try await office.establish("H19.16")
            try await office.appoint(clerk, .accountant, at: "H19.16")
            let (first, second) = (try await office.demand(), try await office.demand())
            try await office.dissolve("H19.12", "2021-03-02", into: nil)
            try await office.set("2021-03-03 09:00")
            #expect(try await office.callBack(office.report("R1", first)).json["outcome"] == "settled")
            #expect(try await office.get("/payments?agency=H19.12", as: office.stranger).status == 403)
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.13")
            #expect(try await office.payments(at: "H19.12", as: office.stranger) == [first.text])
            try await office.dissolve("H19.13", "2021-03-10", into: "H19.16")
            try await office.set("2021-03-11 09:00")
            #expect(try await office.callBack(office.report("R2", second)).json["outcome"] == "settled")
            #expect(try await office.payments(at: "H19.16", as: clerk) == [second.text])
            #expect(try await office.payments(at: "H19.12", as: clerk) == [first.text])
        }
    }
}
