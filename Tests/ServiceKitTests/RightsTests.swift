import Contracts
import EventLog
import Foundation
import Postgres
import ServiceTestKit
import TestKit
import Testing

@testable import ServiceKit

/// A right is scope x agency subtree x fields of procedures, with validity.
@Suite struct RightsTests {
    private let agency = (try? AgencyCode("H19.30")) ?? .none
    private let below = (try? AgencyCode("H19.30.01")) ?? .none
    private let other = (try? AgencyCode("H19.31")) ?? .none
    private let today = Day(Date(timeIntervalSince1970: 1_612_800_000))

    private func right(_ scope: Scope, _ fields: [String]? = nil, at place: AgencyCode, to last: Day? = nil) -> Right {
        Right(scope: scope, subtree: place, fields: ProcedureFields(fields), validFrom: today - 10, validTo: last)
    }

    @Test func `a limited right allows acts about procedures of its fields, and no others`() {
        let person = RightsOfPerson(
            rights: [right(.dossiersApprove, ["HT", "CT"], at: agency)], isAdministrator: false)
        for (field, allowed) in [("HT", true), ("CT", true), ("LLTP", false), ("", false), ("ht", false), (nil, true)] {
            for place in [agency, below] {
                #expect(
                    person.allow(.dossiersApprove, at: place, on: today, field: field) == allowed, "\(field ?? "none")")
            }
            #expect(!person.allow(.dossiersApprove, at: other, on: today, field: field))
            #expect(!person.allow(.dossiersProcess, at: agency, on: today, field: field))
            #expect(!person.allow(.dossiersApprove, at: agency, on: today - 11, field: field))
        }
        #expect(person.allowSomewhere(.dossiersApprove, on: today))
        #expect(person.agencies(.dossiersApprove, on: today) == [agency])
    }

    @Test func `a right without fields is for all, and so is an administrator`() {
        for fields in [nil, []] as [[String]?] {
            let person = RightsOfPerson(
                rights: [right(.dossiersApprove, fields, at: agency)], isAdministrator: false)
            for field in ["HT", "new", nil] {
                #expect(person.allow(.dossiersApprove, at: agency, on: today, field: field))
            }
        }
        let administrator = RightsOfPerson(
            rights: [right(.dossiersApprove, ["HT"], at: agency)], isAdministrator: true)
        #expect(administrator.allow(.dossiersApprove, at: other, on: today, field: "LLTP"))
    }

    @Test func `each right has its own fields`() {
        let person = RightsOfPerson(
            rights: [
                right(.dossiersProcess, ["HT"], at: agency), right(.dossiersProcess, ["CT"], at: other),
                right(.dossiersProcess, at: agency, to: today - 1),
            ], isAdministrator: false)
        #expect(person.allow(.dossiersProcess, at: agency, on: today, field: "HT"))
        #expect(!person.allow(.dossiersProcess, at: agency, on: today, field: "CT"))
        #expect(!person.allow(.dossiersProcess, at: other, on: today, field: "HT"))
        #expect(person.allow(.dossiersProcess, at: agency, on: today - 1, field: "LLTP"), "it was not limited then")
    }

    @Test func `the directory takes the fields from events, and none from those that were written before them`()
        async throws
    {
        try await withService(Desk.self) { service in
            let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Golden/\(OfficialAppointed.type).json")
            let old = try OfficialAppointed(decoding: JSON(parsing: Array(Data(contentsOf: golden))), unknown: .ignore)
            #expect(await service.take(old) == .taken)
            let rights = service.running.runtime.rights
            func may(_ scope: Scope, _ field: String, on day: String) async throws -> Bool {
                try await rights.of(old.person).allow(scope, at: old.agency, on: Day(day), field: field)
            }
            func fields() async throws -> [[String]?] {
                let posts = try await service.database.database.run(
                    "SELECT fields FROM directory_posts WHERE person = \(old.person) ORDER BY valid_from")
                return try posts.map { try $0("fields") }
            }
            #expect(try await fields() == [nil])
            #expect(try await may(.dossiersReceive, "LLTP", on: "2021-02-09"))
            // The same person goes to a limited post, and from there to another one.
            var moved = OfficialTransferred()
            (moved.person, moved.fullName, moved.mailbox) = (old.person, old.fullName, old.mailbox)
            (moved.formerPost, moved.formerAgency, moved.post) = (old.post, old.agency, .new())
            (moved.agency, moved.unit, moved.role, moved.title) = (old.agency, old.unit, .officer, old.title)
            (moved.decisionNumber, moved.effectiveFrom) = ("2/QĐ", try Day("2021-03-01"))
            moved.procedureFields = ["HT", "CT"]
            #expect(await service.take(moved) == .taken)
            #expect(try await fields() == [nil, ["HT", "CT"]])
            #expect(try await may(.dossiersReceive, "LLTP", on: "2021-02-28"))
            #expect(try await !may(.dossiersProcess, "LLTP", on: "2021-03-01"))
            #expect(try await may(.dossiersProcess, "HT", on: "2021-03-01"))
            let official = try await service.database.database.official(old.person, on: Day("2021-03-01"))
            #expect(official?.fields == ProcedureFields(["CT", "HT"]))
            (moved.formerPost, moved.post) = (moved.post, .new())
            (moved.procedureFields, moved.effectiveFrom) = (nil, try Day("2021-04-01"))
            #expect(await service.take(moved) == .taken)
            #expect(try await may(.dossiersProcess, "LLTP", on: "2021-04-01"))
        }
    }

    @Test func `an appointment carries them too`() async throws {
        try await withService(Desk.self) { service in
            var event = OfficialAppointed()
            (event.person, event.fullName, event.mailbox, event.post) = (.new(), "An", "an", .new())
            (event.agency, event.unit, event.role, event.title) = (agency, "mot-cua", .clerk, "Công chức")
            (event.decisionNumber, event.effectiveFrom) = ("1/QĐ", today)
            event.procedureFields = ["HT"]
            #expect(await service.take(event) == .taken)
            let rights = try await service.running.runtime.rights.of(event.person)
            #expect(rights.allow(.dossiersReceive, at: agency, on: today, field: "HT"))
            #expect(!rights.allow(.dossiersReceive, at: agency, on: today, field: "CT"))
        }
    }

    /// Who had posts before the column came goes on with all fields, and so does what an older program still writes.
    @Test func `a post from before is not limited`() async throws {
        let earlier = Array(ServiceKitSchema.migrations.prefix(2))
        try await withDatabase(
            ["eventlog": EventLogSchema.migrations, "servicekit": earlier], schema: "hr",
            appendOnly: EventLogSchema.appendOnly
        ) { database in
            let owner = database.open(database.owner)
            func post(_ person: PersonID) async throws {
                try await owner.run(
                    """
                    INSERT INTO directory_posts
                        (post, person, full_name, mailbox, agency, unit, role, title, valid_from)
                    VALUES (\(PostID.new()), \(person), 'An', 'an', \(agency), 'VP', 'leader', 'T', \(today))
                    """)
            }
            let (before, after) = (PersonID.new(), PersonID.new())
            try await post(before)
            _ = try await Desk.migrate(database.owner, runtimeRole: database.runtime.user)
            try await post(after)
            let rights = Rights(database.database)
            for person in [before, after] {
                #expect(
                    try await rights.of(person).allow(.dossiersApprove, at: agency, on: today, field: "LLTP"))
            }
        }
    }
}
