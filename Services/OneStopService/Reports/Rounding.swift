/// How reports round: halves up, in whole units, so that a figure is the same wherever it is worked out.
enum Rounding {
    /// What part of a whole something is, in so many units to one: 2 of 3 in ten thousandths is 6667.
    ///
    /// - Parameter whole: above zero.
    static func ratio(_ part: Int, of whole: Int, in units: Int) -> Int { (part * units * 2 + whole) / (whole * 2) }

    /// With so many decimals: 6667 with two is `66.67`.
    static func written(_ value: Int, decimals: Int) -> String {
        let digits = String(value)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
