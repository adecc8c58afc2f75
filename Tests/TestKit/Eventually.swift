import Foundation
import Logging
import Testing

/// The tests' logger: silent, unless LIENTHONG_TEST_LOUD is set.
public let quiet: Logger = {
    var logger = Logger(label: "tests")
    logger.logLevel = ProcessInfo.processInfo.environment["LIENTHONG_TEST_LOUD"] == nil ? .critical : .debug
    return logger
}()

/// Waits for a condition; records an issue when it does not come true before the deadline. The deadline is the tests'
/// patience with a machine under load, not a promise of what is tested.
public func eventually(
    _ what: Comment, within limit: Duration = .seconds(120), fileID: String = #fileID, filePath: String = #filePath,
    line: Int = #line, column: Int = #column, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record(
                what,
                sourceLocation: SourceLocation(fileID: fileID, filePath: filePath, line: line, column: column))
            return
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// So many at once; the others wait in turn.
public actor Gate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public init(_ places: Int) { free = places }

    public func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    public func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
