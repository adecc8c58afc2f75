import Contracts
import Crypto
import Foundation
import Postgres
import Synchronization

/// The Idempotency-Key of one POST: scope caller and route, kept `Limits.idempotencyKept`, only committed answers.
///
/// The row is written in the transaction of the effect. A repetition runs the use case again: it either meets the
/// unique key, or is refused because its effect is there already; both look for the kept answer first.
struct IdempotencyKey: Sendable {
    let caller: String
    let route: String
    let key: String
    let fingerprint: [UInt8]

    init?(_ request: Incoming, caller: String, route: Route) throws(Refused) {
        guard request.method == "POST", let key = request.header("idempotency-key") else { return nil }
        guard (1...Limits.idempotencyKeyLength).contains(key.utf8.count),
            key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw Refused(
                "invalid", 422, vi: "Idempotency-Key phải gồm 1 đến \(Limits.idempotencyKeyLength) ký tự ASCII.",
                en: "Idempotency-Key must have 1 to \(Limits.idempotencyKeyLength) visible ASCII characters.",
                field: "Idempotency-Key")
        }
        self.caller = caller
        self.route = "\(route)"
        self.key = key
        var hash = SHA256()
        hash.update(data: Array("\(request.path)?\(request.query)\n".utf8))
        hash.update(data: request.body)
        fingerprint = Array(hash.finalize())
    }

    var text: String { "\(caller)\u{1}\(route)\u{1}\(key)" }

    /// The insert of the answer, for a transaction or (with `from`) as a part of a flight.
    func insert(_ answer: Outgoing, from source: String? = nil) -> SQL {
        let etag = answer.header("etag")
        let location = answer.header("location")
        let tail: SQL = source.map { "FROM \(raw: $0) LIMIT 1" } ?? ""
        return """
            INSERT INTO idempotency_keys (caller, route, key, fingerprint, status, etag, location, body)
            SELECT \(caller), \(route), \(key), \(fingerprint), \(Int32(answer.status)), \(etag), \(location), \
            \(answer.body) \(tail)
            """
    }

    /// The kept answer, when there is one; refused when it belongs to another body.
    func kept(in session: any Session) async throws -> Outgoing? {
        let rows = try await session.run(
            """
            SELECT fingerprint, status, etag, location, body FROM idempotency_keys
            WHERE caller = \(caller) AND route = \(route) AND key = \(key)
            """)
        guard let row = rows.first else { return nil }
        let before: [UInt8] = try row("fingerprint")
        guard before == fingerprint else { throw Refused.otherBody }
        let status: Int32 = try row("status")
        var answer = Outgoing(Int(status), body: try row("body"))
        if let etag: String = try row("etag") { answer.headers.append(("etag", etag)) }
        if let location: String = try row("location") { answer.headers.append(("location", location)) }
        if status != 204 { answer.headers.append(("content-type", "application/json")) }
        answer.headers.append(("idempotent-replayed", "true"))
        return answer
    }
}

/// The answer of one run of a transaction, kept once.
final class KeptAnswer: Sendable {
    private let key: IdempotencyKey
    private let route: Route
    private let kept = Atomic(false)

    init(_ key: IdempotencyKey, _ route: Route) { (self.key, self.route) = (key, route) }

    var isKept: Bool { kept.load(ordering: .relaxed) }

    func insert<Output: Record>(_ reply: Reply<Output>, from source: String? = nil) -> SQL {
        kept.store(true, ordering: .relaxed)
        return key.insert(reply.outgoing(route), from: source)
    }
}

extension Refused {
    static let otherBody = Refused(
        "idempotency-key-reused", 422, vi: "Idempotency-Key này đã dùng cho một nội dung khác.",
        en: "This Idempotency-Key was used with another body.", field: "Idempotency-Key")
    static let stillRunning = Refused(
        "still-running", 409, vi: "Yêu cầu với Idempotency-Key này đang được xử lý.",
        en: "A request with this Idempotency-Key is still running.", field: "Idempotency-Key")
}

/// The keys whose requests run in this process right now.
final class RunningKeys: Sendable {
    private let keys = Mutex<Set<String>>([])

    func begin(_ key: IdempotencyKey) throws(Refused) {
        guard keys.withLock({ $0.insert(key.text).inserted }) else { throw .stillRunning }
    }

    func end(_ key: IdempotencyKey) { keys.withLock { _ = $0.remove(key.text) } }
}
