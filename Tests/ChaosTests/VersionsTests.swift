import Contracts
import Foundation
import TestKit
import Testing

@testable import Chaos
@testable import EventLog

/// Programs and events of two releases side by side, and the auditor that wants to have seen them meet.
@Suite struct VersionsTests {
    private static func at(_ seconds: Double) -> Date { Date(timeIntervalSince1970: seconds) }

    @Test func `a restart says of which release a program is, and of none while it lasts`() {
        let versions = Versions([
            Upgrade(service: .mail, release: .next, since: Self.at(10), ready: Self.at(12)),
            Upgrade(service: .mail, release: .old, since: Self.at(20), ready: Self.at(21)),
            Upgrade(service: .budget, release: .next, since: Self.at(15), ready: nil),
        ])
        let seen = [9, 11, 12, 19, 20.5, 22].map { versions.release(of: .mail, at: Self.at($0)) }
        #expect(seen == [.old, nil, .next, .next, nil, .old])
        #expect(versions.release(of: .budget, at: Self.at(16)) == nil)
        #expect(versions.release(of: .hr, at: Self.at(16)) == .old)
    }

    @Test func `what did not meet is named`() {
        var versions = Versions([Upgrade(service: .mail, release: .next, since: Self.at(10), ready: Self.at(12))])
        #expect(versions.missing(withSubscribers: true).count == 8)
        #expect(versions.missing(withSubscribers: false).count == 6)
        for event in Release.allCases {
            versions.wrote(event)
            versions.heard(event)
            for time in [9.0, 13] { versions.took(event, .mail, at: Self.at(time)) }
        }
        #expect(versions.missing(withSubscribers: true).isEmpty)
        #expect(versions.json["next"]?["read_by_old"] == 1 && versions.json["both_taken_by"] == ["mail"])
    }

    @Test func `an upgrade that met nobody is not clean, and one that did says what it saw`() async throws {
        try await World.with { world in
            var world = world
            // All events are of the old form; Documents alone is of the next release.
            world.upgraded(.documents, .next, from: world.began - 1, ready: world.began - 0.5)
            let alone = try await world.examine()
            #expect(alone[.unexercised] == 4, "\(alone.findings)")
            #expect(Count.allCases.allSatisfy { $0 == .unexercised || alone[$0] == 0 }, "\(alone.findings)")
            #expect(alone.versions?.written == [.old: 8])
            // Now one that Documents takes and one that it does not are of the next.
            let revised = String(decoding: NextRevision.revised(Array("{}".utf8)), as: UTF8.self)
            try await world.run(
                """
                UPDATE onestop.event_log SET payload = \(revised)::json
                WHERE type IN (\(DossierApproved.type), \(DossierFinished.type))
                """)
            let met = try await world.examine()
            #expect(met.versions?.written == [.old: 6, .next: 2])
            let read = { met.versions?.read[Versions.Reading(event: $0, reader: $1)] }
            #expect(read(.next, .next) == 1 && read(.old, .next) == nil)
            #expect(read(.next, .old) ?? 0 > 1 && read(.old, .old) ?? 0 > 1)
            #expect(met[.unexercised] == 1, "\(met.findings)")
        }
    }

    @Test func `the lowest id of a moment is below every id of it`() {
        let before = Examiner.firstID(at: Date())
        #expect(before <= UUID.v7().text)
        #expect(Examiner.firstID(at: Date() + 1) > UUID.v7().text)
    }
}
