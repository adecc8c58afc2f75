import Contracts
import Foundation
import ServiceKit
import TestKit
import Testing

@testable import OneStopService

/// A sequence of lawful and unlawful acts on an application for linked procedures and its dossiers, and what the
/// witness says of it.
struct LinkedStory: Sendable {
    var seed: UInt64
    var deeds: [LinkedDeed]
    var faults: [String] = []
    var counts: [String: Int] = [:]

    /// Plays it again, as far as the first fault.
    init(_ seed: UInt64, _ deeds: [LinkedDeed], gap: LinkedGap? = nil) throws {
        (self.seed, self.deeds) = (seed, deeds)
        let setting = try LinkedSetting(seed)
        var (play, witness) = (try LinkedPlay(setting, gap: gap), LinkedWitness(setting))
        for deed in deeds where faults.isEmpty { step(deed, &play, &witness) }
        end(&play, &witness)
    }

    /// Makes one up and plays it.
    init(_ seed: UInt64, gap: LinkedGap? = nil) throws {
        (self.seed, deeds) = (seed, [])
        var random = SeededNumbers(seed ^ 0x5A5A)
        let setting = try LinkedSetting(seed)
        var (play, witness) = (try LinkedPlay(setting, gap: gap), LinkedWitness(setting))
        var left = 110
        while left > 0, faults.isEmpty {
            left -= play.lead.dossier.status.isFinal ? 6 : 1
            let most = [30, 30, 300, 2_000].randomElement(using: &random) ?? 30
            let deed = LinkedDeed(wait: Int.random(in: 0...most, using: &random), act: .some(play, &random))
            deeds.append(deed)
            step(deed, &play, &witness)
        }
        end(&play, &witness)
    }

    private mutating func step(_ deed: LinkedDeed, _ play: inout LinkedPlay, _ witness: inout LinkedWitness) {
        do {
            for seen in try play.perform(deed) where witness.faults.isEmpty { witness.saw(seen) }
        } catch is Play.Ignored {} catch is Refused {} catch { faults.append("error: \(error)") }
        // Nothing waits: what follows by itself must have been done, however it came to that.
        if !play.waits, witness.faults.isEmpty { witness.settled() }
        faults += witness.faults
    }

    /// What is due fires, and then nothing may be left.
    private mutating func end(_ play: inout LinkedPlay, _ witness: inout LinkedWitness) {
        guard faults.isEmpty else { return }
        do {
            for seen in try play.settle() where witness.faults.isEmpty { witness.saw(seen) }
        } catch { faults.append("error: \(error)") }
        if witness.faults.isEmpty { witness.settled() }
        (faults, counts) = (faults + witness.faults, witness.counts)
    }

    /// What kind of promise was broken: the text up to the colon.
    var kind: Substring? { faults.first.map { $0.prefix { $0 != ":" } } }

    /// Fewer deeds that break the same promise, each at its moment.
    func shrunk(gap: LinkedGap? = nil) throws -> LinkedStory {
        var best = self
        var size = max(1, deeds.count / 2)
        while size >= 1 {
            var (start, isSmaller) = (0, false)
            while start < best.deeds.count {
                var fewer = best.deeds
                let removed = start..<min(start + size, fewer.count)
                if removed.upperBound < fewer.count {
                    fewer[removed.upperBound].wait += fewer[removed].reduce(0) { $0 + $1.wait }
                }
                fewer.removeSubrange(removed)
                let trial = try LinkedStory(seed, fewer, gap: gap)
                if trial.kind == kind { (best, isSmaller) = (trial, true) } else { start += size }
            }
            if !isSmaller { size /= 2 }
        }
        return best
    }

    /// For whoever looks for the reason.
    var text: String { "seed \(seed): \(faults.first ?? "") after \(deeds.map { "+\($0.wait) \($0.act)" })" }
}

/// Whatever is tried on linked dossiers, in whatever order and however late what follows is done: what is promised of
/// each dossier and of all of them together holds.
@Suite(.serialized) struct LinkedSequenceTests {
    static let sequences = 4_000

    struct Broken: Error, CustomStringConvertible {
        let story: String
        var description: String { story }
    }

    @Test func `os-056: no sequence of acts on linked dossiers breaks a promise of one or of all together`()
        async throws
    {
        let counts = try await onOwnThread {
            var counts: [String: Int] = [:]
            for seed in 0..<UInt64(Self.sequences) {
                let story = try LinkedStory(seed)
                guard story.kind == nil else { throw Broken(story: try story.shrunk().text) }
                for (what, count) in story.counts { counts[what, default: 0] += count }
            }
            return counts
        }
        // Everything that can be done was done, and often.
        for what in Self.words { #expect(counts[what, default: 0] >= 50, "\(what): \(counts[what, default: 0])") }
    }

    private static let words = [
        "opened", "blocked", "closed finished", "closed refused", "closed stopped", "late", "decided repeat",
        "decided drop", "lead accepted", "lead approved", "lead finished", "lead returned", "lead stopped",
        "lead withdrawal-requested", "lead withdrawal-confirmed", "lead withdrawal-declined",
        "lead supplement-requested", "lead payment-required", "link accepted", "link refused", "link finished",
        "link returned", "link stopped", "link supplement-supplied", "link payment-settled",
        "link withdrawal-requested", "link withdrawal-confirmed", "link withdrawal-declined",
    ]

    @Test(arguments: LinkedGap.allCases)
    func `without a guard of linked dossiers a promise is broken, and the story is short`(_ gap: LinkedGap)
        async throws
    {
        let (broken, story) = try await onOwnThread {
            for seed in 0..<UInt64(Self.sequences) {
                let story = try LinkedStory(seed, gap: gap)
                if story.kind != nil { return (story, try story.shrunk(gap: gap)) }
            }
            throw Broken(story: "nobody misses \(gap)")
        }
        #expect(story.kind == broken.kind && story.deeds.count < 22, "\(story.text)")
        #expect(try LinkedStory(story.seed, story.deeds).kind == nil, "the sequence is lawful with the guard")
    }
}
