import CLibPQ
import Dispatch
import Synchronization

/// Sends requests to cancel, one at a time, on a thread that may wait for the network.
///
/// Unchecked, because: `pointer` is set once, on the reactor, before the first `cancel`; afterwards it is only read, by
/// PQcancel, which libpq documents as thread-safe; it is freed when no thread holds the canceller any more.
final class Canceller: @unchecked Sendable {
    private var pointer: OpaquePointer?
    private let isBusy = Atomic(false)

    deinit { if let pointer { PQfreeCancel(pointer) } }

    func set(_ pointer: OpaquePointer?) { self.pointer = pointer }

    func cancel() {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return }
        DispatchQueue.global().async { [self] in
            var message = [CChar](repeating: 0, count: 256)
            if let pointer { PQcancel(pointer, &message, 256) }
            isBusy.store(false, ordering: .releasing)
        }
    }
}
