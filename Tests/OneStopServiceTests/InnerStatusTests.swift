import Contracts
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct InnerStatusTests {
    @Test func `os-066: every state has one inner status, and that the national one of the dossier`() throws {
        #expect(Set(InnerStatus.table.keys) == Set(InnerStatus.allCases))
        #expect(Set(InnerStatus.table.values.map(\.national)) == Set(DossierStatus.allCases))
        for keyPath in [\InnerStatus.Meaning.vietnamese, \.english] {
            let names = InnerStatus.table.values.map { $0[keyPath: keyPath] }
            #expect(Set(names).count == names.count && names.allSatisfy { !$0.isEmpty && $0.count <= 60 })
        }
        let definition = try judicialRecord()
        var met: Set<InnerStatus> = []
        // Every combination of what it is made of.
        for status in DossierStatus.allCases {
            for bits in 0..<(1 << 9) {
                func bit(_ place: Int) -> Bool { bits & (1 << place) != 0 }
                var made = try dossier(status)
                made.acceptedAt = bit(0) ? made.submittedAt : nil
                made.supplementRequestedAt = bit(1) ? made.submittedAt : nil
                made.approvedAt = bit(2) ? made.submittedAt : nil
                made.officer = bit(3) ? .new() : nil
                made.step = bit(4) ? "sign" : bit(5) ? "check" : nil
                made.finishedAt = bit(6) ? made.submittedAt : nil
                made.reasonCode = bit(6) ? "withdrawn" : nil
                made.sentFrom = bit(5) ? [Agencies.police] : []
                let awaited = InnerStatus.Awaited(
                    branches: bit(7) ? 1 : 0, opinions: bit(8) ? 2 : 0, links: bit(7) && bit(8) ? 1 : 0)
                let inner = InnerStatus.of(made, definition, awaited)
                #expect(InnerStatus.table[inner]?.national == status)
                met.insert(inner)
            }
        }
        #expect(met == Set(InnerStatus.allCases), "each is met: \(Set(InnerStatus.allCases).subtracting(met))")
    }

    @Test func `the view shows it, and the table is there for anybody`() async throws {
        try await Office.open { office in
            let table = try await office.get("/inner-statuses").json["statuses"]?.array ?? []
            #expect(table.count == InnerStatus.allCases.count)
            #expect(table.first?["statusNumber"] == 1)
            let id = try await office.submit()
            func inner() async throws -> String? {
                try await office.get("/dossiers/\(id)", as: office.citizen).json["innerStatus"]?.text
            }
            #expect(try await inner() == "new")
            try await office.done("accept", on: id, as: office.clerk)
            #expect(try await inner() == "received")
            try await office.done("hand-over", on: id, as: office.clerk)
            #expect(try await inner() == "assigning")
            try await office.done("assign", on: id, as: office.leader, ["officer": .string(office.officer.text)])
            #expect(try await inner() == "working")
            let asked: JSON = ["toAgency": "H19.25", "question": "x", "limit": ["amount": 1, "unit": "days"]]
            try await office.done("opinions", on: id, as: office.officer, asked)
            #expect(try await inner() == "consulting")
            try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "y"])
            try await office.done("hand-over", on: id, as: office.officer)
            let view = try await office.done("hand-over", on: id, as: office.officer)
            #expect((view["innerStatus"], view["statusNumber"]) == ("consulting", 4))
        }
    }
}
