import Synchronization

/// A value that a test's tasks share.
public final class Kept<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    public init(_ value: Value) { state = Mutex(value) }

    public var value: Value { state.withLock { $0 } }

    public func set(_ value: Value) { state.withLock { $0 = value } }

    @discardableResult
    public func change<Result: Sendable>(_ body: (inout sending Value) throws -> sending Result) rethrows -> Result {
        try state.withLock { value in try body(&value) }
    }
}
