import Foundation
import Glibc
import Testing

/// What a case showed that must not be.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws a finding unless the condition holds.
func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
    if !condition { throw Finding(otherwise()) }
}

/// Something that reads octets from outside, and what must hold whatever they are. `property` throws a `Finding`; every
/// other error is a way to say no, and fine.
struct Target: Sendable, CustomTestStringConvertible {
    let name: String
    let samples: @Sendable () throws -> [[UInt8]]
    /// Words that mean something there.
    let words: [String]
    let change: @Sendable ([UInt8], inout Mutator) -> [UInt8]
    let property: @Sendable ([UInt8]) throws -> Void

    var testDescription: String { name }

    init(
        _ name: String, _ samples: @autoclosure @escaping @Sendable () throws -> [[UInt8]], words: [String] = [],
        change: @escaping @Sendable ([UInt8], inout Mutator) -> [UInt8] = { $1.change($0) },
        _ property: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.samples = samples
        self.words = words
        self.change = change
        self.property = property
    }

    /// One that reads text. Octets that are no UTF-8 are repaired first, as every reader of headers does.
    init(
        _ name: String, texts: [String], words: [String] = [], _ property: @escaping @Sendable (String) throws -> Void
    ) {
        self.init(name, texts.map { Array($0.utf8) }, words: words) { bytes in
            try property(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// How much is tried: a fixed number of cases, always the same, or as many as FUZZ_SECONDS (over all targets) allows.
enum FuzzSettings {
    private static let environment = ProcessInfo.processInfo.environment
    static let seed = environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_260_101
    static let seconds = environment["FUZZ_SECONDS"].flatMap { Double($0) }
    static let only = environment["FUZZ_ONLY"]
    static let cases = 500
    /// Of the thread's own time, so that a busy machine changes nothing. Debug builds are some ten times slower.
    static let bound: Duration = .milliseconds(400)
    /// Octets of an input at most: time is bounded by them.
    static let octets = 24_576
}

/// Runs the cases of one target in their order.
struct Fuzzer {
    let target: Target
    /// This target's share of FUZZ_SECONDS.
    let seconds: Double?

    /// - Returns: how many cases ran, and the first finding with everything that repeats it.
    func run() throws -> (cases: Int, finding: String?) {
        let samples = try target.samples()
        var mutator = Mutator(
            seed: FuzzSettings.seed ^ Self.hash(target.name), samples: samples,
            words: target.words.map { Array($0.utf8) })
        let deadline = seconds.map { ContinuousClock.now + .seconds($0) }
        var number = 0
        defer { CrashNote.clear() }
        while true {
            let isSample = number < samples.count
            let input = isSample ? samples[number] : next(&mutator)
            CrashNote.about(target.name, number, input)
            if let finding = trial(input, mustPass: isSample) {
                return (
                    number,
                    "\(target.name), seed \(FuzzSettings.seed), case \(number): \(finding)\n\(Self.shown(input))"
                )
            }
            number += 1
            if let deadline {
                if number.isMultiple(of: 16), ContinuousClock.now >= deadline { return (number, nil) }
            } else if number >= FuzzSettings.cases + samples.count {
                return (number, nil)
            }
        }
    }

    private func next(_ mutator: inout Mutator) -> [UInt8] {
        Array(target.change(mutator.sample(), &mutator).prefix(FuzzSettings.octets))
    }

    private func trial(_ input: [UInt8], mustPass: Bool) -> String? {
        let start = Self.ownTime()
        do { try target.property(input) } catch let finding as Finding { return finding.description } catch {
            // A way to say no. Samples are good.
            if mustPass { return "a good sample was refused: \(error)" }
        }
        let took = Self.ownTime() - start
        return took > FuzzSettings.bound ? "took \(took) for \(input.count) octets" : nil
    }

    private static func ownTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// FNV-1a: the same on every run, which `hashValue` is not.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    static func shown(_ input: [UInt8]) -> String {
        let text = String(decoding: input.prefix(2_000), as: UTF8.self).debugDescription
        return "input of \(input.count) octets: \(text)\nbase64: \(Data(input.prefix(6_000)).base64EncodedString())"
    }
}

/// Tells of a trap or a hang which case it was: Swift's own message names the line, but not the input.
enum CrashNote {
    nonisolated(unsafe) private static let note = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    nonisolated(unsafe) private static var length = 0
    private static let capacity = 65_536
    /// Seconds that one case may hang; a trap is told at once.
    private static let patience: UInt32 = 120

    /// Once a process.
    static let installed: Void = {
        length = 0
        note.initialize(repeating: 0, count: capacity)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM] {
            // Only what may be called in a signal handler: write(2), and the signal's own effect afterwards.
            signal(number) { number in
                _ = write(STDERR_FILENO, CrashNote.note, CrashNote.length)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }()

    static func about(_ name: String, _ number: Int, _ input: [UInt8]) {
        _ = installed
        length = 0
        put(Array("\nfuzzing \(name), seed \(FuzzSettings.seed), case \(number), input in hexadecimal digits:\n".utf8))
        for byte in input.prefix(capacity / 2 - 512) {
            note[length] = digit(byte >> 4)
            note[length + 1] = digit(byte & 15)
            length += 2
        }
        put([0x0A])
        if number.isMultiple(of: 256) { alarm(patience) }
    }

    static func clear() {
        length = 0
        alarm(0)
    }

    private static func put(_ bytes: [UInt8]) {
        for byte in bytes.prefix(512) {
            note[length] = byte
            length += 1
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
