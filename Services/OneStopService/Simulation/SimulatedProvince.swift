import Contracts
import LegalClock
import ServiceKit

/// A province as a file: its agencies, its working calendar as `PUT /calendar` takes it, its procedures as a draft is
/// sent. `Rehearsal describe` writes that of `Deploy/province`; a running system's exports have the same parts.
struct ProvinceFile: Record {
    struct Agency: Record {
        var code = AgencyCode.none
        var name = ""
        var kind = AgencyKind.commune

        static let fields: [Field<Self>] = [
            .init("code", \.code, .agency, "Code"),
            .init("name", \.name, .text(1...Limits.nameLength), "Name"),
            .init("kind", \.kind, .choice, "Its nature"),
        ]
    }

    var agencies: [Agency] = []
    var calendar = WorkingCalendar()
    var procedures: [DraftProcedure.Input] = []

    static let fields: [Field<Self>] = [
        .init("agencies", \.agencies, .list(.record, 1...Limits.Simulation.agencies), "The agencies"),
        .init("calendar", \.calendar, .record, "The working calendar"),
        .init(
            "procedures", \.procedures, .list(.record, 1...Limits.Simulation.procedures), "Versions of procedures"),
    ]
}

/// A procedure in the simulation: the version in force, and how much work it is.
struct SimulatedProcedure: Sendable {
    var procedure: Procedure
    /// The one agency that receives it; nil: all of the kinds that the definition names.
    var only: AgencyCode?
    /// Minutes of each step.
    var work: [Double]
    var weight: Double

    var definition: Definition { procedure.definition }

    init(_ procedure: Procedure, only: AgencyCode?, _ luck: Luck) {
        self.procedure = procedure
        self.only = only
        let definition = procedure.definition
        work = definition.steps.map { Assumptions.working($0, definition) }
        // What is done at once is asked for more often than what takes a month.
        let limit = try? definition.limit.lawful
        let days = limit.map { $0.unit == .months ? $0.amount * 22 : $0.amount } ?? 10
        weight = luck.of(procedure.code).skewed(mean: 1, spread: 0.8) / Double(max(1, days)).squareRoot()
    }

    func isReceived(at agency: ProvinceFile.Agency) -> Bool {
        if let only { return only == agency.code }
        return definition.receivers.contains(agency.kind)
    }
}

/// Makes a province of the size that is asked for out of the one in the file.
struct ProvinceMaker {
    let file: ProvinceFile
    let seed: UInt64
    let year: YearClock
    private var luck: Luck { Luck(seed: seed) }

    /// Those of the file, and communes of its districts until there are enough.
    func agencies(_ number: Int) -> [ProvinceFile.Agency] {
        var agencies = Array(file.agencies.prefix(number))
        let districts = agencies.filter { $0.kind == .district }
        var next = Dictionary(uniqueKeysWithValues: districts.map { ($0.code, 3) })
        var turn = 0
        while agencies.count < number, !districts.isEmpty {
            let district = districts[turn % districts.count].code
            turn += 1
            let place = next[district] ?? 3
            next[district] = place + 1
            let text = "\(district).\(place < 10 ? "0" : "")\(place)"
            guard let code = try? AgencyCode(text), !agencies.contains(where: { $0.code == code }) else { continue }
            var agency = ProvinceFile.Agency()
            (agency.code, agency.name, agency.kind) = (code, "Ủy ban nhân dân xã số \(place), \(district)", .commune)
            agencies.append(agency)
        }
        return agencies.sorted { $0.code.text < $1.code.text }
    }

    /// Those of the file in force in the middle of the year that somebody receives, and three for each department to
    /// which the file gives none.
    func procedures(_ agencies: [ProvinceFile.Agency]) throws(Refused) -> [SimulatedProcedure] {
        let middle = year.first + 180
        var known: [SimulatedProcedure] = []
        for draft in file.procedures where draft.validFrom <= middle && draft.validTo.map({ middle <= $0 }) ?? true {
            try draft.definition.check()
            var procedure = Procedure()
            (procedure.code, procedure.number, procedure.published) = (draft.code, 1, true)
            (procedure.validFrom, procedure.validTo) = (draft.validFrom, draft.validTo)
            procedure.definition = draft.definition
            let first = draft.definition.steps.first
            let named = first?.rule == .named ? first?.agency : nil
            known.append(SimulatedProcedure(procedure, only: named, luck.of(.procedure)))
        }
        let departments = agencies.filter { [.department, .police].contains($0.kind) }
        for (number, department) in departments.enumerated()
        where !known.contains(where: { $0.isReceived(at: department) }) {
            for turn in 0..<3 {
                let made = make(number * 3 + turn, department, departments)
                try made.check()
                var procedure = Procedure()
                (procedure.code, procedure.number) = ("9.\(190_000 + number * 3 + turn)", 1)
                (procedure.published, procedure.definition) = (true, made)
                (procedure.validFrom, procedure.validTo) = (year.first - 400, nil)
                known.append(SimulatedProcedure(procedure, only: department.code, luck.of(.procedure)))
            }
        }
        return known.filter { procedure in agencies.contains { procedure.isReceived(at: $0) } }
    }

    /// One in three is worked on side by side with two other departments, one in three asks one for an opinion.
    private func make(
        _ number: Int, _ department: ProvinceFile.Agency, _ others: [ProvinceFile.Agency]
    ) -> Definition {
        let luck = luck.of(.procedure, number)
        var definition = Definition()
        (definition.name, definition.nameEn) = ("Thủ tục số \(number)", "Procedure \(number)")
        (definition.field, definition.receivers) = ("LV\(number / 3)", [department.kind])
        let days = [3, 5, 7, 10, 15, 20, 30][luck.below(7)]
        definition.limit = TimeLimit(days, .workingDays)
        definition.documentType = luck.of(1).below(4) == 0 ? nil : "QĐ"
        definition.supplementClock = luck.of(2).below(4) == 0 ? .restart : .subtract
        definition.onlineLevel = luck.of(3).below(3) == 0 ? .forms : .whole
        if luck.of(4).below(2) == 0 { definition.fees = Self.fees(luck.of(5).within(1...10) * 50_000) }
        func step(_ key: String, _ role: PostRole, _ part: Double) -> Step {
            var step = Step()
            (step.key, step.name, step.nameEn, step.rule, step.role) = (key, key, key, .receiving, role)
            step.limit = TimeLimit(max(2, Int(Double(days) * 8 * part)), .hours)
            return step
        }
        var steps = [step("check", .officer, 0.2), step("appraise", .officer, 0.45), step("sign", .leader, 0.1)]
        switch number % 3 {
        case 0 where others.count > 2:
            steps[0].ways = [Way("appraise", "advise", "survey")]
            steps[1].ways = [Way("sign")]
            steps[2].joins = true
            for (place, key) in ["advise", "survey"].enumerated() {
                var aside = step(key, .officer, 0.4)
                let rest = others.filter { $0.code != department.code }
                (aside.rule, aside.agency) = (.named, rest[(luck.of(6).below(rest.count) + place) % rest.count].code)
                (aside.cooperates, aside.ways) = (true, [Way("sign")])
                steps.append(aside)
            }
        case 1 where !others.isEmpty: steps[1].guards = [.opinionsIn]
        default: break
        }
        definition.steps = steps
        return definition
    }

    private static func fees(_ dong: Int) -> [Fee] {
        var fee = Fee()
        (fee.kind, fee.name, fee.nameEn) = ("standard", "Mức chung", "General rate")
        fee.amount = (try? Money(Int64(dong))) ?? .zero
        var exempt = Fee()
        (exempt.kind, exempt.name, exempt.nameEn) = ("exempt", "Miễn phí", "Exempt")
        exempt.byDefault = false
        return [fee, exempt]
    }
}
