import Contracts
import Foundation
import Testing

@testable import LegalClock

@Suite struct WorkingTimeTests {
    @Test func examplesOverTet() throws {
        let calendar = try calendar2021()
        for (hours, from, expected) in [
            (-8, "2021-02-17 17:00", "2021-02-17 07:30"), (-9, "2021-02-17 17:00", "2021-02-09 16:00"),
            (-24, "2021-02-19 17:00", "2021-02-17 07:30"), (8, "2021-02-09 17:00", "2021-02-17 17:00"),
            (1, "2021-02-09 11:00", "2021-02-09 13:30"), (-1, "2021-02-09 13:30", "2021-02-09 11:00"),
            (0, "2021-02-13 03:00", "2021-02-13 03:00"),
        ] {
            #expect(try calendar.instant(hours, workingHoursFrom: at(from)) == at(expected), "\(hours) \(from)")
        }
        #expect(try calendar.workingSeconds(from: at("2021-02-09 16:00"), to: at("2021-02-17 08:00")) == (5_400, true))
        #expect(try calendar.workingSeconds(from: at("2021-02-17 08:00"), to: at("2021-02-09 16:00")) == (0, true))
        // Before its first week the calendar knows nothing: no time, and that is said.
        #expect(try calendar.workingSeconds(from: at("2020-12-30 08:00"), to: at("2021-01-04 08:30")) == (3_600, false))
    }

    /// A table of minutes that is walked one by one, before and after.
    @Test func agreesWithAWalkMinuteByMinute() throws {
        let calendar = try calendar2021()
        let first = try Day("2021-01-25")
        var works: [Bool] = []
        for day in 0..<60 {
            var minutes = [Bool](repeating: false, count: 1_440)
            for span in try calendar.hours(on: first + day).intervals {
                for minute in span.start..<span.end { minutes[minute] = true }
            }
            works += minutes
        }
        var random = Seeded(7)
        for _ in 0..<400 {
            let from = Int.random(in: 20 * 1_440..<40 * 1_440, using: &random)
            let hours = Int.random(in: -40...40, using: &random)
            var (minute, left) = (from, abs(hours) * 60)
            while left > 0 {
                let passed = hours > 0 ? minute : minute - 1
                if works[passed] { left -= 1 }
                minute += hours > 0 ? 1 : -1
            }
            let found = try calendar.instant(hours, workingHoursFrom: first.instant(minute: from))
            #expect(found == first.instant(minute: minute), "\(hours) hours from minute \(from)")
            let (low, high) = (min(from, minute), max(from, minute))
            let seconds = try calendar.workingSeconds(
                from: first.instant(minute: low), to: first.instant(minute: high))
            #expect(seconds == (abs(hours) * 3_600, true))
        }
    }
}
