import Contracts
import Foundation
import LegalClock
import ServiceKit

@testable import OneStopService

/// Agencies of the fixtures: the Department of Justice, the police, a district and a commune of it.
enum Agencies {
    static let justice = code("H19.06")
    static let police = code("H19.25")
    static let district = code("H19.31")
    static let commune = code("H19.31.02")

    static func code(_ text: String) -> AgencyCode { (try? AgencyCode(text)) ?? .none }
}

/// `2021-02-09 16:30`, on a clock in Vietnam.
func at(_ text: String) throws -> Date {
    let parts = text.split(separator: " ").map(String.init)
    let clock = parts[1].split(separator: ":").compactMap { Int($0) }
    return try Day(parts[0]).instant(minute: clock[0] * 60 + clock[1])
}

/// The working calendar of 2021 as it is loaded: Monday to Friday, Tết and the other holidays.
func calendar2021() throws -> WorkingCalendar {
    var morning = Span()
    (morning.begins, morning.ends) = ("07:30", "11:30")
    var afternoon = Span()
    (afternoon.begins, afternoon.ends) = ("13:00", "17:00")
    var week = Week()
    week.validFrom = try Day("2020-01-01")
    week.hours = (1...5).map { weekday in
        var hours = WeekdayHours()
        (hours.weekday, hours.spans) = (weekday, [morning, afternoon])
        return hours
    }
    week.makeUpHours = [morning, afternoon]
    var calendar = WorkingCalendar()
    calendar.weeks = [week]
    calendar.specialDays = try [
        ("2021-02-10", "2021-02-16", "Tết Nguyên đán", "Lunar New Year"),
        ("2021-04-21", "2021-04-21", "Giỗ Tổ Hùng Vương", "Hung Kings"),
        ("2021-04-30", "2021-05-03", "Lễ 30/4 và 1/5", "30 April and 1 May"),
        ("2021-09-02", "2021-09-03", "Quốc khánh", "National Day"),
    ].map { from, to, vietnamese, english in
        var day = SpecialDay()
        (day.validFrom, day.validTo, day.kind) = (try Day(from), try Day(to), .off)
        (day.vietnamese, day.english) = (vietnamese, english)
        return day
    }
    calendar.decidedThrough = try Day("2021-12-31")
    return calendar
}

func workCalendar(for agency: AgencyCode = Agencies.justice) throws -> WorkCalendar {
    try calendar2021().lawful(for: agency)
}

/// The judicial record certificate: a fee of 200,000 đồng or an exemption from it, three steps, a document.
func judicialRecord(limit: TimeLimit = TimeLimit(10, .workingDays)) throws -> Definition {
    var definition = Definition()
    (definition.name, definition.nameEn) = ("Cấp Phiếu lý lịch tư pháp số 1", "Judicial record certificate no. 1")
    (definition.field, definition.receivers) = ("LLTP", [.department])
    definition.limit = limit
    definition.documentType = "QĐ"
    var fee = Fee()
    (fee.kind, fee.name, fee.nameEn) = ("phi-lltp", "Phí cung cấp thông tin", "Fee for information")
    fee.amount = try Money(200_000)
    var exempt = Fee()
    (exempt.kind, exempt.name, exempt.nameEn) = ("exempt", "Người thuộc diện miễn phí", "Person exempt from the fee")
    exempt.byDefault = false
    definition.fees = [fee, exempt]
    definition.steps = [
        step("check", .receiving, .officer), step("verify", .receiving, .officer, [.feesPaid]),
        step("sign", .receiving, .leader),
    ]
    return definition
}

func step(_ key: String, _ rule: AgencyRule, _ role: PostRole, _ guards: [Guard] = []) -> Step {
    var step = Step()
    (step.key, step.name, step.nameEn) = (key, key, key)
    (step.rule, step.role, step.guards) = (rule, role, guards)
    step.limit = TimeLimit(1, .workingDays)
    return step
}

func published(_ definition: Definition) throws -> Procedure {
    var procedure = Procedure()
    (procedure.code, procedure.number, procedure.published) = ("2.000488", 1, true)
    (procedure.validFrom, procedure.definition) = (try Day("2021-01-01"), definition)
    return procedure
}

/// A dossier at the Department of Justice in a status, with the rows that such a status has.
func dossier(_ status: DossierStatus = .processing, accepted: String = "2021-03-01 09:00") throws -> Dossier {
    var dossier = Dossier()
    (dossier.id, dossier.version, dossier.status) = (.new(), 3, status)
    (dossier.procedure, dossier.procedureNumber) = ("2.000488", 1)
    (dossier.receivingAgency, dossier.workingAgency) = (Agencies.justice, Agencies.justice)
    dossier.applicant = .init(person: .new(), name: "Nguyễn Thị Bích", phone: "0900000001")
    dossier.subject = "Xin cấp phiếu"
    dossier.submittedAt = try at("2021-03-01 08:00")
    dossier.actBy = try at("2021-03-01 17:00")
    guard status != .submitted, status != .refused else { return dossier }
    dossier.acceptedAt = try at(accepted)
    dossier.code = try DossierCode(agency: Agencies.justice, received: try Day("2021-03-01"), serial: 1)
    dossier.dueAt = try workCalendar().due(received: at(accepted), limit: Limit(10, .workingDays)).due
    dossier.actBy = dossier.dueAt ?? dossier.actBy
    switch status {
    case .awaitingSupplement:
        dossier.resumeStatus = .processing
        dossier.supplementRequestedAt = try at("2021-03-03 09:00")
        dossier.pauses = [Pause(from: try at("2021-03-03 09:00"), cause: .awaitingSupplement)]
    case .awaitingPayment:
        dossier.payment.fees = [feeOf(200_000, .open, stops: true)]
        dossier.pauses = [Pause(from: try at("2021-03-03 09:00"), cause: .awaitingPayment)]
    case .withdrawalRequested: dossier.withdrawnFrom = .processing
    default: break
    }
    return dossier
}

/// A fee of a dossier as the general case of `judicialRecord` makes it.
func feeOf(
    _ dong: Int64, _ state: DossierFee.State, _ nature: FeeNature = .fee, _ moment: FeeMoment = .reception,
    stops: Bool = false, at settled: Date? = nil
) -> DossierFee {
    var fee = DossierFee()
    (fee.demand, fee.nature, fee.moment, fee.state) = (.new(), nature, moment, state)
    (fee.amount, fee.stops, fee.settledAt) = ((try? Money(dong)) ?? .zero, stops, settled)
    fee.cases = ["phi-lltp"]
    return fee
}

func official(
    _ role: PostRole, at agency: AgencyCode = Agencies.justice, person: PersonID = .new(), fields: [String] = []
) -> Official {
    Official(
        person: person, fullName: "Trần Văn An", mailbox: "antv", agency: agency, unit: "P1", role: role,
        title: "Chuyên viên", fields: ProcedureFields(fields))
}

/// The stable code of the refusal that `body` throws; nil when it throws none.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let refused as Refused {
        return refused.code
    } catch {
        return "not a refusal: \(error)"
    }
}
