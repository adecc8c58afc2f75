import Postgres
import Testing

@testable import Chaos

/// Damages of what hangs on a dossier.
extension ExaminerTests {
    static let damagesBeside: [Damage] = [
        Damage(what: "a whole file is not in its dossier", count: .lost) { _ in "DELETE FROM onestop.attachments" },
        Damage(what: "an upload that was begun is gone, and its file", count: .lost, number: 2) { _ in
            "WITH u AS (DELETE FROM onestop.uploads) DELETE FROM onestop.attachments"
        },
        Damage(what: "a file is in its dossier twice", count: .twice) { _ in
            """
            INSERT INTO onestop.attachments (id, dossier, part, name, sha256, bytes, media_type, added_by, added_at)
            SELECT gen_random_uuid(), dossier, part, name, sha256, bytes, media_type, added_by, added_at
            FROM onestop.attachments
            """
        },
        Damage(what: "a file has another SHA-256", count: .contradictions) { _ in
            "WITH u AS (UPDATE onestop.uploads SET sha256 = 'cd') UPDATE onestop.attachments SET sha256 = 'cd'"
        },
        Damage(what: "a rating has other stars", count: .contradictions) { _ in "UPDATE onestop.ratings SET stars = 1"
        },
        Damage(what: "a rating was not announced", count: .lost) { _ in
            """
            INSERT INTO onestop.ratings (dossier, occasion, revision, id, channel, agency, stars, at, actor)
            SELECT dossier, 'result', 2, id, channel, agency, stars, at, actor FROM onestop.ratings
            """
        },
        Damage(what: "a complaint was lodged twice", count: .twice) { _ in
            """
            INSERT INTO onestop.complaints (id, version, code_agency, code_day, code_serial, kind, agency, about_agency,
                subject, body, lodged_at, due_at, explanation)
            SELECT gen_random_uuid(), 1, code_agency, code_day, 2, kind, agency, about_agency, subject, body, now(),
                now(), '{}' FROM onestop.complaints
            """
        },
        Damage(what: "a complaint is gone", count: .lost) { _ in "DELETE FROM onestop.complaints" },
        Damage(what: "a code of a complaint is missing", count: .numberGaps) { _ in
            "UPDATE onestop.complaints SET code_serial = 2"
        },
        Damage(what: "a complaint's history has a line less", count: .lost) { _ in
            "DELETE FROM onestop.complaint_history"
        },
        Damage(what: "a link was opened twice", count: .twice) { _ in
            """
            INSERT INTO onestop.slips (id, parent, key, procedure, child, from_agency, agency, task, opened_at, due_at,
                explanation, closed_at, outcome, late)
            SELECT gen_random_uuid(), parent, key, procedure, child, from_agency, agency, task, opened_at, due_at,
                explanation, closed_at, outcome, late FROM onestop.slips
            """
        },
        Damage(what: "the end of a link was not noticed", count: .lost) { _ in
            "UPDATE onestop.slips SET outcome = NULL, closed_at = NULL"
        },
        Damage(what: "the dossier of a link is gone", count: .lost) { _ in
            "DELETE FROM onestop.dossiers WHERE code_serial IS NULL"
        },
        Damage(what: "a link was not opened", count: .lost) { _ in
            "UPDATE onestop.linked_sets SET definition = '{\"order\":\"parallel\",\"links\":[{},{}]}'"
        },
        Damage(what: "a dossier was forwarded twice", count: .twice) { _ in
            """
            INSERT INTO onestop.dossier_forwards (dossier, version, from_agency, to_agency, reason, by, at)
            SELECT dossier, 3, from_agency, to_agency, reason, by, at FROM onestop.dossier_forwards
            """
        },
        Damage(what: "a forward is gone", count: .lost) { _ in "DELETE FROM onestop.dossier_forwards" },
        Damage(what: "a dossier was taken over twice", count: .twice) { _ in
            """
            WITH told AS (
                INSERT INTO onestop.notifications (id, person, dossier, at, what, vietnamese, english)
                SELECT gen_random_uuid(), person, dossier, at, 'taken-over', 'v', 'e'
                FROM onestop.notifications ORDER BY id LIMIT 2)
            UPDATE onestop.dossier_history SET what = 'taken-over' WHERE what IN ('submitted', 'approved')
            """
        },
        Damage(what: "a dossier stayed at an agency that has ended", count: .lost) { _ in
            """
            WITH day AS (INSERT INTO onestop.business_clock (one, now) VALUES (true, '2021-03-02 08:00+07'))
            INSERT INTO hr.agencies (code, name, name_en, kind, valid_from, valid_to, successor, version)
            VALUES ('H19.12', 'n', 'n', 'department', '2021-01-01', '2021-03-01', 'H19.13', 2)
            """
        },
        Damage(what: "a statement is not whole", count: .lost) { _ in "DELETE FROM budget.statement_lines" },
        Damage(what: "a statement was taken in twice", count: .twice) { _ in
            """
            INSERT INTO budget.statements (id, agency, channel, from_day, until, sha256, lines, amount, taken_at,
                taken_by)
            SELECT gen_random_uuid(), agency, channel, from_day, until, sha256, lines, amount, taken_at, taken_by
            FROM budget.statements
            """
        },
        Damage(what: "Budget did not hear that a demand was taken back", count: .lost) { _ in
            "UPDATE budget.fee_demands SET state = 'open' WHERE state = 'cancelled'"
        },
        Damage(what: "a demand that was taken back stands again", count: .lost) { _ in
            "UPDATE onestop.dossiers SET fees = replace(fees::text, 'withdrawn', 'open')::jsonb"
        },
    ]
}
