import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import BudgetService

@Suite struct `A quarterly settlement` {
    private let first = "/agencies/H19.12/settlements/2021/1"
    private let second = "/agencies/H19.12/settlements/2021/2"

    private func amounts(_ json: JSON, _ list: String) -> [[String: Int64]] {
        (json[list]?.array ?? []).map { line in
            guard case .object(let members) = line else { return [:] }
            return Dictionary(
                members.compactMap { member in member.value.integer.map { (member.name, $0) } },
                uniquingKeysWith: { $1 })
        }
    }

    @Test func `os-236: it closes once, comes to the ledger, and what is late lands in the next`() async throws {
        try await Office.open(at: "2021-02-01 09:00") { office in
            let cash = try await office.paidDemand(200_000)
            _ = try await office.paidDemand(70_001, way: ["way": "transfer", "reference": "FT1"])
            _ = try await office.paidDemand(50_000, nature: .charge)
            let post: JSON = ["way": "postal", "reference": "E1", "collector": "Bưu cục"]
            _ = try await office.paidDemand(30_000, nature: nil, way: post)
            _ = try await office.approvedRefund(cash, 40_000)
            let early = try await office.post("\(first)/close", as: office.leader)
            #expect((early.status, early.code) == (409, "budget.quarter-not-over"))
            try await office.set("2021-04-01 00:59")
            #expect(try await office.post("\(first)/close", as: office.leader).code == "budget.quarter-not-over")
            try await office.set("2021-04-01 01:00")
            #expect(try await office.post("\(first)/close", as: office.accountant).status == 403)
            #expect(try await office.post("\(first)/close", as: office.stranger).status == 403)
            let open = try await office.get(first)
            #expect(open.json["state"]?.text == "open")

            let kept: JSON = ["keptPercent": 30, "basis": "Thông tư thử"]
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await office.post("\(first)/close", kept, as: office.leader).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 409, count: 5))
            let closed = try await office.get(first).json
            #expect(closed["lines"] == open.json["lines"], "what is closed is what was read")
            #expect(
                amounts(closed, "lines") == [
                    ["collected": 200_000, "refunded": 40_000], ["collected": 30_000, "refunded": 0],
                    ["collected": 70_001, "refunded": 0], ["collected": 50_000, "refunded": 0],
                ])
            // 30 % of 260,001, rounded down to whole đồng; of lệ phí nothing.
            #expect(
                amounts(closed, "shares") == [
                    ["brought": 0, "net": 260_001, "due": 182_001, "kept": 78_000, "carried": 0],
                    ["brought": 0, "net": 50_000, "due": 50_000, "kept": 0, "carried": 0],
                ])
            #expect(
                try await office.balances(on: "2021-03-31") == [
                    "1111": 250_000, "112": 70_001, "138": 30_000, "338": -40_000, "3373": 0, "3332": -232_001,
                    "514": -78_000, "014": 78_000,
                ])
            #expect(try await office.post("\(first)/close", as: office.leader).code == "budget.quarter-closed")

            // Business time goes back: what is written now belongs to a closed quarter, and lands in the next.
            try await office.set("2021-03-31 23:00")
            _ = try await office.paidDemand(10_000)
            #expect(try await office.balances(on: "2021-03-31")["3373"] == 0)
            #expect(try await office.balances(on: "2021-04-01")["3373"] == -10_000)
            try await refusesRewriting(office)
        }
    }

    @Test func `os-236: it is refused when it does not come to the account of what was collected`() async throws {
        try await Office.open(at: "2021-02-01 09:00") { office in
            _ = try await office.paidDemand(200_000)
            // An entry that balances and is about no payment.
            func write(debit: String, credit: String) async throws {
                try await office.service.database.database.run(
                    """
                    WITH entry AS (
                        INSERT INTO journal_entries (id, agency, day, chart, kind, document, cause, line_count,
                                                     posted_at, posted_by)
                        SELECT gen_random_uuid(), \(office.agency), DATE '2021-02-01', chart, 'fee-collected', 'BT-1',
                               gen_random_uuid(), 2, now(), 'tests'
                        FROM charts WHERE valid_from <= '2021-02-01' ORDER BY valid_from DESC LIMIT 1
                        RETURNING id, agency, day, chart
                    )
                    INSERT INTO journal_lines (entry, line, agency, day, chart, account, side, amount)
                    SELECT e.id, l.line, e.agency, e.day, e.chart, l.account, l.side, 5000
                    FROM entry e, (VALUES (1, \(debit), 'debit'), (2, \(credit), 'credit')) AS l (line, account, side)
                    """)
            }
            try await write(debit: ChartOfAccounts.cash, credit: ChartOfAccounts.feesCollected)
            try await office.set("2021-04-01 01:00")
            let differs = try await office.post("\(first)/close", as: office.leader)
            #expect(differs.status == 409 && differs.code == "budget.settlement-differs", "\(differs.json)")
            #expect(try await office.rows("settlements") == 0)
            #expect(try await office.balances()["3373"] == -205_000)
            // Corrected it comes to the account.
            try await write(debit: ChartOfAccounts.feesCollected, credit: ChartOfAccounts.cash)
            #expect(try await office.post("\(first)/close", as: office.leader).status == 200)
        }
    }

    private func refusesRewriting(_ office: Office) async throws {
        for table in ["settlements", "settlement_lines", "settlement_shares"] {
            do {
                try await office.service.database.database.run("DELETE FROM \(raw: table)")
                Issue.record("\(table) can be rewritten")
            } catch { #expect(error.sqlState == "42501") }
        }
    }

    @Test func `os-237: lệ phí goes to the budget whole, of phí a share is kept by its document`() async throws {
        func share(_ nature: FeeNature, _ brought: Int64, _ net: Int64, _ percent: Int) throws -> [Int64] {
            let share = try Settlement.share(
                nature, brought: Money(brought), net: Money(net), keptPercent: percent)
            return [share.due.dong, share.kept.dong, share.carried.dong]
        }
        #expect(try share(.charge, 0, 1_000, 100) == [1_000, 0, 0])
        #expect(try share(.fee, 0, 1_001, 50) == [501, 500, 0])
        #expect(try share(.fee, -400, 1_001, 100) == [0, 601, 0])
        #expect(try share(.fee, -400, 300, 50) == [0, 0, -100])
        #expect(try share(.fee, 0, Limits.moneyDong, 99) == [Limits.moneyDong / 100, Limits.moneyDong / 100 * 99, 0])
        var random = Seeded(7)
        for _ in 0..<2_000 {
            let brought = -Int64.random(in: 0...900, using: &random)
            let net = Int64.random(in: -900...900, using: &random)
            let nature: FeeNature = Bool.random(using: &random) ? .fee : .charge
            let parts = try share(nature, brought, net, Int.random(in: 0...100, using: &random))
            #expect(parts.reduce(0, +) == brought + net && parts[0] >= 0 && parts[1] >= 0 && parts[2] <= 0)
        }

        try await Office.open(at: "2021-02-01 09:00") { office in
            let demand = try await office.paidDemand(200_000)
            try await office.set("2021-04-02 09:00")
            let bare = try await office.post("\(first)/close", ["keptPercent": 10], as: office.leader)
            #expect((bare.status, bare.faults) == (422, ["basis"]))
            _ = try await office.done("\(first)/close", as: office.leader)
            let owed = try await office.post("\(second)/pay-treasury", ["document": "GNT-1"], as: office.accountant)
            #expect((owed.status, owed.code) == (409, "budget.quarter-open"))
            let pay: JSON = ["document": "GNT-1"]
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<5 {
                    group.addTask { try await office.post("\(first)/pay-treasury", pay, as: office.accountant).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 409, count: 4))
            // What goes back after the quarter was settled is carried, and comes off what comes in later.
            _ = try await office.approvedRefund(demand, 150_000)
            try await office.set("2021-07-02 09:00")
            let carried = try await office.done("\(second)/close", as: office.leader)
            #expect(amounts(carried, "shares").first?["carried"] == -150_000)
            _ = try await office.paidDemand(180_000)
            try await office.set("2021-10-02 09:00")
            // The third quarter is settled with the year's end: everything since the last one.
            let third = try await office.done("/agencies/H19.12/settlements/2021/3/close", as: office.leader)
            #expect(amounts(third, "shares").first?["due"] == 30_000)
            #expect(try await office.balances()["3373"] == 0)
            let before = try await office.post(
                "/agencies/H19.12/settlements/2020/4/close", as: office.leader)
            #expect((before.status, before.code) == (409, "budget.quarter-in-later"))
        }
    }
}

/// Any order of paying, refunding, voiding and settling, against sums kept beside it.
@Suite struct `Money in` {
    @Test(arguments: FeeDemand.State.allCases)
    func `os-240: what comes for a demand that is not open settles nothing, and is owed back`(
        state: FeeDemand.State
    ) throws {
        var demand = FeeDemand()
        (demand.amount, demand.state) = (try Money(200_000), state)
        let (settled, toRefund) = try Payment.split(Money(200_000), for: demand)
        #expect(settled.dong == (state == .open ? 200_000 : 0))
        #expect(toRefund.dong == 200_000 - settled.dong)
    }

    @Test(arguments: 1...3)
    func `os-240: is fees less refunds, in every account, after every act`(seed: UInt64) async throws {
        try await Office.open(at: "2021-01-10 09:00") { office in
            var random = Seeded(seed)
            var (paid, refunds): ([(demand: DemandID, left: Int64)], [(id: String, amount: Int64)]) = ([], [])
            var (collected, approved, paidOut): (Int64, Int64, Int64) = (0, 0, 0)
            for step in 0..<40 {
                switch Int.random(in: 0..<5, using: &random) {
                case 0, 1:
                    let amount = Int64.random(in: 1...300_000, using: &random)
                    let ways: [JSON] = [
                        [:], ["way": "transfer", "reference": .string("FT\(step)")],
                        ["way": "postal", "reference": .string("E\(step)"), "collector": "Bưu cục"],
                    ]
                    let way = ways.randomElement(using: &random) ?? [:]
                    paid.append((try await office.paidDemand(amount, way: way), amount))
                    collected += amount
                case 2:
                    guard let place = paid.indices.randomElement(using: &random), paid[place].left > 0 else { continue }
                    let amount = Int64.random(in: 1...paid[place].left, using: &random)
                    let asked = try await office.post(
                        "/demands/\(paid[place].demand)/refunds",
                        ["amount": .integer(amount), "reason": "Thử"], as: office.accountant)
                    guard asked.status == 201, let id = asked.json["refund"]?.text else { continue }
                    let yes = Bool.random(using: &random)
                    _ = try await office.done(
                        "/refunds/\(id)/decide", ["verdict": yes ? "approve" : "refuse", "reason": "Thử"],
                        as: office.leader)
                    guard yes else { continue }
                    paid[place].left -= amount
                    approved += amount
                    refunds.append((id, amount))
                case 3:
                    guard let refund = refunds.popLast() else { continue }
                    _ = try await office.done(
                        "/refunds/\(refund.id)/pay-out",
                        ["way": "cash", "reference": .string("PC\(step)")], as: office.accountant)
                    paidOut += refund.amount
                default:
                    _ = try await office.post(
                        "/agencies/H19.12/receipts/cash/2021/\(Int.random(in: 1...9, using: &random))/void",
                        ["reason": "Thử"], as: office.leader)
                }
                let balances = try await office.balances()
                let money = ["1111", "112", "138"].reduce(0) { $0 + balances[$1, default: 0] }
                #expect(money == collected - paidOut)
                #expect(-balances["3373", default: 0] == collected - approved)
                #expect(-balances["338", default: 0] == approved - paidOut)
            }
            try await office.set("2021-04-02 09:00")
            let closed = try await office.done("/agencies/H19.12/settlements/2021/1/close", as: office.leader)
            let net = (closed["shares"]?.array ?? []).reduce(0) { $0 + ($1["net"]?.integer ?? 0) }
            #expect(net == collected - approved)
            #expect(try await office.balances()["3373", default: 0] == 0)
            let numbers = try await office.service.count(
                "SELECT coalesce(count(*) - max(number), 0) AS n FROM receipts WHERE series = 'electronic'")
            #expect(numbers == 0)
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
