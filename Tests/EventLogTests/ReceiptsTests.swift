import Contracts
import Foundation
import Postgres
import Receipts
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct ReceiptsTests {
    @Test func `every event has a receipt that the public key alone proves, whatever ticks and statements are made`()
        async throws
    {
        for (mostOfTick, mostEvents, mostTicks) in [(4_096, 8_192, 1_024), (3, 8_192, 1_024), (3, 7, 1_024), (1, 9, 3)]
        {
            try await withSealBench(mostOfTick: mostOfTick) { bench in
                for round in 0..<3 {
                    for thing in 0..<3 { try await bench.database.change("\(thing)", agency: AgencyCode("H19.30")) }
                    try await bench.database.announceMany(4, prefix: "Đơn số \(round)")
                    try await bench.record()
                    if round == 0 { try await bench.seal(mostEvents: mostEvents, mostTicks: mostTicks) }
                }
                try await bench.seal(mostEvents: mostEvents, mostTicks: mostTicks)
                var places: Set<String> = []
                for seq in 1...Int64(21) {
                    let receipt = try await bench.receipt(of: seq)
                    let (event, seal) = try receipt.verify(bench.keys)
                    #expect(event.seq == seq && seal.service == announcer)
                    places.insert("\(receipt.tick).\(receipt.place)")
                }
                #expect(places.count == 21)
                let report = try await bench.audit(bench.anchor())
                #expect(report.isClean && report.events == 21 && report.unsealedTicks == 0, "\(report.findings)")
            }
        }
    }

    @Test func `the record is what EventRecord says, column by column`() async throws {
        try await withSealBench { bench in
            try await bench.database.change("Một hồ sơ", agency: AgencyCode("H19.30"))
            try await bench.database.announceMany(1)
            let rows = try await bench.database.run(
                """
                SELECT \(ReceiptStore.record) AS record, \(EventRow.columns), l.xid::text AS written,
                       l.payload::text AS text
                FROM event_log l ORDER BY l.seq
                """)
            for row in rows {
                let record = try #require(EventRecord(try row("record")))
                #expect(try record.seq == row("seq") && record.id == row("id") && record.epoch == row("epoch"))
                #expect(try "\(record.xid)" == row("written"))
                #expect(try record.aggregateType == row("aggregate_type") && record.type == row("type"))
                #expect(try record.aggregateID == row("aggregate_id") && record.version == row("aggregate_version"))
                #expect(try record.agency == row("agency") && record.actor == row("actor"))
                #expect(try record.traceparent == row("traceparent") && record.payload == row("text"))
                #expect(try abs(record.occurredAt.timeIntervalSince(row("occurred_at"))) < 0.000_01)
                #expect(EventRecord(record.bytes) == record)
                #expect(EventRecord(record.bytes + [0]) == nil && EventRecord(Array(record.bytes.dropLast())) == nil)
            }
        }
    }

    @Test func `a tick is sealed once, also by many at once, and the statements are one chain`() async throws {
        try await withSealBench { bench in
            for index in 0..<30 {
                try await bench.database.change("\(index)")
                try await bench.record()
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { _ = try await bench.sealer(mostTicks: 3).sealAll(after: nil) }
                }
                try await group.waitForAll()
            }
            let anchor = try await bench.anchor()
            #expect(anchor.last?.number == 10 && anchor.last?.lastTick == 30)
            #expect(try await bench.audit(anchor).events == 30)
        }
    }

    @Test func `what is not sealed yet and what is unknown have no receipt`() async throws {
        try await withSealBench { bench in
            #expect(try await ReceiptReader().receipt(of: UUID.v7(), in: bench.database) == .unknown)
            try await bench.database.change("a")
            let id: UUID = try #require(try await bench.database.run("SELECT id FROM event_log").first?("id"))
            #expect(try await ReceiptReader().receipt(of: id, in: bench.database) == .notSealed)
            try await bench.record()
            #expect(try await ReceiptReader().receipt(of: id, in: bench.database) == .notSealed)
            #expect(try await bench.audit().unsealedTicks == 1)
            try await bench.seal()
            guard case .receipt = try await ReceiptReader().receipt(of: id, in: bench.database) else {
                Issue.record("no receipt")
                return
            }
            try await bench.owner.run("UPDATE event_log SET actor = 'somebody else'")
            #expect(try await ReceiptReader().receipt(of: id, in: bench.database) == .altered)
        }
    }

    @Test func `a late commit among many is sealed with the tick that has it`() async throws {
        try await withSealBench { bench in
            let late = bench.test.open(bench.test.runtime)
            try await late.transaction { transaction in
                try await transaction.change("late")
                try await bench.database.announceMany(3_000)
                try await bench.record()
                try await bench.seal()
            }
            try await bench.database.change("after")
            try await bench.record()
            try await bench.seal()
            #expect(try await bench.store.standing().frontier.last?.isDense == false)
            let (event, seal) = try await bench.receipt(of: 1).verify(bench.keys)
            #expect(event.aggregateID == "late" && seal.number == 2)
            #expect(try await bench.receipt(of: 2).verify(bench.keys).seal.number == 1)
            #expect(try await bench.audit(bench.anchor()).isClean)
        }
    }

    @Test func `nothing is signed over history that is not what was recorded`() async throws {
        try await withSealBench { bench in
            for _ in 0..<4 { try await bench.database.change("a") }
            try await bench.record()
            try await bench.owner.run("DELETE FROM event_log WHERE seq = 3")
            await #expect(throws: SealingFault.changedTick(1)) { try await bench.seal() }
            try await bench.owner.run("DELETE FROM relay_tick")
            try await bench.database.change("b")
            try await bench.owner.run("UPDATE relay_cursor SET tick = 0")
            try await bench.owner.run(
                """
                INSERT INTO relay_tick SELECT 1, 2, 1, '1:1:', pg_current_snapshot(), false, 0, 5, 5, 4
                """)
            await #expect(throws: SealingFault.ticksMissing(after: 0)) { try await bench.seal() }
            #expect(try await bench.database.number("SELECT count(*) AS n FROM receipt_seal") == 0)
        }
    }

    @Test func `the chain goes on through a raised epoch and shows it, and every event keeps its first receipt`()
        async throws
    {
        try await withSealBench { bench in
            for _ in 0..<3 { try await bench.database.change("a") }
            try await bench.record()
            try await bench.seal()
            // Recorded before the restore, sealed after it.
            try await bench.database.change("b")
            try await bench.record()
            try await bench.database.change("never recorded before")
            try await bench.database.run("UPDATE relay_epoch SET timeline = 0")
            #expect(try await EventLogStart.settle(bench.database, logger: quiet).epoch == 2)
            let store = RelayStore(database: bench.database, source: announcer, most: 2)
            let term = try #require(try await store.claim(holder: "after"))
            try await bench.database.change("c")
            var frontier = try await store.standing().frontier
            while let batch = try await store.open(frontier, term: term) { frontier.recorded(batch.tick) }
            try await bench.seal()
            let report = try await bench.audit(bench.anchor())
            #expect(report.isClean && report.unsealedTicks == 0, "\(report.findings)")
            #expect(report.remarks.contains { $0.contains("begins epoch 2 after epoch 1") })
            var epochs: [Int32] = []
            for seq in [1, 4, 5, 6] as [Int64] {
                epochs.append(try await bench.receipt(of: seq).verify(bench.keys).seal.epoch)
            }
            #expect(epochs == [1, 1, 2, 2])
        }
    }

    @Test func `a new key signs what comes after, and receipts of the old one stay good`() async throws {
        try await withSealBench { bench in
            try await bench.database.change("a")
            try await bench.record()
            try await bench.seal()
            try await bench.database.change("a")
            try await bench.record()
            let next = SealingKey()
            let store = ReceiptStore(database: bench.database)
            for key in [bench.key.open, next.open, next.open] { try await store.introduce(key) }
            let sealer = ReceiptSealer(store: store, source: announcer, key: next, logger: quiet)
            _ = try await sealer.sealAll(after: try await store.last())
            #expect(try await ReceiptReader().keys(in: bench.database).map(\.key) == [bench.key.open, next.open])
            #expect(try await bench.receipt(of: 1).verify(bench.keys).seal.number == 1)
            let second = try await bench.receipt(of: 2)
            #expect(throws: ReceiptFault.self) { try second.verify(bench.keys) }
            #expect(try second.verify(bench.keys + [next.open.of(announcer)]).seal.number == 2)
            let both = ReceiptAudit(bench.owner, of: announcer, keys: bench.keys + [next.open.of(announcer)])
            #expect(try await both.run().isClean)
        }
    }

    @Test func `statements of another service are none of the history that was named, from the first on`() async throws
    {
        try await withSealBench { bench in
            try await bench.database.change("a")
            try await bench.record()
            try await bench.seal()
            // Whoever keeps all keys in one file has the announcer's too; it was the budget that was asked for.
            let report = try await ReceiptAudit(bench.owner, of: "budget", keys: bench.keys).run()
            #expect(report.findings.map(\.text) == ["statement 1 is of another service, announcer"])
            let foreign = [bench.key.open.of("budget")]
            let refused = try await ReceiptAudit(bench.owner, of: announcer, keys: foreign).run()
            #expect(refused.findings.first?.text.contains("of the service “budget”") == true, "\(refused.findings)")
        }
    }
}

/// The sealer as it runs in a service.
@Suite(.timeLimit(.minutes(5))) struct ReceiptSealerTests {
    @Test func `sealing is held while history is not what was recorded, says so, and goes on when it is again`()
        async throws
    {
        try await withSealBench { bench in
            let sealer = bench.sealer()
            for _ in 0..<3 { try await bench.database.change("a") }
            try await bench.record()
            try await bench.owner.run("CREATE TABLE hidden AS SELECT * FROM event_log WHERE seq = 2")
            try await bench.owner.run("DELETE FROM event_log WHERE seq = 2")
            try await running([sealer]) {
                try await eventually("it is held") { sealer.metrics.held?.contains("tick 1") == true }
                #expect(sealer.metrics.sealed == 0)
                try await bench.owner.run("INSERT INTO event_log OVERRIDING SYSTEM VALUE SELECT * FROM hidden")
                try await eventually("it goes on") { sealer.metrics.sealed == 3 && sealer.metrics.held == nil }
            }
            #expect(try await bench.audit(bench.anchor()).isClean)
        }
    }

    @Test func `only who leads seals, and a successor goes on with the same chain`() async throws {
        try await withSealBench { bench in
            let leads = Kept([true, false])
            let standsBack = Kept(false)
            let sealers = [0, 1].map { index in
                ReceiptSealer(
                    store: ReceiptStore(database: bench.database), source: announcer, key: bench.key,
                    isActive: {
                        let isActive = leads.value[index]
                        if index == 0, !isActive { standsBack.set(true) }
                        return isActive
                    }, logger: quiet)
            }
            try await running(sealers) {
                try await bench.database.change("a")
                try await bench.record()
                try await eventually("the first seals") { sealers[0].metrics.number == 1 }
                leads.set([false, true])
                // What it had begun as the leader it may end as one.
                try await eventually("the first stands back") { standsBack.value }
                try await bench.database.change("a")
                try await bench.record()
                try await eventually("the second seals") { sealers[1].metrics.number == 2 }
                #expect(sealers[0].metrics.number == 1 && sealers[1].metrics.sealed == 1)
            }
            #expect(try await bench.audit(bench.anchor()).isClean)
        }
    }

    @Test func `a new tick of a long log is sealed fast, and its receipt is found fast`() async throws {
        try await withSealBench { bench in
            try await bench.database.announceMany(60_000)
            try await bench.record()
            try await bench.seal()
            let clock = ContinuousClock()
            var times: [Duration] = []
            for _ in 0..<7 {
                try await bench.database.change("new")
                try await bench.record()
                times.append(try await clock.measure { try await bench.seal() })
            }
            #expect(times.sorted()[3] < .seconds(1), "\(times)")
            var receipt = Receipt()
            let took = try await clock.measure { receipt = try await bench.receipt(of: 60_004) }
            #expect(try receipt.verify(bench.keys).event.seq == 60_004)
            #expect(took < .seconds(1), "\(took)")
        }
    }
}
