import Contracts

/// What exists from a first day to a last one, when that is known: agencies, their units, the units' positions.
protocol Dated {
    var validFrom: Day { get }
    var validTo: Day? { get }
}

extension Dated {
    func exists(on day: Day) -> Bool { validFrom <= day && (validTo.map { day <= $0 } ?? true) }

    /// Whether it lasts until `last`, the last day of what belongs to it; nil: for ever.
    func outlives(_ last: Day?) -> Bool {
        guard let validTo else { return true }
        return last.map { $0 <= validTo } ?? false
    }
}
