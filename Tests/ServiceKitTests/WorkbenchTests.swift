import Dispatch
import Synchronization
import TestKit
import Testing

@testable import ServiceKit

@Suite(.timeLimit(.minutes(5))) struct WorkbenchTests {
    private struct Broken: Error {}

    @Test func `what waits is bounded, and what fails is told to its caller`() async throws {
        let bench = Workbench("tests", most: 2)
        let gate = DispatchSemaphore(value: 0)
        let first = Task {
            try await bench.run { () -> Int in
                gate.wait()
                return 1
            }
        }
        let second = Task { try await bench.run { 2 } }
        try await eventually("two wait") { bench.waiting.load(ordering: .relaxed) == 2 }
        await #expect(throws: Refused.busy) { try await bench.run { 3 } }
        gate.signal()
        #expect(try await first.value == 1)
        #expect(try await second.value == 2)
        await #expect(throws: Broken.self) { try await bench.run { throw Broken() } }
        #expect(try await bench.run { 4 } == 4)
    }
}
