#if DEBUG
    /// SplitMix64: small, fast, and the same everywhere.
    struct Random: RandomNumberGenerator {
        private var state: UInt64

        init(_ seed: UInt64, _ stream: UInt64 = 0) {
            state = seed &* 0x9E37_79B9_7F4A_7C15 ^ stream &* 0xD1B5_4A32_D192_ED03
        }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }

        mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() % UInt64(max(1, bound))) }
        mutating func within(_ low: Int, _ high: Int) -> Int { low + below(high - low + 1) }
        mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
        mutating func fraction() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
        mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
    }
#endif
