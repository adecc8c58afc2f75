import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// What is asked for, and that whoever is exempt is not kept waiting for a payment.
@Suite struct FeeTests {
    private func fee(_ kind: String, _ dong: Int64, byDefault: Bool = false, cap: Int64? = nil) throws -> Fee {
        var fee = Fee()
        (fee.kind, fee.name, fee.nameEn, fee.amount) = (kind, kind, kind, try Money(dong))
        (fee.byDefault, fee.cap) = (byDefault, try cap.map { try Money($0) })
        return fee
    }

    /// A certified copy (Circular 226/2016/TT-BTC, Art. 4) with things that it does not have: an exemption, a stamp.
    private func certifiedCopy() throws -> Definition {
        var definition = try judicialRecord()
        definition.fees = [
            try fee("page", 2_000, byDefault: true, cap: 200_000), try fee("further-page", 1_000, cap: 200_000),
            try fee("stamp", 5_000), try fee("exempt", 0),
        ]
        return definition
    }

    private func amount(_ lines: [FeeLine]?, copies: Int = 1, of definition: Definition) throws -> Int64 {
        var input = RequirePayment.Input()
        (input.fees, input.copies) = (lines, copies)
        let now = try at("2021-03-02 10:00")
        let fees = try RequirePayment.decide(
            try dossier(), input, definition: definition, demand: .new(), now: now
        ).map(\.fee.amount)
        return try Money.sum(fees).dong
    }

    @Test func anAmountIsItsCasesTimesItsCopies() throws {
        let definition = try certifiedCopy()
        try definition.check()
        #expect(try amount(nil, of: definition) == 2_000)
        #expect(try amount([.init("page", 2)], copies: 3, of: definition) == 12_000)
        let long = [FeeLine("page", 2), .init("further-page", 300)]
        #expect(try amount(long, of: definition) == 200_000)
        // The cap is that of one copy, and only of the cases that have it.
        #expect(try amount(long + [.init("stamp", 2)], copies: 4, of: definition) == 840_000)
        #expect(try amount([.init("stamp")], of: definition) == 5_000)
    }

    /// Many random procedures and demands against the same sum written another way, in wide numbers.
    @Test(arguments: 1...4)
    func anAmountIsWhatAnybodyWouldReckon(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<500 {
            let cap: Int64? = Bool.random(using: &random) ? .random(in: 1...300_000, using: &random) : nil
            var definition = try judicialRecord()
            definition.fees = try (0..<Int.random(in: 1...6, using: &random)).map { index in
                try fee(
                    "case-\(index)", .random(in: 1...(index == 5 ? Limits.moneyDong : 100_000), using: &random),
                    byDefault: Bool.random(using: &random), cap: Bool.random(using: &random) ? cap : nil)
            }
            let named = definition.fees.shuffled(using: &random).prefix(Int.random(in: 1...6, using: &random)).map {
                FeeLine($0.kind, Int.random(in: 1...Limits.OneStop.feeQuantity, using: &random))
            }
            let lines = Bool.random(using: &random) ? named : nil
            let copies = Int.random(in: 1...Limits.OneStop.feeCopies, using: &random)
            var copy: Int128 = 0
            var most: Int128 = 0
            for fee in definition.fees {
                let count =
                    lines.map { $0.filter { $0.kind == fee.kind }.reduce(0) { $0 + $1.quantity } }
                    ?? (fee.byDefault ? 1 : 0)
                let cost = Int128(fee.amount.dong) * Int128(count)
                if fee.cap == nil { copy += cost } else { most += cost }
            }
            let wanted = (copy + min(most, Int128(cap ?? 0))) * Int128(copies)
            var reckoned: Int64 = 0
            let code = refusal { reckoned = try amount(lines, copies: copies, of: definition) }
            // Partial sums of what is within the bound are within it as well, but for what the cap cuts off.
            switch code {
            case nil: #expect(Int128(reckoned) == wanted)
            case "onestop.nothing-to-pay": #expect(wanted == 0)
            case "onestop.fee-amount": #expect(max(wanted, most) > Int128(Limits.moneyDong))
            default: Issue.record("\(code ?? "")")
            }
        }
    }

    @Test func aDemandNamesCasesThatThereAreOnceEach() throws {
        let definition = try certifiedCopy()
        func code(_ lines: [FeeLine]?, copies: Int = 1, _ definition: Definition) -> String? {
            refusal { _ = try amount(lines, copies: copies, of: definition) }
        }
        #expect(code([.init("student")], definition) == "onestop.fee-unknown")
        #expect(code([.init("page"), .init("page", 2)], definition) == "onestop.key-twice")
        #expect(code([.init("exempt")], definition) == "onestop.nothing-to-pay")
        var noDefault = definition
        noDefault.fees[0].byDefault = false
        #expect(code(nil, noDefault) == "onestop.nothing-to-pay")
        #expect(code([.init("page")], noDefault) == nil)
        var none = definition
        none.fees = []
        #expect(code([.init("page")], none) == "onestop.no-fees")
        var dear = definition
        dear.fees[2].amount = try Money(Limits.moneyDong)
        #expect(code([.init("stamp")], dear) == nil)
        #expect(code([.init("stamp"), .init("page")], dear) == "onestop.fee-amount")
        #expect(code([.init("stamp", Limits.OneStop.feeQuantity)], dear) == "onestop.fee-amount")
        #expect(code([.init("stamp")], copies: 2, dear) == "onestop.fee-amount")
        let field = { try definition.amount(of: [.init("x")], copies: 1) }
        #expect(throws: Refused.feeUnknown) { try field() }
        #expect(Refused.feeUnknown.field == "fees")
    }

    @Test func aDemandOfOneCaseIsNamedByIt() throws {
        func kind(_ lines: [FeeLine]) throws -> String? {
            var input = RequirePayment.Input()
            input.fees = lines
            return try RequirePayment.decide(
                try dossier(), input, definition: try certifiedCopy(), demand: .new(), now: try at("2021-03-02 10:00")
            ).last?.dossier.payment.kind
        }
        #expect(try kind([.init("further-page", 3)]) == "further-page")
        #expect(try kind([.init("page", 2), .init("stamp")]) == "combined")
    }

    @Test func casesOfADefinitionHoldTogether() throws {
        func code(_ change: (inout Definition) throws -> Void) -> String? {
            refusal {
                var definition = try certifiedCopy()
                try change(&definition)
                try definition.check()
            }
        }
        #expect(code { _ in } == nil)
        #expect(code { $0.fees[3].byDefault = true } == "onestop.fee-amount")
        #expect(code { $0.fees[3].amount = try Money(-1) } == "onestop.fee-amount")
        #expect(code { $0.fees[1].cap = try Money(100_000) } == "onestop.fee-cap")
        #expect(
            code { definition in
                (definition.fees[0].cap, definition.fees[1].cap) = (.zero, .zero)
            } == "onestop.fee-cap")
        #expect(code { $0.fees[1].cap = nil } == nil)
        // Cases that are not asked for together may come to more than an amount may be.
        #expect(
            code { definition in
                definition.fees[2].amount = try Money(Limits.moneyDong)
                definition.fees[3].amount = try Money(Limits.moneyDong)
            } == nil)
    }

    @Test func definitionsStoredBeforeThereWereCasesAreRead() throws {
        let stored: JSON = ["kind": "standard", "name": "Phí", "nameEn": "Fee", "amount": 200_000]
        let fee = try Fee(decoding: stored, unknown: .ignore)
        #expect((fee.byDefault, fee.per, fee.cap) == (true, "lần", nil))
    }

    @Test func anExemptionStandsInThePlaceOfThePayment() throws {
        let definition = try judicialRecord()
        let before = try dossier(.accepted)
        #expect(before.owesFees(definition))
        let (calendar, now) = (try workCalendar(), try at("2021-03-02 09:00"))
        let (after, demand, due) = try #require(
            try ExemptFees.decide(before, .exempt, definition: definition, calendar: calendar, now: now).first)
        #expect((demand, due) == (nil, nil))
        #expect((after.payment.exemption, after.payment.exemptionReason) == ("exempt", "Thân nhân liệt sĩ"))
        var same = after
        same.payment.fees = []
        #expect(same == before, "neither status nor clock changes")
        #expect(!after.owesFees(definition))
        func code(_ before: Dossier, _ kind: String = "exempt") -> String? {
            var input = ExemptFees.Input.exempt
            input.fee = kind
            return refusal {
                _ = try ExemptFees.decide(before, input, definition: definition, calendar: calendar, now: now)
            }
        }
        #expect(code(before, "student") == "onestop.fee-unknown")
        #expect(code(before, "phi-lltp") == "onestop.not-an-exemption")
        #expect(code(after) == "onestop.already-exempted")
        #expect(code(try dossier(.submitted)) == "onestop.not-in-status")
        var paid = before
        paid.payment.fees = [feeOf(200_000, .paid, at: now)]
        #expect(code(paid) == "onestop.already-paid")
        let (demanding, _) = try #require(
            try RequirePayment.decide(
                after, .init(), definition: definition, demand: .new(), now: before.actBy
            ).first)
        #expect(demanding.payment.exemption == nil && demanding.owesFees(definition), "taken back")
        #expect(throws: Refused.feeUnknown.at("fee")) {
            try ExemptFees.decide(before, .init(), definition: definition, calendar: calendar, now: now)
        }
    }

    /// Budget may refuse a demand (the agency has no account): what was asked for is owed all the same.
    @Test func aDemandThatWasRefusedIsStillOwed() throws {
        var definition = try judicialRecord()
        for index in definition.fees.indices { definition.fees[index].byDefault = false }
        var input = RequirePayment.Input()
        input.fees = [FeeLine("phi-lltp")]
        let before = try dossier(.processing)
        #expect(!before.owesFees(definition))
        let (demanded, fee) = try #require(
            try RequirePayment.decide(
                before, input, definition: definition, demand: .new(), now: before.actBy
            ).first)
        var refused = FeeRefused()
        refused.demand = try #require(fee.demand)
        let (lifted, _) = try OnFeeRefused.decide(
            demanded, refused, definition: definition, calendar: try workCalendar(), now: before.actBy)
        #expect(lifted.payment.demand == nil && lifted.owesFees(definition))
    }

    @Test func noFeeIsDueThatNobodyAsksFor() throws {
        var definition = try judicialRecord()
        definition.fees[0].byDefault = false
        var copy = try dossier(.processing)
        #expect(!copy.owesFees(definition))
        copy.payment.fees = [feeOf(200_000, .open)]
        #expect(copy.owesFees(definition))
        copy.payment.fees = [feeOf(200_000, .paid, at: try at("2021-03-02 09:00"))]
        #expect(!copy.owesFees(definition))
    }
}

extension ExemptFees.Input {
    /// By the exemption of `judicialRecord`.
    static var exempt: ExemptFees.Input {
        var input = ExemptFees.Input()
        (input.fee, input.reason) = ("exempt", "Thân nhân liệt sĩ")
        return input
    }
}

/// The same over HTTP.
@Suite struct FeeJourneyTests {
    @Test func `who is exempt gets the result without a demand, and reads why`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let exempt: JSON = ["fee": "exempt", "reason": "Thân nhân liệt sĩ"]
            let early = try await office.act("exempt-fees", on: id, as: office.clerk, exempt)
            #expect((early.status, early.code) == (409, "onestop.not-in-status"))
            try await office.done("accept", on: id, as: office.clerk)
            let unknown = try await office.act(
                "exempt-fees", on: id, as: office.clerk, exempt.with("fee", "student"))
            #expect((unknown.status, unknown.code) == (422, "onestop.fee-unknown"))
            #expect(unknown.json["errors"]?.array?.first?["field"]?.text == "fee")
            let mute = try await office.act("exempt-fees", on: id, as: office.clerk, ["fee": "exempt"])
            #expect((mute.status, mute.code) == (422, "invalid-fields"))
            let before = try await office.get("/dossiers/\(id)", as: office.clerk).json
            let exempted = try await office.done("exempt-fees", on: id, as: office.clerk, exempt)
            #expect(exempted["status"]?.text == "accepted")
            #expect((exempted["dueAt"], exempted["clockStands"]) == (before["dueAt"], false))
            let own = try await office.get("/dossiers/\(id)", as: office.citizen).json
            #expect((own["feeExemption"]?.text, own["feeExemptionReason"]?.text) == ("exempt", "Thân nhân liệt sĩ"))
            for person in [office.officer, office.officer, office.leader] {
                try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(person.text)])
            }
            let approved = try await office.done("approve", on: id, as: office.leader, [:])
            #expect(approved["feeExemption"]?.text == "exempt")
            let event = try #require(try await office.last(DossierFeesExempted.self, of: id))
            #expect((event.agency, event.actor, event.status) == (Agencies.justice, office.clerk, .accepted))
            let announced = String(decoding: event.jsonBytes, as: UTF8.self)
            #expect(!announced.contains("liệt sĩ") && !announced.contains("\"exempt\""), "neither case nor reason")
            let lines = try await office.get("/dossiers/\(id)/history", as: office.leader).json["lines"]?.array ?? []
            let line = try #require(lines.first { $0["what"]?.text == "fees-exempted" })
            #expect(line["note"]?.text == "Thân nhân liệt sĩ")
            let notices = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array
            let notice = try #require(notices?.first { $0["what"]?.text == "fees-exempted" })
            #expect(notice["vietnamese"]?.text?.contains("được miễn phí, lệ phí") == true)
            #expect(notice["english"]?.text?.contains("exempt from its fees") == true)
            #expect(try await office.harness.announced(DossierPaymentRequired.self) == 0)
        }
    }

    @Test func `what is required is what is named, or by default; a wrong body changes nothing`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let wrong: [(JSON, String)] = [
                (["fees": []], "invalid-fields"), (["fees": [["kind": "exempt", "quantity": 0]]], "invalid-fields"),
                (["copies": 0], "invalid-fields"), (["copies": 1_001], "invalid-fields"),
                (["fees": [["kind": "phi-lltp", "quantity": 10_001]]], "invalid-fields"),
                (["fees": [["kind": "student"]]], "onestop.fee-unknown"),
                (["fees": [["kind": "phi-lltp"], ["kind": "phi-lltp"]]], "onestop.key-twice"),
            ]
            for (body, code) in wrong {
                let answer = try await office.act("require-payment", on: id, as: office.officer, body)
                #expect((answer.status, answer.code) == (422, code), "\(body.description)")
            }
            let free = try await office.act(
                "require-payment", on: id, as: office.officer, ["fees": [["kind": "exempt"]]])
            #expect((free.status, free.code) == (409, "onestop.nothing-to-pay"))
            #expect(try await office.status(id) == 4)
            let body: JSON = ["fees": [["kind": "phi-lltp", "quantity": 2], ["kind": "exempt"]], "copies": 3]
            let required = try await office.done("require-payment", on: id, as: office.officer, body)
            #expect(required["demandAmount"] == 1_200_000)
            let event = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            #expect((event.amount.dong, event.feeKind) == (1_200_000, "combined"))
            let lines = try await office.get("/dossiers/\(id)/history", as: office.leader).json["lines"]?.array ?? []
            #expect(lines.last?["note"]?.text == "phi-lltp × 2, exempt × 1; copies: 3")
            // Without a body, as everybody asked before there were cases.
            let plain = try await office.inWork()
            let asked = try await office.done("require-payment", on: plain, as: office.officer)
            #expect(asked["demandAmount"] == 200_000)
            #expect(try await office.last(DossierPaymentRequired.self, of: plain)?.feeKind == "phi-lltp")
        }
    }
}
