import Contracts
import Postgres
import TestKit
import Testing

@testable import Chaos

/// The auditor of the fault harness, by damaging one row at a time: exactly one counter goes up.
@Suite struct ExaminerTests {
    @Test func `a province at rest has nothing to find`() async throws {
        try await World.with { world in
            let verdict = try await world.examine()
            #expect(verdict.isClean, "\(verdict.findings)")
        }
    }

    /// What is damaged, and the only counter that goes up, by how much.
    struct Damage: Sendable, CustomTestStringConvertible {
        let what: String
        let count: Count
        var number = 1
        let sql: @Sendable (World) -> SQL

        var testDescription: String { what }
    }

    static let damages: [Damage] = [
        Damage(what: "an effect is gone", count: .lost) { _ in
            "DELETE FROM mail.effect_log WHERE id = (SELECT max(id) FROM mail.effect_log)"
        },
        Damage(what: "a line of the history is gone", count: .lost) { _ in
            "DELETE FROM onestop.dossier_history WHERE what = 'approved'"
        },
        Damage(what: "a kept answer is gone", count: .lost) { _ in
            "DELETE FROM onestop.idempotency_keys WHERE key = 'key-2'"
        },
        Damage(what: "a citizen was not told", count: .lost) { _ in
            "DELETE FROM onestop.notifications WHERE what = 'finished'"
        },
        Damage(what: "a payment was not heard of", count: .lost) { _ in
            "UPDATE onestop.dossiers SET fees = fees - 0 WHERE fees <> '[]'"
        },
        Damage(what: "a payment stands in no journal", count: .lost) { _ in "DELETE FROM budget.journal_entries" },
        Damage(what: "a planted event did not die", count: .lost) { _ in
            "UPDATE budget.inbox_parked SET state = 'failed'"
        },
        Damage(what: "an announced event is not in the archive", count: .missed) { _ in
            "DELETE FROM integration.archive_order WHERE position = 1"
        },
        Damage(what: "an effect happened again", count: .twice) { _ in
            """
            INSERT INTO mail.effect_log (reaction, source, aggregate_type, aggregate_id, version, type, event)
            SELECT reaction, source, aggregate_type, aggregate_id, version, type, event FROM mail.effect_log
            ORDER BY id DESC LIMIT 1
            """
        },
        Damage(what: "a wish became two dossiers", count: .twice) { _ in
            """
            INSERT INTO onestop.dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, applicant_name, subject, submitted_at, act_by)
            SELECT gen_random_uuid(), 1, 1, procedure, 1, channel, receiving_agency, working_agency, 'n', subject,
                now(), now() FROM onestop.dossiers WHERE code_serial IS NOT NULL
            """
        },
        Damage(what: "a key was kept twice", count: .twice) { _ in
            """
            INSERT INTO onestop.idempotency_keys (caller, route, key, fingerprint, status, body)
            SELECT 'another', route, key, fingerprint, status, body FROM onestop.idempotency_keys WHERE key = 'key-1'
            """
        },
        Damage(what: "two effects are in the other order", count: .outOfOrder) { _ in
            """
            UPDATE mail.effect_log SET version = CASE version WHEN 1 THEN 2 ELSE 1 END WHERE version IN (1, 2)
            """
        },
        Damage(what: "a document number is missing", count: .numberGaps) { _ in
            "UPDATE documents.documents SET number = 2"
        },
        Damage(what: "receipt numbers are missing", count: .numberGaps, number: 2) { _ in
            "UPDATE budget.receipts SET number = 3"
        },
        Damage(what: "a dossier code was given twice", count: .numberGaps) { _ in
            """
            INSERT INTO onestop.dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, applicant_name, subject, code_agency, code_day, code_serial, submitted_at, act_by)
            SELECT gen_random_uuid(), 1, 1, procedure, 1, channel, receiving_agency, working_agency, 'n', 'other',
                code_agency, code_day, code_serial, now(), now() FROM onestop.dossiers WHERE code_serial IS NOT NULL
            """
        },
        Damage(what: "a line of the journal is changed", count: .unbalanced) { _ in
            "UPDATE budget.journal_lines SET amount = 1 WHERE line = 1"
        },
        Damage(what: "a second receipt was issued", count: .doubleFees) { _ in
            """
            INSERT INTO budget.receipts (id, agency, series, year, number, demand, amount, issued_at, issued_by)
            SELECT gen_random_uuid(), agency, 'OTHER', year, 1, demand, amount, now(), 'a' FROM budget.receipts
            """
        },
        Damage(what: "a citizen was told twice", count: .doubleNotices) { _ in
            """
            INSERT INTO onestop.notifications (id, person, dossier, at, what, vietnamese, english)
            SELECT gen_random_uuid(), person, dossier, at, what, 'v', 'e' FROM onestop.notifications
            WHERE what = 'accepted'
            """
        },
        Damage(what: "an official's mailbox holds a notice twice", count: .doubleNotices) { _ in
            """
            INSERT INTO mail.copies (id, mailbox, folder, message, source_event, version)
            SELECT gen_random_uuid(), mailbox, folder, message, source_event, 1 FROM mail.copies LIMIT 1
            """
        },
        Damage(what: "the history has another status than was answered", count: .contradictions) { _ in
            "UPDATE onestop.dossier_history SET to_status = 3 WHERE what = 'accepted'"
        },
        Damage(what: "another answer is kept than was given", count: .contradictions) { _ in
            "UPDATE onestop.idempotency_keys SET status = 201 WHERE key = 'key-2'"
        },
        Damage(what: "another payment was answered than is booked", count: .contradictions) { _ in
            """
            WITH e AS (UPDATE budget.journal_entries SET payment = '00000000-0000-0000-0000-000000000009')
            UPDATE budget.payments SET id = '00000000-0000-0000-0000-000000000009'
            """
        },
        Damage(what: "an event of the log was rewritten", count: .rewritten) { _ in
            "UPDATE onestop.event_log SET actor = 'b' WHERE aggregate_version = 1 AND aggregate_type = 'dossier'"
        },
        Damage(what: "an event came under another position than its tick gives it", count: .misplaced) { _ in
            "UPDATE integration.archive_events SET source_position = '1.1.7' WHERE id = 1"
        },
        Damage(what: "an event of the archive has no tick", count: .misplaced, number: 8) { _ in
            "UPDATE onestop.relay_tick SET tick = 2"
        },
        Damage(what: "the archive has other data than was announced", count: .altered) { _ in
            "UPDATE integration.archive_events SET payload = '[1]' WHERE id = 1"
        },
        Damage(what: "an event is not confirmed", count: .pending) { _ in
            "UPDATE onestop.relay_cursor SET confirmed = confirmed - 1"
        },
        Damage(what: "a planted event that nobody intended is dead", count: .dead) { _ in
            """
            INSERT INTO budget.inbox_parked (id, reaction, source, aggregate_type, aggregate_id, version, epoch, type,
                envelope, state)
            VALUES (gen_random_uuid(), 'budget', 'onestop', 'dossier', 'chaos-poison-0', 1, 1, 't', '{}', 'dead')
            """
        },
        Damage(what: "an event is dead", count: .dead) { _ in
            """
            INSERT INTO budget.inbox_parked (id, reaction, source, aggregate_type, aggregate_id, version, epoch, type,
                envelope, state)
            VALUES (gen_random_uuid(), 'budget', 'hr', 'agency', 'x', 1, 1, 't', '{}', 'dead')
            """
        },
    ]

    @Test(arguments: damages + damagesBeside) func `one damaged row raises exactly one counter`(_ damage: Damage)
        async throws
    {
        try await World.with { world in
            try await world.run(damage.sql(world))
            if damage.count == .rewritten {
                // The server's statistics arrive a moment later.
                try await eventually("the update is counted") { try await world.examine()[.rewritten] == 1 }
            }
            let verdict = try await world.examine()
            for count in Count.allCases {
                #expect(verdict[count] == (count == damage.count ? damage.number : 0), "\(count): \(verdict.findings)")
            }
            #expect(verdict.findings.count == damage.number || damage.number > 1)
        }
    }

    /// What a subscriber's client wrote down, damaged, and the only counter that goes up.
    struct Mishearing: Sendable, CustomTestStringConvertible {
        let what: String
        let count: Count
        var isOfWebhook = false
        let damage: @Sendable (inout [Heard]) -> Void

        var testDescription: String { what }
    }

    static let mishearings: [Mishearing] = [
        Mishearing(what: "the last delivery did not come", count: .missed) { $0.removeLast() },
        Mishearing(what: "an event came under two numbers", count: .repeated) { lines in
            var again = lines[0]
            again.number = Int64(lines.count) + 1
            (again.position, again.replay) = (lines[6].position, nil)
            lines.append(again)
        },
        Mishearing(what: "a number names two events", count: .repeated) { lines in
            var other = lines[0]
            other.event = lines[1].event
            lines.append(other)
        },
        Mishearing(what: "two deliveries came in the other order", count: .disordered) { $0.swapAt(7, 8) },
        Mishearing(what: "two of one thing came to a webhook in the other order", count: .disordered, isOfWebhook: true)
        {
            $0.swapAt(1, 2)
        },
        Mishearing(what: "a delivery has other data", count: .altered) { $0[0].digest = "0" },
        Mishearing(what: "a delivery is not signed as agreed", count: .altered, isOfWebhook: true) { lines in
            var forged = lines[0]
            forged.isForged = true
            lines.append(forged)
        },
        Mishearing(what: "a number was left out", count: .skipped) { $0[$0.count - 1].number += 1 },
        Mishearing(what: "an event came that was not asked for", count: .repeated) { lines in
            lines.append(Heard(number: Int64(lines.count) + 1, event: "other", position: 99))
        },
    ]

    @Test(arguments: mishearings) func `one wrong delivery raises exactly one counter`(
        _ mishearing: Mishearing
    ) async throws {
        try await World.with { world in
            var world = world
            let subscription = mishearing.isOfWebhook ? world.webhook : world.subscription
            mishearing.damage(&world.heard[subscription, default: []])
            let verdict = try await world.examine()
            for count in Count.allCases {
                #expect(verdict[count] == (count == mishearing.count ? 1 : 0), "\(count): \(verdict.findings)")
            }
        }
    }

    @Test func `what came twice under its number, and what was read as missed, is lawful`() async throws {
        try await World.with { world in
            var world = world
            var lines = world.heard[world.subscription] ?? []
            lines.insert(lines[1], at: 3)
            var late = lines.remove(at: 0)
            (late.wasRead, late.digest) = (true, nil)
            world.heard[world.subscription] = lines + [late]
            // For a webhook what is new and a replay have no order towards each other, as two things have none.
            var mixed = world.heard[world.webhook] ?? []
            mixed.insert(mixed.remove(at: 7), at: 0)
            world.heard[world.webhook] = mixed
            let verdict = try await world.examine()
            #expect(verdict.isClean, "\(verdict.findings)")
        }
    }

    @Test func `what was refused and done, and what was answered and is not there, is found`() async throws {
        try await World.with { world in
            var refused = world
            refused.intents.answers[2] = Answered(number: 2, status: 409, tries: 1, body: [:])
            let contradicted = try await refused.examine()
            #expect(contradicted[.contradictions] == 1)
            var unbooked = world
            unbooked.intents.add(
                Intent(
                    number: 99, at: "", journey: "j", who: "gateway", service: .budget, method: "POST",
                    path: "/payments/callback", key: nil, body: ["reference": "REF-9"]
                ).json)
            unbooked.intents.add(Answered(number: 99, status: 200, tries: 1, body: [:]).json)
            let lost = try await unbooked.examine()
            #expect(lost[.lost] == 1)
        }
    }
}
