import Contracts
import LegalClock
import ServiceKit

/// A year in minutes from the beginning of its first day, as clocks in Vietnam show them, and some weeks more: due
/// dates reach beyond it.
struct YearClock: Sendable {
    let first: Day
    /// Days of the year, and days of the tables.
    let days: Int
    let reach: Int
    private let base: Double

    init(_ year: Int) {
        first = Day(year: year, month: 1, day: 1) ?? .none
        days = Day.isLeap(year) ? 366 : 365
        reach = days + 90
        base = first.start.timeIntervalSince1970
    }

    var end: Int32 { Int32(days * 1_440) }

    func date(_ minute: Int32) -> Date { Date(timeIntervalSince1970: base + Double(minute) * 60) }

    /// The minute in which an instant lies, or at which it is.
    func minute(_ date: Date) -> Int32 { Int32(((date.timeIntervalSince1970 - base) / 60).rounded(.up)) }

    func day(_ minute: Int32) -> Day { first + Int(minute / 1_440) }
}

/// Days on which somebody is not there.
struct Absences: Sendable {
    private var words: [UInt64]

    init(_ year: YearClock) { words = [UInt64](repeating: 0, count: year.reach / 64 + 1) }

    func contains(_ day: Int) -> Bool { words[day >> 6] >> UInt64(day & 63) & 1 == 1 }

    mutating func add(_ first: Int, for length: Int, _ year: YearClock) {
        for day in max(0, first)..<max(0, min(first + length, year.reach)) { words[day >> 6] |= 1 << UInt64(day & 63) }
    }

    /// Leave in two to four stretches, most of it around Tết and in summer; illness; courses; and, for some, a long
    /// absence, or a post that stands empty until its successor comes.
    static func of(_ luck: Luck, _ year: YearClock) -> Absences {
        var absences = Absences(year)
        for number in 0..<luck.of(.absence).within(2...4) {
            let stretch = luck.of(.absence, 10 + number)
            let start =
                switch stretch.below(10) {
                case 0, 1, 2: 182 + stretch.of(1).below(62)
                case 3, 4: 32 + stretch.of(1).below(30)
                default: stretch.of(1).below(year.days)
                }
            absences.add(start, for: stretch.of(2).within(2...7), year)
        }
        for number in 0..<luck.of(.absence, 1).count(expected: 2) {
            let spell = luck.of(.absence, 30 + number)
            absences.add(spell.below(year.days), for: spell.of(1).within(1...4), year)
        }
        if luck.happens(0.25, .absence, 2) { absences.add(luck.of(.absence, 3).below(year.days), for: 5, year) }
        if luck.happens(0.05, .absence, 4) {
            let length = luck.happens(0.4, .absence, 5) ? 180 : 45
            absences.add(luck.of(.absence, 6).below(year.days) - 30, for: length, year)
        }
        return absences
    }
}

/// The minutes in which an agency can work: those of its working calendar, less those in which the service was down or
/// its network was cut. The calendar is asked once for each day and kept.
struct WorkTime: Sendable {
    /// Of each day: where its stretches begin in the two lists.
    private var places: [Int32] = [0]
    private var begins: [Int16] = []
    private var ends: [Int16] = []
    private let reach: Int

    /// - Parameter cuts: minutes in which nothing works, in order.
    init(_ calendar: WorkCalendar, _ year: YearClock, cuts: [Range<Int32>]) throws(ClockRefusal) {
        reach = year.reach
        for number in 0..<reach {
            let midnight = Int32(number) * 1_440
            for interval in try calendar.hours(on: year.first + number).intervals {
                var begin = midnight + Int32(interval.start)
                let end = midnight + Int32(interval.end)
                for cut in cuts where cut.lowerBound < end && begin < cut.upperBound {
                    add(begin, cut.lowerBound, midnight)
                    begin = max(begin, cut.upperBound)
                }
                add(begin, end, midnight)
            }
            places.append(Int32(begins.count))
        }
    }

    private mutating func add(_ begin: Int32, _ end: Int32, _ midnight: Int32) {
        guard begin < end else { return }
        begins.append(Int16(begin - midnight))
        ends.append(Int16(end - midnight))
    }

    private func stretches(_ day: Int) -> Range<Int> { Int(places[day])..<Int(places[day + 1]) }

    /// Working minutes of a day.
    func minutes(on day: Int) -> Int { stretches(day).reduce(0) { $0 + Int(ends[$1] - begins[$1]) } }

    /// The first minute from `minute` on in which work is done.
    func next(_ minute: Int32) -> Int32 { after(minute, working: 0, away: nil) }

    /// When so many minutes have been worked from `start` on by somebody who is not there on some days.
    func after(_ start: Int32, working minutes: Int32, away: Absences?) -> Int32 {
        var left = minutes
        var day = Int(start / 1_440)
        var clock = start % 1_440
        while day < reach {
            if away?.contains(day) != true {
                for stretch in stretches(day) where Int32(ends[stretch]) > clock {
                    let begin = max(Int32(begins[stretch]), clock)
                    let length = Int32(ends[stretch]) - begin
                    // Done at the end of a stretch is done; nothing is begun there.
                    if left < length || left == length && minutes > 0 { return Int32(day) * 1_440 + begin + left }
                    left -= length
                }
            }
            day += 1
            clock = 0
        }
        return Int32(reach) * 1_440
    }
}
