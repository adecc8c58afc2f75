import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// Posts limited to fields of procedures: the dossiers here are of LLTP.
@Suite struct FieldTests {
    /// A clerk, an officer and a leader at Justice and at the police, with these fields.
    private func staff(_ office: Office, _ fields: [String]) async throws -> [PersonID] {
        var people: [PersonID] = []
        for role in [PostRole.clerk, .officer, .leader] {
            let person = PersonID.new()
            for agency in [Agencies.justice, Agencies.police] {
                try await office.appoint(person, role, at: agency, fields: fields)
            }
            people.append(person)
        }
        return people
    }

    @Test func `every act upon a dossier asks for its field`() async throws {
        try await Office.open { office in
            let (limited, fitting) = (try await staff(office, ["HT", "CT"]), try await staff(office, ["CT", "LLTP"]))
            let id = try await office.inWork()
            let asked = try await office.done(
                "opinions", on: id, as: office.officer,
                ["toAgency": "H19.25", "question": "x", "limit": ["amount": 1, "unit": "days"]])
            let opinion = try #require(asked["id"]?.text)
            let (branch, error) = (BranchID.new(), AgencyErrorID.new())
            try await office.harness.database.database.run(
                """
                INSERT INTO branches (id, dossier, fork, step, agency, begun_at, due_at, explanation)
                VALUES (\(branch), \(try DossierID(id)), 'check', 'check', \(Agencies.police), now(), now(),
                        \(Explanation().json))
                """)
            let acts =
                office.acts + [
                    ("attachments", [:]), ("uploads", PaperDesk.announcement(of: AttachmentTests.page)),
                    ("papers", ["papers": [["part": "other", "name": "x", "form": "copy"]]]),
                    ("reuse", ["reuse": ["part": "x", "paper": .string(id)]]),
                    ("opinions/\(opinion)/answer", ["verdict": "agree"]),
                    ("branches/\(branch)/hand-over", ["note": "x"]),
                    ("branches/\(branch)/assign", ["officer": .string(office.inspector.text)]),
                    ("links/land/decide", ["decision": "drop", "reason": "x"]),
                    ("forward", ["toAgency": "H19.25", "reason": "x"]),
                    ("errors", ["kind": "other", "what": "x", "apology": "y"]), ("errors/\(error)/correct", [:]),
                    ("ratings", ["occasion": "receipt", "channel": "paper", "stars": 4]),
                ]
            // Whoever adds an act adds it here.
            let routes = Main.endpoints.map { $0.route }.filter { $0.method == "POST" }
            let paths = routes.map {
                $0.path.replacing("{opinion}", with: opinion).replacing("{branch}", with: branch.text)
                    .replacing("{error}", with: error.text).replacing("{link}", with: "land")
            }
            let prefix = "/dossiers/{dossier}/"
            #expect(Set(paths.filter { $0.hasPrefix(prefix) }) == Set(acts.map { prefix + $0.0 }))
            let events = try await office.harness.count("SELECT count(*) AS n FROM event_log")
            for (act, body) in acts {
                for person in limited {
                    let refused = try await office.act(act, on: id, as: person, body)
                    #expect((refused.status, refused.code) == (403, "forbidden"), "\(act)")
                }
            }
            #expect(try await office.harness.count("SELECT count(*) AS n FROM event_log") == events)
            for (act, body) in acts {
                var codes: [String?] = []
                for person in fitting { codes.append(try await office.act(act, on: id, as: person, body).code) }
                #expect(codes.contains { $0 != "forbidden" }, "\(act)")
            }
        }
    }

    @Test func `officials limited to its field bring a dossier to its end`() async throws {
        try await Office.open { office in
            let people = try await staff(office, ["LLTP"])
            let (clerk, officer, leader) = (people[0], people[1], people[2])
            let id = try await office.submit()
            try await office.done("accept", on: id, as: clerk)
            try await office.done("hand-over", on: id, as: clerk, ["toOfficer": .string(officer.text)])
            try await office.done("assign", on: id, as: leader, ["officer": .string(leader.text)])
            try await office.done("exempt-fees", on: id, as: officer, ["fee": "exempt", "reason": "y"])
            try await office.done("hand-over", on: id, as: officer)
            try await office.done("hand-over", on: id, as: officer, ["toOfficer": .string(leader.text)])
            try await office.done("approve", on: id, as: leader, [:])
            await office.harness.take(try office.issued(for: id))
            try await office.done("return", on: id, as: clerk, [:])
            #expect(try await office.status(id) == 10)
        }
    }

    @Test func `nobody is given a dossier of another field`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let (limited, fitting) = (try await staff(office, ["HT"]), try await staff(office, ["HT", "LLTP"]))
            for person in limited {
                for (act, name) in [("assign", "officer"), ("hand-over", "toOfficer")] {
                    let body = JSON.object([]).with(name, .string(person.text)).with(
                        "step", act == "assign" ? nil : "check")
                    let refused = try await office.act(act, on: id, as: office.leader, body)
                    #expect((refused.status, refused.code) == (422, "onestop.officer-not-there"), "\(act)")
                }
            }
            try await office.done("assign", on: id, as: office.leader, ["officer": .string(fitting[1].text)])
        }
    }

    @Test func `a post that changes to other fields at that moment is not there any more`() async throws {
        try await Office.open { office in
            let person = PersonID.new()
            try await office.appoint(person, .officer, at: Agencies.justice, fields: ["LLTP"])
            let today = try Day("2021-03-01")
            let database = office.harness.database.database
            let known = try #require(try await database.official(person, on: today))
            for (fields, holds) in [
                (["LLTP"], true), (["HT", "LLTP"], true), ([], true), (nil, true), (["HT"], false),
            ] as [([String]?, Bool)] {
                try await database.run("UPDATE directory_posts SET fields = \(fields) WHERE person = \(person)")
                let row = try await database.run("SELECT \(DossierSQL.holds(known, of: "LLTP", on: today)) AS held")
                    .first
                #expect(try row?("held") == holds, "\(fields ?? ["null"])")
            }
        }
    }

    @Test func `a transfer to a post of other fields gives back what it cannot work on`() async throws {
        try await Office.open { office in
            for (number, fields, stays) in [(1, ["HT"], false), (2, ["HT", "LLTP"], true), (3, nil, true)]
                as [(Int, [String]?, Bool)]
            {
                let (person, id) = (PersonID.new(), try await office.inWork())
                try await office.appoint(person, .officer, at: Agencies.justice)
                try await office.done("assign", on: id, as: office.leader, ["officer": .string(person.text)])
                #expect(
                    await office.harness.take(try office.transferred(person, to: Agencies.justice, fields: fields))
                        == .taken)
                let held = try await office.get("/dossiers/\(id)", as: office.leader).json["officer"]?.text
                #expect(held == (stays ? person.text : nil), "\(number)")
            }
        }
    }

    @Test func `the counter registers what it is for`() async throws {
        try await Office.open { office in
            let (limited, fitting) = (PersonID.new(), PersonID.new())
            try await office.appoint(limited, .clerk, at: Agencies.justice, fields: ["HT"])
            try await office.appoint(fitting, .clerk, at: Agencies.justice, fields: ["LLTP"])
            func receive(_ person: PersonID, _ submission: JSON = Office.submission) async throws -> TestService.Answer
            {
                try await office.send("POST", "/counter/dossiers", as: person, ["submission": submission])
            }
            let refused = try await receive(limited)
            #expect((refused.status, refused.code) == (403, "forbidden"))
            #expect(try await receive(fitting).status == 201)
            let unknown = try await receive(limited, Office.submission.with("procedure", "9.999999"))
            #expect((unknown.status, unknown.code) == (422, "onestop.procedure-unknown"))
        }
    }

    /// Colleagues stand in for one another, and every read is logged.
    @Test func `reading stays by agency`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            for person in try await staff(office, ["HT"]) {
                for path in ["", "/history", "/due-dates", "/attachments", "/opinions"] {
                    #expect(try await office.get("/dossiers/\(id)\(path)", as: person).status == 200, "\(path)")
                }
                let inbox = try await office.get("/inbox?agency=H19.06", as: person)
                #expect(inbox.json["dossiers"]?.array?.map { $0["id"]?.text } == [id])
            }
        }
    }
}
