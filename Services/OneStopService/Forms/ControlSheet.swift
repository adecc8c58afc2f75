import Contracts
import ServiceKit
import Typesetting

/// A line of form 05: who gave the dossier to whom, when, and whether the giver was in time.
struct ControlLine: Sendable, Equatable {
    enum Outcome: String, Sendable {
        case early = "Trước hạn"
        case onTime = "Đúng hạn"
        case late = "Quá hạn"
        /// After its time, but the legal clock stood meanwhile.
        case paused = "Có tạm dừng"
    }

    var giver: Party
    var receiver: Party
    var at: Date
    var outcome: Outcome?
    var note: String?

    /// An agency with the official there, or the applicant.
    struct Party: Sendable, Equatable {
        var agency: AgencyCode?
        var official: PersonID?
        var isDesk = false
        /// Of the applicant.
        var name: String?
    }
}

/// A change of a dossier with what its event says.
struct Move: Sendable {
    var what: String
    var at: Date
    var note: String?
    var event: JSON
}

/// The way of a dossier through the agencies, from its history. Pure.
struct ControlSheet {
    private let dossier: Dossier
    private let definition: Definition
    private var lines: [ControlLine] = []
    /// Of whoever leads: since when, and until when.
    private var stage: (since: Date, due: Date?)

    static let acts = [
        "accepted", "handed-over", "sent", "sent-back", "released", "assigned", "branch-opened", "branch-done",
        "branch-recalled", "finished", "stopped", "withdrawal-confirmed", "returned", "taken-over",
    ]

    /// One line for each hand-over, in their order (os-152).
    static func lines(_ moves: [Move], _ dossier: Dossier, _ definition: Definition) -> [ControlLine] {
        var sheet = ControlSheet(dossier, definition)
        for move in moves { sheet.add(move) }
        return sheet.lines
    }

    private init(_ dossier: Dossier, _ definition: Definition) {
        (self.dossier, self.definition) = (dossier, definition)
        stage = (dossier.acceptedAt ?? dossier.submittedAt, nil)
    }

    private mutating func add(_ move: Move) {
        let applicant = ControlLine.Party(name: dossier.applicant.name)
        // By the event: it may have been forwarded since.
        var desk = party(move, "agency", "actor")
        (desk.agency, desk.isDesk) = (desk.agency ?? dossier.receivingAgency, true)
        let back = ControlLine.Party(agency: dossier.receivingAgency, isDesk: true)
        switch move.what {
        case "accepted":
            append(applicant, desk, move)
            // A change of the calendar may have moved it since.
            stage = (move.at, dossier.handOverBy ?? instant(move, "handOverBy"))
        case "handed-over", "sent", "sent-back", "released":
            append(
                party(move, "fromAgency", "fromOfficer"), party(move, "toAgency", "toOfficer"), move,
                outcome: outcome(at: move.at), note: step(move))
            let due = instant(move, "dueAt")
            // The date of the step goes with it (os-269): whoever gets it when that has passed was not the late one.
            stage = (move.at, move.what == "sent" && (due ?? move.at) < move.at ? nil : due)
        case "assigned": append(party(move, "agency", "fromOfficer"), party(move, "agency", "toOfficer"), move)
        // The time of the step runs on (os-301). Where only an opinion or a branch lay there, it went nowhere.
        case "taken-over":
            guard move.event["works"] == .bool(true) else { return }
            append(
                party(move, "fromAgency", nil), party(move, "toAgency", "officer"), move,
                note: "cơ quan kế thừa tiếp nhận")
        case "branch-opened":
            append(party(move, "fromAgency", nil), party(move, "toAgency", nil), move, note: step(move, beside: true))
        case "branch-done", "branch-recalled":
            let late = move.event["late"] == .bool(true)
            let outcome: ControlLine.Outcome? = move.what == "branch-done" ? (late ? .late : .onTime) : nil
            let note = move.what == "branch-done" ? "phối hợp xong" : "rút lại"
            append(party(move, "agency", "actor"), back, move, outcome: outcome, note: note)
        case "finished":
            let number = move.event["documentNumber"]?.text.map { "Kết quả: \($0)" } ?? "Có kết quả"
            append(party(move, "agency", nil), back, move, outcome: outcome(at: move.at), note: number)
        case "stopped", "withdrawal-confirmed":
            let note = move.what == "stopped" ? "Dừng xử lý" : "Công dân rút hồ sơ"
            append(.init(official: person(move, "actor")), back, move, note: note)
        default: append(desk, applicant, move, note: "Trả kết quả")
        }
    }

    private mutating func append(
        _ giver: ControlLine.Party, _ receiver: ControlLine.Party, _ move: Move,
        outcome: ControlLine.Outcome? = nil, note: String? = nil
    ) {
        lines.append(ControlLine(giver: giver, receiver: receiver, at: move.at, outcome: outcome, note: note))
    }

    /// Whether who leads gives it on in time.
    private func outcome(at: Date) -> ControlLine.Outcome? {
        guard let due = stage.due else { return nil }
        if at <= due { return Day(at) < Day(due) ? .early : .onTime }
        let stood = dossier.pauses.contains { $0.from < at && ($0.until ?? at) > stage.since }
        return stood ? .paused : .late
    }

    private func step(_ move: Move, beside: Bool = false) -> String? {
        guard let step = move.event["stepKey"]?.text.flatMap(definition.step) else { return nil }
        return beside ? "\(step.name) (phối hợp)" : step.name
    }

    private func party(_ move: Move, _ agency: String, _ official: String?) -> ControlLine.Party {
        .init(
            agency: move.event[agency]?.text.flatMap { try? AgencyCode($0) },
            official: official.flatMap { person(move, $0) })
    }

    private func person(_ move: Move, _ name: String) -> PersonID? {
        move.event[name]?.text.flatMap { try? PersonID($0) }
    }

    private func instant(_ move: Move, _ name: String) -> Date? { move.event[name]?.text.flatMap(Instant.read) }
}

extension Session {
    /// What happened to a dossier up to a version, with the data of the events.
    func moves(of dossier: Dossier) async throws -> [Move] {
        try await run(
            """
            SELECT h.what, h.at, h.note, coalesce(e.payload, '{}') AS payload FROM dossier_history h
            LEFT JOIN event_log e ON e.aggregate_type = \(DossierAccepted.aggregate)
                AND e.aggregate_id = \(dossier.id.text) AND e.aggregate_version = h.version
            WHERE h.dossier = \(dossier.id) AND h.version <= \(dossier.version)
                AND h.what = ANY(\(ControlSheet.acts))
            ORDER BY h.version
            """
        ).map { row in
            Move(what: try row("what"), at: try row("at"), note: try row("note"), event: try row("payload"))
        }
    }

    /// Names for the lines: of agencies, and of officials as they were called by then.
    func names(in lines: [ControlLine]) async throws -> PartyNames {
        let parties = lines.flatMap { [$0.giver, $0.receiver] }
        var names = PartyNames()
        for row in try await run(
            "SELECT code, name FROM directory_agencies WHERE code = ANY(\(parties.compactMap(\.agency?.text)))")
        {
            let code: AgencyCode = try row("code")
            names.agencies[code] = try row("name", as: String.self)
        }
        let last = Day(lines.last?.at ?? .distantPast)
        for row in try await run(
            """
            SELECT DISTINCT ON (person) person, full_name FROM directory_posts
            WHERE person = ANY(\(parties.compactMap(\.official?.uuid))) AND valid_from <= \(last)
            ORDER BY person, valid_from DESC
            """)
        {
            let person: PersonID = try row("person")
            names.officials[person] = try row("full_name", as: String.self)
        }
        return names
    }
}

struct PartyNames: Sendable, Equatable {
    var agencies: [AgencyCode: String] = [:]
    var officials: [PersonID: String] = [:]

    func name(_ party: ControlLine.Party) -> String {
        if let name = party.name { return "Người nộp: \(name)" }
        let agency = party.agency.map { agencies[$0] ?? $0.text }
        let place = party.isDesk ? ["Bộ phận TN&TKQ", agency].compactMap { $0 }.joined(separator: ", ") : agency
        return [place, party.official.flatMap { officials[$0] }].compactMap { $0 }.joined(separator: "\n")
    }
}

extension FormFacts {
    var control: [Block] {
        let cooperating = Set(moves.filter { $0.note?.hasSuffix("(phối hợp)") ?? false }.compactMap(\.receiver.agency))
            .sorted().map { partyNames.agencies[$0] ?? $0.text }
        let rows = moves.enumerated().map { index, line -> [[Run]] in
            [
                ["\(index + 1)"], [Run(partyNames.name(line.giver))], [Run(partyNames.name(line.receiver))],
                [Run(line.at.inTables)], [Run(line.outcome?.rawValue ?? "")], [Run(line.note ?? "")],
            ]
        }
        let columns: [Table.Column] = [
            .init("TT", 7, .center), .init("Bên giao", 31), .init("Bên nhận", 31), .init("Thời gian giao, nhận", 19),
            .init("Kết quả giải quyết", 17), .init("Ghi chú", 20),
        ]
        let lead = dossier.answeringAgency ?? dossier.workingAgency
        return [
            applicant, .text(Paragraph("Thủ tục hành chính: \(procedure.definition.name) (mã \(procedure.code))")),
            .text(Paragraph("Cơ quan giải quyết hồ sơ: \(partyNames.agencies[lead] ?? agency)")),
            .text(
                Paragraph(
                    "Cơ quan phối hợp giải quyết hồ sơ: ",
                    Run(cooperating.isEmpty ? "không có" : cooperating.joined(separator: "; ")))),
            .text(
                Paragraph(
                    "Hẹn trả kết quả: \(dossier.dueAt?.onForms ?? "…")",
                    Run(dossier.late.map { $0 ? " (đã quá hạn)" : " (đã giải quyết trong hạn)" } ?? ""))),
            .space(1.5), .table(Table(columns, rows: rows, size: 8.5)),
            .text(
                Paragraph(
                    .italic(
                        """
                        Mỗi lần giao, nhận được hệ thống ghi lại bằng tài khoản của người thực hiện, thay cho chữ ký.
                        """), size: 8.5)),
        ]
    }
}
