import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Of two who act on a dossier at once one wins, and the other is told; whatever the act.
@Suite struct DuelTests {
    /// Two people who may do the same to a dossier that is ready for it.
    struct Duel: Sendable {
        /// As the route says it, after `/dossiers/{dossier}/`.
        let act: String
        let people: @Sendable (Office) -> (PersonID, PersonID)
        let body: @Sendable (Office) -> JSON
        /// What the loser is told who had read the dossier before the other one and what hangs on it after.
        let or: String?
        let ready: @Sendable (Office) async throws -> String

        init(
            _ act: String, _ people: @escaping @Sendable (Office) -> (PersonID, PersonID),
            _ body: @escaping @Sendable (Office) -> JSON = { _ in [:] }, or: String? = nil,
            ready: @escaping @Sendable (Office) async throws -> String
        ) {
            (self.act, self.people, self.body, self.or, self.ready) = (act, people, body, or, ready)
        }
    }

    /// Acts that leave the dossier's version as it is, each with why: what they write has rows of its own.
    private static let beside: [String: String] = [
        "attachments": "the second file is told; SideDuelTests", "reuse": "the second is told; SideDuelTests",
        "ratings": "the second revision is told; SideDuelTests",
        "errors/{error}/correct": "opens a dossier of its own, the second is told; SideDuelTests",
        "uploads": "announces only: who sends the last byte second is told; SideDuelTests",
        "papers": "lines are only added: both stay; SideDuelTests",
    ]

    private static let reasoned: JSON = ["reasonCode": "x", "reason": "y"]
    private static let clerks: @Sendable (Office) -> (PersonID, PersonID) = { ($0.clerk, second(.clerk)) }
    private static let officers: @Sendable (Office) -> (PersonID, PersonID) = { ($0.officer, second(.officer)) }
    private static let leaders: @Sendable (Office) -> (PersonID, PersonID) = { ($0.leader, second(.leader)) }
    private static let police: @Sendable (Office) -> (PersonID, PersonID) = { ($0.inspector, second(.records)) }
    private static let inWork: @Sendable (Office) async throws -> String = { try await $0.inWork() }

    private static let policeLeaders = (PersonID.new(), PersonID.new())
    private static let communeClerk = PersonID.new()

    /// Somebody beside the one whom `Office` has.
    private static func second(_ role: PostRole) -> PersonID { seconds[role] ?? PersonID() }
    private static let seconds: [PostRole: PersonID] = [
        .clerk: .new(), .officer: .new(), .leader: .new(), .records: .new(),
    ]

    private static let duels: [Duel] = [
        Duel("accept", clerks) { try await $0.submit() },
        Duel("refuse", clerks, { _ in reasoned }) { try await $0.submit() },
        Duel("request-supplement", clerks, { _ in ["missing": "x"] }) { try await $0.submit() },
        Duel("supply", { ($0.clerk, $0.citizen) }) { office in
            let id = try await office.inWork()
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "x"])
            return id
        },
        Duel("hand-over", officers, ready: inWork),
        Duel("assign", leaders, { _ in ["officer": .string(second(.officer).text)] }, ready: inWork),
        Duel("send", officers, { _ in ["toAgency": "H19.25"] }, ready: inWork),
        Duel("send-back", police, { _ in ["note": "x"] }) { office in
            let id = try await office.inWork()
            try await office.done("send", on: id, as: office.officer, ["toAgency": "H19.25"])
            return id
        },
        Duel(
            "opinions", officers,
            { _ in ["toAgency": "H19.31", "question": "x", "limit": ["amount": 1, "unit": "days"]] }, ready: inWork),
        Duel("opinions/{opinion}/answer", police, { _ in ["verdict": "agree"] }) { office in
            let id = try await office.inWork()
            try await office.done(
                "opinions", on: id, as: office.officer,
                ["toAgency": "H19.25", "question": "x", "limit": ["amount": 1, "unit": "days"]])
            return id
        },
        Duel(
            "branches/{branch}/hand-over", police, { _ in ["note": "Xong"] }, or: "onestop.branch-closed",
            ready: { try await $0.apart() }),
        Duel(
            "branches/{branch}/assign", { _ in policeLeaders }, { ["officer": .string($0.inspector.text)] },
            or: "onestop.same-officer", ready: { try await $0.apart() }),
        Duel("forward", clerks, { _ in ["toAgency": "H19.07", "reason": "x"] }) { try await $0.submit() },
        Duel("errors", leaders, { _ in ["kind": "papers-lost", "what": "x", "apology": "y"] }, ready: inWork),
        Duel("withdraw-demand", officers, { _ in ["demand": "{demand}", "reason": "y"] }) { office in
            let id = try await office.inWork()
            try await office.done("require-payment", on: id, as: office.officer)
            return id
        },
        Duel(
            "links/{link}/decide", { ($0.communeClerk, communeClerk) }, { _ in ["decision": "repeat", "reason": "x"] },
            or: "onestop.link-not-failed", ready: { try await LinkTests().failed($0) }),
        Duel(
            "links/{link}/decide", { ($0.communeClerk, communeClerk) }, { _ in ["decision": "drop", "reason": "x"] },
            or: "onestop.link-not-failed", ready: { try await LinkTests().failed($0) }),
        Duel("require-payment", officers, ready: inWork),
        Duel("exempt-fees", officers, { _ in ["fee": "exempt", "reason": "y"] }, ready: inWork),
        Duel("approve", leaders) { try await $0.decided() },
        Duel("finish", leaders) { office in
            let id = try await office.submit(plain)
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            for _ in 1...2 { try await office.done("hand-over", on: id, as: office.officer) }
            return id
        },
        Duel("return", clerks) { office in
            let id = try await office.inWork()
            try await office.done("stop", on: id, as: office.officer, reasoned)
            return id
        },
        Duel("stop", officers, { _ in reasoned }, ready: inWork),
        Duel("withdraw", { ($0.clerk, $0.citizen) }, ready: inWork),
        Duel("withdrawal/confirm", officers) { try await $0.withdrawn() },
        Duel("withdrawal/decline", officers, { _ in ["reason": "x"] }) { try await $0.withdrawn() },
        Duel(
            "reappoint", leaders, { _ in ["dueOn": "2021-03-18", "reasonCode": "x", "reason": "y"] }, ready: inWork),
    ]

    /// A procedure without fees and without a document.
    private static let plain = "9.000002"

    @Test func `os-191: of two who act at once one wins and the other is told`() async throws {
        try await Office.open { office in
            for role in [PostRole.clerk, .officer, .leader] {
                try await office.appoint(Self.second(role), role, at: Agencies.justice)
            }
            try await office.appoint(Self.second(.records), .officer, at: Agencies.police)
            try await office.appoint(Self.policeLeaders.0, .leader, at: Agencies.police)
            try await office.appoint(Self.policeLeaders.1, .leader, at: Agencies.police)
            try await office.appoint(Self.communeClerk, .clerk, at: Agencies.commune)
            try await LinkTests().publish(office, .parallel)
            try await office.publish(BranchTests.code, try BranchTests.definition())
            var definition = try judicialRecord()
            (definition.fees, definition.documentType, definition.approvalGuards) = ([], nil, [])
            definition.steps[1].guards = []
            try await office.publish(Self.plain, definition)
            // Nobody works there: procedures are published before it is.
            _ = try await ForwardTests().establish(office)
            let second = office.harness.database.open(office.harness.database.runtime)
            for duel in Self.duels { try await fight(duel, office, second) }
        }
    }

    /// Every act of the service that changes a dossier is fought over.
    @Test func `no act is left out`() {
        let acts = Main.endpoints.map { $0.route }.filter {
            $0.method != "GET" && $0.path.hasPrefix("/dossiers/{dossier}/")
        }.map { String($0.path.dropFirst("/dossiers/{dossier}/".count)) }
        let known = Set(Self.beside.keys).union(Self.duels.map(\.act))
        for act in acts where !known.contains(act) {
            Issue.record("nobody fights over \(act): it needs a line in DuelTests.duels, or in beside")
        }
        for act in Self.beside.keys { #expect(acts.contains(act), "\(act) is no act of the service") }
        #expect(acts.count >= Self.duels.count)
    }

    private func fight(_ duel: Duel, _ office: Office, _ second: Database) async throws {
        let id = try await duel.ready(office)
        let dossier = try DossierID(id)
        let version = try await office.version(dossier)
        let path = try await office.filled(duel.act, dossier)
        let body = try JSON(parsing: Array(try await office.filled(duel.body(office).description, dossier).utf8))
        let held = Kept(false)
        let (one, other) = duel.people(office)
        async let answers = withThrowingTaskGroup(of: TestService.Answer.self) { group in
            for person in [one, other] {
                group.addTask {
                    try await eventually("the dossier is held") { held.value }
                    // Both have read this version.
                    return try await office.act(path, on: id, as: person, body, ifMatch: version)
                }
            }
            return try await group.reduce(into: [TestService.Answer]()) { $0.append($1) }
        }
        try await second.transaction { transaction in
            try await transaction.run("SELECT 1 AS held FROM dossiers WHERE id = \(dossier) FOR UPDATE")
            held.set(true)
            try await eventually("\(duel.act): somebody waits for the dossier") { try await office.waiting() > 0 }
        }
        let both = try await answers.sorted { $0.status < $1.status }
        #expect([200, 201].contains(both[0].status), "\(duel.act): \(both[0].status) \(both[0].code ?? "")")
        let isTold =
            (both[1].status, both[1].code) == (412, "stale-version") || duel.or == both[1].code && duel.or != nil
        #expect(isTold, "\(duel.act): \(both[1].status) \(both[1].code ?? "")")
        let after = try await office.version(dossier)
        #expect(after > version, "\(duel.act)")
        // Each version has its one line and its one event, and none is of the one who lost.
        for table: SQL in [
            "dossier_history WHERE dossier = \(dossier)", "event_log WHERE aggregate_id = \(id)",
        ] {
            #expect(try await office.harness.count("SELECT count(*) AS n FROM \(table)") == after, "\(duel.act)")
        }
    }
}

extension Office {
    fileprivate func version(_ dossier: DossierID) async throws -> Int {
        try await harness.count("SELECT version AS n FROM dossiers WHERE id = \(dossier)")
    }

    /// A text with the opinion or the branch that the police have, the open demand, the link that failed.
    fileprivate func filled(_ text: String, _ dossier: DossierID) async throws -> String {
        let rows = try await harness.database.database.run(
            """
            SELECT id, '{opinion}' AS word FROM opinions WHERE dossier = \(dossier) AND to_agency = \(Agencies.police)
            UNION ALL SELECT id, '{branch}' FROM branches WHERE dossier = \(dossier) AND agency = \(Agencies.police)
            UNION ALL SELECT (fee->>'demand')::uuid, '{demand}' FROM dossiers, jsonb_array_elements(fees) fee
            WHERE dossiers.id = \(dossier) AND fee->>'state' = 'open'
            """)
        return try rows.reduce(text.replacing("{link}", with: "allowance")) { text, row in
            text.replacing(try row("word", as: String.self), with: try row("id", as: UUID.self).uuidString.lowercased())
        }
    }

    /// Submitted for a procedure.
    fileprivate func submit(_ procedure: String) async throws -> String {
        let answer = try await send(
            "POST", "/dossiers", as: citizen, Office.submission.with("procedure", .string(procedure)))
        guard answer.status == 201, let id = answer.json["id"]?.text else { throw Unexpected(answer) }
        return id
    }

    /// Gone apart: the police and the district work beside the leading step.
    fileprivate func apart() async throws -> String {
        let id = try await submit(BranchTests.code)
        try await done("accept", on: id, as: clerk)
        for person in [clerk, officer] { try await done("hand-over", on: id, as: person) }
        return id
    }

    /// At its last step, with the fees exempted.
    fileprivate func decided() async throws -> String {
        let id = try await inWork()
        try await done("exempt-fees", on: id, as: officer, ["fee": "exempt", "reason": "y"])
        try await done("hand-over", on: id, as: officer)
        try await done("hand-over", on: id, as: officer)
        return id
    }

    fileprivate func withdrawn() async throws -> String {
        let id = try await inWork()
        try await done("withdraw", on: id, as: citizen)
        return id
    }
}
