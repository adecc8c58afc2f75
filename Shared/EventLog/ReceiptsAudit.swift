import Contracts
import Foundation
import Postgres
import Receipts

/// Checks a service's whole history against its signed statements: every row is read, hashed and compared, by other
/// code than what sealed. Reads only.
public struct ReceiptAudit: Sendable {
    private let session: any Session
    private let service: String
    private let keys: [SealKey]
    private let anchor: Anchor?

    /// - Parameters:
    ///   - session: a role that reads the service's schema, which is first in its path.
    ///   - service: whose history it is: statements of another one are none of it.
    ///   - anchor: what somebody outside kept; without it a cut end cannot be seen.
    public init(_ session: any Session, of service: String, keys: [SealKey], anchor: Anchor? = nil) {
        (self.session, self.service, self.keys, self.anchor) = (session, service, keys, anchor)
    }

    public struct Report: Sendable {
        public private(set) var statements: Int64 = 0
        public private(set) var events = 0
        /// Recorded, and not under a statement yet.
        public fileprivate(set) var unsealedTicks = 0
        /// What is wrong: all of it counted, the first of it kept.
        public private(set) var findings: [Finding] = []
        public private(set) var found = 0
        /// What is to be known, though nothing is wrong.
        public private(set) var remarks: [String] = []

        public var isClean: Bool { found == 0 }
        /// Statements and ticks that cannot be gone by: what lies under them was not compared.
        fileprivate var isTorn: Bool { findings.contains { $0.kind == .statement || $0.kind == .tick } }

        fileprivate mutating func count(statement: Void) { statements += 1 }
        fileprivate mutating func count(events: Int) { self.events += events }
        fileprivate mutating func remark(_ text: String) { remarks.append(text) }

        fileprivate mutating func add(_ more: [Finding]) {
            found += more.count
            findings += more.prefix(max(0, Limits.auditFindings - findings.count))
        }

        fileprivate mutating func add(_ kind: Finding.Kind, _ text: String) { add([Finding(kind, text)]) }
    }

    public func run() async throws -> Report {
        var report = Report()
        var chain = Chain(of: service)
        var at: Int64 = 0
        var seen = Seen()
        while true {
            let rows = try await session.run(
                """
                SELECT number, epoch, first_tick, last_tick, counts, leaves, statement, signature FROM receipt_seal
                WHERE number > \(at) ORDER BY number LIMIT 1
                """)
            guard let row = rows.first else { break }
            at = try row("number")
            guard let seal = statement(try signed(row), at, &chain, &report) else { continue }
            report.count(statement: ())
            compareAnchor(seal, &report)
            guard let sealed = try ticks(of: seal, row, &report) else { continue }
            try await check(sealed, &seen, &report)
        }
        if let anchored = anchor?.last, anchored.number > at {
            report.add(
                .truncated,
                "the last statement here is \(at), but \(anchored.number) is anchored: everything from"
                    + " tick \(anchor?.seal(at + 1)?.firstTick ?? 0) on was cut off")
        }
        for seal in anchor?.lost ?? [] {
            report.remark("statement \(seal.number) of epoch \(seal.epoch) was lost in a restore")
        }
        try await unsealed(after: chain.last, seen, &report)
        return report
    }

    private func signed(_ row: Row) throws -> SignedSeal {
        SignedSeal(statement: try row("statement"), signature: try row("signature"))
    }

    /// The statement, when it can be believed; a break of the chain is a finding, and the chain goes on behind it.
    private func statement(
        _ signed: SignedSeal, _ number: Int64, _ chain: inout Chain, _ report: inout Report
    ) -> Seal? {
        let seal: Seal
        do throws(SealFault) { seal = try signed.open(keys) } catch {
            report.add(.statement, "number \(number): \(error)")
            // What follows is compared with what stands here, changed or not.
            if let unsigned = Seal(signed.statement) { chain = Chain(of: service, after: unsigned) }
            return nil
        }
        do throws(ChainFault) {
            if let remark = try chain.follow(seal) { report.remark(remark) }
        } catch {
            report.add(.statement, "\(error)")
            chain = Chain(of: service, after: seal)
        }
        return seal
    }

    private func compareAnchor(_ seal: Seal, _ report: inout Report) {
        guard let anchored = anchor?.seal(seal.number), anchored != seal else { return }
        report.add(.statement, "number \(seal.number) is not the one that is anchored: history was replaced")
    }

    /// The leaf hashes under a statement, when they are those that it signs.
    private func ticks(of seal: Seal, _ row: Row, _ report: inout Report) throws -> SealedTicks? {
        let columns: (Int64, Int32, Int64, Int64) = (
            try row("number"), try row("epoch"), try row("first_tick"), try row("last_tick")
        )
        let sealed = SealedTicks(
            epoch: seal.epoch, firstTick: seal.firstTick, counts: try row("counts"), leaves: try row("leaves"))
        guard let sealed, columns == (seal.number, seal.epoch, seal.firstTick, seal.lastTick),
            sealed.leaves.count == seal.tickCount, sealed.root == seal.root
        else {
            report.add(.statement, "number \(seal.number): its row is not what it signs; its ticks cannot be checked")
            return nil
        }
        return sealed
    }

    private func check(_ sealed: SealedTicks, _ seen: inout Seen, _ report: inout Report) async throws {
        if sealed.epoch > seen.epoch { seen.begin(sealed.epoch) }
        let last = sealed.firstTick + Int64(sealed.leaves.count) - 1
        let ticks = try await session.run(
            """
            SELECT \(TickRow.columns) FROM relay_tick t
            WHERE t.epoch = \(sealed.epoch) AND t.tick BETWEEN \(sealed.firstTick) AND \(last) ORDER BY t.tick
            """
        ).map(TickRow.tick)
        let records = try await records(of: ticks)
        let present = Dictionary(ticks.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, leaves) in sealed.leaves.enumerated() {
            let number = sealed.firstTick + Int64(index)
            let name = "\(sealed.epoch).\(number)"
            guard let tick = present[number] else {
                report.add(.tick, "\(name) is missing; it had \(leaves.count) events")
                continue
            }
            if tick.count != leaves.count { report.add(.tick, "\(name) says that it has \(tick.count) events") }
            let rows = records[number] ?? []
            report.count(events: rows.count)
            seen.take(tick, rows.map(\.seq))
            report.add(TickCheck.compare(name, sealed: leaves, rows: rows))
        }
    }

    /// The rows of ticks, by tick and in the order of seq.
    private func records(of ticks: [Tick]) async throws -> [Int64: [EventRecord]] {
        guard let first = ticks.first, let last = ticks.last else { return [:] }
        var records: [Int64: [EventRecord]] = [:]
        func take(_ rows: Rows) throws {
            for row in rows {
                guard let record = EventRecord(try row("record")) else { throw SealingFault.unreadable }
                records[try row("tick"), default: []].append(record)
            }
        }
        if ticks.allSatisfy(\.isDense) {
            try take(
                try await session.run(
                    """
                    SELECT t.tick, \(ReceiptStore.record) AS record FROM relay_tick t JOIN event_log l
                        ON l.seq > t.after_seq AND l.seq <= t.through_seq
                        AND (t.raised
                             OR pg_visible_in_snapshot(l.xid, t.cur) AND NOT pg_visible_in_snapshot(l.xid, t.prev))
                    WHERE t.epoch = \(first.epoch) AND t.tick BETWEEN \(first.number) AND \(last.number)
                    ORDER BY t.tick, l.seq
                    """))
            return records
        }
        for tick in ticks {
            try take(
                try await session.run(
                    """
                    SELECT \(tick.number)::bigint AS tick, \(ReceiptStore.record) AS record
                    FROM \(TickRow.members(of: tick)) l ORDER BY l.seq
                    """))
        }
        return records
    }

    /// Rows of the present epoch that a tick has, by seq.
    private struct Seen {
        private(set) var epoch: Int32 = 0
        private(set) var last: Tick?
        private(set) var seqs: [Int64] = []

        mutating func begin(_ epoch: Int32) { (self.epoch, last, seqs) = (epoch, nil, []) }

        mutating func take(_ tick: Tick, _ rows: [Int64]) {
            last = tick
            seqs += rows
        }
    }

    /// Rows that should be in a sealed tick, by when they were written, and are in none: slipped in afterwards.
    private func unsealed(after last: Seal?, _ seen: Seen, _ report: inout Report) async throws {
        let ticks = try await session.run(
            "SELECT count(*) AS n FROM relay_tick WHERE (epoch, tick) > (\(last?.epoch ?? 0), \(last?.lastTick ?? 0))")
        report.unsealedTicks = try ticks.first.map { try $0("n") } ?? 0
        guard let tick = seen.last else { return }
        guard !report.isTorn else {
            return report.remark("rows outside of every tick were not looked for: the statements have holes")
        }
        let epochs = try await session.run("SELECT epoch, base_seq FROM relay_epoch")
        guard let row = epochs.first, try row("epoch") == seen.epoch else { return }
        let base: Int64 = try row("base_seq")
        // A difference that was cut is whole only with its last tick.
        let whole = tick.throughSeq == tick.untilSeq && !tick.raised ? tick.cur : tick.prev
        let bound = tick.raised ? tick.throughSeq : base
        let taken = Set(seen.seqs)
        var after = Int64.min
        while true {
            let rows = try await session.run(
                """
                SELECT l.seq, l.seq <= \(bound) OR pg_visible_in_snapshot(l.xid, \(whole.text)::pg_snapshot) AS due,
                       \(ReceiptStore.record) AS record
                FROM event_log l WHERE l.seq > \(after) ORDER BY l.seq LIMIT \(Int64(Limits.Receipts.auditRows))
                """)
            for row in rows {
                after = try row("seq")
                guard try row("due"), !taken.contains(after) else { continue }
                guard let record = EventRecord(try row("record")) else { throw SealingFault.unreadable }
                report.add(.inserted, "\(record.name) is in no tick that was sealed")
            }
            if rows.count < Limits.Receipts.auditRows { return }
        }
    }
}
