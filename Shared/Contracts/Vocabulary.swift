import Foundation

/// The ten statuses of the National Public Service Portal (`TrangThaiHoSo`, QĐ 985 practice; see the data sheet 1.3).
public enum DossierStatus: String, CaseIterable, Sendable {
    case submitted, accepted, refused, processing
    case awaitingSupplement = "awaiting-supplement"
    case awaitingPayment = "awaiting-payment"
    case withdrawalRequested = "withdrawal-requested"
    case stopped, finished, returned

    /// The national number, 1 to 10.
    public var number: Int { 1 + (Self.allCases.firstIndex(of: self) ?? 0) }

    public init?(number: Int) {
        guard Self.allCases.indices.contains(number - 1) else { return nil }
        self = Self.allCases[number - 1]
    }

    /// Nothing leaves 3 and 10.
    public var isFinal: Bool { self == .refused || self == .returned }

    public var vietnamese: String {
        switch self {
        case .submitted: "Mới đăng ký"
        case .accepted: "Được tiếp nhận"
        case .refused: "Không được tiếp nhận"
        case .processing: "Đang xử lý"
        case .awaitingSupplement: "Yêu cầu bổ sung giấy tờ"
        case .awaitingPayment: "Yêu cầu thực hiện nghĩa vụ tài chính"
        case .withdrawalRequested: "Công dân yêu cầu rút hồ sơ"
        case .stopped: "Dừng xử lý"
        case .finished: "Đã xử lý xong"
        case .returned: "Đã trả kết quả"
        }
    }
}

/// How a dossier came (`KenhThucHien`): at the counter 1, online 2, by post 3.
public enum Channel: String, CaseIterable, Sendable { case counter, online, postal }

/// Level and nature of an agency.
public enum AgencyKind: String, CaseIterable, Sendable {
    case province, department, police, district, division, commune
}

/// What a personnel decision does: appoint (bổ nhiệm), transfer (điều động), end service (thôi việc, nghỉ hưu).
public enum DecisionKind: String, CaseIterable, Sendable { case appoint, transfer, end }

/// Why an official is away: leave (nghỉ phép), mission (công tác), training (đào tạo), other.
public enum AbsenceKind: String, CaseIterable, Sendable { case leave, mission, training, other }

/// Whose account it is.
public enum AccountKind: String, CaseIterable, Sendable { case official, citizen, program, administrator }

/// The answer of an agency that was asked: agree, disagree (reason needed), or agree with a remark.
public enum OpinionVerdict: String, CaseIterable, Sendable { case agree, disagree, remark }

/// How a step ended that was done beside the leading one: done, or called back because the dossier went back.
public enum BranchOutcome: String, CaseIterable, Sendable { case done, recalled }

/// How a linked procedure of an application ended: with its result; refused at the counter; stopped; never opened,
/// because it could not be; or left out by the leading agency.
public enum LinkOutcome: String, CaseIterable, Sendable { case finished, refused, stopped, blocked, dropped }

/// What has a time limit in a dossier: the whole, the step it is at, an opinion asked for, a step beside the leading
/// one.
public enum DeadlineKind: String, CaseIterable, Sendable { case dossier, step, opinion, branch }

/// Whom a rung of the ladder of a deadline is for: who works on it, the leaders of the agency that does, those of the
/// agency above it, those of the agency that received the dossier and promised its date.
public enum RungReader: String, CaseIterable, Sendable { case officer, leader, above, receiver }

/// What a post entitles its holder to, at its agency and the agencies below.
public enum PostRole: String, CaseIterable, Sendable {
    /// One-stop officer at the counter (công chức một cửa).
    case clerk
    /// Specialist who works on dossiers (chuyên viên).
    case officer
    /// Head or deputy who approves (lãnh đạo).
    case leader
    /// Accountant of the agency (kế toán).
    case accountant
    /// Records clerk who numbers and issues documents (văn thư).
    case records
    /// Personnel officer (cán bộ tổ chức).
    case hr
    /// System administrator (quản trị hệ thống).
    case administrator
}

/// One thing that a person may do; rights give scopes at an agency subtree.
public enum Scope: String, CaseIterable, Sendable {
    case personnelWrite = "hr.write"
    case personnelRead = "hr.read"
    case accountsManage = "identity.accounts"
    case proceduresPublish = "onestop.procedures"
    case dossiersReceive = "onestop.receive"
    case dossiersProcess = "onestop.process"
    case dossiersApprove = "onestop.approve"
    case dossiersRead = "onestop.read"
    case documentsDraft = "documents.draft"
    case documentsApprove = "documents.approve"
    case documentsIssue = "documents.issue"
    case documentsRead = "documents.read"
    case ledgerRead = "budget.read"
    case feesCollect = "budget.collect"
    case feesApprove = "budget.approve"
    case systemOperate = "system.operate"
    case integrationManage = "integration.manage"

    /// What can be delegated (ủy quyền) for a time: the work on dossiers. Personnel, money, accounts, procedures, the
    /// signing and numbering of documents and the system itself are given by appointment alone.
    public static let delegable: Set<Scope> = [
        .dossiersReceive, .dossiersProcess, .dossiersApprove, .dossiersRead, .documentsRead,
    ]

    /// What a role may do.
    public static func of(_ role: PostRole) -> Set<Scope> {
        switch role {
        case .clerk: [.dossiersReceive, .dossiersRead, .documentsRead]
        case .officer: [.dossiersProcess, .dossiersRead, .documentsDraft, .documentsRead]
        case .leader:
            [
                .dossiersProcess, .dossiersApprove, .dossiersRead, .documentsDraft, .documentsApprove, .documentsRead,
                .personnelRead, .ledgerRead, .feesApprove,
            ]
        case .accountant: [.ledgerRead, .feesCollect]
        case .records: [.documentsIssue, .documentsRead]
        case .hr: [.personnelWrite, .personnelRead]
        case .administrator: Set(allCases)
        }
    }
}
