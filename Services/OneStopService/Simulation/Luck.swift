import Foundation

/// Chance that depends on nothing but what it is about: the seed, an identity and the matter. It has no state, so that
/// a question changes only what it asks about and every other dossier has the luck that it had before (os-193).
struct Luck: Sendable {
    let key: UInt64

    init(seed: UInt64) { key = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) }
    private init(key: UInt64) { self.key = key }

    /// SplitMix64's finaliser.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The luck of one thing among others.
    func of(_ number: Int) -> Luck {
        Luck(key: Self.mix(key ^ (UInt64(bitPattern: Int64(number)) &+ 1) &* 0x9E37_79B9_7F4A_7C15))
    }

    func of(_ matter: Matter, _ number: Int = 0) -> Luck { of(matter.rawValue &* 1_000_003 &+ number) }

    func of(_ text: String) -> Luck {
        of(text.utf8.reduce(7) { ($0 &* 1_099_511_628_211) ^ Int($1) })
    }

    /// From 0 up to 1.
    var share: Double { Double(key >> 11) / 9_007_199_254_740_992 }

    func happens(_ chance: Double, _ matter: Matter, _ number: Int = 0) -> Bool { of(matter, number).share < chance }

    func below(_ bound: Int) -> Int { Int(key % UInt64(max(1, bound))) }

    func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// With mean 0 and deviation 1.
    var normal: Double {
        let (one, other) = (max(of(0).share, 1e-12), of(1).share)
        return (-2 * log(one)).squareRoot() * cos(2 * .pi * other)
    }

    /// Around `mean`, to the right further than to the left, as working times are.
    func skewed(mean: Double, spread: Double = 0.5) -> Double { mean * exp(spread * normal - spread * spread / 2) }

    /// A waiting time.
    func exponential(mean: Double) -> Double { -mean * log(max(share, 1e-12)) }

    /// How many happen where so many are expected.
    func count(expected: Double) -> Int {
        guard expected > 0 else { return 0 }
        guard expected < 30 else { return max(0, Int((expected + expected.squareRoot() * normal).rounded())) }
        let least = exp(-expected)
        var (product, number) = (of(0).share, 0)
        while product > least, number < 200 {
            number += 1
            product *= of(number).share
        }
        return number
    }
}

extension Luck {
    /// What chance decides; the raw values are part of what a seed means.
    enum Matter: Int {
        case agency = 1, procedure, official, day, dossier, extra, failure, absence, choice, channel, moment, receive
        case refusal, missing, papers, never, exempt, pay, payRefused, work, workMissing, stop, back, withdraw
        case withdrawDay, declined, opinion, apology, collect, way, kept, elsewhere, verdict, pages, staffing
    }
}
