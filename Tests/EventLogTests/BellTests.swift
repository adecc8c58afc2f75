import Synchronization
import Testing

@testable import EventLog

@Suite(.timeLimit(.minutes(5))) struct BellTests {
    private let clock = ContinuousClock()

    @Test func `a ring while nobody waits is kept, once`() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        #expect(await clock.measure { await bell.wait(atMost: .seconds(30)) } < .seconds(20))
        #expect(await clock.measure { await bell.wait(atMost: .milliseconds(50)) } >= .milliseconds(50))
    }

    @Test func `a wait ends with its own time, whatever alarms earlier waits left`() async {
        let bell = Bell()
        for limit in [Duration.seconds(40), .milliseconds(300), .seconds(40)] {
            let waiting = Task { await bell.wait(atMost: limit) }
            try? await Task.sleep(for: .milliseconds(20))
            bell.ring()
            await waiting.value
        }
        // Before the alarm of forty seconds, and not by the one that goes off in the middle.
        for limit in [Duration.milliseconds(600), .milliseconds(50), .milliseconds(200)] {
            let took = await clock.measure { await bell.wait(atMost: limit) }
            #expect(took >= limit && took < .seconds(20), "\(took) for \(limit)")
        }
    }

    @Test func `a cancelled task waits no longer, also when it was cancelled before`() async {
        let bell = Bell()
        let took = await clock.measure {
            let waiting = Task {
                await bell.wait(atMost: .seconds(40))
                await bell.wait(atMost: .seconds(40))
            }
            waiting.cancel()
            await waiting.value
        }
        #expect(took < .seconds(20))
    }

    @Test func `no ring is lost between two waits`() async {
        let bell = Bell()
        let rung = Atomic<Int>(0)
        let ringing = Task {
            for _ in 0..<2_000 {
                rung.add(1, ordering: .sequentiallyConsistent)
                bell.ring()
                await Task.yield()
            }
        }
        let took = await clock.measure {
            while rung.load(ordering: .sequentiallyConsistent) < 2_000 { await bell.wait(atMost: .seconds(40)) }
        }
        await ringing.value
        #expect(took < .seconds(30))
    }
}
