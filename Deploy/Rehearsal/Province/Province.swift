import Contracts
import Foundation

/// The data files of a province. They are read whole, and only when every row of every file is right.
struct Province: Sendable {
    let agencies: [Entry]
    let units: [Entry]
    let positions: [Entry]
    let officials: [Entry]
    let citizens: [Entry]
    let procedures: [Entry]
    let parts: [Entry]
    let steps: [Entry]
    let fees: [Entry]
    let calendar: [Entry]
    let hours: [Entry]

    /// - Throws: `BadProvince` with every fault of every file.
    static func read(_ folder: URL) async throws -> Province {
        let checked = try await Shell.run(
            URL(fileURLWithPath: "/usr/bin/env"),
            ["python3", Settings.province.appendingPathComponent("check.py").path, folder.path], mayFail: true)
        guard checked.status == 0 else {
            throw BadProvince(faults: checked.output.split(separator: "\n").map(String.init))
        }
        func entries(_ name: String) throws -> [Entry] {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            return try CSV.read(text, file: name)
        }
        let province = Province(
            agencies: try entries("agencies.csv"), units: try entries("units.csv"),
            positions: try entries("posts.csv"), officials: try entries("officials.csv"),
            citizens: try entries("citizens.csv"),
            procedures: try entries("procedures.csv"), parts: try entries("procedure_parts.csv"),
            steps: try entries("procedure_steps.csv"), fees: try entries("procedure_fees.csv"),
            calendar: try entries("calendar.csv"), hours: try entries("working-hours.csv"))
        try province.checkCast()
        return province
    }

    /// The journeys and `make token` need these people: their accounts are opened at the very end of loading.
    private func checkCast() throws(BadProvince) {
        func missing(_ members: [(who: String, key: String)], _ rows: [Entry], _ file: String, _ column: String)
            -> [String]
        {
            let known = Set(rows.map { $0[column] })
            return members.filter { !known.contains($0.key) }.map { "\(file):1: there is no \($0.key), the \($0.who)" }
        }
        let faults =
            missing(Cast.officials, officials, "officials.csv", "person_key")
            + missing(Cast.citizens, citizens, "citizens.csv", "citizen_key")
        guard faults.isEmpty else { throw BadProvince(faults: faults) }
    }

    /// The name of an agency, for people.
    func name(of agency: String) -> String { agencies.first { $0["code"] == agency }?["name"] ?? agency }

    /// The official with this key.
    func official(_ key: String) throws -> Entry {
        guard let found = officials.first(where: { $0["person_key"] == key }) else {
            throw Failed("officials.csv has no \(key)")
        }
        return found
    }
}

extension Province {
    /// The body of `PUT /calendar`: weeks by agency, days that differ, decided through the end of the last row's year.
    var workingCalendar: JSON {
        var order: [[String]] = []
        var weeks: [[String]: [Entry]] = [:]
        for row in hours {
            let key = [row["agency"], row["valid_from"], row["valid_to"]]
            if weeks[key] == nil { order.append(key) }
            weeks[key, default: []].append(row)
        }
        let days = calendar.map { row -> JSON in
            [
                "validFrom": .string(row["valid_from"]), "validTo": .string(row["valid_to"]),
                "kind": .string(row["kind"]), "vietnamese": .string(row["name"]), "english": .string(row["name_en"]),
                "source": .string(row["source"]),
            ]
        }
        let last = calendar.map { $0["valid_to"] }.max() ?? "2026-12-31"
        return [
            "weeks": .array(order.map { Self.week($0, weeks[$0] ?? []) }), "specialDays": .array(days),
            "decidedThrough": .string("\(last.prefix(4))-12-31"),
        ]
    }

    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    private static func week(_ key: [String], _ rows: [Entry]) -> JSON {
        func spans(_ day: String) -> [JSON] {
            rows.filter { $0["day"] == day }.sorted { $0["begins"] < $1["begins"] }.map {
                ["begins": .string($0["begins"]), "ends": .string($0["ends"])]
            }
        }
        let hours = weekdays.enumerated().compactMap { index, name -> JSON? in
            let spans = spans(name)
            return spans.isEmpty ? nil : ["weekday": .integer(Int64(index + 1)), "spans": .array(spans)]
        }
        return .object(
            optional: [
                ("agency", key[0]), ("validFrom", key[1]), ("validTo", key[2]),
            ], [("hours", .array(hours)), ("makeUpHours", .array(spans("makeup")))])
    }
}

extension JSON {
    /// An object of texts, the empty ones left out, and of further values.
    static func object(optional texts: [(String, String)], _ more: [(String, JSON)] = []) -> JSON {
        .object(
            texts.filter { !$0.1.isEmpty }.map { Member($0.0, .string($0.1)) } + more.map { Member($0.0, $0.1) })
    }

    /// Member by member; `a.b` goes deeper.
    func at(_ path: String) -> JSON? {
        path.split(separator: ".").reduce(JSON?.some(self)) { value, name in value?[String(name)] }
    }

    func text(_ path: String) throws -> String {
        guard let text = at(path)?.text else { throw Failed("no text '\(path)' in \(description.prefix(300))") }
        return text
    }
}
