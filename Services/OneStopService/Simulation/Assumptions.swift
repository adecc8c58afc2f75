import Contracts

/// What the simulation takes for granted about people and work. None of it is measured: it is chosen so that the load
/// has the size and the peaks that the plan names. Whoever has figures of an own province puts them here.
enum Assumptions {
    /// Shares of a year's dossiers by the kind of the receiving agency.
    static let shares: [AgencyKind: Double] = [
        .commune: 0.56, .district: 0.26, .department: 0.14, .police: 0.03, .province: 0.01,
    ]
    /// Part of an official's time that goes to dossiers; the rest is other duties.
    static func share(_ role: PostRole) -> Double {
        switch role {
        case .clerk: 0.8
        case .leader: 0.12
        default: 0.35
        }
    }
    /// How busy posts are planned to be, from the best to the worst staffed agency.
    static let plannedLoad = 0.72...0.93
    /// Part of a year's working time that people are there.
    static let presence = 0.9

    /// Minutes of work.
    static let receiving = 9.0
    static let issuing = 4.0
    static let returning = 4.0
    static let confirming = 6.0
    static let answering = 25.0

    /// Minutes that a step takes: the longer its limit, the more.
    static func working(_ step: Step, _ definition: Definition) -> Double {
        guard step.role != .leader else { return 6 }
        let limit = step.limit ?? definition.limit
        let hours: Double =
            switch limit.unit {
            case .hours: Double(limit.amount)
            case .workingDays: Double(limit.amount) * 8
            case .days: Double(limit.amount) * 5.5
            case .months: Double(limit.amount) * 165
            }
        return 9 + 5 * hours.squareRoot()
    }

    static let refused = 0.015
    static let missingAtCounter = 0.02
    static let missingOnline = 0.09
    static let missingLater = 0.04
    static let neverSupplied = 0.06
    static let suppliedDays = 4.0
    static let online = 0.32
    static let exempt = 0.06
    static let payRefused = 0.002
    static let stopped = 0.012
    static let sentBack = 0.03
    static let withdrawn = 0.004
    static let declined = 0.2
    static let elsewhere = 0.003
    static let apologises = 0.4

    /// Whole service down, times a year, and hours of it.
    static let outages = 6.0
    static let outageHours = 3.0
    /// Network of one agency cut: a commune's more often than another's.
    static func cuts(_ kind: AgencyKind) -> Double { kind == .commune ? 5 : 1.5 }
    static let cutHours = 9.0

    /// Monday to Sunday, at a counter and online.
    static let weekdays = [1.25, 1.05, 0.97, 0.95, 0.85, 0.0, 0.0]
    static let weekdaysOnline = [1.2, 1.1, 1.05, 1.0, 0.95, 0.45, 0.35]

    /// The weeks after Tết and the summer are busy, those before Tết are not.
    static func season(_ day: Int, tet: Int) -> Double {
        let sinceTet = day - tet
        if (-12..<0).contains(sinceTet) { return 0.75 }
        if (0..<9).contains(sinceTet) { return 0.5 }
        if (9..<30).contains(sinceTet) { return 1.35 }
        return (151..<243).contains(day) ? 1.1 : 1.0
    }

    /// Minutes of the day at which people come to a counter: most of them in the morning.
    static func counterMinute(_ luck: Luck) -> Int {
        switch luck.below(100) {
        case 0..<12: 450 + luck.of(1).below(30)
        case 12..<50: 480 + luck.of(1).below(120)
        case 50..<62: 600 + luck.of(1).below(90)
        case 62..<90: 780 + luck.of(1).below(150)
        default: 930 + luck.of(1).below(85)
        }
    }

    static func onlineMinute(_ luck: Luck) -> Int {
        switch luck.below(100) {
        case 0..<55: 450 + luck.of(1).below(570)
        case 55..<92: 1_080 + luck.of(1).below(300)
        default: luck.of(1).below(450)
        }
    }
}
