import Contracts
import Foundation
import Postgres
import ServiceKit
import TestKit

@testable import OneStopService

/// A dossier as a row of happenings, made at random; what reports must say of it is worked out by going through them
/// one by one, without anything of the service's own reports.
struct Life {
    struct Happening {
        var at: Date
        var what: String
        var from: Int
        var to: Int
        var due: Date?
    }

    let id = DossierID.new()
    let procedure: String
    let channel: Channel
    /// Who received it first, and the one-stop to which it was forwarded, when.
    let agency: AgencyCode
    var forwarded: (to: AgencyCode, at: Date)?
    /// Where it is worked on, when that is elsewhere.
    let away: AgencyCode?
    var happenings: [Happening] = []

    init(_ random: inout Seeded) throws {
        procedure = [Office.criminalRecord, Office.allowance].randomElement(using: &random) ?? ""
        channel = Channel.allCases.randomElement(using: &random) ?? .counter
        agency = [Agencies.justice, Agencies.district, Agencies.commune].randomElement(using: &random) ?? .none
        var now = try at("2021-01-04 08:00")
        now += Double(Int.random(in: 0..<4_000, using: &random)) * 3_600
        var due = now.addingTimeInterval(14 * 86_400)
        happenings.append(Happening(at: now, what: "accepted", from: 1, to: 2, due: due))
        // It is forwarded before a step has begun, or not at all.
        if agency != Agencies.justice, Int.random(in: 0..<6, using: &random) == 0 {
            let wait = Double(Int.random(in: 200...900, using: &random)) * 3_600
            forwarded = (Agencies.justice, now + wait / 2)
            now += wait
        }
        let elsewhere: [AgencyCode?] = [nil, nil, Agencies.police, Agencies.justice, Agencies.district]
        away = elsewhere.randomElement(using: &random) ?? nil
        var status = 2
        var back = 4
        for _ in 0..<Int.random(in: 0...9, using: &random) {
            now += Double(Int.random(in: 0...160, using: &random)) * 3_600
            let before = status
            var (what, moved): (String, Date?) = ("assigned", nil)
            switch (status, Int.random(in: 0..<8, using: &random)) {
            case (2, _): (what, status) = ("handed-over", 4)
            case (4, 0): (what, status) = ("supplement-requested", 5)
            case (4, 1): (what, status) = ("payment-required", 6)
            case (4, 2), (5, 3): (what, back, status) = ("withdrawal-requested", status, 7)
            case (4, 3), (5, 4): (what, status) = ("stopped", 8)
            case (4, 4...6): (what, status) = ("finished", 9)
            case (4, 7): (what, moved) = ("reappointed", due.addingTimeInterval(5 * 86_400))
            case (5, 0...2), (6, _):
                (what, status, moved) = ("supplement-supplied", 4, due.addingTimeInterval(3 * 86_400))
            case (7, 0...3): (what, status) = ("withdrawal-confirmed", 8)
            case (7, _): (what, status) = ("withdrawal-declined", back)
            case (8, 0...3), (9, 0...5): (what, status) = ("returned", 10)
            default: break
            }
            due = moved ?? due
            happenings.append(Happening(at: now, what: what, from: before, to: status, due: moved))
        }
    }

    /// Where it is received, and where it is: what has ended is at home (`Dossier.goHome`).
    func places(_ happening: Happening) -> (received: AgencyCode, working: AgencyCode) {
        let received = forwarded.flatMap { $0.at <= happening.at ? $0.to : nil } ?? agency
        return (received, [4, 5, 6, 7].contains(happening.to) ? away ?? received : received)
    }

    /// Which figures it belongs to, in a period that begins at `start`, as it stood before `moment`; nil where it was
    /// not in hand.
    func figures(_ start: Date, _ moment: Date) -> (agency: AgencyCode, cells: Set<ReportCell>)? {
        let known = happenings.filter { $0.at < moment }
        guard let accepted = known.first, known.contains(where: { $0.what == "accepted" }) else { return nil }
        var (closed, waits, due, requests): (Happening?, Date?, Date?, Int) = (nil, nil, nil, 0)
        var leaving: Date?
        for happening in known {
            due = happening.due ?? due
            if happening.what == "supplement-requested" { requests += 1 }
            guard happening.from != happening.to else { continue }
            leaving = happening.to == 7 ? happening.at : nil
            switch happening.to {
            case 5, 6: if happening.from != 7 { waits = happening.at }
            case 7: break
            default: waits = nil
            }
            if happening.to == 8 || happening.to == 9 { closed = happening }
        }
        if let closed, closed.at < start { return nil }
        let end =
            known.first { $0.to == 9 && $0.from != 9 } ?? known.first { $0.to == 10 && $0.from != 10 } ?? closed
        let measured = end?.at ?? waits ?? moment
        let isMet = requests < 2 && due.map { measured <= $0 } == true
        // For the indexes whoever asks to withdraw ends it by asking.
        let counted = end?.at ?? leaving ?? waits ?? moment
        let isCounted = requests < 2 && due.map { counted <= $0 } == true
        var cells: Set<ReportCell> = [.inHand, isCounted ? .met : .missed]
        if accepted.at < start { cells.insert(.opening) } else { cells.formUnion([.received, cellOfChannel]) }
        switch closed?.what {
        case "finished":
            let sameDay = due.map { Day($0) == Day(measured) } == true
            cells.formUnion([.finished, !isMet ? .late : sameDay ? .onTime : .early])
        case "stopped": cells.insert(.refused)
        case "withdrawal-confirmed": cells.insert(.withdrawn)
        default: cells.insert(isMet ? .inTime : .overdue)
        }
        if !isCounted, known.contains(where: { $0.what == "reappointed" }) { cells.insert(.apologised) }
        // By the moment of closing, whenever it is returned and however often papers were asked for.
        let isKept = due.map { (closed?.at ?? measured) <= $0 } == true
        if channel == .online, closed?.what != "withdrawal-confirmed", !isKept { cells.insert(.onlineLate) }
        let place = forwarded.flatMap { $0.at < moment ? $0.to : nil } ?? agency
        return (place, cells)
    }

    private var cellOfChannel: ReportCell {
        switch channel {
        case .counter: .counter
        case .online: .online
        case .postal: .postal
        }
    }
}

extension Office {
    /// Writes lives as the service would have, up to a moment (nil: all of them); what was written stays.
    func write(_ lives: [Life], before moment: Date? = nil, after: Date? = nil) async throws {
        let superuser = harness.database.open(harness.database.administrator)
        for life in lives {
            let all = Array(life.happenings.enumerated())
            let (from, until) = (after ?? .distantPast, moment ?? .distantFuture)
            let lines = all.filter { $0.element.at >= from && $0.element.at < until }
            guard let last = lines.last, let accepted = life.happenings.first else { continue }
            let forwarded = life.forwarded.flatMap { $0.at < until ? $0.to : nil }
            let received = forwarded ?? life.agency
            let isAway = [4, 5, 6, 7].contains(last.element.to)
            try await superuser.run(
                """
                INSERT INTO dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                    working_agency, applicant_name, subject, submitted_at, accepted_at, act_by)
                VALUES (\(life.id), \(Int64(last.offset + 2)), \(Int16(last.element.to)), \(life.procedure), 1,
                        \(life.channel.rawValue), \(received), \(isAway ? life.away ?? received : received), 'x', 'x',
                        \(accepted.at), \(accepted.at), \(accepted.at))
                ON CONFLICT (id) DO UPDATE SET status = excluded.status, version = excluded.version,
                    receiving_agency = excluded.receiving_agency, working_agency = excluded.working_agency
                """)
            try await superuser.run(
                """
                INSERT INTO dossier_history (dossier, version, at, actor, what, from_status, to_status, agency)
                SELECT \(life.id), v, at, 'x', what, f, t, agency FROM unnest(
                    \(lines.map { Int64($0.offset + 2) }), \(lines.map(\.element.at)), \(lines.map(\.element.what)),
                    \(lines.map { Int16($0.element.from) }), \(lines.map { Int16($0.element.to) }),
                    \(lines.map { life.places($0.element).working.text })
                ) AS l (v, at, what, f, t, agency)
                """)
            let dated = lines.filter { $0.element.due != nil }
            try await superuser.run(
                """
                INSERT INTO due_dates (dossier, version, cause, due_at, explanation)
                SELECT \(life.id), v, 'x', due, '{}' FROM unnest(
                    \(dated.map { Int64($0.offset + 2) }), \(dated.compactMap(\.element.due))) AS l (v, due)
                """)
            if let forward = life.forwarded, forwarded != nil {
                try await superuser.run(
                    """
                    INSERT INTO dossier_forwards (dossier, version, from_agency, to_agency, reason, by, at)
                    VALUES (\(life.id), 100, \(life.agency), \(forward.to), 'x', 'x', \(forward.at))
                    ON CONFLICT DO NOTHING
                    """)
            }
        }
        try await superuser.run(SQL(stringLiteral: Migrations.endsBefore + " ON CONFLICT DO NOTHING"))
    }
}
