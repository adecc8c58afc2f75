import Contracts
import ServiceKit

/// What a notification tells of. Nothing of a citizen stands in it but the dossier's code.
struct Facts: Record, Equatable {
    var dossier: DossierID?
    var code: String?
    var submittedOn: Day?
    var procedure: String?
    var document: DocumentID?
    var agency: AgencyCode?
    var dueAt: Date?
    var formerDueAt: Date?
    var number: String?
    var amount: Money?
    var verdict: OpinionVerdict?
    var late: Bool?
    var deadline: DeadlineKind?

    static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("code", \.code, .text(1...60), "Its code, once accepted"),
        .init("submittedOn", \.submittedOn, .day, "When it was submitted"),
        .init("procedure", \.procedure, .text(1...40), "National procedure code"),
        .init("document", \.document, .id, "The document"),
        .init("agency", \.agency, .agency, "The agency that it comes from"),
        .init("dueAt", \.dueAt, .instant, "When something is due"),
        .init("formerDueAt", \.formerDueAt, .instant, "When it was due before"),
        .init("number", \.number, .text(1...80), "Number of a document or a receipt"),
        .init("amount", \.amount, .money, "Money"),
        .init("verdict", \.verdict, .choice, "The answer to a request for an opinion"),
        .init("late", \.late, .bool, "After its deadline"),
        .init("deadline", \.deadline, .choice, "Whose deadline it is"),
    ]

    init() {}

    init(_ dossier: DossierNote) {
        (self.dossier, code, submittedOn) = (dossier.dossier, dossier.code, dossier.submittedOn)
    }
}

/// A notice (thông báo): a template by its stable word, and facts; the words are made when it is read.
struct Notice: Sendable, Equatable {
    enum Template: String, CaseIterable, Sendable {
        case dossierSubmitted = "dossier-submitted"
        case dossierHandedOver = "dossier-handed-over"
        case dossierAssigned = "dossier-assigned"
        case opinionRequested = "opinion-requested"
        case opinionAnswered = "opinion-answered"
        case branchOpened = "branch-opened"
        case branchDone = "branch-done"
        case branchRecalled = "branch-recalled"
        case branchAssigned = "branch-assigned"
        case opinionOverdue = "opinion-overdue"
        case linkFinished = "link-finished"
        case linkFailed = "link-failed"
        case supplementSupplied = "supplement-supplied"
        case dossierApproved = "dossier-approved"
        case dossierFinished = "dossier-finished"
        case dossierReappointed = "dossier-reappointed"
        case withdrawalRequested = "withdrawal-requested"
        case documentDrafted = "document-drafted"
        case feePaid = "fee-paid"
        case deadlineNear = "deadline-near"
        case deadlineDue = "deadline-due"
        case deadlinePassed = "deadline-passed"
        case answerNear = "answer-near"
        case answerDue = "answer-due"
        case answerPassed = "answer-passed"
    }

    struct Words: Sendable, Equatable {
        var subject: String
        var body: String
    }

    var template: Template
    var facts: Facts

    init(_ template: Template, _ facts: Facts) { (self.template, self.facts) = (template, facts) }

    /// - Throws: `UnknownTemplate` for a word that this program does not know.
    init(_ template: String, facts: Facts) throws(UnknownTemplate) {
        guard let template = Template(rawValue: template) else { throw UnknownTemplate(template: template) }
        self.init(template, facts)
    }

    func words(_ language: Language) -> Words {
        let (subject, details) = language == .english ? english : vietnamese
        let label = language == .english ? "Dossier" : "Hồ sơ"
        var lines = [subject + "."]
        if let code = facts.code { lines.append("\(label): \(code)") }
        return Words(subject: subject, body: (lines + details).joined(separator: "\n"))
    }

    private var vietnamese: (String, [String]) {
        let name = facts.code.map { "hồ sơ \($0)" } ?? facts.submittedOn.map { "hồ sơ nộp ngày \($0.vietnamese)" }
        let dossier = name ?? "hồ sơ"
        let due = facts.dueAt.map { "Hạn: \(Self.clock($0)) ngày \(Day($0).vietnamese)" }
        let late = facts.late == true ? "Quá hạn" : nil
        let (subject, agency) = (facts.deadline ?? .dossier, facts.agency.map { "Cơ quan: \($0)" })
        return switch template {
        case .dossierSubmitted:
            ("Có \(dossier) mới chờ tiếp nhận", some(facts.procedure.map { "Thủ tục: \($0)" }))
        case .dossierHandedOver:
            ("Nhận bàn giao \(dossier)", some(facts.agency.map { "Nơi chuyển: \($0)" }, due))
        case .dossierAssigned: ("Được giao xử lý \(dossier)", [])
        case .opinionRequested:
            ("Đề nghị cho ý kiến về \(dossier)", some(facts.agency.map { "Cơ quan hỏi: \($0)" }, due))
        case .opinionAnswered:
            (
                "Đã có ý kiến về \(dossier)",
                some(
                    facts.agency.map { "Cơ quan trả lời: \($0)" }, facts.verdict.map { "Ý kiến: \($0.vietnamese)" },
                    late)
            )
        case .branchOpened:
            ("Đề nghị phối hợp giải quyết \(dossier)", some(facts.agency.map { "Cơ quan chủ trì: \($0)" }, due))
        case .branchDone:
            ("Đã có kết quả phối hợp của \(dossier)", some(facts.agency.map { "Cơ quan phối hợp: \($0)" }, late))
        case .branchRecalled: ("Không cần phối hợp giải quyết \(dossier) nữa", [])
        case .branchAssigned: ("Được giao bước phối hợp giải quyết \(dossier)", [])
        case .opinionOverdue:
            ("Quá hạn trả lời ý kiến về \(dossier)", some(facts.agency.map { "Cơ quan được hỏi: \($0)" }, due))
        case .linkFinished:
            ("Một thủ tục liên thông của \(dossier) đã xong", some(facts.agency.map { "Cơ quan: \($0)" }, late))
        case .linkFailed:
            (
                "Một thủ tục liên thông của \(dossier) không có kết quả, cần quyết định",
                some(facts.agency.map { "Cơ quan: \($0)" })
            )
        case .supplementSupplied: ("Đã bổ sung giấy tờ cho \(dossier)", some(due))
        case .dossierApproved: ("Đã phê duyệt kết quả \(dossier), cần dự thảo văn bản", [])
        case .dossierFinished:
            ("Đã có kết quả \(dossier), chờ trả", some(facts.number.map { "Văn bản: \($0)" }, late))
        case .dossierReappointed:
            (
                "Hẹn lại ngày trả kết quả \(dossier)",
                some(facts.formerDueAt.map { "Hẹn trước: \(Self.clock($0)) ngày \(Day($0).vietnamese)" }, due)
            )
        case .withdrawalRequested: ("Công dân xin rút \(dossier)", [])
        case .documentDrafted: ("Có dự thảo văn bản chờ phê duyệt", some(facts.number.map { "Loại: \($0)" }))
        case .feePaid:
            (
                "Đã nộp phí, lệ phí của \(dossier)",
                some(facts.amount.map { "Số tiền: \($0)" }, facts.number.map { "Biên lai: \($0)" })
            )
        case .deadlineNear: ("Sắp đến hạn \(subject.vietnamese) \(dossier)", some(due, agency))
        case .deadlineDue: ("Đã đến hạn \(subject.vietnamese) \(dossier)", some(due, agency))
        case .deadlinePassed: ("Quá hạn \(subject.vietnamese) \(dossier)", some(due, agency))
        case .answerNear: ("Sắp hết hạn trả lời tiếp nhận \(dossier)", some(due, agency))
        case .answerDue: ("Đã đến hạn trả lời tiếp nhận \(dossier)", some(due, agency))
        case .answerPassed: ("Quá hạn trả lời tiếp nhận \(dossier)", some(due, agency))
        }
    }

    private var english: (String, [String]) {
        let name = facts.code.map { "dossier \($0)" } ?? facts.submittedOn.map { "the dossier submitted on \($0)" }
        let dossier = name ?? "a dossier"
        let due = facts.dueAt.map { "Due: \(Day($0)) at \(Self.clock($0))" }
        let late = facts.late == true ? "After its deadline" : nil
        let (subject, agency) = (facts.deadline ?? .dossier, facts.agency.map { "Agency: \($0)" })
        return switch template {
        case .dossierSubmitted: ("To be received: \(dossier)", some(facts.procedure.map { "Procedure: \($0)" }))
        case .dossierHandedOver: ("Handed over to you: \(dossier)", some(facts.agency.map { "From: \($0)" }, due))
        case .dossierAssigned: ("Given to you: \(dossier)", [])
        case .opinionRequested: ("An opinion is asked on \(dossier)", some(facts.agency.map { "By: \($0)" }, due))
        case .opinionAnswered:
            (
                "An opinion came on \(dossier)",
                some(facts.agency.map { "From: \($0)" }, facts.verdict.map { "Verdict: \($0.rawValue)" }, late)
            )
        case .branchOpened: ("A step is yours to do: \(dossier)", some(facts.agency.map { "For: \($0)" }, due))
        case .branchDone:
            ("A cooperating agency has done its step: \(dossier)", some(facts.agency.map { "By: \($0)" }, late))
        case .branchRecalled: ("Your step was called back: \(dossier)", [])
        case .branchAssigned: ("A step was given to you: \(dossier)", [])
        case .opinionOverdue:
            ("An opinion is late on \(dossier)", some(facts.agency.map { "Asked: \($0)" }, due))
        case .linkFinished:
            ("A linked procedure is done: \(dossier)", some(facts.agency.map { "By: \($0)" }, late))
        case .linkFailed:
            ("A linked procedure has no result; decide: \(dossier)", some(facts.agency.map { "At: \($0)" }))
        case .supplementSupplied: ("Completed by the applicant: \(dossier)", some(due))
        case .dossierApproved: ("Approved, a document is to be drafted: \(dossier)", [])
        case .dossierFinished:
            ("The result is ready to be returned: \(dossier)", some(facts.number.map { "Document: \($0)" }, late))
        case .dossierReappointed:
            (
                "A new appointment for \(dossier)",
                some(facts.formerDueAt.map { "Before: \(Day($0)) at \(Self.clock($0))" }, due)
            )
        case .withdrawalRequested: ("The applicant asks to withdraw \(dossier)", [])
        case .documentDrafted: ("A draft waits for approval", some(facts.number.map { "Type: \($0)" }))
        case .feePaid:
            ("Paid for: \(dossier)", some(facts.amount.map { "Amount: \($0)" }, facts.number.map { "Receipt: \($0)" }))
        case .deadlineNear: ("Soon due, \(subject.english) of \(dossier)", some(due, agency))
        case .deadlineDue: ("Due now, \(subject.english) of \(dossier)", some(due, agency))
        case .deadlinePassed: ("Overdue, \(subject.english) of \(dossier)", some(due, agency))
        case .answerNear: ("Soon to be answered: \(dossier)", some(due, agency))
        case .answerDue: ("The answer is due now: \(dossier)", some(due, agency))
        case .answerPassed: ("The answer is overdue: \(dossier)", some(due, agency))
        }
    }

    private func some(_ lines: String?...) -> [String] { lines.compactMap { $0 } }

    /// Hours and minutes in Vietnam.
    private static func clock(_ date: Date) -> String { String(Instant.write(date).dropFirst(11).prefix(5)) }
}

struct UnknownTemplate: Error { let template: String }

extension OpinionVerdict {
    var vietnamese: String {
        switch self {
        case .agree: "đồng ý"
        case .disagree: "không đồng ý"
        case .remark: "đồng ý, có góp ý"
        }
    }
}

extension DeadlineKind {
    /// What is due.
    fileprivate var vietnamese: String {
        switch self {
        case .dossier: "trả kết quả"
        case .step: "bước xử lý của"
        case .opinion: "cho ý kiến về"
        case .branch: "bước phối hợp của"
        }
    }

    fileprivate var english: String {
        switch self {
        case .dossier: "the result"
        case .step: "the step"
        case .opinion: "the opinion"
        case .branch: "the cooperating step"
        }
    }
}
