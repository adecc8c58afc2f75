import Contracts
import Foundation

/// Loads the province through the services' own HTTP APIs, as the first administrator. What is there already stays;
/// a row that differs from what is there is named, for nothing here changes by being loaded again.
struct Loader: Sendable {
    let office: Office
    let province: Province
    let say: @Sendable (String) -> Void

    private let admin = Cast.administrator
    /// The day on which the officials take office.
    static let firstDay = "2021-01-04"

    func load() async throws {
        try await activateAdministrator()
        try await setFirstDay()
        try await agencies()
        try await units()
        try await positions()
        try await officials()
        try await calendar()
        try await procedures()
        try await audit("loaded")
        try await accounts()
        try await audit("ready")
    }

    /// Waits until no event is on its way anywhere, by the auditor's eyes.
    private func audit(_ what: String) async throws {
        let result = try await Shell.run(
            Settings.program("Auditor"), ["--wait", "\(Int(Limits.Rehearsal.patience / .seconds(1)))"], mayFail: true)
        guard result.status == 0 else { throw Failed("\(what), but the auditor says: \(result.output)") }
    }

    private func activateAdministrator() async throws {
        let account = try KeptAccount.make(admin, login: "admin", office.settings)
        let printed = (try? String(contentsOf: office.settings.secret("migrate-identity"), encoding: .utf8)) ?? ""
        let links = printed.split(separator: "\n").compactMap { line in
            line.range(of: "/activate#").map { String(line[$0.lowerBound...]) }
        }
        if let link = links.last, try await office.sessions.activate(account, link: link) {
            return say("the first administrator has a password")
        }
        _ = try await office.sessions.token(of: admin)
    }

    /// Business time begins on the officials' first day; where it was set before it stays.
    private func setFirstDay() async throws {
        let now = try await office.read(.hr, "/rehearsal/clock", as: nil).text("now")
        let reading = try Moment(now)
        let start = try Moment("\(Self.firstDay) 07:30")
        let end = try Moment("2025-03-01 00:00")
        let stays = reading >= start && reading < end
        try await office.setClock(stays ? reading : start, patient: true)
        say("business time \(stays ? "stays at" : "begins at") \((stays ? reading : start).text)")
    }

    /// Creates what is not there. `there` is asked first; a refusal names the row.
    private func each(
        _ what: String, _ rows: [Entry], _ make: @escaping @Sendable (Entry) async throws -> Made
    ) async throws {
        let tally = Tally()
        try await inParallel(rows) { row in
            do { await tally.count(try await make(row)) } catch let said as SaidNo {
                throw Failed("\(row.place): \(said)")
            }
        }
        await say("\(what): \(tally.new) new, \(tally.old) there")
        for difference in await tally.differences { say("  \(difference)") }
    }

    private func agencies() async throws {
        let known = try await office.all(.hr, "/agencies?on=\(Self.firstDay)&limit=200", list: "agencies", as: admin)
        let names = Dictionary(
            known.compactMap { agency in agency["code"]?.text.map { ($0, agency["name"]?.text ?? "") } },
            uniquingKeysWith: { first, _ in first })
        for depth in Set(province.agencies.map { $0["code"].split(separator: ".").count }).sorted() {
            let level = province.agencies.filter { $0["code"].split(separator: ".").count == depth }
            try await each("agencies of level \(depth)", level) { row in
                if let name = names[row["code"]] { return .there(row, ["name": name]) }
                try await office.post(
                    .hr, "/agencies",
                    .object(
                        optional: [
                            ("code", row["code"]), ("name", row["name"]), ("nameEn", row["name_en"]),
                            ("kind", row["kind"]), ("parent", row["parent"]), ("validFrom", row["valid_from"]),
                            ("validTo", row["valid_to"]),
                        ]), as: admin)
                return .new
            }
        }
    }

    private func units() async throws {
        let agencies = Set(province.units.map { $0["agency"] }).sorted()
        let known = Known()
        try await inParallel(agencies) { agency in
            let units = try await office.read(.hr, "/agencies/\(agency)/units", as: admin)["units"]?.array ?? []
            for unit in units { await known.add("\(agency)/\(try unit.text("code"))", unit) }
        }
        let loaded = await known.rows
        try await each("units", province.units) { row in
            if let unit = loaded["\(row["agency"])/\(row["unit"])"] {
                return .there(row, ["name": try unit.text("name"), "valid_to": unit["validTo"]?.text ?? ""])
            }
            try await office.post(
                .hr, "/agencies/\(row["agency"])/units",
                .object(
                    optional: [
                        ("code", row["unit"]), ("name", row["name"]), ("nameEn", row["name_en"]),
                        ("validFrom", row["valid_from"]), ("validTo", row["valid_to"]),
                    ]), as: admin)
            return .new
        }
    }

    /// What the agencies may fill: a position is one of those of its agency on its first day.
    private func positions() async throws {
        let days = Set(province.positions.map { "\($0["agency"])/positions?on=\($0["valid_from"])" }).sorted()
        let known = Known()
        try await inParallel(days) { day in
            let positions = try await office.all(.hr, "/agencies/\(day)&limit=200", list: "positions", as: admin)
            for position in positions {
                let path = try ["agency", "unit", "code"].map { try position.text($0) }
                await known.add(path.joined(separator: "/"), position)
            }
        }
        let loaded = await known.rows
        try await each("positions", province.positions) { row in
            if let position = loaded["\(row["agency"])/\(row["unit"])/\(row["post"])"] {
                return .there(
                    row,
                    [
                        "role": try position.text("role"), "title": try position.text("title"),
                        "title_en": try position.text("titleEn"), "seats": "\(position["seats"]?.integer ?? 0)",
                        "valid_from": try position.text("validFrom"), "valid_to": position["validTo"]?.text ?? "",
                        "fields": (position["fields"]?.array ?? []).compactMap(\.text).joined(separator: " "),
                    ])
            }
            let fields = row["fields"].split(separator: " ").map { JSON.string(String($0)) }
            try await office.post(
                .hr, "/agencies/\(row["agency"])/positions",
                .object(
                    optional: [
                        ("unit", row["unit"]), ("code", row["post"]), ("role", row["role"]), ("title", row["title"]),
                        ("titleEn", row["title_en"]), ("validFrom", row["valid_from"]), ("validTo", row["valid_to"]),
                    ], [("seats", .integer(Int64(row["seats"]) ?? 0)), ("fields", .array(fields))]), as: admin)
            return .new
        }
    }

    private func officials() async throws {
        try await each("officials", province.officials) { row in
            let person = Cast.person(row["person_key"])
            let known = try await office.find(.hr, "/officials/\(person)", as: admin)
            if known == nil {
                try await office.post(
                    .hr, "/officials",
                    .object(
                        optional: [
                            ("person", person.text), ("fullName", row["full_name"]), ("mailbox", row["mailbox"]),
                        ]), as: admin)
            } else if try await !decisions(of: person).isEmpty {
                return .there(row, ["full_name": known?["fullName"]?.text ?? ""])
            }
            try await office.appoint(
                person, number: row["decision_number"], from: row["valid_from"], at: row["agency"], unit: row["unit"],
                position: row["post"], kind: "appoint", as: admin)
            return .new
        }
    }

    private func decisions(of person: PersonID) async throws -> [JSON] {
        try await office.read(.hr, "/officials/\(person)/decisions", as: admin)["decisions"]?.array ?? []
    }

    private func calendar() async throws {
        let wanted = province.workingCalendar
        let answer = try await office.call(.onestop, HTTPAsk(method: "GET", target: "/calendar"), as: nil)
        // Compared as the service writes it: it leaves out what is absent and keeps the order of the fields.
        if answer.json == wanted { return say("working calendar: there") }
        try await office.put(.onestop, "/calendar", wanted, over: answer.header("etag") ?? "\"1\"", as: admin)
        let days = province.calendar.count
        say("working calendar: \(days) rows of holidays and make-up days, \(province.hours.count) of opening hours")
    }

    private func procedures() async throws {
        // One procedure's versions are published one after the other, different procedures side by side.
        for version in Set(province.procedures.map { $0["version"] }).sorted() {
            let rows = province.procedures.filter { $0["version"] == version }
            try await each("procedures, version \(version)", rows) { row in
                let known = try await office.find(
                    .onestop, "/procedures/\(row["code"])?number=\(version)", as: admin)
                if let known { return .there(row, ["name": known.at("definition.name")?.text ?? ""]) }
                try await office.post(
                    .onestop, "/procedures/\(row["code"])/draft",
                    .object(
                        optional: [("validFrom", row["valid_from"]), ("validTo", row["valid_to"])],
                        [("definition", province.definition(row))]), as: admin)
                try await staffed(row["code"])
                try await office.post(.onestop, "/procedures/\(row["code"])/publish", as: admin)
                return .new
            }
        }
    }

    /// A procedure is published where somebody holds each of its roles, and OneStop hears of posts by events, some when
    /// an appointment takes effect. Where they do not come the refusal says which are missing.
    private func staffed(_ code: String) async throws {
        let deadline = ContinuousClock.now + Limits.Rehearsal.patience
        while ContinuousClock.now < deadline {
            let check = try await office.read(.onestop, "/procedures/\(code)/draft/check", as: admin)
            let isVacant = check["findings"]?.array?.contains { $0["rule"]?.text == "os-011" } ?? false
            guard isVacant else { return }
            try await Task.sleep(for: Limits.Rehearsal.pause)
        }
    }

    /// Passwords for those who sign in; everybody else has an account without one.
    private func accounts() async throws {
        try await inParallel(Cast.officials, width: 2) { member in
            let official = try province.official(member.key)
            try await give(member.who, login: official["mailbox"])
        }
        try await inParallel(Cast.citizens, width: 2) { member in
            if try await account(member.key) == nil {
                try await office.post(.identity, "/citizens", ["login": .string(member.key)], as: admin)
            }
            try await give(member.who, login: member.key)
        }
        say("accounts with passwords: \(Cast.names)")
    }

    private func account(_ login: String) async throws -> JSON? {
        try await office.read(.identity, "/accounts?login=\(login)", as: admin)["accounts"]?.array?.first
    }

    /// A kept password for an account, set through the page behind a one-time link.
    func give(_ who: String, login: String) async throws {
        let opened = try await office.eventually("the account \(login)") { try await account(login) }
        let isKept = KeptAccount.read(who, office.settings)?.login == login
        if isKept, try opened.text("state") == "active" { return }
        let kept = try KeptAccount.make(who, login: login, office.settings)
        let link = try await office.post(
            .identity, "/accounts/\(try opened.text("account"))/one-time-link", as: admin
        ).text("link")
        guard try await office.sessions.activate(kept, link: link) else {
            throw Failed("the one-time link of \(login) was refused")
        }
    }
}

/// What became of a row.
enum Made: Sendable {
    case new
    case there
    case differs(String)

    /// It was there; named when the value of a column is another one than `loaded`.
    static func there(_ row: Entry, _ loaded: KeyValuePairs<String, String>) -> Made {
        let others = loaded.filter { column, value in row[column] != value }.map { column, value in
            "\(column) is '\(row[column])', loaded is '\(value)'"
        }
        return others.isEmpty
            ? .there : .differs("\(row.place): \(others.joined(separator: "; ")): not changed")
    }
}

actor Tally {
    private(set) var new = 0
    private(set) var old = 0
    private(set) var differences: [String] = []

    func count(_ made: Made) {
        switch made {
        case .new: new += 1
        case .there: old += 1
        case .differs(let difference):
            old += 1
            differences.append(difference)
        }
    }
}

actor Known {
    private(set) var rows: [String: JSON] = [:]
    func add(_ key: String, _ row: JSON) { rows[key] = row }
}
