import Contracts
import Foundation

/// A dossier's way as a person reads it: when in business time, which status, what was done and by whom, which event
/// told the others, and why the appointment is that day.
struct Timeline {
    let stage: Stage

    func show(_ played: Played, _ title: String) async throws {
        let office = stage.office
        let view = try await office.read(.onestop, "/dossiers/\(played.dossier)", as: played.reader)
        let lines = try await office.all(
            .onestop, "/dossiers/\(played.dossier)/history?limit=200", list: "lines", as: played.reader)
        let dates = try await office.read(.onestop, "/dossiers/\(played.dossier)/due-dates", as: played.reader)
        let events = try await stage.eye.events(of: played.dossier)
        var actors = try await stage.eye.actors()
        for (id, name) in actors {
            if let citizen = stage.province.citizens.first(where: { $0["citizen_key"] == name }) {
                actors[id] = citizen["full_name"]
            }
        }
        let agency = try view.text("receivingAgency")
        stage.say("")
        stage.say("\(played.name): \(title)")
        stage.say("  dossier \(view["code"]?.text ?? played.dossier) at \(stage.province.name(of: agency)) (\(agency))")
        stage.say(
            "  \(Self.column("when", 20)) \(Self.column("status", 38)) \(Self.column("what", 22)) "
                + "\(Self.column("who", 22)) event")
        for line in lines {
            let version = line["version"]?.integer ?? 0
            let status = DossierStatus(rawValue: line["toStatus"]?.text ?? "") ?? .submitted
            stage.say(
                "  \(Self.column(try Moment(line.text("at")).text, 20)) "
                    + "\(Self.column("\(status.number) \(status.vietnamese)", 38)) "
                    + "\(Self.column(try line.text("what"), 22)) "
                    + "\(Self.column(actors[line["actor"]?.text ?? ""] ?? line["actor"]?.text ?? "", 22)) "
                    + (events[version] ?? "no event"))
            for date in dates["dueDates"]?.array ?? [] where date["version"]?.integer == version {
                for text in try Self.why(date) { stage.say("  \(Self.column("", 20)) \(text)") }
            }
        }
        for text in try await papers(played, view) { stage.say("  \(text)") }
    }

    /// Why an appointment is that day, in a few lines: runs of days that were counted or not, with the reason.
    static func why(_ date: JSON) throws -> [String] {
        let due = try Moment(date.text("dueAt")).text
        let former = try date["formerDueAt"]?.text.map { ", before that \(try Moment($0).text)" } ?? ""
        guard let limit = date.at("explanation.limit") else {
            return ["⟶ due \(due)\(former), by decision: \(date.at("explanation.note")?.text ?? "")"]
        }
        let from = try Moment(date.text("explanation.from")).text
        let unit = ["workingDays": "working days", "hours": "working hours"][try limit.text("unit")]
        let amount = "\(limit["amount"]?.integer ?? 0) \(try unit ?? limit.text("unit"))"
        var lines = ["⟶ due \(due)\(former): \(amount) from \(from)"]
        var runs: [(first: Day, last: Day, counted: Bool, why: String)] = []
        for day in date.at("explanation.days")?.array ?? [] {
            let (at, counted) = (try Day(day.text("day")), day["counted"] == true)
            let why = counted ? "" : Self.reason(try day.text("english"))
            if let last = runs.last, last.counted == counted, last.why == why, last.last.next == at {
                runs[runs.count - 1].last = at
            } else {
                runs.append((at, at, counted, why))
            }
        }
        let texts = runs.map { run in
            let days =
                run.first == run.last ? Self.short(run.first) : "\(Self.short(run.first))-\(Self.short(run.last))"
            return run.counted ? days : "\(days) not (\(run.why))"
        }
        var line = ""
        for text in texts {
            if line.count + text.count > Self.width {
                lines.append("     \(line)")
                line = ""
            }
            line += line.isEmpty ? text : ", \(text)"
        }
        if !line.isEmpty { lines.append("     \(line)") }
        return lines
    }

    /// `Monday 2021-03-01: day of receipt, not counted` without its day and its end.
    private static func reason(_ english: String) -> String {
        let words = english.components(separatedBy: ": ").dropFirst().joined(separator: ": ")
        return (words.isEmpty ? english : words).replacingOccurrences(of: ", not counted", with: "")
    }

    private static let width = 110

    private static func short(_ day: Day) -> String { String(day.vietnamese.prefix(5)) }

    static func column(_ text: String, _ width: Int) -> String {
        text.count < width ? text + String(repeating: " ", count: width - text.count) : text
    }

    /// Money, paper and messages that came of it.
    private func papers(_ played: Played, _ view: JSON) async throws -> [String] {
        var texts: [String] = []
        if let receipt = view["receiptNumber"]?.text, let amount = view["demandAmount"]?.integer {
            texts.append("receipt \(receipt): \(try Money(amount))")
        }
        if let number = view["documentNumber"]?.text { texts.append("result \(number)") }
        let dossier = played.dossier
        let told = try await stage.eye.count(
            "SELECT count(*) AS n FROM onestop.notifications WHERE dossier = \(try DossierID(dossier))")
        let mails = try await stage.eye.count(
            "SELECT count(*) AS n FROM mail.messages WHERE facts::text LIKE \("%\(dossier)%")")
        let entries = try await stage.eye.count(
            """
            SELECT count(*) AS n FROM budget.journal_entries e JOIN budget.payments p ON p.id = e.payment
            JOIN budget.fee_demands d ON d.id = p.demand WHERE d.dossier = \(try DossierID(dossier))
            """)
        texts.append("\(told) notices to the citizen, \(mails) messages to officials, \(entries) journal entries")
        return ["     " + texts.joined(separator: "; ")]
    }
}
