import Contracts
import Crypto
import ServiceKit

/// What came of a year.
struct Answer: Sendable {
    struct Row: Sendable {
        var name: String
        var tally = Tally()
        var efforts: [PostRole: Effort] = [:]
    }

    let world: SimulatedWorld
    private(set) var whole = Row(name: "province")
    private(set) var agencies: [Row] = []
    private(set) var fields: [Row] = []
    private(set) var procedures: [Row] = []
    private(set) var money = Sums()
    /// What decisions refused, by code: most of it is a wish that came too late.
    private(set) var refusals: [String: Int] = [:]
    /// Of each agency, what became of each of the base's dossiers.
    let outcomes: [[Outcome]]
    /// Of everything that happened to every dossier.
    let digest: String

    init(_ world: SimulatedWorld, _ stations: [Station]) {
        self.world = world
        outcomes = stations.map(\.outcomes)
        var hash = SHA256()
        var byField: [String: Tally] = [:]
        var byProcedure = [Tally](repeating: Tally(), count: world.procedures.count)
        for station in stations {
            hash.update(data: Array("\(station.agency.code) \(station.digest)\n".utf8))
            var row = Row(name: station.agency.code.text)
            for (index, tally) in station.tallies.enumerated() {
                row.tally += tally
                byProcedure[index] += tally
                byField[world.procedures[index].definition.field, default: Tally()] += tally
            }
            row.efforts = station.efforts
            for (role, effort) in station.efforts { whole.efforts[role, default: Effort()] += effort }
            whole.tally += row.tally
            money += station.money
            refusals.merge(station.refusals) { $0 + $1 }
            agencies.append(row)
        }
        fields = byField.sorted { $0.key < $1.key }.map { Row(name: $0.key, tally: $0.value) }
        procedures = zip(world.procedures, byProcedure).map { Row(name: $0.procedure.code, tally: $1) }
            .sorted { $0.name < $1.name }
        digest = hash.finalize().prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    var officials: Int { world.places.reduce(0) { $0 + $1.officials } }
    var posts: Int { world.places.reduce(0) { $0 + $1.posts.count { !$0.isReserve } } }

    /// Dossiers whose fate differs from that in `base`: no longer late, and newly late.
    func moved(from base: Answer) -> (better: Int, worse: Int) {
        var (better, worse) = (0, 0)
        for (before, after) in zip(base.outcomes, outcomes) {
            for (old, new) in zip(before, after) where old.isOverdue != new.isOverdue && new != .notThere {
                if old.isOverdue { better += 1 } else { worse += 1 }
            }
        }
        return (better, worse)
    }
}

extension Effort {
    /// Part of the time in which people were there that went to dossiers and the other duties beside them.
    var load: Double { present == 0 ? 0 : Double(busy) / Double(present) }
    /// Hours from asking to beginning.
    var waitHours: Double { jobs == 0 ? 0 : Double(waited) / Double(jobs) / 60 }
    var lateRate: Double { jobs == 0 ? 0 : Double(late) / Double(jobs) }
}

// MARK: - As people read it

extension Answer {
    private static func percent(_ share: Double) -> String {
        let hundredths = Int((share * 10_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %"
    }

    private static func tenths(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    private static func cell(_ text: String, _ width: Int, left: Bool = false) -> String {
        let gap = String(repeating: " ", count: max(0, width - text.count))
        return left ? text + gap : gap + text
    }

    /// The worst agencies, the fields, and how people were loaded.
    func table(_ most: Int = 15) -> String {
        let tally = whole.tally
        var lines = [
            "\(world.places.count) agencies, \(officials) officials, \(posts) of them with dossiers; seed "
                + "\(world.seed)",
            "received \(tally.received), accepted \(tally.accepted), ended \(tally.ended), open \(tally.open), refused "
                + "\(tally.refused), stopped \(tally.stopped), withdrawn \(tally.withdrawn)",
            "supplements \(tally.supplements), new appointments \(tally.reappointed)",
            "fees demanded \(money.demanded) đồng, paid \(money.paid), lifted \(money.lifted), exempt "
                + "\(money.exempted) dossiers",
            "overdue \(Self.percent(tally.overdueRate)) (\(tally.late) ended late, \(tally.overdue) open and late)",
            "",
            Self.cell("agency", 14, left: true) + Self.cell("ended", 9) + Self.cell("overdue", 10)
                + Self.cell("days", 7) + Self.cell("officers' load", 16) + Self.cell("wait h", 8)
                + Self.cell("queue", 7),
        ]
        let worst = agencies.filter { $0.tally.ended > 0 }.sorted {
            ($0.tally.overdueRate, $1.name) > ($1.tally.overdueRate, $0.name)
        }
        for row in worst.prefix(most) { lines.append(Self.line(row)) }
        lines.append(Self.line(whole))
        lines += ["", "fields, the worst first"]
        for row in fields.sorted(by: { ($0.tally.overdueRate, $1.name) > ($1.tally.overdueRate, $0.name) }).prefix(8) {
            lines.append(Self.line(row))
        }
        lines += ["", "answer \(digest)"]
        return lines.joined(separator: "\n")
    }

    private static func line(_ row: Row) -> String {
        let (tally, effort) = (row.tally, row.efforts[.officer])
        let days = tally.ended == 0 ? 0 : Double(tally.elapsed) / Double(tally.ended) / 1_440
        return cell(row.name, 14, left: true) + cell("\(tally.ended)", 9) + cell(percent(tally.overdueRate), 10)
            + cell(tenths(days), 7) + cell(effort.map { percent($0.load) } ?? "", 16)
            + cell(effort.map { tenths($0.waitHours) } ?? "", 8) + cell(effort.map { "\($0.longest)" } ?? "", 7)
    }

    /// What the question changes, agency by agency, the greatest change first.
    func difference(from base: Answer, most: Int = 15) -> String {
        let (better, worse) = moved(from: base)
        var lines = [
            "what if \(world.question)",
            "overdue \(Self.percent(base.whole.tally.overdueRate)) -> \(Self.percent(whole.tally.overdueRate)); "
                + "\(better) dossiers are no longer late, \(worse) are late now; answer \(digest)",
            Self.cell("agency", 14, left: true) + Self.cell("base", 10) + Self.cell("then", 10)
                + Self.cell("late", 8) + Self.cell("officers' load", 20),
        ]
        let pairs = zip(base.agencies, agencies).filter {
            $0.tally.late != $1.tally.late || $0.tally.overdue != $1.tally.overdue
        }
        .sorted {
            let (one, other) = (Self.change($0), Self.change($1))
            return (abs(one), $1.0.name) > (abs(other), $0.0.name)
        }
        for (before, after) in pairs.prefix(most) {
            let change = Self.change((before, after))
            let load = [before, after].map { Self.percent($0.efforts[.officer]?.load ?? 0) }.joined(separator: " -> ")
            lines.append(
                Self.cell(before.name, 14, left: true) + Self.cell(Self.percent(before.tally.overdueRate), 10)
                    + Self.cell(Self.percent(after.tally.overdueRate), 10)
                    + Self.cell("\(change > 0 ? "+" : "")\(change)", 8) + Self.cell(load, 20))
        }
        if pairs.count > most { lines.append("and \(pairs.count - most) more agencies") }
        return lines.joined(separator: "\n")
    }

    private static func change(_ pair: (Row, Row)) -> Int {
        pair.1.tally.late + pair.1.tally.overdue - pair.0.tally.late - pair.0.tally.overdue
    }
}

// MARK: - As programs read it

extension Answer {
    private static func json(_ row: Row) -> JSON {
        let tally = row.tally
        func number(_ value: Int) -> JSON { .integer(Int64(value)) }
        var members: [JSON.Member] = [
            .init("name", .string(row.name)), .init("received", number(tally.received)),
            .init("accepted", number(tally.accepted)), .init("ended", number(tally.ended)),
            .init("endedLate", number(tally.late)), .init("open", number(tally.open)),
            .init("openLate", number(tally.overdue)), .init("overdueRate", .number("\(tally.overdueRate)")),
            .init("refused", number(tally.refused)), .init("stopped", number(tally.stopped)),
            .init("withdrawn", number(tally.withdrawn)), .init("abandoned", number(tally.abandoned)),
            .init("supplements", number(tally.supplements)),
            .init("reappointed", number(tally.reappointed)),
        ]
        for (role, effort) in row.efforts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            members.append(
                .init(
                    role.rawValue,
                    [
                        "posts": number(effort.posts), "jobs": number(effort.jobs), "late": number(effort.late),
                        "load": .number("\(effort.load)"), "waitHours": .number("\(effort.waitHours)"),
                        "longestQueue": number(effort.longest),
                    ]))
        }
        return .object(members)
    }

    var json: JSON {
        [
            "seed": .string("\(world.seed)"), "year": .integer(Int64(world.year.first.year)),
            "question": .string(world.question.text), "answer": .string(digest),
            "officials": .integer(Int64(officials)), "posts": .integer(Int64(posts)),
            "fees": [
                "demanded": .integer(money.demanded), "paid": .integer(money.paid), "lifted": .integer(money.lifted),
                "exempted": .integer(Int64(money.exempted)),
            ],
            "refusals": .object(
                refusals.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer(Int64($0.value))) }),
            "province": Self.json(whole), "agencies": .array(agencies.map(Self.json)),
            "fields": .array(fields.map(Self.json)), "procedures": .array(procedures.map(Self.json)),
        ]
    }

    /// One row an agency.
    var csv: String {
        let rows = agencies.map { row -> String in
            let tally = row.tally
            let numbers = [
                tally.received, tally.accepted, tally.ended, tally.late, tally.open, tally.overdue, tally.refused,
                tally.stopped, tally.withdrawn, tally.supplements, tally.reappointed,
            ].map { "\($0)" }
            let effort = row.efforts[.officer] ?? Effort()
            return ([row.name] + numbers + ["\(tally.overdueRate)", "\(effort.load)", "\(effort.waitHours)"])
                .joined(separator: ",")
        }
        let head =
            "agency,received,accepted,ended,ended_late,open,open_late,refused,stopped,withdrawn,supplements,"
            + "reappointed,overdue_rate,officer_load,officer_wait_hours"
        return ([head] + rows).joined(separator: "\n") + "\n"
    }
}
