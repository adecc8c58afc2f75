import Contracts
import Foundation
import LegalClock
import ServiceKit
import TestKit
import Testing

@testable import OneStopService

/// Where a sequence is played: a procedure, the agency that receives it, and when.
struct Setting: Sendable {
    var definition = Definition()
    /// A later version, with another limit.
    var later = Definition()
    var agency = Agencies.justice
    var begins = 0

    init(_ seed: UInt64) throws {
        var random = SeededNumbers(seed)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: definition = try judicialRecord()
        case 1: definition = try BranchTests.definition()
        case 2:
            definition = try Office.monthlyAllowance()
            agency = Agencies.commune
        case 3: definition = try Self.copies()
        case 4: definition = try Self.several()
        default:
            definition = try judicialRecord()
            definition.steps[1].notBefore = TimeLimit(4, .hours)
        }
        if Int.random(in: 0..<4, using: &random) == 0 { definition.documentType = nil }
        let unit = LimitUnit.allCases.randomElement(using: &random) ?? .hours
        let most = unit == .hours ? 40 : unit == .months ? 1 : 12
        definition.limit = TimeLimit(Int.random(in: 1...most, using: &random), unit)
        definition.supplementClock = Bool.random(using: &random) ? .restart : .subtract
        begins = Int.random(in: 4 * 1_440..<80 * 1_440, using: &random)
        later = definition
        later.limit = TimeLimit(Int.random(in: 1...most, using: &random), unit)
    }

    /// Phí and lệ phí, each a demand of its own, and copies that are paid for when they are handed over.
    private static func several() throws -> Definition {
        var definition = try judicialRecord()
        func add(_ kind: String, _ dong: Int64, _ change: (inout Fee) -> Void) throws {
            var fee = Fee()
            (fee.kind, fee.name, fee.nameEn, fee.amount) = (kind, "Khoản \(kind)", kind, try Money(dong))
            change(&fee)
            definition.fees.append(fee)
        }
        try add("le-phi", 30_000) { $0.nature = .charge }
        try add("ban-sao", 5_000) { ($0.moment, $0.byDefault) = (.handingOver, false) }
        try add("mien-le-phi", 0) { ($0.nature, $0.byDefault) = (.charge, false) }
        return definition
    }

    /// Certified copies: by the page, at most so much for a copy, and a charge beside it.
    private static func copies() throws -> Definition {
        var definition = try judicialRecord()
        var page = Fee()
        (page.kind, page.name, page.nameEn) = ("page", "Mỗi trang", "Each page")
        (page.amount, page.cap) = (try Money(2_000), try Money(90_000))
        var further = page
        (further.kind, further.byDefault, further.amount) = ("further-page", false, try Money(1_000))
        definition.fees += [page, further]
        return definition
    }
}

/// A sequence of lawful and unlawful acts, and what the witness says of it.
struct Story: Sendable {
    var seed: UInt64
    var deeds: [Deed]
    var done = 0
    var faults: [String] = []
    var counts: [String: Int] = [:]

    /// Plays it again, as far as the first fault.
    init(_ seed: UInt64, _ deeds: [Deed], slip: Slip? = nil) throws {
        (self.seed, self.deeds) = (seed, deeds)
        let setting = try Setting(seed)
        var (play, witness) = (try Play(setting, slip: slip), Witness(setting.definition, at: setting.agency))
        for deed in deeds where faults.isEmpty { Self.step(deed, &play, &witness, &self) }
        counts = witness.counts
    }

    /// Makes one up and plays it: six of ten acts are such as may be lawful now.
    init(_ seed: UInt64, slip: Slip? = nil) throws {
        (self.seed, deeds) = (seed, [])
        var random = SeededNumbers(seed ^ 0xA5A5)
        let setting = try Setting(seed)
        var (play, witness) = (try Play(setting, slip: slip), Witness(setting.definition, at: setting.agency))
        var left = 34
        while left > 0, faults.isEmpty {
            left -= play.dossier.status.isFinal ? 8 : 1
            let most = [120, 120, 1_440, 5_760].randomElement(using: &random) ?? 120
            let deed = Deed(
                wait: Int.random(in: 0...most, using: &random), act: Act.some(in: play.dossier.status, &random))
            deeds.append(deed)
            Self.step(deed, &play, &witness, &self)
        }
        counts = witness.counts
    }

    private static func step(_ deed: Deed, _ play: inout Play, _ witness: inout Witness, _ story: inout Story) {
        do {
            for seen in try play.perform(deed) { witness.saw(seen) }
            story.done += 1
        } catch is Play.Ignored {} catch is Refused {} catch {
            story.faults.append("error: \(error)")
        }
        story.faults += witness.faults
    }

    /// What kind of promise was broken: the text up to the colon.
    var kind: Substring? { faults.first.map { $0.prefix { $0 != ":" } } }

    /// Fewer deeds that break the same promise.
    func shrunk(slip: Slip? = nil) throws -> Story {
        var best = self
        var size = max(1, deeds.count / 2)
        while size >= 1 {
            var (start, isSmaller) = (0, false)
            while start < best.deeds.count {
                var fewer = best.deeds
                fewer.removeSubrange(start..<min(start + size, fewer.count))
                let trial = try Story(seed, fewer, slip: slip)
                if trial.kind == kind {
                    (best, isSmaller) = (trial, true)
                } else {
                    start += size
                }
            }
            if !isSmaller { size /= 2 }
        }
        return best
    }

    /// For whoever looks for the reason.
    var text: String { "seed \(seed): \(faults.first ?? "") after \(deeds.map { "+\($0.wait) \($0.act)" })" }
}

extension Act {
    static func some(in status: DossierStatus, _ random: inout SeededNumbers) -> Act {
        let number = Int.random(in: 0..<1_000, using: &random)
        let all = any(number)
        guard Int.random(in: 0..<10, using: &random) < 6 else {
            return all[Int.random(in: all.indices, using: &random)]
        }
        let fitting: [Act] =
            switch status {
            case .submitted:
                [
                    .accept, .accept, .accept, .accept, .accept, .askPapers, .refuse, .withdraw, .forward(number),
                    .forward(number),
                ]
            case .accepted:
                [
                    .handOver(number), .handOver(1), .handOver(2), .demand(number), .exempt(number), .askPapers,
                    .withdraw, .reappoint(days: number % 25), .forward(number), .forward(number), .move(number),
                ]
            case .processing:
                [
                    .handOver(1), .handOver(2), .handOver(1), .handOver(2), .handOver(1), .handOver(number),
                    .branch(number), .branch(number + 1), .branch(number + 2), .demand(number), .exempt(number),
                    .askOpinion(number), .answer(number), .askPapers, .approve, .approve, .finish, .issue, .issue,
                    .send(number), .sendBack, .withdraw, .stop, .reappoint(days: number % 25),
                    .takeBack(number), .err(number), .giveBranch(number), .move(number),
                ]
            case .awaitingSupplement: [.supply, .supply, .supply, .supply, .withdraw, .stop]
            case .awaitingPayment:
                [
                    .pay(early: number % 400), .pay(early: 0), .pay(early: 1), .pay(early: number % 400), .liftFee,
                    .takeBack(number), .demand(number), .exempt(number), .payAgain(number), .payAgain(number + 1),
                ]
            case .withdrawalRequested: [.decline, .decline, .confirm]
            case .stopped, .finished:
                [
                    .giveBack, .giveBack, .err(number), .correct(number), .correct(number), .demand(number),
                    .pay(early: 0),
                ]
            case .refused, .returned: all
            }
        return fitting[Int.random(in: fitting.indices, using: &random)]
    }

    private static func any(_ number: Int) -> [Act] {
        [
            .accept, .refuse, .askPapers, .supply, .handOver(number), .assign(number), .send(number), .sendBack,
            .demand(number), .exempt(number), .pay(early: number % 400), .payAgain(number), .liftFee,
            .askOpinion(number), .answer(number), .branch(number), .approve, .finish, .issue, .giveBack, .stop,
            .withdraw, .confirm, .decline, .reappoint(days: number % 25), .takeBack(number), .err(number),
            .correct(number), .forward(number), .giveBranch(number), .move(number),
        ]
    }
}

/// Whatever is tried on a dossier, in whatever order: what the law promises holds.
@Suite(.serialized) struct SequenceTests {
    static let sequences = 12_000

    struct Broken: Error, CustomStringConvertible {
        let story: String
        var description: String { story }
    }

    @Test func `os-190: no sequence of lawful and unlawful acts breaks a promise`() async throws {
        let counts = try await onOwnThread {
            var counts: [String: Int] = [:]
            for seed in 0..<UInt64(Self.sequences) {
                let story = try Story(seed)
                guard story.kind == nil else { throw Broken(story: try story.shrunk().text) }
                for (what, count) in story.counts { counts[what, default: 0] += count }
            }
            return counts
        }
        // Everything that can be done was done, and often.
        for what in Self.words { #expect(counts[what, default: 0] >= 100, "\(what): \(counts[what, default: 0])") }
    }

    private static let words = [
        "accepted", "refused", "supplement-requested", "supplement-supplied", "handed-over", "assigned", "sent",
        "sent-back", "payment-required", "payment-settled", "payment-lifted", "fees-exempted", "opinion-requested",
        "opinion-answered", "branch-done", "approved", "finished", "returned", "stopped", "withdrawal-requested",
        "withdrawal-confirmed", "withdrawal-declined", "reappointed", "payment-withdrawn", "error-recorded",
        "corrected",
        "forwarded", "branch-assigned", "version-changed",
    ]

    @Test(arguments: Slip.allCases) func `without a guard a promise is broken, and the story is short`(_ slip: Slip)
        async throws
    {
        let (broken, story) = try await onOwnThread {
            for seed in 0..<UInt64(4_000) {
                let story = try Story(seed, slip: slip)
                if story.kind != nil { return (story, try story.shrunk(slip: slip)) }
            }
            throw Broken(story: "nobody misses \(slip)")
        }
        #expect(story.kind == broken.kind && story.deeds.count < 14, "\(story.text)")
        #expect(try Story(story.seed, story.deeds).kind == nil, "the sequence is lawful with the guard")
    }
}
