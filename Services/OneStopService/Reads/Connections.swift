import Contracts
import ServiceKit

/// Why the officials of an agency may read a dossier. The words are stable.
enum ReadingReason: String, CaseIterable, Sendable {
    /// It received the dossier, works or worked on it, sent it on and gets it back, or gave the answer.
    case received, working, sent, answered
    /// It was asked for an opinion, or does a step beside the leading one.
    case opinion, branch
    /// It received or works on the application of a linked dossier, or a dossier that an application opened (os-060).
    case linked
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
        /// Which agency took whose place in it.
        var taken: Taken?
    }

    struct Taken: Equatable {
        var from: AgencyCode
        var by: AgencyCode
    }

    /// A dossier that belongs to the same application, since its slip was opened.
    struct Linked: Equatable {
        var since: Date
        var received: AgencyCode
        var history: [Line]
    }

    /// - Parameter received: who received it first; a line of the history says where it was forwarded to.
    init(
        received: AgencyCode, _ history: [Line], asked: [(Date, AgencyCode, ReadingReason)], linked: [Linked] = [],
        on day: Day
    ) {
        let (begin, end) = (day.start, day.next.start)
        Self.walk(received, history, from: begin, to: end) { way in
            for (agency, reason) in way.agencies { note(agency, reason) }
        }
        guard !reasons.isEmpty else { return }
        for (at, agency, reason) in asked where at < end { note(agency, reason) }
        for other in linked where other.since < end {
            Self.walk(other.received, other.history, from: max(begin, other.since), to: end) { way in
                for agency in [way.received, way.working] { note(agency, .linked) }
            }
        }
    }

    /// Every way that a dossier had come at any moment of a time.
    private static func walk(
        _ received: AgencyCode, _ history: [Line], from begin: Date, to end: Date, _ look: (Way) -> Void
    ) {
        var way = Way(received: received)
        for (index, line) in history.enumerated() where line.at < end {
            way.follow(line)
            // What was over before the day began does not count.
            let isLast = index + 1 == history.count || history[index + 1].at >= begin
            if isLast { look(way) }
        }
    }

    fileprivate mutating func note(_ agency: AgencyCode, _ reason: ReadingReason) {
        if reasons[agency] == nil { reasons[agency] = reason }
    }

    /// The way of a dossier, as `Dossier.go` and `goHome` move it.
    private struct Way {
        var received: AgencyCode
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

        /// As `Dossier.takenOver` does.
        private mutating func follow(_ taken: Taken, answered isAnswered: Bool) {
            func now(_ place: AgencyCode) -> AgencyCode { place == taken.from ? taken.by : place }
            working = now(working)
            guard !isAnswered else { return }
            (received, answered) = (now(received), answered.map(now))
            sent = Succession.way(sent.map(now), to: working)
        }

        mutating func follow(_ line: Line) {
            if let taken = line.taken {
                return follow(taken, answered: [.stopped, .finished].contains(line.status))
            }
            if line.what == "approved" { answered = line.agency }
            if line.what == "forwarded" {
                // Who passed it on has nothing more to do with it (os-064).
                (received, working) = (line.agency, line.agency)
            } else if [.stopped, .finished].contains(line.status) {
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
        let forwarded = try await run(
            "SELECT from_agency FROM dossier_forwards WHERE dossier = \(dossier.id) ORDER BY version LIMIT 1"
        ).first
        let asked = try await run(
            """
            WITH asked AS (
                SELECT id, asked_at AS at, to_agency AS agency, 'opinion' AS reason FROM opinions
                WHERE dossier = \(dossier.id)
                UNION ALL
                SELECT id, begun_at, agency, 'branch' FROM branches WHERE dossier = \(dossier.id)
            ), taken AS (
                SELECT subject, from_agency, at, lag(at) OVER (PARTITION BY subject ORDER BY version) AS since
                FROM succession_lines WHERE dossier = \(dossier.id)
            )
            SELECT coalesce((SELECT max(t.at) FROM taken t WHERE t.subject = asked.id), at) AS at, agency, reason
            FROM asked
            UNION ALL
            -- Before a successor took its place.
            SELECT coalesce(t.since, asked.at), t.from_agency, reason FROM asked JOIN taken t ON t.subject = asked.id
            WHERE t.at >= \(day.start)
            ORDER BY 1
            """
        ).map { row -> (Date, AgencyCode, ReadingReason) in
            (try row("at"), try row("agency"), ReadingReason(rawValue: try row("reason")) ?? .opinion)
        }
        // Seen from a linked dossier its application, from an application all that it opened. None of them is forwarded
        // (os-064), so where it was received is where it is received, or the first that a successor took the place of.
        let first: SQL = """
            coalesce((SELECT from_agency FROM dossier_forwards WHERE dossier = d.id ORDER BY version LIMIT 1), \
            d.receiving_agency)
            """
        let slips = try await run(
            """
            SELECT s.opened_at, d.id, \(first) AS received FROM slips s JOIN dossiers d ON d.id = s.parent
            WHERE s.child = \(dossier.id)
            UNION ALL
            SELECT s.opened_at, d.id, \(first) AS received FROM slips s JOIN dossiers d ON d.id = s.child
            WHERE s.parent = \(dossier.id)
            ORDER BY 1
            """)
        let belonging = try slips.map { (id: try $0("id", as: DossierID.self), slip: $0) }
        let ways = try await ways(of: [dossier.id] + belonging.map(\.id), until: day)
        let linked = try belonging.map { id, slip in
            Connections.Linked(
                since: try slip("opened_at"), received: try slip("received"), history: ways[id] ?? [])
        }
        var found = Connections(
            received: try forwarded?("from_agency") ?? dossier.receivingAgency, ways[dossier.id] ?? [], asked: asked,
            linked: linked, on: day)
        // Who had succeeded one of them by then read what that one might (os-302).
        let book = resource(ProcedureBook.self)
        for (agency, reason) in found.reasons {
            if let heir = try await book.inCharge(of: agency, on: day), heir != agency { found.note(heir, reason) }
        }
        return found
    }

    /// Where each dossier was, from its first day to the end of this one.
    private func ways(of dossiers: [DossierID], until day: Day) async throws -> [DossierID: [Connections.Line]] {
        let rows = try await run(
            """
            SELECT h.dossier, h.at, h.what, h.to_status, h.agency, s.from_agency, s.to_agency FROM dossier_history h
            LEFT JOIN succession_lines s ON s.subject = h.dossier AND s.version = h.version
            WHERE h.dossier = ANY(\(dossiers)) AND h.at < \(day.next.start) ORDER BY h.dossier, h.version
            """)
        return try rows.reduce(into: [:]) { ways, row in
            var line = Connections.Line(
                at: try row("at"), what: try row("what"),
                status: try Dossier.status(row, "to_status") ?? .submitted, agency: try row("agency"))
            if let from: AgencyCode = try row("from_agency") {
                line.taken = Connections.Taken(from: from, by: try row("to_agency"))
            }
            ways[try row("dossier", as: DossierID.self), default: []].append(line)
        }
    }
}
