import Contracts
import LegalClock
import ServiceKit

/// Somebody who works on dossiers.
struct SimulatedPost: Sendable {
    var official: Official
    var away: Absences
    /// Stands in where nobody else of the role is there (Decree 61/2018/NĐ-CP, Art. 12).
    var isReserve = false
}

/// Everything that stays as it is during a run: the agencies with their people and their year, and the procedures.
final class SimulatedWorld: Sendable {
    struct Place: Sendable {
        var agency: ProvinceFile.Agency
        var calendar: WorkCalendar
        var time: WorkTime
        /// Dossiers expected in the year, in the base and without its holidays.
        var expected = 0.0
        var load = 0.0
        /// What people come with, counter and online, by growing share.
        var counter: [(procedure: Int, upTo: Double)] = []
        var online: [(procedure: Int, upTo: Double)] = []
        /// Part of the expected dossiers for each day.
        var counterDays: [Double] = []
        var onlineDays: [Double] = []
        var posts: [SimulatedPost] = []
        /// Officials, those without dossiers among them.
        var officials = 0
    }

    struct Size: Sendable {
        var agencies = 200
        var officials = 40_000
        var dossiers = 1_500_000
    }

    let seed: UInt64
    let luck: Luck
    let year: YearClock
    let size: Size
    let question: Question
    let procedures: [SimulatedProcedure]
    let places: [Place]
    /// When the service was down for everybody.
    let outages: [Range<Int32>]
    private let numbers: [AgencyCode: Int]

    init(_ file: ProvinceFile, seed: UInt64, year: Int, size: Size, question: Question) throws {
        (self.seed, self.size, self.question) = (seed, size, question)
        (luck, self.year) = (Luck(seed: seed), YearClock(year))
        let maker = ProvinceMaker(file: file, seed: seed, year: self.year)
        let agencies = maker.agencies(size.agencies)
        var procedures = try maker.procedures(agencies)
        var numbers: [AgencyCode: Int] = [:]
        for (number, agency) in agencies.enumerated() { numbers[agency.code] = number }
        self.numbers = numbers
        // Whoever is not there is no answer.
        procedures = procedures.filter { procedure in
            procedure.definition.steps.allSatisfy { $0.agency.map { numbers[$0] != nil } ?? true }
        }
        var builder = PlaceBuilder(
            file: file, luck: luck, year: self.year, size: size, question: question, procedures: procedures,
            numbers: numbers)
        places = try builder.build(agencies)
        outages = builder.outages
        for (code, change) in question.limits {
            guard let place = procedures.firstIndex(where: { $0.procedure.code == code }) else {
                throw Unknown(what: code)
            }
            let amount = procedures[place].procedure.definition.limit.amount
            procedures[place].procedure.definition.limit.amount = max(1, amount + change)
        }
        self.procedures = procedures
    }

    struct Unknown: Error, CustomStringConvertible {
        let what: String
        var description: String { "the province has no \(what)" }
    }

    func number(of agency: AgencyCode) -> Int? { numbers[agency] }

    /// Who is asked for an opinion about a procedure: the police where there are any and records are searched, else a
    /// department that chance names.
    func asked(about procedure: Int, from place: Int) -> Int? {
        let others = places.indices.filter { number in
            number != place && [.department, .police].contains(places[number].agency.kind)
        }
        guard !others.isEmpty else { return nil }
        if procedures[procedure].definition.field == "LLTP",
            let police = others.first(where: { places[$0].agency.kind == .police })
        {
            return police
        }
        return others[luck.of(.opinion, procedure).below(others.count)]
    }
}

/// Gives every agency its share of the year's dossiers, and the people for it.
struct PlaceBuilder {
    let file: ProvinceFile
    let luck: Luck
    let year: YearClock
    let size: SimulatedWorld.Size
    let question: Question
    let procedures: [SimulatedProcedure]
    let numbers: [AgencyCode: Int]
    /// Minutes of work in the year, by place, role and field.
    var work: [Int: [PostRole: [String: Double]]] = [:]

    mutating func build(_ agencies: [ProvinceFile.Agency]) throws -> [SimulatedWorld.Place] {
        var places = try agencies.enumerated().map { number, agency in
            let calendar = try Deadlines.refusing { () throws(ClockRefusal) in
                try file.calendar.lawful(for: agency.code)
            }
            let time = try WorkTime(calendar, year, cuts: cuts(number, agency.kind))
            return SimulatedWorld.Place(agency: agency, calendar: calendar, time: time)
        }
        for number in places.indices { receive(number, &places) }
        let sum = places.reduce(0) { $0 + $1.expected }
        guard sum > 0 else { throw SimulatedWorld.Unknown(what: "agency that receives a procedure") }
        for number in places.indices {
            places[number].expected *= Double(size.dossiers) / sum
            places[number].load = question.load(places[number].agency.code)
            spread(&places[number])
        }
        for number in places.indices { reckon(number, places) }
        for number in places.indices { try hire(number, &places[number]) }
        for staff in question.staff where !places.contains(where: { $0.agency.code == staff.agency }) {
            throw SimulatedWorld.Unknown(what: staff.agency.text)
        }
        addOthers(&places)
        return places
    }

    /// The service down for everybody, and the network of this one cut.
    private func cuts(_ number: Int, _ kind: AgencyKind) -> [Range<Int32>] {
        guard !question.withoutFailures else { return [] }
        let own = some(luck.of(.failure, number + 1), Assumptions.cuts(kind), Assumptions.cutHours)
        return (outages + own).sorted { $0.lowerBound < $1.lowerBound }
    }

    var outages: [Range<Int32>] {
        guard !question.withoutFailures else { return [] }
        return some(luck.of(.failure), Assumptions.outages, Assumptions.outageHours)
    }

    private func some(_ luck: Luck, _ expected: Double, _ hours: Double) -> [Range<Int32>] {
        (0..<luck.count(expected: expected)).map { turn in
            let one = luck.of(turn + 1_000)
            let start = Int32(one.below(year.days) * 1_440 + 420 + one.of(1).below(600))
            return start..<start + Int32(max(20, one.of(2).skewed(mean: hours * 60, spread: 0.8)))
        }
    }

    /// What people come with, and how many of all.
    private func receive(_ number: Int, _ places: inout [SimulatedWorld.Place]) {
        let agency = places[number].agency
        let own = procedures.indices.filter { procedures[$0].isReceived(at: agency) }
        guard !own.isEmpty else { return }
        let peers = places.count { $0.agency.kind == agency.kind }
        places[number].expected =
            (Assumptions.shares[agency.kind] ?? 0.01) / Double(max(1, peers))
            * luck.of(.agency, number).skewed(mean: 1, spread: 0.55)
        func menu(_ weight: (SimulatedProcedure) -> Double) -> [(procedure: Int, upTo: Double)] {
            var sum = 0.0
            let rows = own.map { place -> (procedure: Int, upTo: Double) in
                sum += weight(procedures[place])
                return (place, sum)
            }
            return rows.filter { _ in sum > 0 }.map { ($0.procedure, $0.upTo) }
        }
        func isOnline(_ procedure: SimulatedProcedure) -> Bool {
            procedure.definition.onlineLevel?.takesDossiers ?? true
        }
        places[number].counter = menu { $0.weight * (isOnline($0) ? 1 - Assumptions.online : 1) }
        places[number].online = menu { isOnline($0) ? $0.weight * Assumptions.online : 0 }
    }

    /// How many of them come on each day.
    private func spread(_ place: inout SimulatedWorld.Place) {
        let counter = place.counter.last?.upTo ?? 0
        let online = place.online.last?.upTo ?? 0
        guard counter + online > 0 else { return }
        let tet = file.calendar.specialDays.first { $0.vietnamese.contains("Nguyên đán") && $0.validTo >= year.first }
        let start = tet.map { $0.validFrom - year.first } ?? 40
        func days(_ factors: [Double], _ share: Double, isOnline: Bool) -> [Double] {
            let raw = (0..<year.days).map { number -> Double in
                let day = year.first + number
                let works = place.time.minutes(on: number) > 0
                var factor = factors[day.weekday.rawValue - 1]
                if !isOnline { factor = works ? max(factor, 0.7) : 0 }
                return factor * Assumptions.season(number, tet: start)
            }
            let sum = raw.reduce(0, +)
            return raw.map { sum > 0 ? $0 / sum * place.expected * share : 0 }
        }
        place.counterDays = days(Assumptions.weekdays, counter / (counter + online), isOnline: false)
        place.onlineDays = days(Assumptions.weekdaysOnline, online / (counter + online), isOnline: true)
    }

    /// Where the work of its dossiers is done.
    private mutating func reckon(_ number: Int, _ places: [SimulatedWorld.Place]) {
        let place = places[number]
        let whole = (place.counter.last?.upTo ?? 0) + (place.online.last?.upTo ?? 0)
        guard whole > 0 else { return }
        for index in procedures.indices where procedures[index].isReceived(at: place.agency) {
            let (procedure, definition) = (procedures[index], procedures[index].definition)
            let dossiers = place.expected * procedure.weight / whole
            var at = number
            func add(_ role: PostRole, _ minutes: Double, _ desk: Int) {
                work[desk, default: [:]][role, default: [:]][definition.field, default: 0] += dossiers * minutes
            }
            add(.clerk, Assumptions.receiving + Assumptions.returning, number)
            for (step, minutes) in zip(definition.steps, procedure.work) {
                switch step.rule {
                case .receiving: at = number
                case .parent: at = place.agency.code.parent.flatMap { numbers[$0] } ?? number
                case .named: at = step.agency.flatMap { numbers[$0] } ?? number
                case .working: break
                }
                add(step.role, minutes * 1.06, at)
            }
            if definition.documentType != nil { add(.clerk, Assumptions.issuing, at) }
        }
    }

    /// As many posts as the planned load takes; large fields have officers of their own, the others are general.
    private func hire(_ number: Int, _ place: inout SimulatedWorld.Place) throws {
        let minutes = (0..<year.days).reduce(0) { $0 + place.time.minutes(on: $1) }
        let range = Assumptions.plannedLoad
        let planned = range.lowerBound + (range.upperBound - range.lowerBound) * luck.of(.staffing, number).share
        var next = 0
        func post(_ role: PostRole, _ fields: [String], isReserve: Bool = false, extra: Int? = nil) -> SimulatedPost {
            let identity = number * 100_000 + (extra.map { 90_000 + $0 } ?? next)
            if extra == nil { next += 1 }
            let official = Official(
                person: .numbered(identity), fullName: "Công chức \(identity)", mailbox: "cc\(identity)",
                agency: place.agency.code, unit: "phong", role: role, title: "Công chức",
                fields: ProcedureFields(fields))
            return SimulatedPost(
                official: official, away: .of(luck.of(.official, identity), year), isReserve: isReserve)
        }
        for role in [PostRole.clerk, .officer, .leader] {
            let capacity = Double(minutes) * Assumptions.share(role) * Assumptions.presence * planned
            let fields = work[number]?[role] ?? [:]
            let total = max(1, Int((fields.values.reduce(0, +) / capacity).rounded(.up)))
            var dedicated: [String] = []
            if role == .officer {
                for (field, load) in fields.sorted(by: { ($0.value, $0.key) > ($1.value, $1.key) }) {
                    dedicated += [String](repeating: field, count: Int(load / capacity))
                }
            }
            place.posts += dedicated.prefix(total - 1).map { post(role, [$0]) }
            for _ in dedicated.prefix(total - 1).count..<total { place.posts.append(post(role, [])) }
            place.posts.append(post(role, [], isReserve: true))
        }
        for staff in question.staff where staff.agency == place.agency.code {
            if staff.number > 0 {
                for turn in 0..<staff.number {
                    place.posts.append(post(staff.role, staff.field.map { [$0] } ?? [], extra: turn))
                }
            } else {
                for _ in 0..<(-staff.number) {
                    let own = place.posts.indices.filter {
                        let post = place.posts[$0]
                        return post.official.role == staff.role && !post.isReserve
                            && post.official.fields.contain(staff.field)
                    }
                    if own.count > 1, let last = own.last { place.posts.remove(at: last) }
                }
            }
        }
    }

    /// Officials who have no dossiers: in schools and hospitals of a district, at desks of other duties.
    private func addOthers(_ places: inout [SimulatedWorld.Place]) {
        let posts = places.reduce(0) { $0 + $1.posts.count }
        func weight(_ kind: AgencyKind) -> Int {
            switch kind {
            case .district: 25
            case .department, .police: 12
            case .province: 4
            default: 1
            }
        }
        let others = Self.shares(max(0, size.officials - posts), by: places.map { weight($0.agency.kind) })
        for number in places.indices { places[number].officials = places[number].posts.count + others[number] }
    }

    /// A whole number in parts by weight that together are that number (os-265): what is left by rounding down goes to
    /// the largest remainders, the first of equal ones. Pure.
    static func shares(_ whole: Int, by weights: [Int]) -> [Int] {
        let sum = weights.reduce(0, +)
        guard sum > 0 else { return weights.map { _ in 0 } }
        var shares = weights.map { whole * $0 / sum }
        let left = whole - shares.reduce(0, +)
        let remainders = weights.map { whole * $0 % sum }
        let order = weights.indices.sorted { (remainders[$1], $0) < (remainders[$0], $1) }
        for place in order.prefix(left) { shares[place] += 1 }
        return shares
    }
}

extension ID {
    /// An identity that is the same in every run.
    static func numbered(_ number: Int) -> ID {
        var id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, 0)).uuid
        (id.12, id.13) = (UInt8(truncatingIfNeeded: number >> 24), UInt8(truncatingIfNeeded: number >> 16))
        (id.14, id.15) = (UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number))
        return ID(UUID(uuid: id))
    }
}
