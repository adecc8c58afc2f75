import Contracts
import Files
import LegalClock
import ServiceKit

/// A limit as the procedure states it.
struct TimeLimit: Record, Hashable {
    var amount = 1
    var unit = LimitUnit.workingDays

    static let fields: [Field<Self>] = [
        .init("amount", \.amount, .integer(1...Limits.OneStop.limitAmount), "How many"),
        .init("unit", \.unit, .choice, "Working hours, working days, calendar days or months, as the law says it"),
    ]

    init() {}

    init(_ amount: Int, _ unit: LimitUnit) {
        self.amount = amount
        self.unit = unit
    }

    /// As the legal clock takes it; refused beyond what its unit allows.
    var lawful: Limit {
        get throws(Refused) { try Deadlines.refusing { () throws(ClockRefusal) in try Limit(amount, unit) } }
    }
}

/// What becomes of the clock when papers are supplied: the time before counts (index 766), or processing begins from
/// zero (Decree 61/2018/NĐ-CP, Art. 19.4).
enum SupplementClock: String, CaseIterable, Sendable { case subtract, restart }

/// In which form a paper is handed in.
enum PartKind: String, CaseIterable, Sendable {
    case original, copy
    /// Filled in on the portal or at the counter, after the schema of the procedure.
    case form = "e-form"
}

/// When the file of a required paper must be there, online.
enum PartDue: String, CaseIterable, Sendable {
    /// Before the dossier is submitted.
    case submission
    /// It may follow, also on paper; the office asks for it before it accepts.
    case acceptance
}

/// A paper that belongs to the dossier (thành phần hồ sơ).
struct Part: Record, Hashable {
    var key = ""
    var name = ""
    var nameEn = ""
    var required = true
    var copies = 1
    var kind: PartKind?
    var signed = false
    var reusable = false
    var due = PartDue.submission
    var types: [MediaType] = []
    var code: String?

    static let fields: [Field<Self>] = [
        .init("key", \.key, .text(1...60, pattern: Pattern.key), "Stable key"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("required", \.required, .bool, default: true, "Whether it cannot be left out"),
        .init("copies", \.copies, .integer(1...20), default: 1, "How many copies"),
        .init("kind", \.kind, .choice, "Original, copy or electronic form; absent where the law does not say"),
        .init("signed", \.signed, .bool, default: false, "Whether who hands it in must sign it"),
        .init(
            "reusable", \.reusable, .bool, default: false,
            "Whether one from an earlier dossier may be taken, so that it is given once only"),
        .init(
            "due", \.due, .choice, default: .submission,
            "Online: whether its file must be there before the dossier is submitted, or may follow"),
        .init(
            "types", \.types, .list(.choice, 0...MediaType.allCases.count), default: [],
            "Media types that its file may have; empty: any that offices exchange"),
        .init(
            "code", \.code, .text(1...Limits.OneStop.resultCode),
            "Code of this kind of paper, the same in every procedure; of what another procedure issues, its result’s"
        ),
    ]
}

/// One case of a fee (phí) or charge (lệ phí): the general rate, that of students, an exemption, each further page.
struct Fee: Record, Hashable {
    var kind = ""
    var name = ""
    var nameEn = ""
    var amount = Money.zero
    var byDefault = true
    var per = "lần"
    var cap: Money?
    var nature: FeeNature?
    var moment: FeeMoment?
    var proof: String?

    static let fields: [Field<Self>] = [
        .init("kind", \.kind, .text(1...Limits.OneStop.feeKind, pattern: Pattern.key), "Stable code of the case"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("amount", \.amount, .money, "In đồng, for one; 0 in an exemption, which is never asked for by default"),
        .init("byDefault", \.byDefault, .bool, default: true, "Whether it is asked for when no case is named"),
        .init("per", \.per, .text(1...Limits.OneStop.feePer), default: "lần", "What one amount is for, in Vietnamese"),
        .init(
            "cap", \.cap, .money,
            "Most that the cases which have it cost together for one copy, in đồng; the same in each of them"),
        .init(
            "nature", \.nature, .choice,
            "Phí or lệ phí, each a demand of its own; absent: phí, and of an exemption all that is due"),
        .init("moment", \.moment, .choice, "When it is collected; absent: at reception"),
        .init(
            "proof", \.proof, .text(1...60, pattern: Pattern.key),
            "Key of the paper that proves this case (miễn, giảm): without it and a reason the case is not granted"),
    ]
}

/// A case of the fees, and how many of what its amount is for: pages, certificates, times.
struct FeeLine: Record, Hashable {
    var kind = ""
    var quantity = 1

    static let fields: [Field<Self>] = [
        .init("kind", \.kind, .text(1...Limits.OneStop.feeKind, pattern: Pattern.key), "Stable code of the case"),
        .init("quantity", \.quantity, .integer(1...Limits.OneStop.feeQuantity), default: 1, "How many of one copy"),
    ]

    init() {}

    init(_ kind: String, _ quantity: Int = 1) {
        self.kind = kind
        self.quantity = quantity
    }
}

/// How much of a procedure is done online (Decree 43/2011/NĐ-CP: levels 1 to 4; Decree 42/2022/NĐ-CP: một phần, toàn
/// trình).
enum OnlineLevel: String, CaseIterable, Sendable {
    /// Levels 1 and 2: to read about, with forms to print. It is handed in at the counter or by post.
    case information, forms
    /// Level 3 (một phần) and level 4 (toàn trình).
    case partial, whole

    var takesDossiers: Bool { self == .partial || self == .whole }
}

/// What the applicant gets in the end (kết quả).
struct ResultKind: Record, Hashable {
    var code = ""
    var name = ""
    var nameEn = ""
    var validMonths: Int?
    var retention: Retention?

    static let fields: [Field<Self>] = [
        .init("code", \.code, .text(1...Limits.OneStop.resultCode), "Code of the result, `KQ.G07.000122`"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("validMonths", \.validMonths, .integer(1...1_200), "How long it is valid; absent: for good"),
        .init("retention", \.retention, .choice, "How long dossiers with this result are kept; absent: as the others"),
    ]
}

/// How long a dossier is kept after its end (Circular 10/2022/TT-BNV).
enum Retention: String, CaseIterable, Sendable {
    case permanent
    case years70 = "70-years"
    case years50 = "50-years"
    case years20 = "20-years"
    case years10 = "10-years"
    case years5 = "5-years"
}

/// What a version of a procedure (thủ tục hành chính) says.
struct Definition: Record, Hashable {
    var name = ""
    var nameEn = ""
    var field = ""
    var receivers: [AgencyKind] = []
    var parts: [Part] = []
    var limit = TimeLimit()
    var fees: [Fee] = []
    var steps: [Step] = []
    var supplementClock = SupplementClock.subtract
    var documentType: String?
    var approvalGuards: [Guard] = [.feesPaid, .opinionsIn]
    var onlineLevel: OnlineLevel?
    var form: JSON?
    var results: [ResultKind] = []
    var retention: Retention?
    var source = ""
    var verified = false

    static let fields: [Field<Self>] = [
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("field", \.field, .text(1...Limits.OneStop.field), "Code of the field of administration (lĩnh vực)"),
        .init("receivers", \.receivers, .list(.choice, 1...6), "Kinds of agencies that receive it"),
        .init("parts", \.parts, .list(.record, 0...Limits.OneStop.parts), "Papers"),
        .init("limit", \.limit, .record, "The legal limit"),
        .init("fees", \.fees, .list(.record, 0...Limits.OneStop.fees), "Fees"),
        .init("steps", \.steps, .list(.record, 1...Limits.OneStop.steps), "The way through the agencies"),
        .init("supplementClock", \.supplementClock, .choice, default: .subtract, "Clock after a supplement"),
        .init("documentType", \.documentType, .text(1...20), "Type of the result document; absent when there is none"),
        .init(
            "approvalGuards", \.approvalGuards, .list(.choice, 0...Guard.allCases.count),
            default: [.feesPaid, .opinionsIn], "What must be true before approval"),
        .init("onlineLevel", \.onlineLevel, .choice, "How much of it is done online; absent where nobody decided it"),
        .init("form", \.form, .any, "JSON Schema of the electronic form; absent: any form is taken"),
        .init("results", \.results, .list(.record, 0...Limits.OneStop.results), default: [], "What comes of it"),
        .init("retention", \.retention, .choice, "How long its dossiers are kept; absent where nobody decided it"),
        .init("source", \.source, .text(0...Limits.noteLength), default: "", "Where this stands in the law"),
        .init("verified", \.verified, .bool, default: false, "Whether it was checked against that source"),
    ]

    /// Whether the definition holds together; what a draft must be before it is kept.
    func check() throws(Refused) {
        for (keys, field) in [
            (parts.map(\.key), "parts"), (fees.map(\.kind), "fees"), (steps.map(\.key), "steps"),
            (results.map(\.code), "results"),
        ] where Set(keys).count != keys.count {
            throw .keyTwice.at(field)
        }
        guard steps.allSatisfy({ ($0.rule == .named) == ($0.agency != nil) }) else { throw .stepAgency }
        // A type of Decree 30/2020 goes by its abbreviation; another law's result (GCN, Phiếu) has its own form.
        if let documentType, let type = DocumentType.find(documentType), type.abbreviation != documentType {
            throw .documentType
        }
        // What costs nothing is no fee: without fees by default a procedure is free, and 0 is how an exemption looks.
        guard fees.allSatisfy({ $0.amount > .zero || ($0.amount == .zero && !$0.byDefault) }) else { throw .feeAmount }
        guard fees.compactMap(\.proof).allSatisfy({ proof in parts.contains { $0.key == proof } }) else {
            throw .feeProof
        }
        let caps = Set(fees.compactMap(\.cap))
        guard caps.count <= 1, caps.allSatisfy({ $0 > .zero }) else { throw .feeCap }
        _ = try amount(of: feesByDefault, copies: 1)
        for limit in [limit] + steps.compactMap(\.limit) + steps.compactMap(\.notBefore) { _ = try limit.lawful }
        let faults = form.map(FormSchema.faults(of:)) ?? []
        guard faults.isEmpty else {
            throw .formSchema.naming(
                faults.map {
                    FieldFault(
                        Refused.formSchema.code,
                        field: $0.place.isEmpty ? "definition.form" : "definition.form.\($0.place)",
                        vi: $0.vietnamese, en: $0.english)
                })
        }
    }

    /// What is asked for when no case is named: every fee by default, once.
    var feesByDefault: [FeeLine] { fees.filter(\.byDefault).map { FeeLine($0.kind) } }

    func fee(_ kind: String) throws(Refused) -> Fee {
        guard let fee = fees.first(where: { $0.kind == kind }) else { throw .feeUnknown }
        return fee
    }

    /// What `copies` cost of which each comes to `lines`, in đồng: the cases without a cap in full, and those with one
    /// together at most the cap (Circular 226/2016/TT-BTC, Art. 4, of certified copies).
    /// - Throws: `onestop.fee-unknown`, `onestop.key-twice`; `onestop.fee-amount` beyond `Limits.moneyDong`.
    func amount(of lines: [FeeLine], copies: Int) throws(Refused) -> Money {
        guard Set(lines.map(\.kind)).count == lines.count else { throw .keyTwice.at("fees") }
        let cases = try lines.map { line throws(Refused) in (fee: try fee(line.kind), quantity: line.quantity) }
        do throws(FieldFault) {
            var (full, capped) = (Money.zero, Money.zero)
            for (fee, quantity) in cases {
                let cost = try fee.amount * quantity
                if fee.cap == nil { full = try full + cost } else { capped = try capped + cost }
            }
            if let cap = cases.compactMap(\.fee.cap).min() { capped = min(cap, capped) }
            return try (full + capped) * copies
        } catch { throw .feeAmount }
    }

    func part(_ key: String) -> Part? { parts.first { $0.key == key } }

    func step(_ key: String) -> Step? { steps.first { $0.key == key } }

    /// What must be true before the dossier's last step is left, by approval.
    func endGuards(_ dossier: Dossier) -> [Guard] {
        approvalGuards + (dossier.step.flatMap(step)?.guards ?? []).filter { !approvalGuards.contains($0) }
    }

    /// What must be true before the dossier's step is left for `next`. Who goes back, or gives it to a colleague, needs
    /// no signature: what is wrong is given back because nobody signs it (os-279).
    func guards(leaving dossier: Dossier, to next: Step) -> [Guard] {
        let guards = dossier.step.flatMap(step)?.guards ?? []
        guard guards.contains(.signed), isBack(dossier, to: next) else { return guards }
        return guards.filter { $0 != .signed }
    }

    /// Whether steps are done side by side somewhere.
    var forks: Bool { steps.contains { $0.ways.contains { $0.to.count > 1 } } }

    /// Whether `step` is where the dossier is, or before that.
    func isBack(_ dossier: Dossier, to step: Step) -> Bool {
        let graph = StepGraph(steps)
        guard let here = dossier.step.flatMap(graph.place), let there = graph.place(of: step.key) else { return false }
        return graph.before(here).contains(there)
    }
}

/// A version of a procedure with its state.
struct Procedure: Record {
    var code = ""
    var number = 0
    var published = false
    var validFrom = Day.none
    var validTo: Day?
    var publishedAt: Date?
    var definition = Definition()

    static let fields: [Field<Self>] = [
        .init("code", \.code, .text(1...40, pattern: Pattern.procedure), "National code"),
        .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version"),
        .init("published", \.published, .bool, "Whether it is in force and never changes"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; absent while there is none"),
        .init("publishedAt", \.publishedAt, .instant, "When it was published"),
        .init("definition", \.definition, .record, "What it says"),
    ]

    init() {}

    func isInForce(on day: Day) -> Bool { validFrom <= day && (validTo.map { day <= $0 } ?? true) }

    init(_ row: Row) throws {
        code = try row("code")
        number = try row("number")
        let state: String = try row("state")
        published = state == "published"
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
        publishedAt = try row("published_at")
        definition = try Definition(decoding: try row("definition"), unknown: .ignore)
    }
}

/// Shapes of codes.
enum Pattern {
    static let key = "^[a-z0-9][a-z0-9-]*$"
    /// `1.001612`, also localised: `1.001612.000.00.00.H19`.
    static let procedure = #"^[0-9]\.[0-9]{6}(\.[0-9A-Z]+)*$"#
}

extension Refused {
    static let keyTwice = Refused(
        "onestop.key-twice", 422, vi: "Có mã bị lặp lại.", en: "A key stands twice.", field: "definition")
    static let stepAgency = Refused(
        "onestop.step-agency", 422, vi: "Bước “named” phải nêu cơ quan; các bước khác thì không.",
        en: "A step of rule “named” names its agency, the others do not.", field: "steps")
    static let documentType = Refused(
        "onestop.document-type", 422, vi: "Loại văn bản của Nghị định 30/2020/NĐ-CP phải ghi bằng chữ viết tắt.",
        en: "A document type of Decree 30/2020/NĐ-CP goes by its abbreviation.", field: "documentType")
    static let feeAmount = Refused(
        "onestop.fee-amount", 422,
        vi: "Mức phí phải lớn hơn 0 (bằng 0 chỉ khi là trường hợp miễn), tổng số tiền không vượt giới hạn.",
        en: "A fee must be more than 0 (an exemption: 0), and what it comes to within what an amount may be.",
        field: "fees")
    static let feeCap = Refused(
        "onestop.fee-cap", 422,
        vi: "Mức thu tối đa của một bản phải lớn hơn 0 và như nhau ở mọi trường hợp có mức này.",
        en: "The most that a copy may cost must be more than 0, and the same in every case that has it.", field: "fees")
    static let feeProof = Refused(
        "onestop.fee-proof", 422, vi: "Giấy tờ chứng minh trường hợp miễn, giảm phải là một thành phần hồ sơ.",
        en: "What proves a case of the fees must be one of the procedure's papers.", field: "fees")
    static let feeUnknown = Refused(
        "onestop.fee-unknown", 422, vi: "Thủ tục không có trường hợp phí, lệ phí này.",
        en: "The procedure has no such case of its fees.", field: "fees")
}
