import Contracts
import Foundation
import Postgres
import ServiceTestKit
import TestKit
import Testing

@testable import DocumentsService
@testable import ServiceKit

extension Office {
    fileprivate struct Killed: Error {}

    fileprivate func dissolve(_ agency: String, _ last: String, into successor: String?) async throws {
        var event = AgencyDissolved()
        (event.code, event.validTo) = (try AgencyCode(agency), try Day(last))
        event.successor = try successor.map { try AgencyCode($0) }
        await service.take(event)
    }

    fileprivate func establish(_ agency: String, from: String) async throws {
        var event = AgencyEstablished()
        (event.code, event.name, event.nameEn) = (try AgencyCode(agency), "Sở Nội vụ", "Department of Home Affairs")
        (event.kind, event.validFrom) = (.department, try Day(from))
        await service.take(event)
    }

    /// Fires what is due; how many did.
    @discardableResult
    fileprivate func fire(most: Int = 100, killing: Bool = false) async throws -> Int {
        let runtime = service.running.runtime
        var count = 0
        while count < most {
            let fired = try await runtime.database.transaction { transaction -> Bool in
                let due = try await transaction.run(
                    """
                    DELETE FROM timers WHERE (kind, key) IN (
                        SELECT kind, key FROM timers WHERE due_at <= \(runtime.clock.now)
                        ORDER BY due_at, kind, key LIMIT 1)
                    RETURNING key, payload
                    """)
                guard let row = due.first else { return false }
                let work = Work(
                    session: transaction, now: runtime.clock.now, actor: "documents.timer", traceparent: nil,
                    log: quiet, runtime: runtime)
                try await TakeOverDrafts.fire(key: try row("key"), payload: try row("payload"), work)
                if killing { throw Killed() }
                return true
            }
            guard fired else { break }
            count += 1
        }
        return count
    }

    fileprivate func pass(_ day: String) async throws {
        try await set("\(day)T09:00:00+07:00")
        try await fire()
    }

    /// How many documents that are not issued lie with an agency.
    fileprivate func open(at agency: String) async throws -> Int {
        try await service.count(
            "SELECT count(*) AS n FROM documents WHERE agency = \(agency) AND state <> 'issued'")
    }

    fileprivate func approval(of dossier: DossierID) throws -> DossierApproved {
        var event = DossierApproved()
        (event.dossier, event.code, event.documentType) = (dossier, "H19.12-210209-0001", "QĐ")
        (event.subject, event.field, event.officer) = ("Trợ cấp xã hội", "BTXH", officer)
        (event.agency, event.status) = (try AgencyCode(Self.agency), .processing)
        return event
    }
}

/// What a dissolved agency has not issued goes to its successor.
@Suite struct SuccessionTests {
    @Test func `the successor approves what was not issued, and numbers it in its own series`() async throws {
        try await withOffice { office in
            let clerk = PersonID.new()
            try await office.service.appoint(clerk, .records, at: try AgencyCode("H19.15"))
            let issued = try await office.approved()
            #expect(try await office.issue(issued) == "01/QĐ-STP")
            let dossier = DossierID.new()
            await office.service.take(try office.approval(of: dossier))
            let list = try await office.ask("GET", "/documents?agency=H19.12&dossier=\(dossier)", as: office.leader)
            let place = "/documents/\(list.json["documents"]?.array?.first?["document"]?.text ?? "")"
            #expect(try await office.ask("POST", "\(place)/approve", [:], as: office.leader).status == 200)
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.15")
            // Its last day is its own.
            try await office.pass("2021-03-02")
            #expect(try await office.open(at: "H19.12") == 1)
            #expect(try await office.ask("GET", issued, as: office.stranger).status == 403)
            try await office.pass("2021-03-03")
            let moved = try await office.ask("GET", place, as: office.stranger)
            #expect(moved.json["agency"] == "H19.15" && moved.json["state"] == "drafted")
            #expect(moved.json["signerName"] == nil)
            #expect(try await office.ask("GET", place, as: office.officer).status == 403)
            // Who signs is in post where it is issued.
            let early = try await office.ask("POST", "\(place)/issue", as: clerk)
            #expect(early.code == "documents.not-approved")
            #expect(try await office.ask("POST", "\(place)/approve", [:], as: office.stranger).status == 200)
            let numbered = try await office.ask("POST", "\(place)/issue", as: clerk)
            #expect(numbered.json["number"] == "01/QĐ-SYT", "\(numbered.json.description)")
            let told = try await office.service.events(DocumentIssued.self)
            #expect(told.map(\.dossier) == [nil, dossier] && told.map(\.agency.text) == ["H19.12", "H19.15"])
            let words = ["drafted", "approved", "taken-over", "approved", "issued"]
            #expect(
                try await office.events(place) == words.enumerated().map { "\($0 + 1) documents.document.\($1).v1" })
            let event = try #require(try await office.service.events(DocumentTakenOver.self).first)
            #expect(event.wasApproved && event.dossier == dossier && event.toAgency.text == "H19.15")
            let history = try await office.ask("GET", "\(place)/history", as: office.stranger).json["history"]?.array
            #expect(history?.dropFirst(2).first?["note"] == "H19.12 → H19.15")
            // What was issued stays, and is read where its successor is.
            let old = try await office.ask("GET", issued, as: office.stranger)
            #expect(old.json["agency"] == "H19.12" && old.json["number"] == "01/QĐ-STP")
            let register = try await office.ask("GET", "/agencies/H19.12/register?year=2021", as: office.stranger)
            #expect(register.json["lines"]?.array?.count == 1)
            // One timer looks once more a day later, then none.
            try await office.pass("2021-03-04")
            try await office.pass("2021-03-06")
            #expect(try await office.count("timers") == 0)
            #expect(try await office.service.announced(DocumentTakenOver.self) == 1)
        }
    }

    @Test func `killed between batches it goes on, and none is moved twice`() async throws {
        try await withOffice { office in
            _ = try await office.approved()
            let (most, all) = (Limits.Successions.batch, Limits.Successions.batch + 10)
            try await office.database.database.run(
                """
                INSERT INTO documents SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).*
                FROM documents d, generate_series(1, \(all - 1)) AS n
                """)
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.15")
            try await office.set("2021-03-03T09:00:00+07:00")
            await #expect(throws: Office.Killed.self) { try await office.fire(most: 1, killing: true) }
            #expect(try await office.open(at: "H19.15") == 0)
            try await office.fire(most: 1)
            #expect(try await office.open(at: "H19.15") == most)
            await #expect(throws: Office.Killed.self) { try await office.fire(most: 1, killing: true) }
            try await office.fire()
            #expect(try await office.open(at: "H19.15") == all)
            // The same event once more is nothing new.
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.15")
            try await office.fire()
            #expect(try await office.service.announced(DocumentTakenOver.self) == all)
        }
    }

    @Test(arguments: [true, false])
    func `it goes to the end of the line, whichever event is first`(_ isApprovalFirst: Bool) async throws {
        try await withOffice { office in
            let approval = try office.approval(of: .new())
            if isApprovalFirst { await office.service.take(approval) }
            try await office.dissolve("H19.15", "2021-03-05", into: "H19.16")
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.15")
            try await office.establish("H19.16", from: "2021-03-01")
            try await office.pass("2021-03-06")
            if !isApprovalFirst {
                try await office.pass("2021-03-08")
                #expect(try await office.count("timers") == 0)
                await office.service.take(approval)
                try await office.fire()
            }
            #expect(try await office.open(at: "H19.16") == 1)
            #expect(try await office.service.announced(DocumentTakenOver.self) == 1)
        }
    }

    @Test func `without a successor it waits, nobody issues, and the successor's name finishes it`() async throws {
        try await withOffice { office in
            let place = try await office.approved()
            try await office.dissolve("H19.12", "2021-03-02", into: nil)
            for day in ["2021-03-03", "2021-03-04", "2021-03-09"] {
                try await office.pass(day)
                #expect(try await office.open(at: "H19.12") == 1)
                #expect(try await office.count("timers") == 1)
            }
            let late = try await office.ask("POST", "\(place)/issue", as: office.records)
            #expect(late.status == 409 && late.code == "documents.agency-dissolved")
            let draft = try await office.ask(
                "POST", "/documents",
                ["agency": .string(Office.agency), "content": ["documentType": "QĐ", "subject": "x"]],
                as: office.officer)
            #expect(draft.code == "documents.agency-dissolved")
            #expect(try await office.count("series_counters") == 0)
            // Named before this service knows it.
            try await office.dissolve("H19.12", "2021-03-02", into: "H19.16")
            try await office.fire()
            #expect(try await office.open(at: "H19.12") == 1)
            try await office.establish("H19.16", from: "2021-03-01")
            try await office.fire()
            #expect(try await office.open(at: "H19.16") == 1)
        }
    }
}
