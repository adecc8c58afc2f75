import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

@Suite struct `A demand that is taken back` {
    private func withdrawn(_ required: DossierPaymentRequired) -> DossierPaymentWithdrawn {
        var event = DossierPaymentWithdrawn()
        (event.dossier, event.demand, event.agency) = (required.dossier, required.demand, required.agency)
        (event.reasonCode, event.status) = ("withdrawn", .processing)
        return event
    }

    @Test func `is cancelled, and later money for it is owed back`() async throws {
        try await Office.open { office in
            let required = try office.requirement(200_000)
            await office.service.take(required)
            await office.service.take(withdrawn(required))
            let seen = try await office.service.send("GET", "/demands/\(required.demand)", as: office.accountant)
            #expect((seen.json["state"]?.text, seen.json["reasonCode"]?.text) == ("cancelled", "withdrawn"))
            #expect(try await office.service.announced(FeeCancelled.self) == 1)
            // The same told again, and the stop of the dossier, change nothing more.
            await office.service.take(withdrawn(required))
            #expect(try await office.service.announced(FeeCancelled.self) == 1)
            let late = try await office.callBack(office.report("PG-1", required.demand))
            #expect(late.json["outcome"]?.text == "to-refund")
            let cash = try await office.service.send(
                "POST", "/demands/\(required.demand)/collect", as: office.accountant,
                body: Array(#"{"amount":200000}"#.utf8))
            #expect((cash.status, cash.code) == (409, "budget.demand-cancelled"))
            #expect(try await office.balances() == ["112": 200_000, "338": -200_000])
        }
    }

    @Test func `stays paid when the money was faster`() async throws {
        try await Office.open { office in
            let required = try office.requirement(200_000)
            await office.service.take(required)
            #expect(try await office.callBack(office.report("PG-1", required.demand)).status == 200)
            await office.service.take(withdrawn(required))
            let seen = try await office.service.send("GET", "/demands/\(required.demand)", as: office.accountant)
            #expect(seen.json["state"]?.text == "paid")
            #expect(try await office.service.announced(FeeCancelled.self) == 0)
        }
    }

    @Test func `by an exemption or a stop, every open one of the dossier`() async throws {
        try await Office.open { office in
            var demands: [DossierPaymentRequired] = []
            let dossier = DossierID.new()
            for (nature, moment) in [(FeeNature.fee, FeeMoment.reception), (.charge, .reception), (.fee, .handingOver)]
            {
                var required = try office.requirement(50_000)
                (required.dossier, required.nature, required.moment) = (dossier, nature, moment)
                await office.service.take(required)
                demands.append(required)
            }
            var exempted = DossierFeesExempted()
            (exempted.dossier, exempted.agency, exempted.status) = (dossier, office.agency, .awaitingPayment)
            await office.service.take(exempted)
            #expect(try await office.service.announced(FeeCancelled.self) == 0, "no demand is named")
            exempted.demand = demands[0].demand
            await office.service.take(exempted)
            #expect(try await office.service.announced(FeeCancelled.self) == 1)
            let first = try await office.service.send("GET", "/demands/\(demands[0].demand)", as: office.accountant)
            #expect((first.json["nature"]?.text, first.json["moment"]?.text) == ("fee", "reception"))
            #expect(first.json["reasonCode"]?.text == "exempted")
            #expect(try await office.callBack(office.report("PG-1", demands[1].demand, 50_000)).status == 200)
            var stopped = DossierStopped()
            (stopped.dossier, stopped.reasonCode, stopped.status) = (dossier, "not-eligible", .stopped)
            await office.service.take(stopped)
            #expect(try await office.service.announced(FeeCancelled.self) == 2)
            let states = try await demands.asyncStates(office)
            #expect(states == ["cancelled", "paid", "cancelled"])
        }
    }
}

extension [DossierPaymentRequired] {
    fileprivate func asyncStates(_ office: Office) async throws -> [String] {
        var states: [String] = []
        for required in self {
            let seen = try await office.service.send("GET", "/demands/\(required.demand)", as: office.accountant)
            states.append(seen.json["state"]?.text ?? "")
        }
        return states
    }
}
