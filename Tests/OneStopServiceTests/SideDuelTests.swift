import Contracts
import Files
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// What hangs on a dossier and has no part in its version: of two who want the same of it at once one has it, the other
/// is told, and nothing is there twice.
@Suite struct SideDuelTests {
    typealias Try = @Sendable () async throws -> TestService.Answer

    private func opened(_ body: (Office, PaperDesk) async throws -> Void) async throws {
        try await Office.open { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            try await body(office, PaperDesk(office))
        }
    }

    /// Both are sent while a lock keeps either from writing. - Returns: the answers, the better one first.
    @discardableResult
    private func fight(
        _ name: String, _ office: Office, over lock: SQL, _ tries: [Try], told: (status: Int, code: String?),
        once: SQL
    ) async throws -> [TestService.Answer] {
        let before = try await office.harness.count("SELECT count(*) AS n FROM \(once)")
        let second = office.harness.database.open(office.harness.database.administrator)
        let held = Kept(false)
        async let answers = withThrowingTaskGroup(of: TestService.Answer.self) { group in
            for act in tries {
                group.addTask {
                    try await eventually("it is held") { held.value }
                    return try await act()
                }
            }
            return try await group.reduce(into: [TestService.Answer]()) { $0.append($1) }
        }
        try await second.transaction { transaction in
            try await transaction.run(lock)
            held.set(true)
            try await eventually("\(name): somebody waits") { try await office.waiting() > 0 }
        }
        let all = try await answers.sorted { $0.status < $1.status }
        #expect([200, 201].contains(all[0].status), "\(name): \(all[0].status) \(all[0].code ?? "")")
        for other in all.dropFirst() {
            #expect((other.status, other.code) == told, "\(name): \(other.status) \(other.code ?? "")")
        }
        let after = try await office.harness.count("SELECT count(*) AS n FROM \(once)")
        #expect(after == before + 1, "\(name): \(after - before) are there")
        return all
    }

    /// Registered at the counter for the citizen's account.
    private func received(_ submission: JSON, _ office: Office) async throws -> String {
        let answer = try await office.send(
            "POST", "/counter/dossiers", as: office.clerk,
            ["submission": submission, "person": .string(office.citizen.text)])
        guard let id = answer.json["id"]?.text else { throw Office.Unexpected(answer) }
        return id
    }

    private func row(_ dossier: String) throws -> SQL {
        "SELECT 1 AS held FROM dossiers WHERE id = \(try DossierID(dossier)) FOR UPDATE"
    }

    @Test func `of two who bring the same file at once it is there once`() async throws {
        try await opened { office, desk in
            let id = try await office.submit()
            let bytes = UploadTests.document(900)
            let file = ContentHash(of: bytes).text
            let attach: Try = {
                try await office.harness.send(
                    "POST", "/dossiers/\(id)/attachments", as: office.citizen, .citizen, body: bytes,
                    headers: [("content-type", "application/pdf"), ("x-file-name", "a.pdf"), ("x-file-sha256", file)])
            }
            let once: SQL = "attachments WHERE sha256 = \(file)"
            try await fight(
                "attach", office, over: try row(id), [attach, attach], told: (409, "onestop.attached-already"),
                once: once)
            // In parts: two uploads of one file, of which both are whole.
            let other = UploadTests.document(1_000)
            let name = ContentHash(of: other).text
            let place = "/dossiers/\(id)"
            let uploads = [
                try await desk.announce(other, to: place), try await desk.announce(other, to: place),
            ]
            let both = uploads.map { id -> Try in { try await desk.chunk(id, at: 0, other) } }
            try await fight(
                "upload", office, over: try row(id), both,
                told: (409, "onestop.attached-already"), once: "attachments WHERE sha256 = \(name)")
        }
    }

    @Test func `os-032: who sends the last part again meanwhile hears that it is whole`() async throws {
        try await opened { office, desk in
            let (bytes, id) = (UploadTests.document(1_100), try await office.submit())
            let upload = try await desk.announce(bytes, to: "/dossiers/\(id)")
            _ = try await desk.chunk(upload, at: 0, Array(bytes[..<500]))
            let last: Try = { try await desk.chunk(upload, at: 500, Array(bytes[500...])) }
            let answers = try await fight(
                "the same part", office, over: try row(id), [last, last], told: (200, nil),
                once: "attachments WHERE sha256 = \(ContentHash(of: bytes).text)")
            #expect(answers.map { $0.json["state"] } == ["attached", "attached"])
            // The other one was so much faster that the bytes are no longer where they came.
            let page = AttachmentTests.page
            let slow = try await desk.announce(page, to: "/dossiers/\(id)")
            let key = try UploadID(slow)
            let second = office.harness.database.open(office.harness.database.administrator)
            try await second.run("UPDATE uploads SET received = bytes WHERE id = \(key)")
            let answer = try await second.transaction { transaction in
                try await transaction.run(
                    """
                    UPDATE uploads SET state = 'attached', version = version + 1, media_type = 'application/pdf',
                        signed = false WHERE id = \(key)
                    """)
                let answer = Task { try await desk.chunk(slow, at: page.count, []) }
                try await eventually("the slow one finds no bytes") { try await office.waiting() > 0 }
                return answer
            }
            let told = try await answer.value
            #expect((told.status, told.json["state"]) == (200, "attached"), "\(told.code ?? "")")
        }
    }

    @Test func `os-042: of two who take the same paper or result again it is there once`() async throws {
        try await PapersTests().opened { office, desk in
            let first = try await PapersTests().submitted(desk)
            try await office.done("accept", on: first, as: office.clerk)
            try await PapersTests().finished(first, office)
            let offers = try await PapersTests().offers(desk)
            let submission = PaperDesk.submission.with("procedure", .string(PapersTests.other))
            let id = try await received(submission, office)
            #expect(offers.map { $0["kind"] } == ["file", "result"])
            for offer in offers {
                let body: JSON = [
                    "reuse": ["part": offer["parts"]?.array?.first ?? .null, "paper": offer["paper"] ?? .null]
                ]
                let take: Try = { try await office.act("reuse", on: id, as: office.clerk, body) }
                let dossier = try DossierID(id)
                let table: SQL = offer["kind"] == "file" ? "attachments" : "dossier_papers"
                try await fight(
                    "take again", office, over: try row(id), [take, take], told: (409, "onestop.attached-already"),
                    once: "\(table) WHERE dossier = \(dossier)")
            }
        }
    }

    @Test func `os-044: of two clerks who tick papers at once both lists stay`() async throws {
        try await opened { office, desk in
            let id = try await received(PaperDesk.submission, office)
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...2 {
                    group.addTask {
                        try await office.act(
                            "papers", on: id, as: office.clerk, ["papers": [["part": "cccd", "form": "copy"]]]
                        ).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers == [201, 201])
            #expect(try await office.harness.count("SELECT sum(count) AS n FROM dossier_papers") == 2)
        }
    }

    @Test func `os-085: of two who correct an error at once one opens the dossier`() async throws {
        try await opened { office, _ in
            let id = try await office.inWork()
            try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "y"])
            let error = try await office.done(
                "errors", on: id, as: office.leader, ["kind": "wrong-result", "what": "x", "apology": "y"])
            let path = "errors/\(error["error"]?.text ?? "")/correct"
            try await fight(
                "correct", office, over: "LOCK TABLE corrections IN SHARE MODE",
                [office.clerk, office.leader].map { person -> Try in
                    { try await office.act(path, on: id, as: person) }
                }, told: (409, "onestop.already-corrected"), once: "dossiers")
        }
    }

    @Test func `os-136: of two who rate at once one revises what nobody has revised`() async throws {
        try await opened { office, _ in
            let id = try await office.inWork()
            let rate: Try = {
                try await office.act("ratings", on: id, as: office.citizen, RatingTests.good, ifMatch: 0)
            }
            try await fight(
                "rate", office, over: "LOCK TABLE ratings IN SHARE MODE", [rate, rate],
                told: (412, "stale-version"), once: "ratings WHERE dossier = \(try DossierID(id))")
            #expect(try await office.harness.announced(RatingGiven.self) == 1)
        }
    }

    @Test func `of two who assign or answer a complaint at once one does`() async throws {
        try await opened { office, _ in
            let lodged = try await office.send(
                "POST", "/my/complaints", as: office.citizen,
                ["grievance": ComplaintTests.grievance, "agency": "H19.06"])
            let id = try ComplaintID(try #require(lodged.json["id"]?.text))
            let second = PersonID.new()
            try await office.appoint(second, .leader, at: Agencies.justice)
            let acts: [(String, JSON, String)] = [
                ("assign", ["handler": .string(office.clerk.text)], "assigned"),
                ("answer", ["answer": "Xin lỗi", "justified": true], "answered"),
            ]
            for (version, (act, body, what)) in acts.enumerated() {
                try await fight(
                    act, office, over: "SELECT 1 AS held FROM complaints WHERE id = \(id) FOR UPDATE",
                    [office.leader, second].map { person -> Try in
                        {
                            try await office.send(
                                "POST", "/complaints/\(id)/\(act)", as: person, body, ifMatch: version + 1)
                        }
                    }, told: (412, "stale-version"),
                    once: "complaint_history WHERE complaint = \(id) AND what = \(what)")
            }
        }
    }

    /// Timers that move dossiers, against somebody who acts on one of them at that moment.
    @Test(arguments: ["reassign", "move"])
    func `os-191: a person and a timer at once: the dossier has one story`(_ what: String) async throws {
        try await opened { office, _ in
            let id = try await office.inWork()
            let dossier = try DossierID(id)
            if what == "reassign" {
                let other = PersonID.new()
                try await office.appoint(other, .officer, at: Agencies.justice)
                let body: JSON = [
                    "officer": .string(office.officer.text), "toOfficers": [.string(other.text)],
                ]
                // Asked for twice: each dossier goes to the other once.
                for _ in 1...2 {
                    #expect(try await office.send("POST", "/reassignments", as: office.leader, body).status == 201)
                }
            } else {
                try await VersionMoveTests().publishLater(office)
                let mapping = try await VersionMoveTests().written(office)
                for _ in 1...2 {
                    let asked = try await office.send("POST", "\(mapping)/apply", as: office.administrator)
                    #expect(asked.status == 200)
                }
            }
            let version = try await office.harness.count("SELECT version AS n FROM dossiers WHERE id = \(dossier)")
            let second = office.harness.database.open(office.harness.database.administrator)
            let held = Kept(false)
            async let answer: TestService.Answer = {
                try await eventually("it is held") { held.value }
                return try await office.act("hand-over", on: id, as: office.officer, ifMatch: version)
            }()
            async let fired: Int = {
                try await eventually("it is held") { held.value }
                return try await office.fire()
            }()
            let lock = try row(id)
            try await second.transaction { transaction in
                try await transaction.run(lock)
                held.set(true)
                try await eventually("somebody waits") { try await office.waiting() > 0 }
            }
            let told = try await answer
            _ = try await fired
            #expect(told.status == 200 || told.code == "stale-version", "\(told.status) \(told.code ?? "")")
            let after = try await office.harness.count("SELECT version AS n FROM dossiers WHERE id = \(dossier)")
            // Who was handed it does not hold it any more for whom the others were to take it.
            let both = what == "move" && told.status == 200
            #expect(after == version + (both ? 2 : 1))
            for table: SQL in [
                "dossier_history WHERE dossier = \(dossier)", "event_log WHERE aggregate_id = \(id)",
            ] { #expect(try await office.harness.count("SELECT count(*) AS n FROM \(table)") == after) }
            let moved = what == "reassign" ? "assigned" : "version-changed"
            let times = try await office.harness.count(
                "SELECT count(*) AS n FROM dossier_history WHERE dossier = \(dossier) AND what = \(moved)")
            #expect(times == (what == "reassign" && told.status == 200 ? 0 : 1))
        }
    }
}
