#if DEBUG
    import Contracts
    import Foundation

    @testable import Journeys

    /// Sends what somebody intends until it is answered: whatever was cut off is repeated with the same key. Everything
    /// is in the intent log before it is sent, and its answer after.
    struct Desk: Sendable {
        let office: Office
        let log: IntentLog
        let journey: String

        /// `POST` with a key of its own; the answer, also a refusal. A version that changed under us is no refusal of
        /// the wish: it is wished again.
        func post(
            _ service: ServiceName, _ path: String, _ body: JSON = [:], as who: String
        ) async throws -> Answered {
            for _ in 0..<5 {
                let answer = try await once(service, "POST", path, key: UUID.v7().text, body, as: who)
                if answer.status != 412 { return answer }
            }
            throw Failed("\(journey): POST \(service) \(path) is stale again and again")
        }

        /// The same; a refusal ends the journey.
        func act(_ service: ServiceName, _ path: String, _ body: JSON = [:], as who: String) async throws -> JSON {
            let answer = try await post(service, path, body, as: who)
            guard answer.succeeded else {
                throw Stumbled(
                    "POST \(service) \(path) as \(who) → \(answer.status) \(answer.body.description.prefix(300))")
            }
            return answer.body
        }

        func once(
            _ service: ServiceName, _ method: String, _ path: String, key: String?, _ body: JSON,
            headers: [(name: String, value: String)] = [], as who: String
        ) async throws -> Answered {
            let intent = try log.intend(journey, who, service, method, path, key: key, body)
            var ask = HTTPAsk(method: method, target: path, body: body.bytes)
            ask.headers = [("content-type", "application/json")] + headers
            if let key { ask.headers.append(("idempotency-key", key)) }
            return try await send(intent) { _ in ask }
        }

        /// A table. It has no key: the same octets again change nothing.
        func table(_ service: ServiceName, _ target: String, _ text: String, as who: String) async throws -> Answered {
            let intent = try log.intend(journey, who, service, "POST", target, key: nil, ["table": .string(text)])
            return try await send(intent) { _ in
                HTTPAsk(
                    method: "POST", target: target, headers: [("content-type", "text/csv")], body: Array(text.utf8))
            }
        }

        /// The payment gateway: signs anew each time, and repeats.
        func pay(_ reference: String, _ demand: String, _ amount: Int, _ paidAt: Moment) async throws -> Answered {
            let body: JSON = [
                "reference": .string(reference), "demand": .string(demand), "amount": .integer(Int64(amount)),
                "currency": "VND", "paidAt": .string(paidAt.wire),
            ]
            let intent = try log.intend(
                journey, "gateway", .budget, "POST", "/payments/callback", key: nil, body)
            return try await send(intent) { _ in Gateway.callBack(body, secret: office.settings.paymentSecret) }
        }

        func send(_ intent: Intent, _ ask: (Int) -> HTTPAsk) async throws -> Answered {
            let address = try office.address(intent.service)
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            var tries = 0
            var trouble = ""
            while ContinuousClock.now < deadline {
                tries += 1
                do {
                    var signed = ask(tries)
                    if intent.who != "gateway" {
                        let token = try await office.sessions.token(of: intent.who)
                        signed.headers.append(("authorization", "Bearer \(token)"))
                    }
                    let answer = try await HTTP.send(signed, to: address, within: Limits.Chaos.request)
                    if answer.status == 401 { await office.sessions.forget(intent.who) }
                    // What is no answer: an ill service, a token that ran out, a request that still runs, "later", a
                    // service whose clock says that the gateway signed long ago.
                    let again =
                        answer.status >= 500 || [401, 404, 429].contains(answer.status) && isEarly(answer)
                        || ["still-running", "budget.callback-stale"].contains(answer.json["code"]?.text)
                    if !again {
                        let said = Answered(
                            number: intent.number, status: answer.status, tries: tries, body: answer.json)
                        try log.answer(said)
                        return said
                    }
                    trouble = "\(answer.status) \(answer.text.prefix(200))"
                } catch let cut as CutOff {
                    trouble = cut.description
                } catch let failed as SignInFailed where failed.status >= 429 {
                    trouble = failed.description
                }
                try await Task.sleep(for: Limits.Rehearsal.pause)
            }
            throw Unanswered("\(intent.text) had no answer within \(Limits.Chaos.patience): \(trouble)")
        }

        /// The gateway's call-back may be there before the demand is.
        private func isEarly(_ answer: HTTPAnswer) -> Bool {
            answer.status != 404 || answer.json["code"]?.text == "budget.demand-unknown"
        }

        /// A read, repeated until it is what is waited for; nothing that is intended.
        func until<Found: Sendable>(
            _ what: String, _ service: ServiceName, _ target: String, as who: String,
            _ look: @Sendable (JSON) throws -> Found?
        ) async throws -> Found {
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            var last = ""
            while ContinuousClock.now < deadline {
                do {
                    let answer = try await read(service, target, as: who)
                    last = "\(answer.status) \(answer.text.prefix(600))"
                    if answer.status == 401 { await office.sessions.forget(who) }
                    if answer.succeeded, let found = try look(answer.json) { return found }
                } catch let cut as CutOff {
                    last = cut.description
                } catch let failed as SignInFailed where failed.status >= 429 {
                    last = failed.description
                }
                try await Task.sleep(for: Limits.Chaos.look)
            }
            throw Stumbled("waited \(Limits.Chaos.patience) for \(what); last: \(last)")
        }

        func read(_ service: ServiceName, _ target: String, as who: String) async throws -> HTTPAnswer {
            let token = try await office.sessions.token(of: who)
            return try await HTTP.send(
                HTTPAsk(method: "GET", target: target, headers: [("authorization", "Bearer \(token)")]),
                to: try office.address(service), within: Limits.Chaos.request)
        }
    }

    /// A journey could not go on: something that must come did not, or a lawful wish was refused.
    struct Stumbled: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// No answer at all, however often it was asked.
    struct Unanswered: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
#endif
