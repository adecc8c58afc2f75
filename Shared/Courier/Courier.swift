import Contracts
import Foundation
import Synchronization

/// A request to an address that somebody else chose.
public struct CourierRequest: Sendable {
    public var method: String
    public var address: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?

    public init(
        _ method: String, _ address: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }
}

public struct CourierAnswer: Sendable {
    public let status: Int
    /// Its beginning, at most as much as the courier keeps.
    public let body: [UInt8]
}

/// Nothing came back. Whether the request arrived is not known, unless no connection was made.
public enum CourierFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address is of a network that is not allowed.
    case forbidden(String)
    /// No https address.
    case malformed
    case failed(String)
    case tooManyWaiting
    case cancelled
    case closed

    public var description: String {
        switch self {
        case .forbidden(let address): "connections to \(address) are not allowed"
        case .malformed: "no address that requests may be sent to"
        case .failed(let reason): reason
        case .tooManyWaiting: "too many requests wait"
        case .cancelled: "cancelled"
        case .closed: "the courier is closed"
        }
    }
}

/// Sends requests over https with libcurl, on one thread of its own, many at once: connections are kept, certificates
/// always verified, redirects never followed, no proxy of the environment used, and every address that is connected to
/// asked of the policy first.
public final class Courier: Sendable {
    let policy: AddressPolicy
    let authorities: String?
    let keeps: Int
    let patience: Duration
    private let mailbox = CourierMailbox()

    /// - Parameters:
    ///   - authorities: a PEM file to trust instead of the system's authorities.
    ///   - keeps: bytes of an answer's body that are kept.
    ///   - patience: the longest that one request may take.
    public init(
        _ policy: AddressPolicy, authorities: String? = nil, keeps: Int = Limits.Courier.kept,
        patience: Duration = Limits.Courier.answer
    ) {
        self.policy = policy
        self.authorities = authorities
        self.keeps = keeps
        self.patience = patience
    }

    deinit { mailbox.end() }

    /// One request; any status is an answer.
    public func send(_ request: CourierRequest) async throws(CourierFault) -> CourierAnswer {
        guard policy.isUnrestricted || policy.defect(request.address) == nil else { throw .malformed }
        start()
        let (mailbox, id) = (mailbox, mailbox.nextID())
        let result: Result<CourierAnswer, CourierFault> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                mailbox.add(CourierJob(id: id, request: request, continuation: continuation))
                if Task.isCancelled { mailbox.cancel(id) }
            }
        } onCancel: {
            mailbox.cancel(id)
        }
        return try result.get()
    }

    private func start() {
        guard mailbox.begin() else { return }
        let (mailbox, policy, authorities, keeps, patience) = (mailbox, policy, authorities, keeps, patience)
        let thread = Thread {
            CourierThread(mailbox, policy, authorities: authorities, keeps: keeps, patience: patience).run()
        }
        thread.name = "courier"
        thread.start()
    }
}

struct CourierJob: Sendable {
    let id: UInt64
    let request: CourierRequest
    let continuation: CheckedContinuation<Result<CourierAnswer, CourierFault>, Never>
}

/// What callers hand to the thread.
final class CourierMailbox: Sendable {
    private struct State {
        var jobs: [CourierJob] = []
        var cancelled: Set<UInt64> = []
        var unfinished = 0
        var began = false
        var ended = false
        /// How the thread is woken while it lives; called with the lock held, so that it is there.
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let ids = Atomic<UInt64>(0)

    func nextID() -> UInt64 { ids.wrappingAdd(1, ordering: .relaxed).newValue }

    /// True for the first caller.
    func begin() -> Bool {
        state.withLock { state in
            defer { state.began = true }
            return !state.began
        }
    }

    func add(_ job: CourierJob) {
        let fault: CourierFault? = state.withLock { state in
            if state.ended { return .closed }
            if state.unfinished >= Limits.Courier.waiting { return .tooManyWaiting }
            state.unfinished += 1
            state.jobs.append(job)
            state.wake?()
            return nil
        }
        if let fault { job.continuation.resume(returning: .failure(fault)) }
    }

    func cancel(_ id: UInt64) {
        state.withLock { state in
            guard !state.ended else { return }
            state.cancelled.insert(id)
            state.wake?()
        }
    }

    func end() {
        state.withLock { state in
            state.ended = true
            state.wake?()
        }
    }

    func wakes(by wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }

    func finished() { state.withLock { $0.unfinished -= 1 } }

    /// Everything new; nil once it has ended and nothing is left.
    func take() -> (jobs: [CourierJob], cancelled: Set<UInt64>, ended: Bool) {
        state.withLock { state in
            defer { (state.jobs, state.cancelled) = ([], []) }
            return (state.jobs, state.cancelled, state.ended)
        }
    }
}
