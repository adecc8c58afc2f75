import Contracts
import ServiceKit

extension DossierSQL {
    /// Sets the timer that reports an opinion which is not given in time, in the flight that asks for it.
    static func watch(_ opinion: Opinion) -> SQL {
        """
        INSERT INTO timers (kind, key, due_at, payload)
        SELECT \(ReportOverdueOpinion.kind), \(opinion.id.text), \(opinion.lateAt), '{}'::jsonb FROM change
        """
    }
}

extension Opinion {
    var lateAt: Date { ReportOverdueOpinion.lateAt(dueAt) }
}

/// An opinion was not given in time: the head of the one-stop that received the dossier is told (Decree
/// 61/2018/NĐ-CP, Art. 19.5), once for each opinion (os-061).
enum ReportOverdueOpinion: TimedTask {
    static let kind = "onestop.report-overdue-opinion"

    /// The first second in which an answer is late.
    static func lateAt(_ due: Date) -> Date { due.addingTimeInterval(1) }

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let id = try OpinionID(key)
        let known: DossierID? = try await work.run("SELECT dossier FROM opinions WHERE id = \(id)").first?("dossier")
        // The dossier first: who answers holds it.
        guard let known, let before = try await work.dossier(known, forUpdate: true),
            let opinion = try await work.opinions(on: known).first(where: { $0.id == id })
        else { return }
        switch decide(before, opinion, now: work.now) {
        case .nothing: return
        case .later(let time): try await work.schedule(Self.self, key: key, at: time)
        case .report:
            let noted = try await work.run(
                """
                INSERT INTO opinion_reports (opinion, dossier, agency, due_at, reported_at)
                VALUES (\(id), \(before.id), \(before.receivingAgency), \(opinion.dueAt), \(work.now))
                ON CONFLICT (opinion) DO NOTHING RETURNING opinion
                """)
            guard !noted.isEmpty else { return }
            var event = DossierOpinionOverdue()
            (event.dossier, event.opinion, event.fromAgency) = (before.id, id, opinion.fromAgency)
            (event.toAgency, event.reportedTo) = (opinion.toAgency, before.receivingAgency)
            (event.dueAt, event.status) = (opinion.dueAt, before.status)
            try await work.save(
                Change(before, "opinion-overdue", note: opinion.toAgency.text, event: event), from: before)
        }
    }

    enum Decision: Equatable {
        case nothing, report
        case later(Date)
    }

    static func decide(_ dossier: Dossier, _ opinion: Opinion, now: Date) -> Decision {
        let runs: Set<DossierStatus> = [
            .processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested,
        ]
        guard opinion.answeredAt == nil, runs.contains(dossier.status) else { return .nothing }
        // While the legal clock stands nothing becomes late; the timer is set anew when it goes on.
        if dossier.counted(now) < now, dossier.counted(now) <= opinion.dueAt { return .nothing }
        return now > opinion.dueAt ? .report : .later(opinion.lateAt)
    }
}

/// `GET /opinions/overdue`: the opinions that were reported as late to a one-stop or to those below it, the newest
/// first, answered since or not.
enum ListOverdueOpinions: Endpoint {
    static let route = Route.get("/opinions/overdue")
    static let summary = "The opinions that were not given in time, as they were reported to a one-stop"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency]

    struct Line: Record {
        var opinion = OpinionID()
        var dossier = DossierID()
        var fromAgency = AgencyCode.none
        var toAgency = AgencyCode.none
        var dueAt = Date(timeIntervalSince1970: 0)
        var reportedAt = Date(timeIntervalSince1970: 0)
        var answeredAt: Date?

        static let fields: [Field<Self>] = [
            .init("opinion", \.opinion, .id, "The opinion"),
            .init("dossier", \.dossier, .id, "The dossier"),
            .init("fromAgency", \.fromAgency, .agency, "Who asked"),
            .init("toAgency", \.toAgency, .agency, "Who was asked"),
            .init("dueAt", \.dueAt, .instant, "When the answer was due"),
            .init("reportedAt", \.reportedAt, .instant, "When it was reported"),
            .init("answeredAt", \.answeredAt, .instant, "When it was answered since"),
        ]
    }

    struct Output: Record {
        var opinions: [Line] = []
        static let fields: [Field<Self>] = [
            .init("opinions", \.opinions, .list(.record, 0...Limits.pageMaximum), "The newest report first")
        ]
    }

    static func handle(_ input: AgencyPage, _ call: Call) async throws -> Reply<Output> {
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersRead, at: agency)
        call.logRead(of: "opinions", agency.text, purpose: "what is late")
        let before = try TimeCursor(input.cursor)
        let rows = try await call.run(
            """
            SELECT r.opinion, r.dossier, o.from_agency, o.to_agency, r.due_at, r.reported_at, o.answered_at
            FROM opinion_reports r JOIN opinions o ON o.id = r.opinion
            WHERE (r.agency = \(agency) OR r.agency LIKE \(agency.text + ".%"))
              AND (\(before?.time)::timestamptz IS NULL
                   OR (r.reported_at, r.opinion) < (\(before?.time), \(before?.id)))
            ORDER BY r.reported_at DESC, r.opinion DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.opinions = try rows.prefix(input.limit).map { row in
            var line = Line()
            (line.opinion, line.dossier) = (try row("opinion"), try row("dossier"))
            (line.fromAgency, line.toAgency) = (try row("from_agency"), try row("to_agency"))
            (line.dueAt, line.reportedAt) = (try row("due_at"), try row("reported_at"))
            line.answeredAt = try row("answered_at")
            return line
        }
        guard rows.count > input.limit, let last = output.opinions.last else { return Reply(output) }
        let next = TimeCursor(time: last.reportedAt, id: last.opinion.uuid)
        return Reply(output, next: "/opinions/overdue?agency=\(agency)&limit=\(input.limit)&cursor=\(next)")
    }
}
