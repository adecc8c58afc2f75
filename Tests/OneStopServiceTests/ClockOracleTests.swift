import Contracts
import Foundation
import LegalClock
import ServiceKit
import Testing

@testable import OneStopService

/// Both policies of a supplement, payments in between, steps and branches, against a walk from day to day that shares
/// nothing with the clock but the days off.
@Suite struct ClockOracleTests {
    /// Random numbers that are the same on every run.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let mixed = (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
            return mixed ^ (mixed >> 29)
        }
    }

    private static let daysOff: Set<String> = [
        "2021-04-21", "2021-04-30", "2021-05-01", "2021-05-02", "2021-05-03", "2021-09-02", "2021-09-03",
    ]

    private static func works(_ day: Day) -> Bool {
        day.weekday != .saturday && day.weekday != .sunday && !daysOff.contains("\(day)")
    }

    /// Working hours 07:30-11:30 and 13:00-17:00, as minutes of a day.
    private static let open = [(450, 690), (780, 1_020)]

    /// The end of the `amount`th working day after the beginning on which the clock did not stand in any working
    /// minute; at a restart all begins anew. Days only: hours are the legal clock's own tests.
    private static func walk(
        from begun: Date, days amount: Int, pauses: [(from: Date, to: Date, restarts: Bool)]
    ) -> Date {
        func due(_ begin: Date, _ gaps: [(from: Date, to: Date, restarts: Bool)]) -> Date {
            var (day, left) = (Day(begin), amount)
            while true {
                day = day.next
                guard works(day) else { continue }
                let stood = gaps.contains { gap in
                    open.contains { gap.from < day.instant(minute: $0.1) && day.instant(minute: $0.0) < gap.to }
                }
                guard !stood else { continue }
                left -= 1
                if left == 0 { return day.instant(minute: 1_020) }
            }
        }
        var (begin, gaps): (Date, [(from: Date, to: Date, restarts: Bool)]) = (begun, [])
        for pause in pauses where pause.to > begun {
            // What is late stays late.
            guard pause.from < due(begin, gaps) else { break }
            if pause.restarts { (begin, gaps) = (pause.to, []) } else { gaps.append(pause) }
        }
        return due(begin, gaps)
    }

    private static func later(_ time: Date, _ random: inout Seeded, upTo days: Double) -> Date {
        time + Double(Int.random(in: 1...Int(days * 1_440), using: &random)) * 60
    }

    @Test(arguments: 0..<4)
    func `os-086: after every pause the dates are those of a walk day by day, and the former one is kept`(
        shard: Int
    ) throws {
        let calendar = try workCalendar()
        for index in 0..<150 {
            var random = Seeded(state: UInt64(shard * 1_000 + index) &* 2 &+ 1)
            var definition = try judicialRecord(limit: TimeLimit(Int.random(in: 2...20, using: &random), .workingDays))
            definition.supplementClock = Bool.random(using: &random) ? .restart : .subtract
            definition.steps[0].limit = TimeLimit(Int.random(in: 1...6, using: &random), .workingDays)
            var now = Self.later(try at("2021-03-01 00:00"), &random, upTo: 60)
            let (accepts, first) = try AcceptDossier.decide(
                try dossier(.submitted), definition: definition, calendar: calendar, now: now)
            var file = accepts
            let accepted = now
            #expect(first.at == Self.walk(from: accepted, days: definition.limit.amount, pauses: []))
            now = Self.later(now, &random, upTo: 3)
            file = try HandOver.decide(
                file, to: definition.steps[0], agency: Agencies.justice, officer: nil, definition: definition,
                openOpinions: 0, calendar: calendar, now: now)
            let begun = now
            var pauses: [(from: Date, to: Date, restarts: Bool)] = []
            for turn in 0..<Int.random(in: 1...3, using: &random) {
                now = Self.later(now, &random, upTo: 6)
                let (from, former) = (now, file.dueAt)
                let pays = turn > 0 || Bool.random(using: &random)
                // A second demand of the same file stands for whatever lets the clock stand again.
                file.payment = .init()
                if pays {
                    let steps = try RequirePayment.decide(
                        file, .init(), definition: definition, demand: .new(), now: now)
                    file = try #require(steps.last).dossier
                } else {
                    file = try RequestSupplement.decide(file, missing: "x", now: now)
                }
                now = Self.later(now, &random, upTo: 8)
                let due: PromisedDate?
                if pays {
                    var refused = FeeRefused()
                    refused.demand = try #require(file.payment.open.first?.demand)
                    (file, due) = try OnFeeRefused.decide(
                        file, refused, definition: definition, calendar: calendar, now: now)
                } else {
                    (file, due) = try SupplyDossier.decide(
                        file, definition: definition, calendar: calendar, now: now)
                }
                pauses.append((from, now, !pays && definition.supplementClock == .restart))
                let expected = Self.walk(from: accepted, days: definition.limit.amount, pauses: pauses)
                #expect(file.dueAt == expected, "seed \(shard) \(index): \(pauses)")
                #expect(due?.at == expected && due?.former == former)
                #expect(file.dueAt == former || file.formerDueAt == former)
                let step = try file.stepDue(definition, calendar: calendar)
                let amount = definition.steps[0].limit?.amount ?? 0
                #expect(step?.at == Self.walk(from: begun, days: amount, pauses: pauses), "seed \(shard) \(index)")
            }
        }
    }
}
