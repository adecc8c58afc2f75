import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

@Suite struct `A receipt that is void` {
    @Test func `os-234: its number stays, and the one in its place names it`() async throws {
        try await Office.open(at: "2021-03-01 09:00") { office in
            let demand = try await office.paidDemand()
            _ = try await office.paidDemand()
            let path = "/agencies/H19.12/receipts/cash/2021/1"
            let why: JSON = ["reason": "Ghi sai tên người nộp"]
            #expect(try await office.post("\(path)/void", why, as: office.accountant).status == 403)
            #expect(try await office.post("\(path)/void", why, as: office.stranger).status == 403)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await office.post("\(path)/void", why, as: office.leader).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 409, count: 5))
            let void = try await office.get(path).json
            #expect(void["voidedAt"] != nil && void["voidReason"]?.text == "Ghi sai tên người nộp")
            #expect(void["replacedBy"]?.text == "0000003/BLTM-2021")
            let next = try await office.get("/agencies/H19.12/receipts/cash/2021/3").json
            #expect(next["replaces"]?.text == "0000001/BLTM-2021" && next["voidedAt"] == nil)
            let book = try await office.get("/receipts?agency=H19.12&series=cash").json["receipts"]?.array ?? []
            #expect(book.compactMap { $0["serial"]?.integer } == [1, 2, 3], "no gap, no number twice")
            #expect(book.map { $0["voidedAt"] != nil } == [true, false, false])
            let seen = try await office.get("/demands/\(demand)").json
            #expect(seen["receiptNumber"]?.text == "0000003/BLTM-2021")
            let payments = try await office.get("/payments?agency=H19.12&demand=\(demand)").json["payments"]?.array
            let payment = payments?.first
            #expect(payment?["receiptNumber"]?.text == "0000001/BLTM-2021" && payment?["receiptVoid"] == true)
            let told = try #require(try await office.service.events(FeeReceiptReplaced.self).first)
            #expect((told.voided, told.receiptNumber) == ("0000001/BLTM-2021", "0000003/BLTM-2021"))
            #expect(try await office.balances() == ["1111": 400_000, "3373": -400_000], "no money moved")
            // Who issued the one in its place does not void that; who collected the money neither.
            let own = try await office.post(
                "/agencies/H19.12/receipts/cash/2021/3/void", why, as: office.leader)
            #expect((own.status, own.code) == (403, "budget.own-receipt"))
            #expect(try await office.get("/agencies/H19.12/receipts/cash/2021/4").status == 404)
        }
    }

    @Test func `is not made of one whose money goes back whole`() async throws {
        try await Office.open(at: "2021-03-01 09:00") { office in
            let demand = try await office.paidDemand()
            _ = try await office.approvedRefund(demand)
            let answer = try await office.post(
                "/agencies/H19.12/receipts/cash/2021/1/void", ["reason": "Đã hoàn"], as: office.leader)
            #expect((answer.status, answer.code) == (409, "budget.receipt-refunded"))
        }
    }
}

@Suite struct `A way of payment` {
    @Test func `os-235: what the post collected is a claim on it until it hands it over, once`() async throws {
        try await Office.open(at: "2021-02-26 09:00") { office in
            let demand = try await office.demand()
            try await office.set("2021-03-01 09:00")
            let post: JSON = [
                "way": "postal", "reference": "EMS-1", "collector": "Bưu cục Hoà An", "amount": 200_000,
                "collectedAt": "2021-02-27T10:00:00+07:00",
            ]
            _ = try await office.done("/demands/\(demand)/collect", post, as: office.accountant)
            #expect(try await office.balances() == ["138": 200_000, "3373": -200_000])
            let paid = try #require(try await office.service.events(FeePaid.self).first)
            #expect(Instant.write(paid.paidAt) == "2021-02-27T10:00:00+07:00" && paid.channel == .postal)
            let held = try await office.get("/payments?agency=H19.12&heldByPost=true").json["payments"]?.array ?? []
            #expect(held.map { $0["collector"]?.text } == ["Bưu cục Hoà An"])
            let payment = held.first?["payment"] ?? .null
            let path = "/agencies/H19.12/postal-handovers"
            @Sendable func body(_ amount: Int64, _ reference: String = "BG-1", _ payments: [JSON]? = nil) -> JSON {
                [
                    "payments": .array(payments ?? [payment]), "amount": .integer(amount),
                    "reference": .string(reference),
                ]
            }
            let less = try await office.post(path, body(199_999), as: office.accountant)
            #expect((less.status, less.code) == (422, "budget.handover-differs"))
            let twice = try await office.post(path, body(400_000, "BG-1", [payment, payment]), as: office.accountant)
            #expect((twice.status, twice.code) == (422, "budget.not-held-by-post"))
            #expect(try await office.post(path, body(200_000), as: office.stranger).status == 403)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        try await office.post(path, body(200_000, "BG-\(number)"), as: office.accountant).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [201] + Array(repeating: 409, count: 5))
            #expect(try await office.balances() == ["112": 200_000, "138": 0, "3373": -200_000])
            #expect(try await office.get("/payments?agency=H19.12&heldByPost=true").json["payments"]?.array == [])
            let payments = try await office.get("/payments?agency=H19.12&demand=\(demand)").json["payments"]?.array
            let known = payments?.first
            #expect(known?["handedOverAt"] != nil && known?["takenBy"]?.text == office.accountant.text)
        }
    }

    @Test func `names its reference, its collector and its moment, or is refused`() async throws {
        try await Office.open(at: "2021-03-01 09:00") { office in
            let demand = try await office.demand()
            let wrong: [(JSON, String)] = [
                (["way": "transfer"], "reference"), (["way": "postal", "reference": "E1"], "collector"),
                (["reference": "X"], "reference"), (["collector": "Bưu cục"], "collector"),
                (["collectedAt": "2021-02-27T10:00:00+07:00"], "collectedAt"),
                (["way": "transfer", "reference": "X", "collectedAt": "2021-03-01T09:00:01+07:00"], "collectedAt"),
                // The year mistyped: the dossier's clock would go on from there.
                (["way": "transfer", "reference": "X", "collectedAt": "2020-03-01T09:00:00+07:00"], "collectedAt"),
            ]
            for (way, field) in wrong {
                guard case .object(let members) = way else { continue }
                let answer = try await office.post(
                    "/demands/\(demand)/collect", .object(members + [.init("amount", 200_000)]), as: office.accountant)
                #expect(answer.status == 422 && answer.faults == [field], "\(way)")
            }
            let transfer: JSON = ["way": "transfer", "reference": "FT21060.1"]
            _ = try await office.paidDemand(200_000, way: transfer)
            #expect(try await office.service.events(FeePaid.self).map(\.channel) == [.transfer])
            let used = try await office.post(
                "/demands/\(demand)/collect", ["way": "transfer", "reference": "FT21060.1", "amount": 200_000],
                as: office.accountant)
            #expect((used.status, used.code) == (409, "budget.reference-used"))
            #expect(try await office.balances() == ["112": 200_000, "3373": -200_000])
        }
    }

    @Test func `os-235: a reference counts once at an agency: another's bank may give the same`() async throws {
        try await Office.open(at: "2021-03-01 09:00") { office in
            for way in [
                ["way": "transfer", "reference": "FT2104001", "amount": 200_000],
                ["way": "postal", "reference": "FT2104001", "amount": 200_000, "collector": "Bưu cục"],
            ] as [JSON] {
                let (own, second) = (try await office.demand(), try await office.demand())
                let there = try office.requirement(200_000, at: AgencyCode("H19.13"))
                await office.service.take(there)
                _ = try await office.done("/demands/\(own)/collect", way, as: office.accountant)
                _ = try await office.done("/demands/\(there.demand)/collect", way, as: office.stranger)
                let used = try await office.post("/demands/\(second)/collect", way, as: office.accountant)
                #expect((used.status, used.code) == (409, "budget.reference-used"), "\(way)")
            }
        }
    }
}
