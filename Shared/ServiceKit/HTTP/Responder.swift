import Contracts
import EventLog
import Foundation
import Logging
import Postgres

/// One mounted endpoint with its types erased.
struct Mounted: Sendable {
    let type: any Mountable.Type
    let bodyLimit: Int
    /// It reads and writes its own messages: no Idempotency-Key of ours, no If-Match unless it looks itself.
    let isRaw: Bool
    /// If-Match counts here (RFC 9110, section 13.1.1: it protects changes); on PUT, PATCH and DELETE it must be sent.
    let takesMatch: Bool
    let requiresMatch: Bool
    let handle: @Sendable (Incoming, [String: String], Call) async throws -> Outgoing

    init(_ type: any Mountable.Type) {
        self.type = type
        isRaw = type is any RawEndpoint.Type
        takesMatch = type.route.method != "GET" && !isRaw
        requiresMatch = takesMatch && type.route.method != "POST"
        switch type {
        case let endpoint as any Endpoint.Type:
            bodyLimit = Limits.bodyBytes
            handle = Self.typed(endpoint)
        case let endpoint as any RawEndpoint.Type:
            bodyLimit = endpoint.bodyLimit
            handle = { request, path, call in try await endpoint.handle(request, path, call) }
        default: preconditionFailure("\(type) is neither an Endpoint nor a RawEndpoint")
        }
    }

    private static func typed<E: Endpoint>(
        _ endpoint: E.Type
    ) -> @Sendable (Incoming, [String: String], Call) async throws -> Outgoing {
        let reader = InputReader<E.Input>()
        return { request, path, call in
            try await endpoint.handle(try reader.read(request, path), call).outgoing(endpoint.route)
        }
    }
}

/// Turns requests into responses: route, limits, token, right, idempotency, use case, problem document. It knows no
/// HTTP library, so tests call it directly.
public struct Responder: Sendable {
    let runtime: Runtime
    private let router: Router<Mounted>
    private let running = RunningKeys()

    init(_ mounted: [any Mountable.Type], runtime: Runtime) {
        self.runtime = runtime
        router = Router(mounted.map { ($0.route, Mounted($0)) })
    }

    /// The body limit of a request's endpoint, for the server to stop reading beyond it.
    public func bodyLimit(_ method: String, _ path: String) -> Int {
        if case .found(let mounted, _) = router.find(method, path) { mounted.bodyLimit } else { Limits.bodyBytes }
    }

    /// The answer to a request by its headers alone, when its caller may not send it at all; nil when the body is worth
    /// reading. Asked before a large body is read.
    public func refusal(for head: Incoming) async -> Outgoing? {
        guard case .found(let mounted, _) = router.find(head.method, head.path) else { return nil }
        let trace = TraceContext(continuing: head.header("traceparent"))
        do {
            _ = try await admit(head, mounted, trace)
            return nil
        } catch {
            let answer = problem(for: error, Language(accepting: head.header("accept-language")), trace)
            runtime.metrics.request(
                method: head.method, route: mounted.type.route.path, status: answer.status, took: .zero)
            return answer
        }
    }

    public func respond(_ request: Incoming) async -> Outgoing {
        let started = ContinuousClock.now
        let language = Language(accepting: request.header("accept-language"))
        let trace = TraceContext(continuing: request.header("traceparent"))
        var route = "none"
        var outgoing: Outgoing
        switch router.find(request.method, request.path) {
        case .nowhere:
            outgoing = Problem.outgoing(.notFound, language, trace: trace.traceID)
        case .wrongMethod(let allowed):
            outgoing = Problem.outgoing(
                405, code: "method-not-allowed",
                detail: language == .english
                    ? "Allowed here: \(allowed.joined(separator: ", "))."
                    : "Chỉ cho phép: \(allowed.joined(separator: ", ")).",
                language: language, trace: trace.traceID, headers: [("allow", allowed.joined(separator: ", "))])
        case .found(let mounted, let path):
            route = mounted.type.route.path
            outgoing = await respond(request, path, mounted, language, trace)
            if request.method == "HEAD" {
                outgoing.headers.append(("content-length", "\(outgoing.body.count)"))
                outgoing.body = []
            }
        }
        let took = ContinuousClock.now - started
        runtime.metrics.request(method: request.method, route: route, status: outgoing.status, took: took)
        if runtime.log.logLevel <= .debug {
            runtime.log(of: trace).debug(
                "request",
                metadata: [
                    "method": "\(request.method)", "route": "\(route)", "status": "\(outgoing.status)",
                    "took": "\(took)",
                ])
        }
        return outgoing
    }

    /// The answer to a request that the server did not read to its end.
    func refuse(_ request: Incoming, _ refused: Refused) -> Outgoing {
        var route = "none"
        if case .found(let mounted, _) = router.find(request.method, request.path) { route = mounted.type.route.path }
        runtime.metrics.request(method: request.method, route: route, status: refused.status, took: .zero)
        return Problem.outgoing(
            refused, Language(accepting: request.header("accept-language")),
            trace: TraceContext(continuing: request.header("traceparent")).traceID)
    }

    private func respond(
        _ request: Incoming, _ path: [String: String], _ mounted: Mounted, _ language: Language, _ trace: TraceContext
    ) async -> Outgoing {
        do {
            guard request.body.count <= mounted.bodyLimit else { throw Refused.bodyTooLarge(mounted.bodyLimit) }
            let caller = try await admit(request, mounted, trace)
            let ifMatch = mounted.takesMatch ? try Self.ifMatch(request, required: mounted.requiresMatch) : nil
            let key = mounted.isRaw ? nil : try IdempotencyKey(request, caller: caller.id, route: mounted.type.route)
            let call = Call(
                caller: caller, now: runtime.clock.now, language: language, trace: trace, ifMatch: ifMatch,
                runtime: runtime,
                idempotency: key, route: mounted.type.route, purpose: mounted.type.summary)
            // Also what failed may have changed something: whoever acts sees what is there now.
            defer { if let person = caller.person, mounted.type.route.method != "GET" { runtime.ownActs.note(person) } }
            guard let key else { return try await mounted.handle(request, path, call) }
            try running.begin(key)
            defer { running.end(key) }
            return try await once(key) { try await mounted.handle(request, path, call) }
        } catch {
            return problem(for: error, language, trace)
        }
    }

    /// Who calls, when this endpoint lets such a caller in: token, kind, and the scope at some agency.
    private func admit(_ request: Incoming, _ mounted: Mounted, _ trace: TraceContext) async throws -> Caller {
        let type = mounted.type
        let caller = try await runtime.authenticate(request, for: type, trace)
        guard case .official(let scope) = type.access else { return caller }
        if let person = caller.person,
            try await runtime.rights.of(person).allowSomewhere(scope, on: Day(runtime.clock.now))
        {
            return caller
        }
        runtime.logRefusal(
            of: caller.id, route: type.route, purpose: type.summary, about: ["scope": "\(scope.rawValue)"],
            trace: trace)
        throw Refused.forbidden
    }

    /// Runs the use case; where it fails because it was done before, answers what was answered then.
    private func once(_ key: IdempotencyKey, _ run: () async throws -> Outgoing) async throws -> Outgoing {
        do { return try await run() } catch {
            let mayBeRepetition =
                switch error {
                case is Refused: true
                case let error as PostgresError: error.sqlState == "23505" || error.isUnknownOutcome
                default: false
                }
            guard mayBeRepetition, let kept = try await key.kept(in: runtime.database) else { throw error }
            return kept
        }
    }

    /// Nil when any present version is meant: nothing was sent, or `*` (RFC 9110, section 13.1.1).
    static func ifMatch(_ request: Incoming, required: Bool) throws(Refused) -> Int64? {
        guard let text = request.header("if-match") else {
            if required { throw .preconditionRequired }
            return nil
        }
        let bare = text.trimmingCharacters(in: .whitespaces)
        if bare == "*" { return nil }
        let isQuoted = bare.utf8.count > 2 && bare.hasPrefix("\"") && bare.hasSuffix("\"")
        let digits = isQuoted ? String(bare.dropFirst().dropLast()) : bare
        // Only as we write it: no sign, no leading zeros. Everything else is no version of ours.
        guard let version = Int64(digits), "\(version)" == digits else { throw .stale }
        return version
    }

    private func problem(
        for error: any Error, _ language: Language, _ trace: TraceContext
    ) -> Outgoing {
        let log = runtime.log(of: trace)
        switch error {
        case let refused as Refused:
            return Problem.outgoing(refused, language, trace: trace.traceID)
        case let fault as InputFault:
            return problem(for: fault, language, trace)
        case let fault as FieldFault:
            return self.problem(for: InputFault.fields([fault]), language, trace)
        case let error as PostgresError:
            log.error("request failed", metadata: ["error": "\(error)"])
            if error.isUnknownOutcome { return Problem.outgoing(.outcomeUnknown, language, trace: trace.traceID) }
            if error.isTransient || EventLogStart.isUnsettled(error) {
                return Problem.outgoing(.busy, language, trace: trace.traceID)
            }
        default:
            log.error("request failed", metadata: ["error": "\(String(reflecting: error))"])
        }
        return Problem.outgoing(
            500, code: "fault",
            detail: language == .english
                ? "This is our fault and was noted as \(trace.traceID)."
                : "Lỗi của hệ thống, đã ghi nhận với mã \(trace.traceID).",
            language: language, trace: trace.traceID)
    }

    private func problem(for fault: InputFault, _ language: Language, _ trace: TraceContext) -> Outgoing {
        switch fault {
        case .mediaType:
            return Problem.outgoing(
                415, code: "media-type",
                detail: language == .english
                    ? "Send application/json." : "Hãy gửi nội dung kiểu application/json.",
                language: language, trace: trace.traceID)
        case .json(let fault):
            return Problem.outgoing(
                400, code: "malformed-json",
                detail: language == .english
                    ? "The body is no JSON: \(fault.reason) at byte \(fault.offset)."
                    : "Nội dung không phải JSON hợp lệ (vị trí \(fault.offset)).",
                language: language, trace: trace.traceID)
        case .fields(let faults):
            let names = faults.map(\.field).joined(separator: ", ")
            return Problem.outgoing(
                422, code: "invalid-fields",
                detail: language == .english ? "These fields are wrong: \(names)." : "Các trường chưa đúng: \(names).",
                faults: faults, language: language, trace: trace.traceID)
        }
    }
}

extension Refused {
    static func bodyTooLarge(_ limit: Int) -> Refused {
        Refused(
            "body-too-large", 413, vi: "Nội dung vượt quá \(limit) byte.", en: "The body exceeds \(limit) bytes.",
            field: "body")
    }
}
