import Contracts
import Foundation

/// The province's services as their users reach them: HTTP with somebody's token. Whatever was cut off is repeated
/// with the same Idempotency-Key until it is answered.
struct Office: Sendable {
    let settings: Settings
    let sessions: Sessions

    init(_ settings: Settings) throws {
        self.settings = settings
        sessions = try Sessions(settings)
    }

    func address(_ service: ServiceName) throws -> Address {
        guard let address = settings.services[service] else { throw Failed("no address of \(service)") }
        return address
    }

    /// `GET`; the answer's body.
    func read(_ service: ServiceName, _ target: String, as who: String?) async throws -> JSON {
        try await call(service, HTTPAsk(method: "GET", target: target), as: who).json
    }

    /// The body, or nil where there is no such thing.
    func find(_ service: ServiceName, _ target: String, as who: String) async throws -> JSON? {
        do { return try await read(service, target, as: who) } catch let said as SaidNo where said.status == 404 {
            return nil
        }
    }

    /// Every page of a list: the members of `list` in each, following `Link: rel="next"` (RFC 8288).
    func all(_ service: ServiceName, _ target: String, list: String, as who: String) async throws -> [JSON] {
        var found: [JSON] = []
        var next: String? = target
        while let target = next {
            let answer = try await call(service, HTTPAsk(method: "GET", target: target), as: who)
            found += answer.json[list]?.array ?? []
            next = answer.header("link").flatMap { link in
                link.contains("rel=\"next\"") ? String(link.dropFirst().prefix { $0 != ">" }) : nil
            }
        }
        return found
    }

    /// `POST`, once however often it is sent.
    @discardableResult
    func post(_ service: ServiceName, _ target: String, _ body: JSON = [:], as who: String) async throws -> JSON {
        var ask = HTTPAsk(method: "POST", target: target, body: body.bytes)
        ask.headers = [("content-type", "application/json"), ("idempotency-key", UUID.v7().text)]
        return try await call(service, ask, as: who).json
    }

    /// `PUT` over the version that was read.
    @discardableResult
    func put(
        _ service: ServiceName, _ target: String, _ body: JSON, over version: String, as who: String
    ) async throws -> JSON {
        var ask = HTTPAsk(method: "PUT", target: target, body: body.bytes)
        ask.headers = [("content-type", "application/json"), ("if-match", version)]
        return try await call(service, ask, as: who).json
    }

    /// Sends until there is an answer that is one: a lost connection, a 5xx, a request still running or a token that
    /// ran out are no answers.
    /// - Throws: `SaidNo` with the refusal's stable code.
    func call(_ service: ServiceName, _ ask: HTTPAsk, as who: String?) async throws -> HTTPAnswer {
        let address = try address(service)
        let deadline = ContinuousClock.now + Limits.Rehearsal.patience
        var renewed = false
        while true {
            var trouble: String
            do {
                var signed = ask
                if let who { signed.headers.append(("authorization", "Bearer \(try await sessions.token(of: who))")) }
                signed.headers.append(("accept-language", "en"))
                let answer = try await HTTP.send(signed, to: address)
                if answer.succeeded { return answer }
                let said = SaidNo(service, ask, answer)
                if answer.status == 401, let who, !renewed {
                    renewed = true
                    await sessions.forget(who)
                    continue
                }
                guard answer.status >= 500 || said.code == "still-running" else { throw said }
                trouble = said.description
            } catch let cut as CutOff { trouble = cut.description }
            guard ContinuousClock.now < deadline else {
                throw Failed("gave up after \(Limits.Rehearsal.patience): \(trouble)")
            }
            try await Task.sleep(for: Limits.Rehearsal.pause)
        }
    }

    /// The refusal that this must meet.
    func refusal(_ service: ServiceName, _ target: String, _ body: JSON = [:], as who: String) async throws -> SaidNo {
        do {
            try await post(service, target, body, as: who)
        } catch let said as SaidNo { return said }
        throw Failed("POST \(service) \(target) as \(who) should have been refused")
    }

    /// Asks again until there is something, with a deadline: effects of events arrive when they arrive.
    func eventually<Found>(_ what: String, _ look: () async throws -> Found?) async throws -> Found {
        let deadline = ContinuousClock.now + Limits.Rehearsal.patience
        while true {
            if let found = try await look() { return found }
            guard ContinuousClock.now < deadline else {
                throw Failed("waited \(Limits.Rehearsal.patience) for \(what)")
            }
            try await Task.sleep(for: Limits.Rehearsal.pause)
        }
    }
}

/// A service refused (RFC 9457).
struct SaidNo: Error, CustomStringConvertible {
    let request: String
    let status: Int
    let code: String
    let detail: String

    init(_ service: ServiceName, _ ask: HTTPAsk, _ answer: HTTPAnswer) {
        request = "\(ask.method) \(service) \(ask.target)"
        status = answer.status
        code = answer.json["code"]?.text ?? "none"
        let faults = (answer.json["errors"]?.array ?? []).compactMap { fault in
            fault["field"]?.text.map { "\($0): \(fault["detail"]?.text ?? "")" }
        }
        detail = ([answer.json["detail"]?.text ?? answer.text] + faults).joined(separator: "; ")
    }

    var description: String { "\(request) → \(status) \(code): \(detail)" }
}

/// Works on all of `items`, at most `width` at a time; the first failure ends it.
func inParallel<Item: Sendable>(
    _ items: [Item], width: Int = Limits.Rehearsal.width, _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, item) in items.enumerated() {
            if index >= width { try await group.next() }
            group.addTask { try await body(item) }
        }
        try await group.waitForAll()
    }
}
