import Contracts
import Testing

@testable import EventLog

#if DEBUG
    /// What the fault harness lets a program of the next release write is what a next release may write.
    @Suite struct NextRevisionTests {
        @Test(arguments: Catalogue.events.map { $0.type }) func `one optional field more is compatible, and ignored`(
            _ type: String
        ) throws {
            let published = EventSchema.document(of: try #require(Catalogue.event(type)))
            guard case .object(let members) = published, case .object(let fields)? = published["properties"] else {
                Issue.record("\(type) has no fields")
                return
            }
            #expect(!fields.contains { $0.name == NextRevision.field })
            let more = JSON.object(fields + [.init(NextRevision.field, ["type": "object"])])
            let next = JSON.object(members.map { $0.name == "properties" ? .init($0.name, more) : $0 })
            #expect(Compatibility.problems(published: published, proposed: next).isEmpty)
            #expect(!Compatibility.areEquivalent(published, next))
        }

        @Test func `it stands behind what the event says, and is read by no one`() throws {
            var event = FeePaid()
            event.agency = try AgencyCode("H19.12")
            event.receiptNumber = "0000001"
            let revised = NextRevision.revised(event.jsonBytes)
            let json = try JSON(parsing: revised)
            #expect(json[NextRevision.field] == NextRevision.value)
            #expect(json.bytes == revised, "what passes it on writes the same octets")
            #expect(try FeePaid(decoding: json, unknown: .ignore).jsonBytes == event.jsonBytes)
            #expect(throws: FieldFault.self) { try FeePaid(decoding: json, unknown: .refuse) }
            #expect(try JSON(parsing: NextRevision.revised(Nothing().jsonBytes))[NextRevision.field] != nil)
            #expect(!NextRevision.isOn)
        }
    }
#endif
