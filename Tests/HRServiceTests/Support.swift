import Contracts
import Foundation
import ServiceTestKit
import TestKit

@testable import HRService
@testable import ServiceKit

/// The personnel office of the province, with an administrator, one HR officer of the province and one of a district.
struct Office: Sendable {
    let service: TestService
    let administrator = PersonID.new()
    let provincial = PersonID.new()
    let district = PersonID.new()

    static let province = "H19"

    /// - Parameter room: the whole service runs, timers too; business time stands at 2021-02-01.
    static func open(in room: Room? = nil, _ body: (Office) async throws -> Void) async throws {
        try await withService(Main.self, ["LIENTHONG_REHEARSAL": "1"], in: room) { service in
            let office = Office(service: service)
            try await service.nameAdministrator(office.administrator)
            try await service.appoint(office.provincial, .hr, at: try AgencyCode("H19"))
            try await service.appoint(office.district, .hr, at: try AgencyCode("H19.30"))
            try await office.clock("2021-02-01T08:00:00+07:00")
            try await office.establish("H19", .province, under: nil)
            try await office.establish("H19.30", .district)
            try await office.establish("H19.30.01", .commune, under: "H19.30")
            try await office.establish("H19.12", .department)
            for code in ["H19.30", "H19.30.01", "H19.12"] {
                try await office.unit("mot-cua", at: code)
                try await office.position("officer", at: code)
            }
            try await office.position("leader", .leader, at: "H19.12")
            try await body(office)
        }
    }

    func clock(_ now: String) async throws {
        let answer = try await post("/rehearsal/clock", as: administrator, ["now": .string(now)])
        guard answer.status == 200 else { throw Unexpected(answer: answer.json) }
    }

    struct Unexpected: Error { let answer: JSON }

    // MARK: - Agencies

    @discardableResult
    func establish(
        _ code: String, _ kind: AgencyKind = .department, under parent: String? = "H19", from: String = "2021-01-01",
        to: String? = nil, as person: PersonID? = nil
    ) async throws -> TestService.Answer {
        var members: [JSON.Member] = [
            .init("code", .string(code)), .init("name", "Cơ quan"), .init("nameEn", "Agency"),
            .init("kind", .string(kind.rawValue)), .init("validFrom", .string(from)),
        ]
        if let parent { members.append(.init("parent", .string(parent))) }
        if let to { members.append(.init("validTo", .string(to))) }
        return try await post("/agencies", as: person ?? administrator, .object(members))
    }

    @discardableResult
    func unit(
        _ code: String, at agency: String, from: String = "2021-01-01", to: String? = nil, as person: PersonID? = nil
    ) async throws -> TestService.Answer {
        var members: [JSON.Member] = [
            .init("code", .string(code)), .init("name", "Bộ phận"), .init("nameEn", "Unit"),
            .init("validFrom", .string(from)),
        ]
        if let to { members.append(.init("validTo", .string(to))) }
        return try await post("/agencies/\(agency)/units", as: person ?? administrator, .object(members))
    }

    /// Seats enough for those whom a test appoints without thinking of them.
    @discardableResult
    func position(
        _ code: String, _ role: PostRole = .officer, at agency: String, unit: String = "mot-cua", seats: Int = 9,
        from: String = "2021-01-01", to: String? = nil, fields: [String]? = nil, as person: PersonID? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        var members: [JSON.Member] = [
            .init("unit", .string(unit)), .init("code", .string(code)), .init("role", .string(role.rawValue)),
            .init("title", "Chuyên viên"), .init("titleEn", "Specialist"), .init("seats", .integer(Int64(seats))),
            .init("validFrom", .string(from)),
        ]
        if let to { members.append(.init("validTo", .string(to))) }
        if let fields { members.append(.init("fields", .array(fields.map { .string($0) }))) }
        return try await post(
            "/agencies/\(agency)/positions", as: person ?? administrator, .object(members), headers)
    }

    func dissolve(
        _ agency: String, _ day: String, to successor: String? = nil, as person: PersonID? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        var members: [JSON.Member] = [.init("validTo", .string(day))]
        if let successor { members.append(.init("successor", .string(successor))) }
        return try await post("/agencies/\(agency)/dissolve", as: person ?? administrator, .object(members), headers)
    }

    // MARK: - Officials

    func register(_ mailbox: String, name: String = "Nguyễn Văn An") async throws -> PersonID {
        let answer = try await post(
            "/officials", as: administrator, ["fullName": .string(name), "mailbox": .string(mailbox)])
        return try PersonID(answer.json["person"]?.text ?? "")
    }

    func decide(
        _ person: PersonID, _ kind: DecisionKind, _ number: String, from: String, at agency: String? = nil,
        as decider: PersonID? = nil, _ changes: [String: String?] = [:],
        headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        var fields: [String: String?] = ["number": number, "kind": kind.rawValue, "effectiveFrom": from]
        if let agency {
            fields.merge(["agency": agency, "unit": "mot-cua", "position": "officer"]) { $1 }
        }
        fields.merge(changes) { $1 }
        let members = fields.sorted { $0.key < $1.key }.compactMap { name, value in
            value.map { JSON.Member(name, .string($0)) }
        }
        return try await post("/officials/\(person)/decisions", as: decider ?? administrator, .object(members), headers)
    }

    /// In post since some day before today, which the timer has brought.
    func official(_ mailbox: String, at agency: String, from: String = "2021-01-04") async throws -> PersonID {
        let person = try await register(mailbox)
        let answer = try await decide(person, .appoint, "\(mailbox)/QĐ", from: from, at: agency)
        guard answer.status == 201 else { throw Unexpected(answer: answer.json) }
        try await fire()
        return person
    }

    /// Fires every timer that is due now, as the service's loop does, for tests in which that loop does not run.
    func fire() async throws {
        let runtime = service.running.runtime
        while true {
            let fired = try await runtime.database.transaction { transaction -> Bool in
                let due = try await transaction.run(
                    """
                    DELETE FROM timers WHERE (kind, key) IN (
                        SELECT kind, key FROM timers WHERE due_at <= \(runtime.clock.now) ORDER BY due_at, key LIMIT 1)
                    RETURNING key
                    """)
                guard let row = due.first else { return false }
                let work = Work(
                    session: transaction, now: runtime.clock.now, actor: "hr.timer", traceparent: nil, log: quiet,
                    runtime: runtime)
                try await AppointmentTakesEffect.fire(key: try row("key"), payload: [:], work)
                return true
            }
            guard fired else { return }
        }
    }

    // MARK: - HTTP

    func get(_ path: String, as person: PersonID? = nil) async throws -> TestService.Answer {
        try await service.send("GET", path, as: person ?? administrator)
    }

    func post(
        _ path: String, as person: PersonID, _ body: JSON? = nil, _ headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        try await service.send("POST", path, as: person, body: body?.bytes, headers: headers)
    }

    /// The agency of the post held on a day.
    func agency(of person: PersonID, on day: String) async throws -> String? {
        let official = try await get("/officials/\(person)?on=\(day)").json
        return official["post"]?["agency"]?.text
    }

    /// Everything that a refused request could have changed.
    func footprint() async throws -> [Int] {
        var counts: [Int] = []
        for table in [
            "agencies", "units", "positions", "officials", "posts", "decisions", "decision_log", "event_log", "timers",
        ] {
            counts.append(try await service.count("SELECT count(*) AS n FROM \(raw: table)"))
        }
        return counts
    }

    /// The wire names of an aggregate's events, in the order of their versions, which must be dense.
    func story(_ aggregate: String) async throws -> [String] {
        let rows = try await service.database.database.run(
            """
            SELECT type, aggregate_version AS version FROM event_log WHERE aggregate_id = \(aggregate)
            ORDER BY aggregate_version
            """)
        let versions = try rows.map { row in try row("version", as: Int.self) }
        guard versions == Array(1...max(1, versions.count)) else { return ["versions \(versions)"] }
        return try rows.map { row in try row("type", as: String.self) }
    }
}
