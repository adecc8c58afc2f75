import Contracts
import Logging
import MailRelay
import Postgres
import ServiceKit

/// Sends the letters that are due, one after the other; several copies of the service share them. Before each attempt a
/// row is written and after it its outcome: an attempt without an outcome died under way and counts as uncertain.
///
/// The address is opened with a key that is asked of the sender each time and forgotten at once, so that an erased key
/// is erased here too. Nothing that is logged or kept has the address in it.
struct Postman: Sendable {
    let database: Database
    let relay: RelayServer
    let from: String
    let domain: MailDomain
    let keys: SubjectKeyReader
    let log: Logger

    /// All that are due now.
    func round() async throws {
        while !Task.isShuttingDownGracefully, let letter = try await claim() { try await deliver(letter) }
    }

    /// For this process alone, for a while; who dies with it leaves it to others then.
    func claim() async throws -> OutsideLetter? {
        try await database.run(
            """
            UPDATE outside_letters
            SET due_at = clock_timestamp() + make_interval(secs => \(seconds(Limits.OutboundMail.claim)))
            WHERE id = (
                SELECT id FROM outside_letters WHERE state = 'waiting' AND due_at <= clock_timestamp()
                ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *
            """
        ).first.map(OutsideLetter.init)
    }

    func deliver(_ letter: OutsideLetter) async throws {
        let key: SubjectKey?
        do { key = try await keys.key(letter.address.key, from: letter.sender) } catch {
            log.warning("letter waits for its key", metadata: ["letter": "\(letter.id)", "error": "\(error)"])
            return try await settle(letter, Settlement(wait: Limits.OutboundMail.away, note: "key-away"))
        }
        guard let key else { return try await settle(letter, Settlement(state: .erased, note: "key-erased")) }
        let address: String
        do { address = try key.open(letter.address, for: SendCitizenNotice.addressPurpose) } catch {
            log.error("a letter's address cannot be opened", metadata: ["letter": "\(letter.id)"])
            return try await settle(letter, Settlement(state: .givenUp, note: "unreadable"))
        }
        let attempt = try await begin(letter)
        let outcome = await relay.send(
            Letter(
                from: from, to: address, subject: letter.subject, text: letter.body,
                messageID: domain.address(letter.id.text), date: Date()))
        try await end(letter, attempt, outcome)
    }

    /// - Returns: the number of the attempt.
    private func begin(_ letter: OutsideLetter) async throws -> Int {
        let rows = try await database.run(
            """
            WITH counted AS (
                UPDATE outside_letters SET attempts = attempts + 1 WHERE id = \(letter.id) RETURNING id, attempts)
            INSERT INTO outside_attempts (letter, number) SELECT id, attempts FROM counted RETURNING number
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "a letter is gone") }
        return try row("number")
    }

    private func end(_ letter: OutsideLetter, _ attempt: Int, _ outcome: LetterOutcome) async throws {
        let (word, code) = outcome.word
        try await database.run(
            """
            UPDATE outside_attempts SET outcome = \(word), code = \(code.map(Int32.init)), ended_at = clock_timestamp()
            WHERE letter = \(letter.id) AND number = \(Int32(attempt))
            """)
        let settlement = Settlement.of(outcome, attempts: attempt, jitter: .random(in: 0...1))
        if settlement.state != .sent {
            log.notice("letter not sent", metadata: ["letter": "\(letter.id)", "why": "\(settlement.note)"])
        }
        try await settle(letter, settlement)
    }

    private func settle(_ letter: OutsideLetter, _ settlement: Settlement) async throws {
        try await database.run(
            """
            UPDATE outside_letters SET state = \(settlement.state.rawValue), note = \(settlement.note),
                due_at = clock_timestamp() + make_interval(secs => \(seconds(settlement.wait))),
                settled_at = CASE WHEN \(settlement.state.isSettled) THEN clock_timestamp() END
            WHERE id = \(letter.id) AND state = 'waiting'
            """)
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}

extension Postman {
    /// Looks for letters for as long as the service lives; nothing without a relay, and one line that says so.
    static func background(_ runtime: Runtime) -> [any Service] {
        let relay = runtime.resource(OutsideRelay.self)
        guard let server = relay.server else {
            runtime.log.notice("no LIENTHONG_SMTP_RELAY: letters to citizens wait")
            return []
        }
        let postman = Postman(
            database: runtime.database, relay: server, from: relay.from, domain: runtime.resource(MailDomain.self),
            keys: SubjectKeyReader(runtime.resource(SealingKeys.self), runtime), log: runtime.log)
        return (0..<Limits.OutboundMail.atOnce).map { _ in
            Repeated("sending letters", every: Limits.OutboundMail.look, log: runtime.log) { try await postman.round() }
        }
    }
}
