import Contracts
import Files
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// The judicial record with fees of both kinds, at every moment, a reduction and exemptions.
func manyFees() throws -> Definition {
    var definition = try judicialRecord()
    var proof = Part()
    (proof.key, proof.name, proof.nameEn, proof.required) = ("proof", "Giấy xác nhận", "Proof", false)
    definition.parts.append(proof)
    func fee(
        _ kind: String, _ dong: Int64, _ nature: FeeNature? = nil, _ moment: FeeMoment? = nil, byDefault: Bool = true,
        proof: String? = nil
    ) throws -> Fee {
        var fee = Fee()
        (fee.kind, fee.name, fee.nameEn, fee.amount) = (kind, kind, kind, try Money(dong))
        (fee.nature, fee.moment, fee.byDefault, fee.proof) = (nature, moment, byDefault, proof)
        return fee
    }
    definition.fees = [
        try fee("phi-lltp", 200_000), try fee("le-phi", 50_000, .charge), try fee("post", 30_000, .fee, .handingOver),
        try fee("more", 20_000, .charge, .supplement), try fee("reduced", 100_000, byDefault: false, proof: "proof"),
        try fee("exempt", 0, byDefault: false), try fee("no-charge", 0, .charge, byDefault: false, proof: "proof"),
    ]
    try definition.check()
    return definition
}

@Suite struct SeveralFeesTests {
    private let definition: Definition
    private let calendar: WorkCalendar
    private let now: Date

    init() throws {
        (definition, calendar, now) = (try manyFees(), try workCalendar(), try at("2021-03-02 10:00"))
    }

    private func asked(
        _ before: Dossier, _ lines: [FeeLine]? = nil
    ) throws(Refused) -> [(dossier: Dossier, fee: DossierFee)] {
        var input = RequirePayment.Input()
        input.fees = lines
        return try RequirePayment.decide(before, input, definition: definition, demand: .new(), now: now)
    }

    private func paid(_ before: Dossier, _ fee: DossierFee, at time: Date) throws -> (Dossier, PromisedDate?) {
        var event = FeePaid()
        (event.demand, event.amount, event.receiptNumber) = (fee.demand ?? event.demand, fee.amount, "0000001")
        event.paidAt = time
        return try OnFeePaid.decide(before, event, definition: definition, calendar: calendar, now: time)
    }

    @Test func `os-090: each kind of fee at each moment is a demand of its own`() throws {
        let steps = try asked(try dossier())
        #expect(steps.map(\.fee.nature) == [.fee, .charge])
        #expect(steps.map(\.fee.amount.dong) == [200_000, 50_000])
        #expect(Set(steps.map(\.fee.demand)).count == 2)
        #expect(steps.map(\.dossier.payment.fees.count) == [1, 2])
        #expect(steps.allSatisfy { $0.dossier.status == .awaitingPayment && $0.fee.stops })
        let after = try #require(steps.last?.dossier)
        #expect(refusal { _ = try asked(after) } == "onestop.already-demanded")
        #expect(refusal { _ = try asked(after, [.init("phi-lltp")]) } == "onestop.already-demanded")
        // At the return it is another demand, for which no clock stands.
        let post = try #require(try asked(after, [.init("post")]).last)
        #expect((post.fee.moment, post.fee.stops) == (.handingOver, false))
        let mixed = try asked(try dossier(), [.init("reduced"), .init("post", 2), .init("le-phi")])
        #expect(mixed.map(\.fee.amount.dong) == [100_000, 60_000, 50_000])
        #expect(refusal { _ = try asked(try dossier(), [.init("post"), .init("post")]) } == "onestop.key-twice")
        // When papers are missing only what is collected with them; the clock stands already.
        let waiting = try asked(try dossier(.awaitingSupplement))
        #expect(waiting.map(\.fee.cases) == [["more"]] && waiting.allSatisfy { !$0.fee.stops })
        #expect(waiting.last?.dossier.status == .awaitingSupplement)
        #expect(
            refusal { _ = try asked(try dossier(.awaitingSupplement), [.init("post")]) } == "onestop.unlawful-move")
    }

    @Test func `os-091: fees-paid means all that is due so far`() throws {
        let steps = try asked(try dossier())
        let (first, second) = (steps[0].fee, steps[1].fee)
        var current = steps[1].dossier
        #expect(current.owesFees(definition))
        current = try paid(current, first, at: now).0
        #expect(current.owesFees(definition), "the other one is open")
        current = try paid(current, second, at: now).0
        #expect(!current.owesFees(definition), "what is collected at the return keeps nothing before")
        current.supplementRequestedAt = now
        #expect(current.owesFees(definition), "what comes with a supplement is due once one was asked for")
        current = try #require(try asked(current).last?.dossier)
        #expect(current.payment.open.map(\.cases) == [["more"]])
        current = try paid(current, current.payment.open[0], at: now).0
        #expect(!current.owesFees(definition))
        #expect(refusal { _ = try asked(current) } == "onestop.already-paid")
        #expect(refusal { _ = try asked(current, [.init("phi-lltp")]) } == "onestop.already-paid")
    }

    @Test func `os-092: status 6 ends with the last demand that stops the clock`() throws {
        let steps = try asked(try dossier())
        let post = try #require(try asked(steps[1].dossier, [.init("post")]).last)
        let (first, due) = try paid(post.dossier, steps[1].fee, at: try at("2021-03-04 10:00"))
        #expect(first.status == .awaitingPayment && due == nil && first.pauses.last?.until == nil)
        // The report of an earlier payment comes last: the clock goes on from the later one.
        let (second, moved) = try paid(first, steps[0].fee, at: try at("2021-03-03 10:00"))
        #expect(second.status == .processing, "what is collected at the return does not hold it")
        #expect(try second.pauses.last?.until == at("2021-03-03 10:00"), "no later than it is now")
        var event = FeePaid()
        (event.demand, event.paidAt) = (steps[0].fee.demand ?? .new(), try at("2021-03-03 10:00"))
        let (late, _) = try OnFeePaid.decide(
            first, event, definition: definition, calendar: calendar, now: try at("2021-03-05 10:00"))
        #expect(try late.pauses.last?.until == at("2021-03-04 10:00"))
        #expect(moved != nil)
    }

    @Test func `os-093: what is not paid may be taken back, and goes when processing stops`() throws {
        let steps = try asked(try dossier())
        var input = WithdrawDemand.Input()
        input.demand = try #require(steps[0].fee.demand)
        let (one, due) = try WithdrawDemand.decide(
            steps[1].dossier, input, definition: definition, calendar: calendar, now: now)
        #expect(one.status == .awaitingPayment && due == nil)
        #expect(
            refusal {
                _ = try WithdrawDemand.decide(one, input, definition: definition, calendar: calendar, now: now)
            } == "onestop.demand-not-open")
        input.demand = try #require(steps[1].fee.demand)
        let (both, moved) = try WithdrawDemand.decide(
            one, input, definition: definition, calendar: calendar, now: now)
        #expect(both.status == .processing && moved != nil && both.owesFees(definition))
        let again = try asked(both)
        #expect(again.count == 2, "the fee itself is owed and may be asked for anew")
        let open = try #require(try asked(both, [.init("post")]).last?.dossier)
        let stopped = try StopDossier.decide(open, Reasoned(), now: now)
        #expect(stopped.payment.open.isEmpty)
        #expect(stopped.payment.fees.last?.reasonCode == "stopped")
    }

    @Test func `os-095: the result is given out when everything is paid`() throws {
        var finished = try dossier(.finished)
        finished.payment.fees = [feeOf(200_000, .paid, at: now), feeOf(50_000, .paid, .charge, at: now)]
        func code(_ dossier: Dossier) -> String? {
            refusal { _ = try ReturnResult.decide(dossier, definition: definition, now: now) }
        }
        #expect(code(finished) == "onestop.fees-open")
        #expect(refusal { _ = try asked(finished, [.init("more")]) } == "onestop.unlawful-move")
        let (demanded, fee) = try #require(try asked(finished).first)
        #expect((fee.moment, demanded.status) == (.handingOver, .finished))
        #expect(code(demanded) == "onestop.fees-open")
        #expect(code(try paid(demanded, fee, at: now).0) == nil)
        var stopped = try dossier(.stopped)
        stopped.payment = demanded.payment
        #expect(code(stopped) == nil, "papers of a stopped dossier are given back in any case")
    }

    /// Any order of asking, paying, refusing, taking back and exempting, against what anybody would reckon.
    @Test(arguments: 1...4)
    func `any order of fees keeps status, clock and sums together`(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<2_500 {
            var current = try dossier(.processing)
            var time = now
            var asked: Int64 = 0
            for _ in 0..<Int.random(in: 3...9, using: &random) {
                time += Double(Int.random(in: 60...90_000, using: &random))
                let before = current.payment.fees.compactMap(\.demand).count
                try step(&current, at: time, &random)
                for fee in current.payment.fees.filter({ $0.demand != nil }).dropFirst(before) {
                    asked += fee.amount.dong
                }
                let fees = current.payment.fees.filter { $0.demand != nil }
                let byState = Dictionary(grouping: fees, by: \.state).mapValues { $0.reduce(0) { $0 + $1.amount.dong } }
                #expect(byState.values.reduce(0, +) == asked, "nothing asked for is lost")
                let waits = fees.contains { $0.state == .open && $0.stops }
                #expect((current.status == .awaitingPayment) == waits)
                #expect((current.pauses.last.map { $0.until == nil } ?? false) == waits)
                let open = fees.filter { $0.state == .open }.map { [$0.nature?.rawValue, $0.moment.rawValue] }
                #expect(Set(open).count == open.count, "one open demand of each kind and moment")
                if waits { #expect(current.owesFees(definition)) }
                for fee in fees {
                    let back = fee.refunded ?? .zero
                    #expect((fee.state == .refunded) == (back == fee.amount) && back <= fee.amount)
                }
            }
        }
    }

    private func step(_ dossier: inout Dossier, at time: Date, _ random: inout Seeded) throws {
        let fees = dossier.payment.fees
        let open = fees.filter { $0.state == .open }.randomElement(using: &random)
        do {
            switch Int.random(in: 0..<8, using: &random) {
            case 7:
                let former = fees.filter { $0.state == .withdrawn || ($0.state == .exempt && $0.demand != nil) }
                guard let fee = former.randomElement(using: &random) else { return }
                var event = FeePaid()
                (event.demand, event.amount) = (fee.demand ?? event.demand, fee.amount)
                (event.paidAt, event.receiptNumber) = (time, "0000001")
                let late = try OnFeePaid.decideLate(
                    dossier, event, definition: definition, calendar: calendar, now: time)
                dossier = late.freed.last?.dossier ?? late.dossier
            case 6:
                guard let fee = fees.filter({ $0.state == .paid }).randomElement(using: &random) else { return }
                var event = FeeRefunded()
                event.demand = fee.demand ?? event.demand
                let before = fee.refunded?.dong ?? 0
                event.refunded = try Money(Int64.random(in: (before + 1)...fee.amount.dong, using: &random))
                dossier = OnFeeRefunded.decide(dossier, event) ?? dossier
            case 0, 1:
                let named = definition.fees.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
                var input = RequirePayment.Input()
                input.fees = Bool.random(using: &random) ? named.map { FeeLine($0.kind) } : nil
                dossier =
                    try RequirePayment.decide(dossier, input, definition: definition, demand: .new(), now: time)
                    .last?.dossier ?? dossier
            case 2:
                var input = ExemptFees.Input.exempt
                if Bool.random(using: &random) { input.fee = "no-charge" }
                if Bool.random(using: &random) { input.demand = open?.demand }
                dossier =
                    try ExemptFees.decide(dossier, input, definition: definition, calendar: calendar, now: time)
                    .last?.dossier ?? dossier
            case 3:
                var input = WithdrawDemand.Input()
                input.demand = open?.demand ?? input.demand
                dossier = try WithdrawDemand.decide(
                    dossier, input, definition: definition, calendar: calendar, now: time
                ).0
            case 4:
                var event = FeeRefused()
                (event.demand, event.reasonCode) = (open?.demand ?? event.demand, "x")
                dossier = try OnFeeRefused.decide(
                    dossier, event, definition: definition, calendar: calendar, now: time
                ).0
            default:
                if let open { dossier = try paid(dossier, open, at: time).0 }
            }
        } catch is Refused {}
    }
}

extension SeveralFeesTests {
    @Test func `os-091: a demand that is open keeps work from going on, where all that is due is paid`() throws {
        let settled = [feeOf(200_000, .paid), feeOf(50_000, .paid, .charge)]
        func owes(_ more: DossierFee...) throws -> Bool {
            var current = try dossier()
            current.payment.fees = settled + more
            return current.owesFees(definition)
        }
        #expect(try !owes())
        // One of reception beside the default ones, and one of a supplement before any was asked for.
        #expect(try owes(feeOf(100_000, .open)))
        #expect(try owes(feeOf(20_000, .open, .charge, .supplement)))
        #expect(try !owes(feeOf(30_000, .open, .fee, .handingOver)))
    }
}

/// The same over HTTP, with Budget's answers.
@Suite struct SeveralFeesJourneyTests {
    @Test func `two demands of one request commit together, and each is told by its event`() async throws {
        try await Office.open { office in
            try await office.publish("2.000499", try manyFees())
            let id = try await office.submitted("2.000499")
            try await office.done("accept", on: id, as: office.clerk)
            let view = try await office.done("require-payment", on: id, as: office.clerk)
            #expect(view["fees"]?.array?.count == 2)
            #expect(view["status"]?.text == "awaiting-payment")
            let required = try await office.all(DossierPaymentRequired.self, of: id)
            #expect(required.map(\.nature) == [.fee, .charge])
            #expect(required.map(\.feeKind) == ["phi-lltp", "le-phi"])
            #expect(view["version"] == 4, "one version a demand")
            await office.harness.take(try office.paid(required[1]))
            #expect(try await office.status(id) == 6)
            let partly = try await office.notices(id)
            #expect(partly.contains { $0.contains("còn phải nộp 200.000 đồng") })
            await office.harness.take(try office.paid(required[0]))
            #expect(try await office.status(id) == 4)
            let own = try await office.get("/dossiers/\(id)", as: office.citizen).json
            #expect(own["fees"]?.array?.compactMap { $0["state"]?.text } == ["paid", "paid"])
        }
    }

    @Test func `os-094: an exemption or a reduction needs its paper and its reason`() async throws {
        try await Office.open { office in
            try await office.publish("2.000499", try manyFees())
            let id = try await office.submitted("2.000499")
            try await office.done("accept", on: id, as: office.clerk)
            let reduced: JSON = ["fees": [["kind": "reduced"], ["kind": "le-phi"]]]
            let mute = try await office.act("require-payment", on: id, as: office.clerk, reduced)
            #expect((mute.status, mute.code) == (422, "onestop.fee-reason"))
            let bare = try await office.act(
                "require-payment", on: id, as: office.clerk, reduced.with("reason", "Hộ nghèo"))
            #expect((bare.status, bare.code) == (409, "onestop.proof-missing"))
            try await office.done("require-payment", on: id, as: office.clerk)
            let required = try await office.all(DossierPaymentRequired.self, of: id)
            let exempt: JSON = ["fee": "no-charge", "reason": "Hộ nghèo"]
            let unproven = try await office.act("exempt-fees", on: id, as: office.clerk, exempt)
            #expect((unproven.status, unproven.code) == (409, "onestop.proof-missing"))
            try await office.attach(Array("%PDF-1.4\n%%EOF".utf8), part: "proof", to: id, as: office.clerk)
            // From the charge only: the fee stays open, and the clock stands.
            let one = try await office.done("exempt-fees", on: id, as: office.clerk, exempt)
            #expect(one["status"]?.text == "awaiting-payment")
            let told = try #require(try await office.last(DossierFeesExempted.self, of: id))
            #expect((told.demand, told.status) == (required[1].demand, .awaitingPayment))
            let again = try await office.act(
                "exempt-fees", on: id, as: office.clerk,
                exempt.with("demand", .string(required[1].demand.text)))
            #expect((again.status, again.code) == (409, "onestop.demand-not-open"))
            // A demand that was too high is taken back and asked for at the reduced rate.
            let back = try await office.done(
                "withdraw-demand", on: id, as: office.clerk,
                ["demand": .string(required[0].demand.text), "reason": "Thu nhầm mức"])
            #expect(back["status"]?.text == "processing")
            #expect(try await office.last(DossierPaymentWithdrawn.self, of: id)?.demand == required[0].demand)
            let half = try await office.done(
                "require-payment", on: id, as: office.officer,
                ["fees": [["kind": "reduced"]], "reason": "Hộ nghèo"])
            #expect(half["demandAmount"] == 100_000)
            let last = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            #expect(last.feeKind == "combined", "the case stays in the dossier")
            await office.harness.take(try office.paid(last))
            #expect(try await office.status(id) == 4)
            // What was taken back is paid all the same (os-271).
            #expect(await office.harness.take(try office.paid(required[0])) == .taken)
            #expect(try await office.status(id) == 4)
            let fees = try await office.get("/dossiers/\(id)", as: office.clerk).json["fees"]?.array ?? []
            #expect(fees.compactMap { $0["state"]?.text } == ["paid", "exempt", "paid"])
        }
    }

    @Test func `os-094: the paper may be one that a clerk ticks, also while the fee is open`() async throws {
        try await Office.open { office in
            try await office.publish("2.000499", try manyFees())
            let id = try await office.submitted("2.000499")
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("require-payment", on: id, as: office.clerk)
            let exempt: JSON = ["fee": "no-charge", "reason": "Hộ nghèo"]
            let bare = try await office.act("exempt-fees", on: id, as: office.clerk, exempt)
            #expect(bare.code == "onestop.proof-missing")
            try await office.done(
                "papers", on: id, as: office.clerk, ["papers": [["part": "proof", "form": "original"]]])
            #expect(try await office.status(id) == 6)
            try await office.done("exempt-fees", on: id, as: office.clerk, exempt)
        }
    }

    @Test func `one of many fees is settled by one of many at once`() async throws {
        try await Office.open { office in
            try await office.publish("2.000499", try manyFees())
            let id = try await office.submitted("2.000499")
            try await office.done("accept", on: id, as: office.clerk)
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for _ in 1...8 { group.addTask { try await office.act("require-payment", on: id, as: office.clerk) } }
                return try await group.reduce(into: [TestService.Answer]()) { $0.append($1) }
            }
            #expect(answers.filter { $0.status == 200 }.count == 1)
            #expect(answers.allSatisfy { [200, 409, 412].contains($0.status) })
            #expect(try await office.all(DossierPaymentRequired.self, of: id).count == 2)
        }
    }
}

extension Office {
    /// A citizen submits for a procedure; the new dossier's id.
    func submitted(_ procedure: String) async throws -> String {
        let answer = try await send(
            "POST", "/dossiers", as: citizen, Office.submission.with("procedure", .string(procedure)))
        guard answer.status == 201, let id = answer.json["id"]?.text else { throw Unexpected(answer) }
        return id
    }

    func attach(_ bytes: [UInt8], part: String, to dossier: String, as person: PersonID) async throws {
        let answer = try await harness.send(
            "POST", "/dossiers/\(dossier)/attachments", as: person, .official, body: bytes,
            headers: [
                ("content-type", "application/pdf"), ("x-file-name", "giay-to.pdf"), ("x-file-part", part),
                ("x-file-sha256", ContentHash(of: bytes).text),
            ])
        guard answer.status == 201 else { throw Unexpected(answer) }
    }

    func all<E: Event>(_ type: E.Type, of dossier: String) async throws -> [E] {
        try await harness.database.database.run(
            "SELECT payload FROM event_log WHERE type = \(E.type) AND aggregate_id = \(dossier) ORDER BY seq"
        ).map { try E(decoding: try $0("payload"), unknown: .refuse) }
    }

    func notices(_ dossier: String) async throws -> [String] {
        let answer = try await get("/my/notifications", as: citizen)
        return (answer.json["notifications"]?.array ?? []).filter { $0["dossier"]?.text == dossier }
            .compactMap { $0["vietnamese"]?.text }
    }
}
