import Contracts
import Foundation
import Logging
import Postgres
import Receipts
import ServiceLifecycle
import Synchronization

/// Seals what the relay has recorded, in order, exactly once: some seconds of ticks under one signed statement, so that
/// neither requests nor the relay wait for it. Whoever leads the relay does it; two at once do no harm, because a
/// statement is written under the number after the one that it names.
public final class ReceiptSealer: Service {
    private let store: ReceiptStore
    private let source: String
    private let key: SealingKey
    private let isActive: @Sendable () -> Bool
    private let logger: Logger
    private let state = Mutex(SealerMetrics())

    /// - Parameters:
    ///   - source: the service's short name.
    ///   - isActive: whether this process is the one that seals.
    ///   - mostEvents: events of one statement, unless one tick alone has more.
    public convenience init(
        database: Database, source: String, key: SealingKey, isActive: @escaping @Sendable () -> Bool,
        mostEvents: Int = Limits.Receipts.sealEvents, logger: Logger
    ) {
        self.init(
            store: ReceiptStore(database: database, mostEvents: mostEvents), source: source, key: key,
            isActive: isActive, logger: logger)
    }

    init(
        store: ReceiptStore, source: String, key: SealingKey, isActive: @escaping @Sendable () -> Bool = { true },
        logger: Logger
    ) {
        self.store = store
        self.source = source
        self.key = key
        self.isActive = isActive
        self.logger = logger
    }

    public var metrics: SealerMetrics { state.withLock { $0 } }

    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
    }

    private func work() async {
        var last: Seal?
        var isKnown = false
        var failures = 0
        while !Task.isCancelled {
            do {
                if isActive() {
                    if !isKnown { try await store.introduce(key.open) }
                    last = try await sealAll(after: isKnown ? last : try await store.last())
                    isKnown = true
                } else {
                    isKnown = false
                }
                failures = 0
                state.withLock { $0.held = nil }
            } catch {
                isKnown = false
                failures += 1
                note(error)
            }
            let pause = backoff(
                failures, first: Limits.Receipts.look, most: Limits.Receipts.retryMost, jitter: .random(in: 0...1))
            try? await Task.sleep(for: failures == 0 ? Limits.Receipts.look : pause)
        }
    }

    /// History that was changed is an alert; a database that is away is not.
    private func note(_ error: any Error) {
        guard let fault = error as? SealingFault else {
            if !Task.isCancelled { logger.warning("nothing sealed", metadata: ["error": "\(error)"]) }
            return
        }
        let before = state.withLock { metrics in
            defer { metrics.held = fault.description }
            return metrics.held
        }
        if before != fault.description {
            logger.error("sealing is held: history is not what was recorded", metadata: ["why": "\(fault)"])
        }
    }

    /// Everything that is recorded now; answers the last statement.
    @discardableResult
    func sealAll(after last: Seal?) async throws -> Seal? {
        var last = last
        while !Task.isCancelled, let run = try await store.next(after: last) {
            let sealed = try await store.hash(run)
            let seal = Seal(
                service: source, number: (last?.number ?? 0) + 1, epoch: run.epoch, ticks: run.firstTick...run.lastTick,
                events: sealed.counts.reduce(0) { $0 + Int64($1) }, root: sealed.root, previous: last?.hash ?? .none,
                sealedAt: Date(), key: key.open.id)
            guard try await store.write(key.sign(seal), seal, sealed) else {
                last = try await store.last()
                continue
            }
            last = seal
            state.withLock { ($0.sealed, $0.number) = ($0.sealed + Int(seal.events), seal.number) }
        }
        return last
    }
}

/// How sealing stands; counted since the start of the process.
public struct SealerMetrics: Sendable, Equatable {
    /// Events under statements of this process.
    public var sealed = 0
    /// Of its last statement.
    public var number: Int64 = 0
    /// Why nothing is sealed: an alert.
    public var held: String?
}
