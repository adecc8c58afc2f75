import Contracts
import ServiceKit

/// `GET /my/dossiers/{dossier}`: where a dossier is, down to the unit (Circular 01/2018/TT-VPCP, Art. 16.2d: for who is
/// signed in), until when, why then, and what the applicant can do now. os-146: the unit, and no name of an official.
enum TrackDossier: Endpoint {
    static let route = Route.get("/my/dossiers/{dossier}")
    static let summary = "Where an own dossier is, until when and why, and what can be done now"
    static let access = Access.citizen

    /// What the applicant can do now. The words are stable.
    enum Action: String, CaseIterable, Sendable { case attach, supply, pay, withdraw, rate, complain }

    /// What is due or was, and how it is paid.
    struct Payment: Record {
        var demand: DemandID?
        var nature: FeeNature?
        var moment = FeeMoment.reception
        var names: [String] = []
        var amount: Money?
        var state = DossierFee.State.open
        var askedAt: Date?
        var settledAt: Date?
        var paidAt: Date?
        var receipt: String?
        var vietnamese = ""
        var english = ""

        static let fields: [Field<Self>] = [
            .init("demand", \.demand, .id, "The demand: its number is the reference of the payment"),
            .init("nature", \.nature, .choice, "Phí or lệ phí; absent for whatever is due"),
            .init("moment", \.moment, .choice, "When it is collected (HinhThucThu 1, 2, 4)"),
            .init(
                "names", \.names, .list(.text(1...Limits.nameLength), 0...Limits.OneStop.fees),
                "Vietnamese names of what it is for"),
            .init("amount", \.amount, .money, "What is or was due; absent where nothing was asked for"),
            .init("state", \.state, .choice, "Open, paid, exempt, not collectable for now, or taken back"),
            .init("askedAt", \.askedAt, .instant, "When it was asked for"),
            .init("settledAt", \.settledAt, .instant, "When it was paid, exempted, refused or taken back"),
            .init("paidAt", \.paidAt, .instant, "When it was paid"),
            .init("receipt", \.receipt, .text(1...40), "Number of the receipt"),
            .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength), "What is to be done, in Vietnamese"),
            .init("english", \.english, .text(1...Limits.noteLength), "The same in English"),
        ]
    }

    struct Output: Record {
        var id = DossierID()
        var version = 1
        var code: String?
        var status = DossierStatus.submitted
        var statusNumber = 1
        var statusName = ""
        var completion = 0
        var procedureName = ""
        var agency = AgencyCode.none
        var agencyName: String?
        var unit: String?
        var step: String?
        var stepName: String?
        var since = Date(timeIntervalSince1970: 0)
        var answerBy: Date?
        var dueAt: Date?
        var why: Sentence?
        var clockStands = false
        var missing: String?
        var payment: Payment?
        var payments: [Payment] = []
        var reason: String?
        var actions: [Action] = []
        var rateable: [RatingOccasion] = []

        static let fields: [Field<Self>] = [
            .init("id", \.id, .id, "Identity"),
            .init("version", \.version, .integer(1...Int.max), "Version"),
            .init("code", \.code, .text(1...60), "Dossier code, once accepted"),
            .init("status", \.status, .choice, "National status"),
            .init("statusNumber", \.statusNumber, .integer(1...10), "Its number"),
            .init("statusName", \.statusName, .text(1...60), "Its Vietnamese name"),
            .init("completion", \.completion, .integer(0...100), "Degree of completion, in percent"),
            .init("procedureName", \.procedureName, .text(1...Limits.nameLength), "Vietnamese name of the procedure"),
            .init("agency", \.agency, .agency, "Where it is now"),
            .init("agencyName", \.agencyName, .text(1...Limits.nameLength), "Its name"),
            .init("unit", \.unit, .text(1...Limits.nameLength), "In which unit of it, once an official holds it"),
            .init("step", \.step, .text(1...60), "Step of the procedure"),
            .init("stepName", \.stepName, .text(1...Limits.nameLength), "Its Vietnamese name"),
            .init("since", \.since, .instant, "Since when it is there"),
            .init("answerBy", \.answerBy, .instant, "When the submission must be answered"),
            .init("dueAt", \.dueAt, .instant, "Appointment"),
            .init("why", \.why, .record, "Why then"),
            .init("clockStands", \.clockStands, .bool, "Whether the time limit stands"),
            .init("missing", \.missing, .text(1...Limits.noteLength), "What is missing (form 02)"),
            .init("payment", \.payment, .record, "The last of them that is due, was paid, or is exempt"),
            .init(
                "payments", \.payments, .list(.record, 0...Limits.OneStop.dossierFees),
                "All that was asked for, each with its state and receipt, in that order"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why it was refused or stopped"),
            .init("actions", \.actions, .list(.choice, 0...Action.allCases.count), "What can be done now"),
            .init(
                "rateable", \.rateable, .list(.choice, 0...RatingOccasion.allCases.count),
                "On which occasions it can be rated now"),
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.dossier(input.dossier)
        call.logRead(of: dossier.id, purpose: .tracking)
        let definition = try await call.procedure(of: dossier).definition
        let offered = try await call.offered(of: dossier).filter { call.now < $0.until }
        var output = Output(dossier, definition)
        output.agencyName = try await call.name(of: dossier.workingAgency)
        if let officer = dossier.officer, !dossier.status.isFinal {
            output.unit = try await call.runtime.database.official(officer, on: call.today)?.unit
        }
        if dossier.dueAt != nil {
            let row = try await call.run(
                """
                SELECT * FROM due_dates WHERE dossier = \(dossier.id) ORDER BY version DESC LIMIT 1
                """
            ).first
            if let row {
                output.why = Sentence(
                    .appointment, due: try row("due_at"), former: try row("former_due_at"), cause: try row("cause"),
                    try Explanation(decoding: try row("explanation"), unknown: .ignore))
            }
        }
        output.rateable = offered.map(\.occasion)
        output.actions = actions(dossier, isRateable: !offered.isEmpty)
        return Reply(output, version: dossier.version)
    }

    /// Pure: the same rules as the acts themselves.
    static func actions(_ dossier: Dossier, isRateable: Bool) -> [Action] {
        var actions: [Action] = []
        if [.submitted, .awaitingSupplement].contains(dossier.status) { actions.append(.attach) }
        if dossier.status == .awaitingSupplement { actions.append(.supply) }
        if !dossier.payment.open.isEmpty { actions.append(.pay) }
        if (try? WithdrawDossier.decide(dossier)) != nil { actions.append(.withdraw) }
        if isRateable { actions.append(.rate) }
        return actions + [.complain]
    }
}

extension TrackDossier.Output {
    init(_ dossier: Dossier, _ definition: Definition) {
        (id, version, code) = (dossier.id, Int(dossier.version), dossier.code?.text)
        (status, statusNumber) = (dossier.status, dossier.status.number)
        (statusName, completion) = (dossier.status.vietnamese, DossierMoves.completion(dossier.status))
        (procedureName, agency, step) = (definition.name, dossier.workingAgency, dossier.step)
        stepName = dossier.step.flatMap(definition.step)?.name
        since =
            dossier.returnedAt ?? dossier.finishedAt ?? dossier.stepBegunAt ?? dossier.acceptedAt
            ?? dossier.submittedAt
        answerBy = dossier.status == .submitted ? dossier.actBy : nil
        (dueAt, reason) = (dossier.dueAt, dossier.reason)
        clockStands = dossier.pauses.last.map { $0.until == nil } ?? false
        missing = dossier.status == .awaitingSupplement ? dossier.supplementNote : nil
        // os-261: all of them, each as it stands.
        payments = dossier.payment.fees.map { TrackDossier.Payment($0, definition, at: dossier.receivingAgency) }
        payment =
            payments.last { $0.demand != nil && ($0.state == .open || $0.state == .paid) }
            ?? payments.last { $0.state == .exempt }
    }
}

extension TrackDossier.Payment {
    /// Neither the case nor the reason of an exemption: those are the office's.
    init(_ fee: DossierFee, _ definition: Definition, at agency: AgencyCode) {
        (demand, nature, moment, state) = (fee.demand, fee.nature, fee.moment, fee.state)
        amount = fee.demand == nil ? nil : fee.amount
        (askedAt, settledAt, receipt) = (fee.askedAt, fee.settledAt, fee.receiptNumber)
        paidAt = fee.state == .paid ? fee.settledAt : nil
        names = fee.cases.compactMap { kind in definition.fees.first { $0.kind == kind }?.name }
        (vietnamese, english) = Self.words(fee, at: agency)
    }

    private static func words(_ fee: DossierFee, at agency: AgencyCode) -> (vi: String, en: String) {
        switch fee.state {
        case .paid where fee.takenBackAt != nil:
            return (
                "Đã nộp sau khi thôi yêu cầu; được hoàn trả nếu không phải nộp.",
                "It was paid after it had been taken back; it is given back where it is not due."
            )
        case .paid: return ("Đã nộp phí, lệ phí.", "The fees are paid.")
        case .exempt: return ("Được miễn phí, lệ phí.", "You are exempt from the fees.")
        case .refused: return ("Tạm thời chưa phải nộp.", "It need not be paid for now.")
        case .withdrawn: return ("Không phải nộp nữa.", "It need not be paid any more.")
        case .refunded: return ("Đã hoàn trả phí, lệ phí.", "The fees were given back.")
        case .open: break
        }
        let reference = fee.demand?.text ?? ""
        let (vi, en) = (
            "Nộp \(fee.amount) trực tuyến với mã \(reference), hoặc tại bộ phận một cửa \(agency).",
            "Pay \(fee.amount) online with the reference \(reference), or at the one-stop desk of \(agency)."
        )
        guard fee.stops else { return (vi, en) }
        return ("\(vi) Thời hạn giải quyết tạm dừng đến khi nộp.", "\(en) The time limit stands until then.")
    }
}
