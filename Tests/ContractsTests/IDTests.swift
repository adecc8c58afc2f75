import Foundation
import Testing

@testable import Contracts

@Suite struct IDTests {
    @Test func textIsLowerCaseAndComesBack() throws {
        let text = "0190a7c8-5f3e-7abc-8def-0123456789ab"
        #expect(try PersonID(text).text == text)
        #expect(try PersonID(text.uppercased()) == PersonID(text))
        #expect(PersonID().text == "00000000-0000-0000-0000-000000000000")
        for _ in 0..<200 {
            let id = DossierID(UUID())
            #expect(id.text == id.uuid.uuidString.lowercased())
            #expect(try DossierID(id.text) == id)
        }
    }

    @Test(arguments: ["", "x", "0190a7c85f3e7abc8def0123456789ab", "0190a7c8-5f3e-7abc-8def-0123456789aG"])
    func nonsenseIsRefused(text: String) {
        #expect(throws: FieldFault.self) { try PersonID(text) }
    }

    @Test func versionSevenGrowsAndCarriesTheTime() {
        let before = Date().timeIntervalSince1970 * 1_000
        let ids = (0..<20_000).map { _ in MessageID.new() }
        #expect(zip(ids, ids.dropFirst()).allSatisfy(<))
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.uuid.bytes[6] >> 4 == 7)
            #expect(id.uuid.bytes[8] >> 6 == 0b10)
        }
        let milliseconds = ids[0].uuid.bytes[0..<6].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(Double(milliseconds) >= before.rounded(.down))
        #expect(Double(milliseconds) < before + 60_000)
    }

    @Test func aClockThatIsSetBackDoesNotMatter() {
        var clock = SequenceClock()
        let now = Date(timeIntervalSince1970: 1_612_803_600)
        var last = clock.next(at: now)
        for step in 0..<10_000 {
            let id = clock.next(at: now.addingTimeInterval(Double(step % 7) * -100))
            #expect(ID<PersonTag>(last) < ID<PersonTag>(id))
            last = id
        }
    }

    @Test func identitiesMadeAtOnceByManyAreDistinct() async {
        let all = await withTaskGroup(of: [UUID].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2_000).map { _ in UUID.v7() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(all).count == 16_000)
    }

    @Test func `text reads as Foundation reads it, in either case`() {
        for _ in 0..<500 {
            let uuid = UUID()
            #expect(UUID(text: uuid.uuidString) == uuid)
            #expect(UUID(text: uuid.text) == uuid)
        }
        let whole = "01a2103d-36ab-74d7-9231-f9a78a0015f1"
        for index in whole.indices {
            for wrong in ["g", "-", "0-", "", "é"] {
                var text = whole
                text.replaceSubrange(index...index, with: wrong)
                guard text != whole else { continue }
                #expect(UUID(text: text) == nil, "\(text)")
            }
        }
    }
}
