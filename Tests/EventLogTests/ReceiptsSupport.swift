import Contracts
import Foundation
import Postgres
import Receipts
import TestKit
import Testing

@testable import EventLog

/// A service's schema with a sealer, and a relay that records ticks and publishes nothing.
struct SealBench: Sendable {
    let test: TestDatabase
    let key = SealingKey()
    var keys: [SealKey] { [key.open.of(announcer)] }
    let store: RelayStore
    let term: Int64
    var database: Database { test.database }
    /// The role that may do anything to the tables: who tampers has it.
    let owner: Database

    func sealer(mostEvents: Int = Limits.Receipts.sealEvents, mostTicks: Int = Limits.Receipts.sealTicks)
        -> ReceiptSealer
    {
        ReceiptSealer(
            store: ReceiptStore(database: test.database, mostEvents: mostEvents, mostTicks: mostTicks),
            source: announcer, key: key, logger: quiet)
    }

    /// Everything that is committed becomes ticks.
    func record() async throws {
        var frontier = try await store.standing().frontier
        while let batch = try await store.open(frontier, term: term) { frontier.recorded(batch.tick) }
    }

    @discardableResult
    func seal(mostEvents: Int = Limits.Receipts.sealEvents, mostTicks: Int = Limits.Receipts.sealTicks)
        async throws -> Seal?
    {
        let sealer = sealer(mostEvents: mostEvents, mostTicks: mostTicks)
        return try await sealer.sealAll(after: try await ReceiptStore(database: database).last())
    }

    /// Three ticks of several events each, under two statements.
    func history() async throws {
        for round in 0..<3 {
            for thing in 0..<4 { try await database.change("\(thing)") }
            try await database.announceMany(3, prefix: "bulk \(round)")
            try await record()
            if round == 1 { try await seal() }
        }
        try await seal()
    }

    func audit(_ anchor: Anchor? = nil) async throws -> ReceiptAudit.Report {
        try await ReceiptAudit(owner, of: announcer, keys: keys, anchor: anchor).run()
    }

    func anchor() async throws -> Anchor {
        var anchor = try Anchor("", of: announcer, keys: keys)
        for signed in try await ReceiptReader().statements(after: 0, in: database) { try anchor.append(signed) }
        return anchor
    }

    func receipt(of seq: Int64) async throws -> Receipt {
        let rows = try await database.run("SELECT id FROM event_log WHERE seq = \(seq)")
        let answer = try await ReceiptReader().receipt(
            of: try #require(try rows.first?("id", as: UUID.self)), in: database)
        guard case .receipt(let receipt) = answer else {
            Issue.record("no receipt: \(answer)")
            return Receipt()
        }
        return receipt
    }
}

func withSealBench(mostOfTick: Int = Limits.Relay.tick, _ body: (SealBench) async throws -> Void) async throws {
    try await withAnnouncer { test in
        let store = RelayStore(database: test.database, source: announcer, most: mostOfTick)
        let term = try #require(try await store.claim(holder: "seal"))
        try await body(SealBench(test: test, store: store, term: term, owner: test.open(test.owner)))
    }
}
