import Contracts
import Foundation
import Testing

@testable import Chaos
@testable import EventLog
@testable import Journeys

/// Short runs of a fixed seed on a copy of their own, as `make chaos` does it: everything is struck, nothing is lost.
@Suite struct RunTests {
    @Test(.timeLimit(.minutes(5))) func `short runs of the harness lose nothing, do nothing twice and go on`()
        async throws
    {
        let planted = try await run("poison,kill", seconds: 8)
        #expect(planted["faults"]?["poison"]?.integer ?? 0 > 0)
        // Finds nothing dead: what was planted was taken back.
        let next = try await run("kill,point,postgres-kill,queue-deleted,postgres-storm,reset,cut", seconds: 25)
        #expect(next["kills"]?.integer ?? 0 > 0)
        #expect(next["of_this_seed"]?["runs"]?.integer == 2)
    }

    private func run(_ faults: String, seconds: Int) async throws -> JSON {
        let outer = ProcessInfo.processInfo.environment
        let folder = try #require(outer["LIENTHONG_TEST_RUN_DIR"], "run through with-servers.sh test")
        let port = try #require(Int(outer["LIENTHONG_TEST_PG_PORT"] ?? ""))
        let run = try await Shell.run(
            Settings.checkout.appendingPathComponent("Deploy/local/chaos.sh"), [],
            environment: [
                "LIENTHONG_RUN_DIR": folder, "LIENTHONG_PORT_BASE": "\(port - 20)", "LIENTHONG_SERVERS": "test",
                "CHAOS_SEED": "42", "CHAOS_SECONDS": "\(seconds)", "CHAOS_KILLS": "40", "CHAOS_FAULTS": faults,
            ], mayFail: true)
        let line = try JSON(parsing: Array((run.output.split(separator: "\n").last ?? "").utf8))
        for count in Count.allCases {
            #expect(line[count.rawValue]?.integer == 0, "\(count.rawValue) in \(line.description)")
        }
        #expect(line["answered"] == line["intents"])
        return line
    }

    @Test func `a kill point is read with its pass`() throws {
        let read = try #require(KillPoint.read("after-publish:3"))
        #expect(read.point == .afterPublish && read.pass == 3)
        #expect(KillPoint.read("before-confirm")?.pass == 1)
        #expect(KillPoint.read("nowhere:1") == nil)
    }

    @Test func `runs of one seed add up`() {
        let line: JSON = [
            "seed": 1, "kills": 10, "intents": 5, "lost": 1, "faults": ["broker-kill": 2, "wal-full": 1],
        ]
        let total = Results.total([line, line])
        #expect(total["runs"]?.integer == 2 && total["kills"]?.integer == 20 && total["lost"]?.integer == 2)
        #expect(total["broker_kills"]?.integer == 4 && total["postgres_kills"]?.integer == 2)
    }
}
