import Contracts
import Foundation
import Postgres

@testable import Chaos

/// What hangs on the dossier of the small province: a file, a rating, a complaint, a link with its dossier, a forward
/// and a demand that was taken back, each with the wish that made it.
extension World {
    mutating func beside() async throws {
        try await filed()
        try await said()
        try await linked()
        try await run(
            """
            INSERT INTO onestop.dossier_forwards (dossier, version, from_agency, to_agency, reason, by, at)
            VALUES (\(dossier)::uuid, 2, 'H19.12', 'H19.13', 'r', 'a', now())
            """)
        try await wished(26, "POST", "/dossiers/\(dossier)/forward", [:], [:])
        let demand = UUID.v7().text
        try await run(
            """
            UPDATE onestop.dossiers SET fees = fees || jsonb_build_array(
                jsonb_build_object('demand', \(demand)::text, 'state', 'withdrawn')) WHERE id = \(dossier)::uuid
            """)
        try await run(
            """
            INSERT INTO budget.fee_demands (id, dossier, agency, amount, fee_kind, state, reason_code, demanded_at,
                version)
            VALUES (\(demand)::uuid, \(dossier)::uuid, 'H19.12', 10000, 'copy', 'cancelled', 'withdrawn', now(), 2)
            """)
        try await wished(
            27, "POST", "/dossiers/\(dossier)/withdraw-demand", ["demand": .string(demand)], [:])
        try await stated()
    }

    /// A statement, as whoever knocks at Budget brings it.
    private mutating func stated() async throws {
        let statement = UUID.v7().text
        try await run(
            """
            INSERT INTO budget.statements (id, agency, channel, from_day, until, sha256, lines, amount, taken_at,
                taken_by)
            VALUES (\(statement)::uuid, 'H19.12', 'postal', '2021-01-04', '2021-01-04', 'ab', 1, 1000, now(), 'a')
            """)
        try await run(
            """
            INSERT INTO budget.statement_lines (statement, line, reference, amount, day)
            VALUES (\(statement)::uuid, 2, 'go-1', 1000, '2021-01-04')
            """)
        let intent = Intent(
            number: 28, at: "2021-03-01T09:00:00+07:00", journey: "watch", who: "accountant", service: .budget,
            method: "POST", path: "\(Door.statements)?agency=H19.12", key: nil, body: [:])
        intents.add(intent.json)
        intents.add(Answered(number: 28, status: 200, tries: 1, body: ["statement": .string(statement)]).json)
    }

    private mutating func filed() async throws {
        let (upload, hash) = (UUID.v7().text, String(repeating: "ab", count: 32))
        try await run(
            """
            INSERT INTO onestop.uploads (id, version, dossier, owner, part, name, sha256, bytes, received, state,
                media_type, begun_at, expires_at)
            VALUES (\(upload)::uuid, 3, \(dossier)::uuid, gen_random_uuid(), 'other', 'a.pdf', \(hash), 9, 9,
                'attached', 'application/pdf', now(), now())
            """)
        try await run(
            """
            INSERT INTO onestop.attachments (id, dossier, part, name, sha256, bytes, media_type, added_by, added_at)
            VALUES (\(upload)::uuid, \(dossier)::uuid, 'other', 'a.pdf', \(hash), 9, 'application/pdf', 'a', now())
            """)
        try await wished(20, "POST", "/dossiers/\(dossier)/uploads", ["sha256": .string(hash)], ["id": .string(upload)])
        let whole: JSON = ["id": .string(upload), "state": "attached", "offset": 9]
        for number in 21...22 {
            try await wished(
                number, "PUT", "/uploads/\(upload)", ["sha256": .string(hash)], whole, hasKey: false)
        }
    }

    private mutating func said() async throws {
        let (rating, complaint, subject) = (UUID.v7().text, UUID.v7().text, "Chaos w voices-1")
        try await run(
            """
            INSERT INTO onestop.ratings (dossier, occasion, revision, id, channel, agency, stars, at, actor)
            VALUES (\(dossier)::uuid, 'receipt', 1, \(rating)::uuid, 'online', 'H19.12', 4, now(), 'a')
            """)
        try await event(.onestop, "rating", rating, 1, RatingGiven.type)
        try await wished(
            23, "POST", "/dossiers/\(dossier)/ratings", ["occasion": "receipt", "stars": 4], ["revision": 1])
        try await run(
            """
            INSERT INTO onestop.complaints (id, version, code_agency, code_day, code_serial, kind, agency, about_agency,
                subject, body, lodged_at, due_at, explanation)
            VALUES (\(complaint)::uuid, 1, 'H19.12', '2021-03-01', 1, 'report', 'H19.12', 'H19.12', \(subject), 'b',
                now(), now(), '{}')
            """)
        try await run(
            """
            INSERT INTO onestop.complaint_history (complaint, version, at, actor, what)
            VALUES (\(complaint)::uuid, 1, now(), 'a', 'lodged')
            """)
        try await event(.onestop, "complaint", complaint, 1, ComplaintLodged.type)
        try await wished(24, "POST", "/my/complaints", ["grievance": ["subject": .string(subject)]], [:])
    }

    /// The dossier has a link, which was refused and dropped.
    private mutating func linked() async throws {
        let child = UUID.v7().text
        try await run(
            """
            INSERT INTO onestop.dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, applicant_name, subject, submitted_at, act_by, accepted_at, fees)
            VALUES (\(child)::uuid, 0, 3, '1.001776', 1, 'online', 'H19.12', 'H19.12', 'n', 'Chaos w judicial-1', now(),
                now(), now(), '[]')
            """)
        try await run("UPDATE onestop.dossiers SET accepted_at = now() WHERE id = \(dossier)::uuid")
        try await run(
            """
            INSERT INTO onestop.linked_sets (code, number, valid_from, definition, made_by, made_at)
            VALUES ('set', 1, '2021-01-01', '{"order":"parallel","links":[{"key":"a"}]}', 'a', now())
            """)
        try await run(
            """
            INSERT INTO onestop.linked_cases (parent, set_code, set_number, forms)
            VALUES (\(dossier)::uuid, 'set', 1, '{}')
            """)
        try await run(
            """
            INSERT INTO onestop.slips (id, parent, key, procedure, child, from_agency, agency, task, opened_at, due_at,
                explanation, closed_at, outcome, late, decision)
            VALUES (gen_random_uuid(), \(dossier)::uuid, 'a', '1.001776', \(child)::uuid, 'H19.12', 'H19.12', 't',
                now(), now(), '{}', now(), 'refused', false, 'drop')
            """)
    }

    /// An intent with its answer, kept where it has a key.
    private mutating func wished(
        _ number: Int, _ method: String, _ path: String, _ body: JSON, _ answer: JSON, hasKey: Bool = true
    ) async throws {
        let key = hasKey ? "key-\(number)" : nil
        let intent = Intent(
            number: number, at: "2021-03-01T09:00:00+07:00", journey: "beside-1", who: "citizen", service: .onestop,
            method: method, path: path, key: key, body: body)
        intents.add(intent.json)
        intents.add(Answered(number: number, status: 200, tries: 1, body: answer).json)
        guard let key else { return }
        try await run(
            """
            INSERT INTO onestop.idempotency_keys (caller, route, key, fingerprint, status, body)
            VALUES ('c', 'r', \(key), '', 200, \(answer.bytes))
            """)
    }
}
