import Contracts
import Foundation
import Postgres
import Testing

@testable import EventLog

@Suite struct InboxDecisionTests {
    @Test func `the next version is taken, in a newer epoch once what was taken is proven to be of its history`() {
        #expect(InboxDecision.on(version: 1, epoch: 1, Standing(epoch: 0, version: 0)) == .take)
        #expect(InboxDecision.on(version: 4, epoch: 1, Standing(epoch: 1, version: 3)) == .take)
        #expect(InboxDecision.on(version: 1, epoch: 2, Standing(epoch: 0, version: 0)) == .take)
        #expect(InboxDecision.on(version: 4, epoch: 2, Standing(epoch: 1, version: 3)) == .gap(from: 3))
        #expect(InboxDecision.on(version: 9, epoch: 2, Standing(epoch: 1, version: 3)) == .gap(from: 3))
    }

    @Test func `lower is a duplicate, but not from a newer epoch`() {
        #expect(InboxDecision.on(version: 3, epoch: 1, Standing(epoch: 1, version: 3)) == .duplicate)
        #expect(InboxDecision.on(version: 1, epoch: 1, Standing(epoch: 2, version: 3)) == .duplicate)
        #expect(InboxDecision.on(version: 3, epoch: 2, Standing(epoch: 1, version: 3)) == .conflict)
        #expect(InboxDecision.on(version: 1, epoch: 2, Standing(epoch: 1, version: 3)) == .conflict)
    }

    @Test func `higher is a gap from the first missing version`() {
        #expect(InboxDecision.on(version: 5, epoch: 1, Standing(epoch: 1, version: 3)) == .gap(from: 4))
        #expect(InboxDecision.on(version: 2, epoch: 1, Standing(epoch: 0, version: 0)) == .gap(from: 1))
        #expect(InboxDecision.on(version: 9, epoch: 1, Standing(epoch: 2, version: 3)) == .conflict)
    }

    /// Every standing of a small world against the rules as they are written in the design.
    @Test func everyCase() {
        for taken in Int64(0)...3 {
            for version in Int64(1)...5 {
                for (takenEpoch, epoch) in [(1, 1), (1, 2), (2, 1), (2, 2)] as [(Int32, Int32)] {
                    for ahead in [false, true] {
                        for itself in [false, true] {
                            let standing = Standing(
                                epoch: takenEpoch, version: taken, parkedAhead: ahead, parkedItself: itself)
                            let decision = InboxDecision.on(version: version, epoch: epoch, standing)
                            switch decision {
                            case .take:
                                #expect(version == taken + 1 && !ahead && !itself)
                                #expect(epoch == takenEpoch || epoch > takenEpoch && taken == 0)
                            case .duplicate: #expect(itself || version <= taken && epoch <= takenEpoch)
                            case .conflict:
                                #expect(!itself && (version <= taken ? epoch > takenEpoch : epoch < takenEpoch))
                            case .waitBehind: #expect(ahead && !itself && version > taken && epoch >= takenEpoch)
                            case .gap(let from):
                                #expect(version > from && !ahead && !itself)
                                #expect(from == (epoch > takenEpoch && taken > 0 ? taken : taken + 1))
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func `failures wait longer each time, and die at the last attempt`() {
        let pace = InboxPace(attempts: 4, retryFirst: .seconds(1), retryMost: .seconds(3))
        var parking: Parking?
        var waits: [Duration?] = []
        for _ in 1...4 {
            parking = .after(Script.Broken(), before: parking, pace: pace, jitter: 1)
            waits.append(parking?.due)
        }
        #expect(waits == [.seconds(1), .seconds(2), .seconds(3), nil])
        #expect(parking?.state == .dead && parking?.attempts == 4)
    }

    @Test func `the jitter keeps between half and the whole`() {
        #expect(backoff(3, first: .seconds(1), most: .seconds(60), jitter: 0) == .seconds(4))
        #expect(backoff(3, first: .seconds(1), most: .seconds(60), jitter: 1) == .seconds(8))
        #expect(backoff(1_000, first: .seconds(1), most: .seconds(60), jitter: 1) == .seconds(60))
    }

    @Test func `what is unknown is looked at once more at once, then not for long, and costs no attempt`() {
        let pace = InboxPace(unknownLook: .seconds(300))
        let first = Parking.after(NotYet("agency:H19"), before: nil, pace: pace, jitter: 0)
        #expect(first.state == .unknown && first.waitKey == "agency:H19" && first.due == .zero)
        let second = Parking.after(NotYet("agency:H19"), before: first, pace: pace, jitter: 0)
        #expect(second.due == .seconds(300) && second.attempts == 0)
        let other = Parking.after(NotYet("agency:H20"), before: second, pace: pace, jitter: 0)
        #expect(other.waitKey == "agency:H20" && other.due == .zero)
    }

    @Test func `errors are kept without values`() {
        enum Odd: Error { case name(String), plain }
        struct Coded: Error { let code = "too-late", name = "Nguyễn Văn A" }
        struct Person: Error { let name = "Nguyễn Văn A" }
        let server = PostgresError(
            .server, "duplicate key value (name)=(Nguyễn Văn A)", sqlState: "23505", constraint: "people_name")
        for error in [server, Odd.name("Nguyễn Văn A"), Coded(), Person()] as [any Error] {
            #expect(!ErrorText.of(error).contains("Nguyễn"))
        }
        #expect(ErrorText.of(server).contains("23505 people_name"))
        #expect(ErrorText.of(Odd.name("x")).hasSuffix("Odd.name") && ErrorText.of(Odd.plain).hasSuffix("Odd.plain"))
        #expect(ErrorText.of(Coded()).hasSuffix("too-late"))
        #expect(ErrorText.of(FieldFault("missing", field: "code", vi: "", en: "")) == "field code: missing")
    }
}
