import Synchronization
import TestKit
import Testing

@testable import ServiceKit

@Suite struct GateTests {
    @Test func `few are inside, some wait in line, one more is refused, and nobody is lost`() async throws {
        let gate = Gate(atOnce: 2, waiting: 3)
        let latch = Latch()
        let most = Mutex(0)
        let work: @Sendable () async throws -> Void = {
            most.withLock { $0 = max($0, gate.standing.inside) }
            try await latch.pass()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await gate.pass(work) } }
            try await eventually("the line is full") { gate.standing == (2, 3) }
            await #expect(throws: Refused.busy) { try await gate.pass(work) }
            latch.open()
            try await group.waitForAll()
        }
        #expect(gate.standing == (0, 0) && most.withLock { $0 } == 2 && latch.entered == 5)
    }

    @Test func `who gives up leaves the line`() async throws {
        let gate = Gate(atOnce: 1, waiting: 1)
        let latch = Latch()
        let first = Task { try await gate.pass { try await latch.pass() } }
        try await eventually("the first is inside") { latch.entered == 1 }
        let second = Task { try await gate.pass { try await latch.pass() } }
        try await eventually("the second waits") { gate.standing == (1, 1) }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(gate.standing == (1, 0))
        latch.open()
        try await first.value
        #expect(gate.standing == (0, 0))
    }
}
