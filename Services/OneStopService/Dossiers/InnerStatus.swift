import Contracts
import ServiceKit

/// The finer steps in which an office sees a dossier, each of one national status (os-066). Nothing stores it: it
/// follows from how the dossier stands, so it cannot differ from it.
enum InnerStatus: String, CaseIterable, Sendable {
    case new, completed
    case received
    case denied
    case assigning, working, interoperating, cooperating, consulting, linking, deciding, issuing
    case supplementing, supplementingWork = "supplementing-work"
    case paying
    case withdrawing
    case stopped, withdrawn
    case done
    case returned
    case papersReturned = "papers-returned"

    struct Meaning: Equatable {
        var national: DossierStatus
        var vietnamese: String
        var english: String
    }

    static let table: [InnerStatus: Meaning] = [
        .new: Meaning(national: .submitted, vietnamese: "Chờ tiếp nhận", english: "To be received"),
        .completed: Meaning(
            national: .submitted, vietnamese: "Đã bổ sung, chờ tiếp nhận", english: "Completed, to be received"),
        .received: Meaning(
            national: .accepted, vietnamese: "Đã tiếp nhận, chờ chuyển xử lý", english: "Accepted, to be handed over"),
        .denied: Meaning(
            national: .refused, vietnamese: "Từ chối tiếp nhận", english: "Refused at the counter"),
        .assigning: Meaning(national: .processing, vietnamese: "Chờ phân công", english: "Nobody holds it yet"),
        .working: Meaning(national: .processing, vietnamese: "Đang thẩm định", english: "Worked on"),
        .interoperating: Meaning(
            national: .processing, vietnamese: "Liên thông cơ quan khác", english: "At another agency"),
        .cooperating: Meaning(
            national: .processing, vietnamese: "Chờ cơ quan phối hợp", english: "Waits for cooperating agencies"),
        .consulting: Meaning(
            national: .processing, vietnamese: "Chờ lấy ý kiến", english: "Waits for an opinion"),
        .linking: Meaning(
            national: .processing, vietnamese: "Chờ thủ tục liên thông", english: "Waits for linked procedures"),
        .deciding: Meaning(national: .processing, vietnamese: "Chờ phê duyệt", english: "To be decided"),
        .issuing: Meaning(
            national: .processing, vietnamese: "Đã phê duyệt, chờ ban hành", english: "Approved, to be issued"),
        .supplementing: Meaning(
            national: .awaitingSupplement, vietnamese: "Chờ bổ sung trước khi tiếp nhận",
            english: "Papers missing, before acceptance"),
        .supplementingWork: Meaning(
            national: .awaitingSupplement, vietnamese: "Tạm dừng, chờ bổ sung",
            english: "Papers missing, the clock stands"),
        .paying: Meaning(
            national: .awaitingPayment, vietnamese: "Tạm dừng, chờ nộp phí, lệ phí",
            english: "To be paid, the clock stands"),
        .withdrawing: Meaning(
            national: .withdrawalRequested, vietnamese: "Chờ quyết định việc rút hồ sơ",
            english: "A withdrawal is to be decided"),
        .stopped: Meaning(
            national: .stopped, vietnamese: "Không đủ điều kiện, chờ trả giấy tờ",
            english: "Not eligible, papers to be returned"),
        .withdrawn: Meaning(
            national: .stopped, vietnamese: "Đã rút, chờ trả giấy tờ", english: "Withdrawn, papers to be returned"),
        .done: Meaning(national: .finished, vietnamese: "Có kết quả, chờ trả", english: "The result is to be returned"),
        .returned: Meaning(national: .returned, vietnamese: "Đã trả kết quả", english: "The result was returned"),
        .papersReturned: Meaning(
            national: .returned, vietnamese: "Đã trả giấy tờ, không có kết quả",
            english: "The papers were returned, without a result"),
    ]

    /// What a dossier waits for beside its own step.
    struct Awaited: Equatable {
        var branches = 0
        var opinions = 0
        var links = 0
    }

    static func of(_ dossier: Dossier, _ definition: Definition, _ awaited: Awaited) -> InnerStatus {
        switch dossier.status {
        case .submitted: dossier.supplementRequestedAt == nil ? .new : .completed
        case .accepted: .received
        case .refused: .denied
        case .processing: ofWork(dossier, definition, awaited)
        case .awaitingSupplement: dossier.acceptedAt == nil ? .supplementing : .supplementingWork
        case .awaitingPayment: .paying
        case .withdrawalRequested: .withdrawing
        case .stopped: dossier.reasonCode == "withdrawn" ? .withdrawn : .stopped
        case .finished: .done
        case .returned: dossier.finishedAt == nil ? .papersReturned : .returned
        }
    }

    /// The first that is true, from what holds it back most.
    private static func ofWork(_ dossier: Dossier, _ definition: Definition, _ awaited: Awaited) -> InnerStatus {
        if dossier.approvedAt != nil { return .issuing }
        if awaited.links > 0 { return .linking }
        if awaited.opinions > 0 { return .consulting }
        if awaited.branches > 0 { return .cooperating }
        if !dossier.sentFrom.isEmpty { return .interoperating }
        let graph = StepGraph(definition.steps)
        if let place = dossier.step.flatMap(graph.place), graph.isEnd(place) { return .deciding }
        return dossier.officer == nil ? .assigning : .working
    }
}

extension Session {
    /// What a dossier waits for; asked only of one that is worked on.
    func awaited(by dossier: Dossier) async throws -> InnerStatus.Awaited {
        guard dossier.status == .processing, dossier.approvedAt == nil, dossier.isAccompanied else {
            return InnerStatus.Awaited()
        }
        let rows = try await run(
            """
            SELECT (SELECT count(*) FROM branches WHERE dossier = \(dossier.id) AND closed_at IS NULL) AS branches,
                   (SELECT count(*) FROM opinions WHERE dossier = \(dossier.id) AND answered_at IS NULL) AS opinions,
                   (SELECT count(*) FROM slips WHERE parent = \(dossier.id)
                        AND (outcome IS NULL OR outcome <> 'finished' AND decision IS NULL)) AS links
            """)
        guard let row = rows.first else { return InnerStatus.Awaited() }
        return InnerStatus.Awaited(
            branches: try row("branches"), opinions: try row("opinions"), links: try row("links"))
    }
}

/// `GET /inner-statuses`: the table from inner to national statuses.
enum ListInnerStatuses: Endpoint {
    static let route = Route.get("/inner-statuses")
    static let summary = "The inner statuses, each with its national one"
    static let access = Access.open

    struct Line: Record {
        var inner = InnerStatus.new
        var status = DossierStatus.submitted
        var statusNumber = 1
        var vietnamese = ""
        var english = ""

        static let fields: [Field<Self>] = [
            .init("inner", \.inner, .choice, "Inner status"),
            .init("status", \.status, .choice, "Its national status"),
            .init("statusNumber", \.statusNumber, .integer(1...10), "The number of that"),
            .init("vietnamese", \.vietnamese, .text(1...Limits.nameLength), "Vietnamese name"),
            .init("english", \.english, .text(1...Limits.nameLength), "English name"),
        ]
    }

    struct Output: Record {
        var statuses: [Line] = []
        static let fields: [Field<Self>] = [
            .init("statuses", \.statuses, .list(.record, 0...InnerStatus.allCases.count), "By their course")
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.statuses = InnerStatus.allCases.compactMap { inner in
            guard let meaning = InnerStatus.table[inner] else { return nil }
            var line = Line()
            (line.inner, line.status, line.statusNumber) = (inner, meaning.national, meaning.national.number)
            (line.vietnamese, line.english) = (meaning.vietnamese, meaning.english)
            return line
        }
        return Reply(output)
    }
}
