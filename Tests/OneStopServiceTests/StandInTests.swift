import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// Delegation and absence, as HR announces them.
@Suite struct StandInTests {
    private func post(of person: PersonID, _ office: Office) async throws -> PostID {
        let rows = try await office.harness.database.database.run(
            "SELECT post FROM directory_posts WHERE person = \(person)")
        let row = try #require(rows.first)
        return try row("post")
    }

    @discardableResult
    private func delegate(
        _ person: PersonID, to delegate: PersonID, _ from: String, _ to: String, _ office: Office
    ) async throws -> DelegationDecided {
        var event = DelegationDecided()
        (event.delegation, event.decisionNumber, event.person) = (.new(), "12/GUQ-STP", person)
        (event.post, event.delegate) = (try await post(of: person, office), delegate)
        event.agency = Agencies.justice
        (event.validFrom, event.validTo) = (try Day(from), try Day(to))
        await office.harness.take(event)
        return event
    }

    /// Whether this person may do what only leaders do: name another officer.
    private func mayAssign(_ person: PersonID, _ office: Office, on dossier: String) async throws -> Bool {
        let body: JSON = ["officer": .string(office.leader.text)]
        let answer = try await office.act("assign", on: dossier, as: person, body)
        guard answer.status != 403 else { return false }
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        try await office.done("assign", on: dossier, as: office.leader, ["officer": .string(office.officer.text)])
        return true
    }

    @Test func `os-075: rights that are delegated hold on exactly the days of the delegation, at that agency`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await delegate(office.leader, to: office.officer, "2021-03-03", "2021-03-05", office)
            // What was delegated is not delegated again.
            try await delegate(office.officer, to: office.clerk, "2021-03-01", "2021-03-31", office)
            for (time, allowed) in [
                ("2021-03-02 23:59", false), ("2021-03-03 00:00", true), ("2021-03-05 23:59", true),
                ("2021-03-06 00:00", false),
            ] {
                try await office.set(time)
                #expect(try await mayAssign(office.officer, office, on: id) == allowed, "\(time)")
                #expect(try await !mayAssign(office.clerk, office, on: id), "\(time)")
            }
            try await office.set("2021-03-03 09:00")
            for agency in [Agencies.district, Agencies.police] {
                let rights = try await office.harness.running.runtime.rights.of(office.officer)
                #expect(try !rights.allow(.dossiersApprove, at: agency, on: Day("2021-03-03"), field: nil))
            }
            // Nothing but the work on dossiers goes over.
            let rights = try await office.harness.running.runtime.rights.of(office.officer)
            for scope in [Scope.ledgerRead, .personnelRead, .documentsApprove] {
                #expect(try !rights.allow(scope, at: Agencies.justice, on: Day("2021-03-03"), field: nil))
            }
        }
    }

    @Test func `os-076: a delegation ends when it is revoked, and with the post of either of the two`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.set("2021-03-03 09:00")
            let given = try await delegate(office.leader, to: office.officer, "2021-03-03", "2021-03-31", office)
            #expect(try await mayAssign(office.officer, office, on: id))
            var revoked = DelegationRevoked()
            (revoked.delegation, revoked.person, revoked.delegate) = (given.delegation, given.person, given.delegate)
            (revoked.agency, revoked.validTo) = (given.agency, try Day("2021-03-02"))
            await office.harness.take(revoked)
            #expect(try await !mayAssign(office.officer, office, on: id))
            try await delegate(office.leader, to: office.officer, "2021-03-03", "2021-03-31", office)
            #expect(try await mayAssign(office.officer, office, on: id))
            var ended = ServiceEnded()
            (ended.person, ended.decisionNumber, ended.effectiveFrom) = (office.leader, "9/QĐ", try Day("2021-03-03"))
            await office.harness.take(ended)
            let body: JSON = ["officer": .string(office.officer.text)]
            #expect(try await office.act("assign", on: id, as: office.officer, body).status == 403)
        }
    }

    @Test func `os-076: it ends with the post of who stands in`() async throws {
        try await Office.open { office in
            let (id, other) = (try await office.inWork(), PersonID.new())
            try await office.appoint(other, .officer, at: Agencies.justice)
            try await delegate(office.leader, to: other, "2021-03-01", "2021-03-31", office)
            #expect(try await mayAssign(other, office, on: id))
            var ended = ServiceEnded()
            (ended.person, ended.decisionNumber, ended.effectiveFrom) = (other, "9/QĐ", try Day("2021-03-03"))
            await office.harness.take(ended)
            let rights = try await office.harness.running.runtime.rights.of(other)
            for (day, allowed) in [("2021-03-02", true), ("2021-03-03", false)] {
                let found = try rights.allow(.dossiersApprove, at: Agencies.justice, on: Day(day), field: nil)
                #expect(found == allowed, "\(day)")
            }
            try await office.set("2021-03-03 00:00")
            #expect(try await !mayAssign(other, office, on: id))
        }
    }

    @Test func `os-077: whoever acts by a delegation acts in that name, and the history has both`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.harness.database.database.run(
                "UPDATE directory_posts SET full_name = 'Lê Thị Lãnh' WHERE person = \(office.leader)")
            try await delegate(office.leader, to: office.officer, "2021-03-01", "2021-03-31", office)
            let body: JSON = ["dueOn": "2021-03-18", "reasonCode": "x", "reason": "Xin lỗi"]
            // A specialist's own act, then a leader's.
            try await office.done("exempt-fees", on: id, as: office.officer, ["fee": "exempt", "reason": "x"])
            try await office.done("reappoint", on: id, as: office.officer, body)
            let lines = try await office.get("/dossiers/\(id)/history", as: office.officer).json["lines"]?.array ?? []
            let acted = lines.map { line in
                ["what", "actedBy", "actedFor"].map { line[$0]?.text ?? "-" }.joined(separator: " ")
            }
            #expect(acted.suffix(2) == ["fees-exempted - -", "reappointed Trần Văn An Lê Thị Lãnh"])
            let shown = try await office.get("/dossiers/\(id)/history", as: office.citizen).json["lines"]?.array ?? []
            #expect(shown.allSatisfy { $0["actedFor"] == nil })
        }
    }

    @Test func `os-078: who is away is given no dossier, and is reminded through whoever stands in`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let other = PersonID.new()
            try await office.appoint(other, .officer, at: Agencies.justice)
            var absence = AbsenceDecided()
            (absence.absence, absence.person, absence.agency) = (.new(), office.officer, Agencies.justice)
            (absence.validFrom, absence.validTo) = (try Day("2021-03-02"), try Day("2021-03-12"))
            await office.harness.take(absence)
            try await office.pass("2021-03-02 13:00")
            #expect(try await office.harness.events(DeadlineReached.self).map(\.toOfficer) == [nil], "the leaders")
            try await delegate(office.officer, to: other, "2021-03-08", "2021-03-12", office)
            try await office.pass("2021-03-11 07:30")
            #expect(try await office.harness.events(DeadlineReached.self).last?.toOfficer == other)
            try await office.done("assign", on: id, as: office.leader, ["officer": .string(other.text)])
            let back: JSON = ["officer": .string(office.officer.text)]
            #expect(try await office.act("assign", on: id, as: office.leader, back).code == "onestop.officer-absent")
            var ended = AbsenceEnded()
            (ended.absence, ended.person, ended.agency) = (absence.absence, absence.person, absence.agency)
            ended.validTo = try Day("2021-03-10")
            await office.harness.take(ended)
            #expect(try await office.act("assign", on: id, as: office.leader, back).status == 200)
        }
    }
}
