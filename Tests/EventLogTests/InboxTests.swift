import AMQP
import Contracts
import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct InboxTests {
    @Test func `events are taken once and in order, other types only move the position`() async throws {
        try await withInboxBench { bench in
            try await running([bench.inbox()]) {
                try await bench.publish([
                    event("a", 1), event("a", 2, type: "feeder.thing.noticed.v1"), event("b", 1), event("a", 3),
                ])
                try await bench.publish([event("a", 1), event("a", 3)])
                try await eventually("all taken") { try await bench.effects.versions("a") == [1, 3] }
                try await eventually("duplicates counted") { try await bench.effects.duplicates() == 2 }
                #expect(try await bench.effects.logged("a") == [1, 3])
                try await eventually("the other aggregate too") { try await bench.effects.versions("b") == [1] }
            }
        }
    }

    @Test func `a lost middle is read from the feed, over several pages`() async throws {
        try await withInboxBench { bench in
            let inbox = bench.inbox(pace: .slowTail)
            try await running([inbox]) {
                try await bench.announce([event("a", 1)])
                try await eventually("the first") { try await bench.effects.versions("a") == [1] }
                bench.feed.hideTail()
                bench.feed.add((2...9).map { event("a", $0) })
                try await bench.publish([event("a", 9), event("b", 1)])
                try await eventually("all nine") { try await bench.effects.versions("a") == Array(1...9) }
                try await eventually("counted") { inbox.metrics.gapsRepaired == 1 }
                #expect(try await bench.effects.parked("a").isEmpty)
                #expect(bench.feed.asked.contains(.aggregate(event("a", 1).aggregate, from: 2)))
            }
        }
    }

    @Test(arguments: ["posts", "runs", "throws"])
    func `a reaction runs as if it were its turn, and leaves nothing when it was not`(
        _ way: String
    ) async throws {
        try await withInboxBench { bench in
            let throwing = Kept(way == "throws")
            let reaction = AnyReaction(group: "taker", eventType: "feeder.thing.done.v1") { event, transaction in
                if throwing.value { throw Script.Broken() }
                let sql: SQL = """
                    INSERT INTO effects (aggregate, version, payload)
                    VALUES (\(event.aggregateID), \(event.version), \(try JSON(parsing: event.payload)))
                    """
                if way == "runs" { try await transaction.run(sql) } else { try await transaction.post(sql) }
            }
            try await running([bench.inbox([reaction])]) {
                bench.feed.isAway = true
                try await bench.publish([event("a", 2)])
                try await eventually("it waits") { try await bench.effects.parked("a") == ["2 waiting"] }
                #expect(try await bench.effects.versions("a").isEmpty)
                throwing.set(false)
                bench.feed.add([event("a", 1), event("a", 2)])
                bench.feed.isAway = false
                try await eventually("taken") { try await bench.effects.versions("a") == [1, 2] }
                throwing.set(way == "throws")
                try await bench.publish([event("a", 2)])
                try await eventually("absorbed") { try await bench.effects.duplicates() == 1 }
                #expect(try await bench.effects.logged("a") == [1, 2])
                #expect(try await bench.effects.parked("a").isEmpty)
            }
        }
    }

    @Test func `a gap waits while the feed is away, others flow`() async throws {
        try await withInboxBench { bench in
            try await running([bench.inbox()]) {
                bench.feed.isAway = true
                try await bench.publish([event("a", 2), event("b", 1)])
                try await eventually("b flows") { try await bench.effects.versions("b") == [1] }
                try await eventually("a waits") { try await bench.effects.parked("a") == ["2 waiting"] }
                bench.feed.add([event("a", 1), event("a", 2)])
                bench.feed.isAway = false
                try await eventually("a is filled") { try await bench.effects.versions("a") == [1, 2] }
            }
        }
    }

    @Test func `what fails is retried, its effects rolled back, its successors wait, others flow`() async throws {
        try await withInboxBench { bench in
            bench.script.fail("a", 2, Script.Broken(), Script.Broken())
            let slow = InboxPace(
                attempts: 5, retryFirst: .milliseconds(400), retryMost: .milliseconds(400), look: .milliseconds(50))
            try await running([bench.inbox(pace: slow)]) {
                try await bench.announce([event("a", 1), event("a", 2), event("a", 3), event("b", 1)])
                try await eventually("parked") { try await bench.effects.parked("a") == ["2 failed", "3 waiting"] }
                try await eventually("b flows") { try await bench.effects.versions("b") == [1] }
                #expect(try await bench.effects.versions("a") == [1])
                try await eventually("all in order") { try await bench.effects.versions("a") == [1, 2, 3] }
                #expect(try await bench.effects.logged("a") == [1, 2, 3])
                #expect(try await bench.effects.parked("a").isEmpty)
            }
        }
    }

    @Test func `after the last attempt it is dead; edited and retried it goes on`() async throws {
        try await withInboxBench { bench in
            bench.script.fail("a", 1, Script.Broken(), Script.Broken(), Script.Broken())
            let inbox = bench.inbox()
            let database = bench.test.database
            try await running([inbox]) {
                try await bench.announce([event("a", 1), event("a", 2)])
                try await eventually("dead") { try await bench.effects.parked("a") == ["1 dead", "2 waiting"] }
                let letters = try await DeadLetters.list(after: nil, limit: 10, in: database)
                let letter = try #require(letters.first)
                #expect(letters.count == 1 && letter.attempts == 3 && letter.error.contains("Broken"))
                #expect(try await DeadLetters.list(after: letter.id, limit: 10, in: database).isEmpty)
                let seen = try await DeadLetters.inspect(letter.id, actor: "operator", in: database)
                #expect(seen.envelope?["payload"]?["version"] == 1)
                try await database.transaction { transaction in
                    try await DeadLetters.edit(
                        letter.id, payload: ["mended": true], actor: "operator", reason: "typo", in: transaction)
                    try await DeadLetters.retry(letter.id, actor: "operator", reason: "mended", in: transaction)
                }
                inbox.poke()
                try await eventually("both") { try await bench.effects.versions("a") == [1, 2] }
                let payload: JSON = try await database.run("SELECT payload FROM effects WHERE version = 1")[0](
                    "payload")
                #expect(payload == ["mended": true])
                let audit = try await database.run("SELECT what, actor FROM dead_letter_audit ORDER BY id")
                #expect(try audit.map { try $0("what") } == ["inspected", "edited", "retried"])
                #expect(try audit.allSatisfy { try $0("actor") == "operator" })
                await #expect(throws: DeadLetterFault.notDead) {
                    try await DeadLetters.retry(letter.id, actor: "operator", reason: "", in: database)
                }
            }
        }
    }

    @Test func `a skipped event leaves no effect, and its successors have their turn`() async throws {
        try await withInboxBench { bench in
            bench.script.fail("a", 2, Script.Broken(), Script.Broken(), Script.Broken())
            let inbox = bench.inbox()
            try await running([inbox]) {
                try await bench.publish((1...4).map { event("a", $0) })
                try await eventually("dead") {
                    try await bench.effects.parked("a") == ["2 dead", "3 waiting", "4 waiting"]
                }
                let letter = try #require(
                    try await DeadLetters.list(after: nil, limit: 10, in: bench.test.database).first)
                try await bench.test.database.transaction {
                    try await DeadLetters.skip(letter.id, actor: "operator", reason: "void", in: $0)
                }
                inbox.poke()
                try await eventually("the rest") { try await bench.effects.versions("a") == [1, 3, 4] }
                try await bench.publish([event("a", 2)])
                try await eventually("a late copy is a duplicate") { try await bench.effects.duplicates() == 1 }
            }
        }
    }

    @Test func `what is not known yet waits for its wake, its successors behind it`() async throws {
        try await withInboxBench { bench in
            let database = bench.test.database
            try await running([bench.inbox([bench.knowing])]) {
                try await bench.announce([event("a", 1), event("a", 2), event("b", 1)])
                try await eventually("parked") { try await bench.effects.parked("a") == ["1 unknown", "2 waiting"] }
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO known VALUES ('a')")
                    try await Inbox.wake("thing:a", in: transaction)
                }
                try await eventually("taken") { try await bench.effects.versions("a") == [1, 2] }
                try await eventually("b still waits") { try await bench.effects.parked("b") == ["1 unknown"] }
            }
        }
    }

    /// The wake may come between the reaction's look and its parking: nobody sees anybody. Many times, to meet it.
    @Test func `no wake is missed`() async throws {
        try await withInboxBench { bench in
            let database = bench.test.database
            let names = (1...60).map { "a\($0)" }
            try await running([bench.inbox([bench.knowing])]) {
                try await bench.publish(names.map { event($0, 1) })
                for name in names {
                    try await database.transaction { transaction in
                        try await transaction.run("INSERT INTO known VALUES (\(name))")
                        try await Inbox.wake("thing:\(name)", in: transaction)
                    }
                }
                try await eventually("all taken") { try await bench.effects.all().count == names.count }
            }
        }
    }

    /// The waker has looked for parked events and not committed yet when the event arrives and finds nothing known.
    @Test func `a parking waits for a wake that is under way`() async throws {
        try await withInboxBench { bench in
            let database = bench.test.database
            let looker = bench.test.open(bench.test.administrator)
            try await running([bench.inbox([bench.knowing])]) {
                try await database.transaction { transaction in
                    try await transaction.run("INSERT INTO known VALUES ('a')")
                    try await Inbox.wake("thing:a", in: transaction)
                    // What was posted is sent.
                    try await transaction.run("SELECT 1 AS one")
                    try await bench.publish([event("a", 1)])
                    try await eventually("it waits to be parked") {
                        try await looker.run(
                            """
                            SELECT 1 AS one FROM pg_locks
                            WHERE locktype = 'advisory' AND NOT granted
                                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                            """
                        ).count > 0
                    }
                }
                try await eventually("taken") { try await bench.effects.versions("a") == [1] }
            }
        }
    }

    @Test func `a replaced history is dead with an alarm, never a duplicate`() async throws {
        try await withInboxBench { bench in
            let inbox = bench.inbox()
            try await running([inbox]) {
                try await bench.publish([event("a", 1), event("a", 2)])
                try await eventually("taken") { try await bench.effects.versions("a") == [1, 2] }
                try await bench.publish([event("a", 2, epoch: 2), event("a", 3, epoch: 2)])
                try await eventually("dead") { try await bench.effects.parked("a") == ["2 dead", "3 waiting"] }
                #expect(inbox.metrics.conflicts == 1)
                #expect(try await bench.effects.duplicates() == 0)
                let letter = try #require(
                    try await DeadLetters.list(after: nil, limit: 10, in: bench.test.database).first)
                try await bench.test.database.transaction {
                    try await DeadLetters.skip(letter.id, actor: "operator", reason: "mended by hand", in: $0)
                }
                try await eventually("goes on") { try await bench.effects.versions("a") == [1, 2, 3] }
            }
        }
    }

    /// Found by the simulator: the first version of a newer epoch says nothing about the one before it.
    @Test func `a newer epoch goes on only from what its own history has`() async throws {
        try await withInboxBench { bench in
            let inbox = bench.inbox()
            try await running([inbox]) {
                try await bench.announce([event("a", 1), event("a", 2), event("b", 1)])
                try await eventually("taken") { try await bench.effects.versions("a") == [1, 2] }
                try await eventually("taken") { try await bench.effects.versions("b") == [1] }
                // Nothing of it was lost, and the feed shows it.
                try await bench.announce([event("a", 3, epoch: 2), event("a", 4, epoch: 2)])
                try await eventually("goes on") { try await bench.effects.versions("a") == [1, 2, 3, 4] }
                // Version 1 was lost and written again; only its successor comes.
                bench.feed.replace([event("b", 1, epoch: 2)])
                try await bench.publish([event("b", 2, epoch: 2)])
                try await eventually("dead") { try await bench.effects.parked("b") == ["1 dead", "2 waiting"] }
                #expect(try await bench.effects.versions("b") == [1])
            }
        }
    }

    @Test func `forged and malformed messages are recorded, then acknowledged`() async throws {
        try await withInboxBench { bench in
            let inbox = bench.inbox()
            try await running([inbox]) {
                // The room's own user may publish anything; it is not the feeder.
                let stranger = Publisher(bench.room.configuration, exchange: bench.room.exchange.name, logger: quiet)
                var garbage = message("feeder.thing.done.v1")
                garbage.body = Array("not json".utf8)
                _ = try await stranger.publish([WireFormat.message(event("a", 1)), garbage])
                await stranger.close()
                let database = bench.test.database
                try await eventually("both recorded") {
                    try await DeadLetters.refused(after: nil, limit: 10, in: database).count == 2
                }
                try await eventually("acknowledged") { inbox.metrics.outstanding == 0 && inbox.metrics.refused == 2 }
                let refused = try await DeadLetters.refused(after: nil, limit: 10, in: database)
                #expect(refused.allSatisfy { $0.sender == TestBroker.user })
                try await DeadLetters.dismiss(refused[0].id, actor: "operator", reason: "a test", in: database)
                #expect(try await DeadLetters.refused(after: nil, limit: 10, in: database).count == 1)
                #expect(try await bench.effects.all().isEmpty)
            }
        }
    }

    @Test func `an event that PostgreSQL cannot store is recorded, others flow`() async throws {
        try await withInboxBench { bench in
            try await running([bench.inbox()]) {
                var bad = event("a", 1)
                bad.payload = Array(#"{"text":"\u0000"}"#.utf8)
                try await bench.publish([bad, event("b", 1)])
                try await eventually("recorded") {
                    try await DeadLetters.refused(after: nil, limit: 10, in: bench.test.database).count == 1
                }
                try await eventually("b flows") { try await bench.effects.versions("b") == [1] }
            }
        }
    }
}

extension InboxPace {
    /// As hurried, without tail checks in between.
    static let slowTail: InboxPace = {
        var pace = hurried
        pace.tail = .seconds(600)
        return pace
    }()
}

extension InboxBench {
    /// A reaction that must know the aggregate from the table `known`.
    var knowing: AnyReaction {
        AnyReaction(group: "taker", eventType: "feeder.thing.done.v1") { event, transaction in
            let known = try await transaction.run("SELECT 1 AS one FROM known WHERE key = \(event.aggregateID)")
            guard !known.isEmpty else { throw NotYet("thing:\(event.aggregateID)") }
            try await script.reaction.handle(event, transaction)
        }
    }
}
