import Contracts
import ServiceKit

/// Why the officials of an agency may read a dossier. The words are stable.
enum ReadingReason: String, CaseIterable, Sendable {
    /// It received the dossier, works or worked on it, sent it on and gets it back, or gave the answer.
    case received, working, sent, answered
    /// It was asked for an opinion, or does a step beside the leading one.
    case opinion, branch
}

/// os-141. The agencies that have to do with a dossier, at any moment of a day, from what was written when it happened.
/// Pure: the same as `Call.requireReading` asks of a dossier as it is now (a test holds the two together).
struct Connections: Equatable {
    private(set) var reasons: [AgencyCode: ReadingReason] = [:]

    /// What a history line says of where the dossier was.
    struct Line: Equatable {
        var at: Date
        var what: String
        var status: DossierStatus
        var agency: AgencyCode
    }

    init(received: AgencyCode, _ history: [Line], asked: [(Date, AgencyCode, ReadingReason)], on day: Day) {
        let (begin, end) = (day.start, day.next.start)
        var way = Way(received: received)
        for (index, line) in history.enumerated() where line.at < end {
            way.follow(line)
            // What was over before the day began does not count.
            let isLast = index + 1 == history.count || history[index + 1].at >= begin
            if isLast { for (agency, reason) in way.agencies { note(agency, reason) } }
        }
        guard !reasons.isEmpty else { return }
        for (at, agency, reason) in asked where at < end { note(agency, reason) }
    }

    private mutating func note(_ agency: AgencyCode, _ reason: ReadingReason) {
        if reasons[agency] == nil { reasons[agency] = reason }
    }

    /// The way of a dossier, as `Dossier.go` and `goHome` move it.
    private struct Way {
        let received: AgencyCode
        var working: AgencyCode
        var sent: [AgencyCode] = []
        var answered: AgencyCode?

        init(received: AgencyCode) { (self.received, working) = (received, received) }

        var agencies: [(AgencyCode, ReadingReason)] {
            var all: [(AgencyCode, ReadingReason)] = [(received, .received), (working, .working)]
            for agency in sent { all.append((agency, .sent)) }
            if let answered { all.append((answered, .answered)) }
            return all
        }

        mutating func follow(_ line: Line) {
            if line.what == "approved" { answered = line.agency }
            if [.stopped, .finished].contains(line.status) {
                if working != received, answered == nil { answered = working }
                if line.what == "finished", answered == nil { answered = working }
                (working, sent) = (line.agency, [])
            } else if line.agency != working {
                if let index = sent.firstIndex(of: line.agency) {
                    sent.removeSubrange(index...)
                } else {
                    sent.append(working)
                }
                working = line.agency
            }
        }
    }
}

extension Call {
    /// The agencies that had to do with a dossier on a day.
    func connections(of dossier: Dossier, on day: Day) async throws -> Connections {
        let lines = try await run(
            """
            SELECT at, what, to_status, agency FROM dossier_history
            WHERE dossier = \(dossier.id) AND at < \(day.next.start) ORDER BY version
            """
        ).map { row in
            Connections.Line(
                at: try row("at"), what: try row("what"),
                status: try Dossier.status(row, "to_status") ?? .submitted, agency: try row("agency"))
        }
        let asked = try await run(
            """
            SELECT asked_at AS at, to_agency AS agency, 'opinion' AS reason FROM opinions WHERE dossier = \(dossier.id)
            UNION ALL
            SELECT begun_at, agency, 'branch' FROM branches WHERE dossier = \(dossier.id)
            ORDER BY 1
            """
        ).map { row -> (Date, AgencyCode, ReadingReason) in
            (try row("at"), try row("agency"), ReadingReason(rawValue: try row("reason")) ?? .opinion)
        }
        return Connections(received: dossier.receivingAgency, lines, asked: asked, on: day)
    }
}
