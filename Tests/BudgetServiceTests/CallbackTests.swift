import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

@Suite struct `A payment call-back` {
    @Test func `counts once however often it comes`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let report = office.report("PG-1", demand)
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for _ in 0..<20 { group.addTask { try await office.callBack(report) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let again = try await office.callBack(report)
            #expect(answers.map(\.status) == Array(repeating: 200, count: 20))
            #expect(Set(answers.map(\.body)) == [again.body], "a repetition answers the same")
            #expect(again.json["outcome"]?.text == "settled")
            #expect(again.json["receiptNumber"]?.text == "0000001/BLĐT-\(Day(Date()).year)")
            #expect(try await office.footprint() == [1, 1, 1, 1, 2, 2, 1])
            #expect(try await office.service.events(FeePaid.self).map(\.channel) == [.gateway])
            #expect(try await office.balances() == ["112": 200_000, "3373": -200_000])
        }
    }

    @Test func `changes nothing without a good signature`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let report = office.report("PG-1", demand)
            let before = try await office.footprint()
            let forged = try await office.callBack(report, secret: "another")
            let bare = try await office.callBack(report, header: nil)
            let good = CallbackSignature(secret: Office.secret).sign(report, at: Int64(Date().timeIntervalSince1970))
            let changed = try await office.callBack(office.report("PG-1", demand, 1), header: good)
            for answer in [forged, bare, changed] {
                #expect(answer.status == 403)
                #expect(answer.code == "budget.callback-unsigned")
            }
            let old = try await office.callBack(report, age: 301)
            let early = try await office.callBack(report, age: -330)
            for answer in [old, early] {
                #expect(answer.status == 403)
                #expect(answer.code == "budget.callback-stale")
            }
            #expect(try await office.footprint() == before)
            #expect(try await office.rows("refused_callbacks") == 0)
        }
    }

    @Test func `names its faults and changes nothing`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let before = try await office.footprint()
            let currency = try await office.callBack(office.report("PG-1", demand, currency: "USD"))
            #expect(currency.status == 422)
            #expect(currency.json["errors"]?.array?.first?["field"]?.text == "currency")
            let nothing = try await office.callBack(office.report("PG-1", demand, 0))
            #expect(nothing.status == 422)
            #expect(nothing.json["errors"]?.array?.first?["field"]?.text == "amount")
            let reference = try await office.callBack(office.report("", demand))
            #expect(reference.status == 422)
            let broken = try await office.callBack(Array("{".utf8))
            #expect(broken.status == 400)
            #expect(broken.code == "budget.callback-malformed")
            let large = try await office.callBack([UInt8](repeating: 0x20, count: Limits.Budget.callbackBytes + 1))
            #expect(large.status == 413)
            #expect(try await office.footprint() == before)
        }
    }

    @Test func `of a demand not known yet is found again later`() async throws {
        try await Office.open { office in
            let event = try office.requirement(200_000)
            let report = office.report("PG-1", event.demand)
            for _ in 0..<3 {
                let early = try await office.callBack(report)
                #expect(early.status == 404)
                #expect(early.code == "budget.demand-unknown")
            }
            #expect(try await office.rows("refused_callbacks") == 1, "kept, once")
            await office.service.take(event)
            #expect(try await office.callBack(report).status == 200)
            #expect(try await office.balances() == ["112": 200_000, "3373": -200_000])
        }
    }

    @Test func `with another's reference is refused and kept`() async throws {
        try await Office.open { office in
            let (demand, other) = (try await office.demand(), try await office.demand())
            #expect(try await office.callBack(office.report("PG-1", demand)).status == 200)
            let before = try await office.footprint()
            for report in [office.report("PG-1", demand, 199_999), office.report("PG-1", other)] {
                let answer = try await office.callBack(report)
                #expect(answer.status == 409)
                #expect(answer.code == "budget.reference-used")
            }
            #expect(try await office.footprint() == before)
            #expect(try await office.rows("refused_callbacks") == 2)
        }
    }

    @Test func `for two demands under one reference at once pays one of them`() async throws {
        try await Office.open { office in
            for round in 0..<8 {
                let demands = [try await office.demand(), try await office.demand()]
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for demand in demands {
                        group.addTask { try await office.callBack(office.report("PG-\(round)", demand)).status }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses.sorted() == [200, 409])
            }
            #expect(try await office.footprint() == [8, 8, 1, 8, 16, 24, 8])
            #expect(try await office.service.count("SELECT max(number) AS n FROM receipts") == 8, "no number is lost")
        }
    }
}

@Suite struct `Money beside what is due` {
    @Test func `paid a second time is owed back`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for number in 0..<6 {
                    group.addTask { try await office.callBack(office.report("PG-\(number)", demand)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 200 })
            #expect(answers.filter { $0.json["outcome"]?.text == "settled" }.count == 1)
            #expect(answers.filter { $0.json["toRefund"]?.integer == 200_000 }.count == 5)
            #expect(try await office.service.announced(FeePaid.self) == 1)
            #expect(try await office.rows("receipts") == 1)
            #expect(try await office.balances() == ["112": 1_200_000, "3373": -200_000, "338": -1_000_000])
            let owed = try await office.service.send(
                "GET", "/payments?agency=\(office.agency)&toRefund=true", as: office.accountant)
            #expect(owed.json["payments"]?.array?.count == 5)
        }
    }

    @Test func `is given back once`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let report = office.report("PG-1", demand, 230_000)
            let answer = try await office.callBack(report)
            let payment = answer.json["payment"]?.text ?? ""
            func refund(_ payment: String, as person: PersonID) async throws -> TestService.Answer {
                try await office.service.send(
                    "POST", "/payments/\(payment)/refund", as: person, body: Array(#"{"document":"UNC-01"}"#.utf8))
            }
            #expect(try await refund(payment, as: office.leader).status == 403)
            #expect(try await refund(payment, as: office.stranger).status == 403)
            #expect(try await refund(PaymentID.new().text, as: office.accountant).status == 404)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await refund(payment, as: office.accountant).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 409, count: 5))
            #expect(try await office.balances() == ["112": 200_000, "3373": -200_000, "338": 0])
            let exact = try await office.callBack(office.report("PG-2", office.demand()))
            let nothing = try await refund(exact.json["payment"]?.text ?? "", as: office.accountant)
            #expect(nothing.code == "budget.nothing-owed")
            let owed = try await office.service.send(
                "GET", "/payments?agency=\(office.agency)&toRefund=true", as: office.accountant)
            #expect(owed.json["payments"]?.array?.isEmpty == true)
            #expect(try await office.callBack(report).body == answer.body, "the gateway is answered as before")
        }
    }

    @Test func `too little leaves the demand open, too much settles it`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let little = try await office.callBack(office.report("PG-1", demand, 150_000))
            #expect(little.json["outcome"]?.text == "to-refund")
            #expect(little.json["toRefund"]?.integer == 150_000)
            #expect(little.json["receiptNumber"] == nil)
            let much = try await office.callBack(office.report("PG-2", demand, 230_000))
            #expect(much.json["outcome"]?.text == "settled")
            #expect(much.json["toRefund"]?.integer == 30_000)
            #expect(try await office.balances() == ["112": 380_000, "3373": -200_000, "338": -180_000])
            let seen = try await office.service.send("GET", "/demands/\(demand)", as: PersonID.new(), .citizen)
            #expect(seen.json["state"]?.text == "paid")
            #expect(seen.json["receiptNumber"] == much.json["receiptNumber"])
        }
    }

    @Test func `for a refused demand is owed back`() async throws {
        try await Office.open { office in
            let event = try office.requirement(0)
            await office.service.take(event)
            let answer = try await office.callBack(office.report("PG-1", event.demand, 5_000))
            #expect(answer.json["outcome"]?.text == "to-refund")
            #expect(try await office.balances() == ["112": 5_000, "338": -5_000])
            #expect(try await office.service.announced(FeePaid.self) == 0)
        }
    }
}
