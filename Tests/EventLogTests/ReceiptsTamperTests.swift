import Contracts
import Foundation
import Postgres
import Receipts
import TestKit
import Testing

@testable import EventLog

/// What somebody with every right on the tables may do, and how it is found: on a real PostgreSQL, as the owner.
@Suite(.timeLimit(.minutes(5))) struct ReceiptsTamperTests {
    /// Three ticks under two statements, 21 rows; then `tampering` by the owner.
    private func found(
        after tampering: SQL..., anchored: Bool = true, seals: Bool = false
    ) async throws -> [Finding] {
        var findings: [Finding] = []
        try await withSealBench { bench in
            try await bench.history()
            let anchor = try await bench.anchor()
            #expect(try await bench.audit(anchor).isClean)
            for statement in tampering { try await bench.owner.run(statement) }
            findings = try await bench.audit(anchored ? anchor : nil).findings
        }
        return findings
    }

    private static func row(_ seq: Int64) -> String { "seq \(seq))" }

    @Test(arguments: [
        "payload = '{\"thing\":\"0\",\"note\":\"changed\"}'", "payload = '{\"thing\": \"0\",\"note\":\"\"}'",
        "actor = 'somebody'", "agency = 'H19'", "type = 'announcer.thing.undone.v1'", "aggregate_id = 'other'",
        "aggregate_version = 99", "aggregate_type = 'thong'", "occurred_at = occurred_at + interval '1 microsecond'",
        "traceparent = ''", "id = gen_random_uuid()", "epoch = 2",
    ])
    func `an edited row is found and named, whichever column it is`(change: String) async throws {
        let findings = try await found(after: "UPDATE event_log SET \(raw: change) WHERE seq = 9")
        #expect(findings.count == 1 && findings[0].kind == .edited && findings[0].text.contains(Self.row(9)))
        #expect(findings[0].text.contains("tick 1.2"), "\(findings)")
    }

    @Test func `another transaction id takes a row out of its tick`() async throws {
        let findings = try await found(after: "UPDATE event_log SET xid = '3' WHERE seq = 16")
        #expect(Set(findings.map(\.kind)) == [.inserted, .deleted], "\(findings)")
        #expect(findings.contains { $0.text.contains(Self.row(16)) })
        let same = try await found(
            after: "UPDATE event_log SET xid = (SELECT xid FROM event_log WHERE seq = 10) WHERE seq = 9")
        #expect(same.map(\.kind) == [.edited] && same[0].text.contains(Self.row(9)), "\(same)")
    }

    @Test func `a deleted row is found and named by its place, also the last of a tick, and a whole tick`()
        async throws
    {
        let middle = try await found(after: "DELETE FROM event_log WHERE seq = 9")
        #expect(middle.map(\.kind) == [.deleted])
        #expect(middle[0].text.contains("place 2 of tick 1.2") && middle[0].text.contains("after"), "\(middle)")
        let last = try await found(after: "DELETE FROM event_log WHERE seq = 21", anchored: false)
        #expect(last.map(\.kind) == [.deleted] && last[0].text.contains("place 7 of tick 1.3"), "\(last)")
        let tick = try await found(
            after: "DELETE FROM event_log WHERE seq > 7 AND seq <= 14",
            "DELETE FROM relay_tick WHERE tick = 2")
        #expect(tick.map(\.kind) == [.tick] && tick[0].text.contains("1.2 is missing"), "\(tick)")
    }

    @Test func `rows that exchanged their places are found and named`() async throws {
        let findings = try await found(
            after: "ALTER TABLE event_log ALTER COLUMN seq DROP IDENTITY",
            "UPDATE event_log SET seq = 1009 WHERE seq = 9", "UPDATE event_log SET seq = 9 WHERE seq = 11",
            "UPDATE event_log SET seq = 11 WHERE seq = 1009")
        #expect(findings.map(\.kind) == [.reordered, .reordered], "\(findings)")
        #expect(findings.contains { $0.text.contains(Self.row(9)) && $0.text.contains("place 4 of tick 1.2") })
        #expect(findings.contains { $0.text.contains(Self.row(11)) && $0.text.contains("place 2 of tick 1.2") })
    }

    @Test func `a row slipped into sealed history is found and named, in a tick and beside every tick`()
        async throws
    {
        let columns = """
            (seq, xid, epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor, occurred_at, payload)
            OVERRIDING SYSTEM VALUE
            """
        let values = "gen_random_uuid(), 'thing', 'slipped', 1, 'announcer.thing.done.v1', 'x', now(), '{}'"
        let within = try await found(
            after: "DELETE FROM event_log WHERE seq = 9",
            """
            INSERT INTO event_log \(raw: columns)
            SELECT 9, xid, 1, \(raw: values) FROM event_log WHERE seq = 10
            """)
        #expect(within.map(\.kind) == [.edited] && within[0].text.contains("slipped"), "\(within)")
        let added = try await found(
            after: """
                INSERT INTO event_log \(raw: columns)
                SELECT 0, xid, 1, \(raw: values) FROM event_log WHERE seq = 1
                """,
            "UPDATE relay_tick SET after_seq = -1 WHERE tick = 1")
        #expect(added.map(\.kind) == [.inserted] && added[0].text.contains("slipped"), "\(added)")
        // Nobody publishes it, and every tick stays as it was.
        let beside = try await found(
            after: """
                INSERT INTO event_log \(raw: columns) VALUES (0, '3', 1, \(raw: values))
                """)
        #expect(beside.map(\.kind) == [.inserted] && beside[0].text.contains("in no tick"), "\(beside)")
    }

    @Test func `a cut end is found against the anchor, and only against it`() async throws {
        let cut: [SQL] = [
            "DELETE FROM event_log WHERE seq > 14", "DELETE FROM relay_tick WHERE tick > 2",
            "DELETE FROM receipt_seal WHERE number > 1",
        ]
        let findings = try await found(after: cut[0], cut[1], cut[2])
        #expect(findings.map(\.kind) == [.truncated] && findings[0].text.contains("from tick 3"), "\(findings)")
        #expect(try await found(after: cut[0], cut[1], cut[2], anchored: false).isEmpty)
        let all = try await found(after: "TRUNCATE event_log, relay_tick, receipt_seal")
        #expect(all.map(\.kind) == [.truncated] && all[0].text.contains("from tick 1"), "\(all)")
    }

    @Test func `changed and missing statements and ticks are found and named`() async throws {
        let missing = try await found(after: "DELETE FROM receipt_seal WHERE number = 1")
        #expect(missing.map(\.kind) == [.statement] && missing[0].text.contains("statement 1 is missing"))
        let text = try await found(
            after: "UPDATE receipt_seal SET statement = replace(statement, 'events: 14', 'events: 15') WHERE number = 1"
        )
        #expect(text.contains { $0.kind == .statement && $0.text.contains("number 1") }, "\(text)")
        let leaves = try await found(
            after: "UPDATE receipt_seal SET leaves = set_byte(leaves, 40, get_byte(leaves, 40) # 1) WHERE number = 2")
        #expect(leaves.map(\.kind) == [.statement] && leaves[0].text.contains("number 2"), "\(leaves)")
        let signature = try await found(
            after: "UPDATE receipt_seal SET signature = set_byte(signature, 3, get_byte(signature, 3) # 1)")
        #expect(signature.count == 2 && signature.allSatisfy { $0.kind == .statement }, "\(signature)")
        let count = try await found(after: "UPDATE relay_tick SET count = 6 WHERE tick = 3")
        #expect(count.map(\.kind) == [.tick] && count[0].text.contains("1.3"), "\(count)")
        let cut = try await found(after: "UPDATE relay_tick SET through_seq = 13 WHERE tick = 2")
        #expect(cut.contains { $0.kind == .deleted && $0.text.contains("place 7 of tick 1.2") }, "\(cut)")
    }

    @Test func `an event and its sealed leaf changed together do not pass`() async throws {
        let findings = try await found(
            after: "UPDATE event_log SET actor = 'x' WHERE seq = 1",
            """
            UPDATE receipt_seal SET leaves = overlay(leaves PLACING
                (SELECT sha256('\\x00'::bytea || \(ReceiptStore.record)) FROM event_log l WHERE seq = 1) FROM 1 FOR 32)
            WHERE number = 1
            """)
        #expect(findings.map(\.kind) == [.statement] && findings[0].text.contains("number 1"), "\(findings)")
    }

    @Test func `a chain written anew with a stolen key is found against the anchor`() async throws {
        try await withSealBench { bench in
            try await bench.history()
            let anchor = try await bench.anchor()
            try await bench.owner.run("UPDATE event_log SET actor = 'x' WHERE seq = 1")
            try await bench.owner.run("DELETE FROM receipt_seal")
            try await bench.seal(mostTicks: 2)
            #expect(try await bench.audit().isClean)
            let findings = try await bench.audit(anchor).findings
            #expect(findings.count >= 1 && findings.allSatisfy { $0.text.contains("anchored") }, "\(findings)")
        }
    }

    @Test func `the runtime role can neither change nor remove what was sealed`() async throws {
        try await withSealBench { bench in
            try await bench.history()
            for statement in [
                "UPDATE receipt_seal SET number = number + 1", "DELETE FROM receipt_seal", "TRUNCATE receipt_seal",
                "UPDATE receipt_key SET since = now()", "DELETE FROM receipt_key",
            ] as [SQL] {
                let error = await #expect(throws: PostgresError.self) { try await bench.database.run(statement) }
                #expect(error?.sqlState == "42501")
            }
        }
    }
}
