import Contracts
import Foundation

/// `Rehearsal crowd SECONDS [WIDTH] [FILE]`: many dossiers at once, each from its submission to its return, while
/// somebody else breaks things. Whatever is cut off is repeated with the same key until it is answered, so in the end
/// every dossier that was begun is done; the last line counts what the services have against what they answered.
struct Crowd {
    let office: Office
    let province: Province
    let eye: Eye
    let say: @Sendable (String) -> Void

    /// Works until the time is over, then finishes what was begun.
    func work(for time: Duration, width: Int, noting file: String?) async throws {
        let tally = CrowdTally(file)
        try await standClock()
        let before = try await dossiers()
        let end = ContinuousClock.now + time
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<width {
                group.addTask {
                    var number = worker
                    while ContinuousClock.now < end {
                        try await self.dossier(number, tally)
                        number += width
                    }
                }
            }
            try await group.waitForAll()
        }
        try await report(tally, before)
    }

    /// Business time stands on a working day, at every copy of every service: each of them is asked in turn by the
    /// balancer, so that some answers in a row are those of all.
    private func standClock() async throws {
        let moment = try Moment(Self.moment)
        try await office.setClock(moment, patient: true)
        try await inParallel(ServiceName.running) { [office] service in
            var agreed = 0
            _ = try await office.eventually("all copies of \(service) to have the time") { () -> Bool? in
                let now = try await office.read(service, "/rehearsal/clock", as: nil).text("now")
                agreed = try Moment(now) == moment ? agreed + 1 : 0
                return agreed == Limits.Copies.asked ? true : nil
            }
        }
    }

    private static let moment = "2021-03-01 08:05"

    /// One dossier, with its fee, which the gateway reports twice.
    private func dossier(_ number: Int, _ tally: CrowdTally) async throws {
        let citizen = Cast.citizens[number % Cast.citizens.count]
        let person = province.citizens.first { $0["citizen_key"] == citizen.key }
        let dossier = try await office.post(
            .onestop, "/dossiers",
            .object(
                optional: [
                    ("procedure", "2.000488"), ("agency", JudicialRecord.justice),
                    ("subject", "Cấp Phiếu lý lịch tư pháp số 1, hồ sơ \(number)"),
                    ("name", person?["full_name"] ?? ""), ("phone", person?["phone"] ?? ""),
                    ("nationalId", person?["national_id"] ?? ""), ("address", person?["address"] ?? ""),
                ], [("form", ["purpose": "employment", "copies": 1])]), as: citizen.who
        ).text("id")
        await tally.answered(submission: dossier)
        try await act(dossier, "accept", as: "clerk", tally)
        try await pay(dossier, tally)
        try await decide(dossier, tally)
        try await issue(dossier, tally)
        _ = try await eventually(.finished, dossier, as: "clerk")
        try await act(dossier, "return", ["note": "At the counter"], as: "clerk", tally)
        await tally.returned()
    }

    private func act(
        _ dossier: String, _ action: String, _ body: JSON = [:], as who: String, _ tally: CrowdTally
    ) async throws {
        try await office.post(.onestop, "/dossiers/\(dossier)/\(action)", body, as: who)
        await tally.answered()
    }

    private func pay(_ dossier: String, _ tally: CrowdTally) async throws {
        let demand = try await office.post(.onestop, "/dossiers/\(dossier)/require-payment", as: "clerk")
            .text("demand")
        await tally.answered()
        let reference = "VNPAY-\(demand.suffix(12))"
        for _ in 0..<2 {
            // The gateway repeats its report until Budget knows of the demand.
            _ = try await office.eventually("the payment of \(demand)") { () -> Bool? in
                do {
                    _ = try await Gateway(office).report(
                        reference, demand: demand, amount: JudicialRecord.fee, paidAt: try Moment(Self.moment))
                    return true
                } catch let said as SaidNo where said.status == 404 { return nil }
            }
            await tally.answered()
        }
        await tally.paid()
        _ = try await eventually(.processing, dossier, as: "clerk")
    }

    private func decide(_ dossier: String, _ tally: CrowdTally) async throws {
        let (officer, leader) = (Cast.person("stp-officer-1").text, Cast.person("stp-leader").text)
        let steps = [("appraise", officer, "leader"), ("conclude", officer, "officer"), ("approve", leader, "officer")]
        for (step, to, who) in steps {
            try await act(dossier, "hand-over", ["step": .string(step), "toOfficer": .string(to)], as: who, tally)
        }
        try await act(dossier, "approve", ["note": "Đồng ý cấp Phiếu"], as: "leader", tally)
    }

    /// The draft that the approval made, completed, approved and numbered.
    private func issue(_ dossier: String, _ tally: CrowdTally) async throws {
        let document = try await office.completeDraft(of: dossier, at: JudicialRecord.justice, as: "officer")
        await tally.answered()
        for (action, who) in [("approve", "leader"), ("issue", "records")] {
            try await office.post(.documents, "/documents/\(document)/\(action)", as: who)
            await tally.answered()
        }
    }

    private func eventually(_ status: DossierStatus, _ dossier: String, as who: String) async throws -> JSON {
        try await office.eventually("dossier \(dossier) to be \(status.rawValue)") {
            let view = try await office.read(.onestop, "/dossiers/\(dossier)", as: who)
            return view["status"]?.text == status.rawValue ? view : nil
        }
    }

    // MARK: - Counting

    private func dossiers() async throws -> Int {
        try await office.eventually("the database") {
            try? await eye.count("SELECT count(*) AS n FROM onestop.dossiers")
        }
    }

    private func report(_ tally: CrowdTally, _ before: Int) async throws {
        let (there, done) = (try await dossiers() - before, await tally.counts)
        let known = try await eye.count(
            "SELECT count(*) AS n FROM onestop.dossiers WHERE id::text = ANY(\(done.submitted))")
        let returned = try await eye.count(
            """
            SELECT count(*) AS n FROM onestop.dossiers
            WHERE id::text = ANY(\(done.submitted)) AND status = \(Int64(DossierStatus.returned.number))
            """)
        let payments = try await eye.count(
            """
            SELECT count(*) AS n FROM budget.payments p JOIN budget.fee_demands d ON d.id = p.demand
            WHERE d.dossier::text = ANY(\(done.submitted))
            """)
        let findings = try await eye.irregularities()
        for finding in findings { say(finding) }
        let submitted: Int = done.submitted.count
        var lost: Int = submitted - known
        lost += done.returned - returned
        lost += max(0, done.paid - payments)
        var twice: Int = max(0, there - submitted)
        twice += max(0, payments - done.paid)
        let line: JSON = [
            "dossiers": .integer(Int64(submitted)), "returned": .integer(Int64(returned)),
            "paid": .integer(Int64(payments)), "writes": .integer(Int64(done.writes)),
            "answered_and_lost": .integer(Int64(lost)), "done_twice": .integer(Int64(twice)),
            "irregularities": .integer(Int64(findings.count)),
        ]
        say(line.description)
        guard lost == 0, twice == 0, findings.isEmpty else { throw Failed("the services have not what they answered") }
    }
}

/// What was answered, and when: a line of unix seconds for each answered write, for those who measure interruptions.
private actor CrowdTally {
    struct Counts: Sendable {
        var submitted: [String] = []
        var returned = 0
        var paid = 0
        var writes = 0
    }

    private(set) var counts = Counts()
    private let file: FileHandle?

    init(_ path: String?) {
        if let path { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        file = path.flatMap { FileHandle(forWritingAtPath: $0) }
    }

    func answered(submission dossier: String? = nil) {
        counts.writes += 1
        if let dossier { counts.submitted.append(dossier) }
        file?.write(Data(String(format: "%.3f\n", Date().timeIntervalSince1970).utf8))
    }

    func returned() { counts.returned += 1 }
    func paid() { counts.paid += 1 }
}
