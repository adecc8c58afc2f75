import Contracts
import LegalClock
import ServiceKit
import Testing

@testable import OneStopService

/// A small province through a year.
@Suite struct SimulationTests {
    private static func file() throws -> ProvinceFile {
        var file = ProvinceFile()
        file.agencies = [
            (Agencies.justice, AgencyKind.department), (Agencies.code("H19.07"), .department),
            (Agencies.code("H19.08"), .department), (Agencies.police, .police), (Agencies.district, .district),
            (Agencies.commune, .commune),
        ].map { code, kind in
            var agency = ProvinceFile.Agency()
            (agency.code, agency.name, agency.kind) = (code, "Cơ quan \(code)", kind)
            return agency
        }
        file.calendar = try calendar2021()
        for (code, definition) in [
            (Office.criminalRecord, try searched()), (Office.allowance, try Office.monthlyAllowance()),
        ] {
            var draft = DraftProcedure.Input()
            (draft.code, draft.validFrom, draft.definition) = (code, try Day("2020-01-01"), definition)
            file.procedures.append(draft)
        }
        return file
    }

    /// Received by the Department of Justice alone, which asks the police.
    private static func searched() throws -> Definition {
        var definition = try judicialRecord()
        for index in definition.steps.indices {
            (definition.steps[index].rule, definition.steps[index].agency) = (.named, Agencies.justice)
        }
        definition.steps[1].guards = [.feesPaid, .opinionsIn]
        definition.steps[1].notBefore = TimeLimit(1, .hours)
        // Who has done it has signed: nobody waits for that.
        definition.steps[2].guards = [.signed]
        return definition
    }

    private static func world(
        _ question: String = "", seed: UInt64 = 7, officials: Int = 300
    ) throws -> SimulatedWorld {
        var size = SimulatedWorld.Size()
        (size.agencies, size.officials, size.dossiers) = (9, officials, 900)
        return try SimulatedWorld(
            try file(), seed: seed, year: 2021, size: size, question: try Question(question))
    }

    @Test func `os-265: a province has as many officials as were asked for`() throws {
        #expect(PlaceBuilder.shares(10, by: [1, 1, 1]) == [4, 3, 3])
        #expect(PlaceBuilder.shares(7, by: [25, 12, 1, 1]) == [5, 2, 0, 0])
        #expect(PlaceBuilder.shares(0, by: [1, 2]) == [0, 0])
        for whole in 0...500 {
            #expect(PlaceBuilder.shares(whole, by: [25, 12, 12, 4, 1, 1, 1]).reduce(0, +) == whole)
        }
        for officials in [300, 301, 307, 1_000] {
            #expect(try Self.world(officials: officials).places.reduce(0) { $0 + $1.officials } == officials)
        }
    }

    @Test func `os-192: a seed has one answer, however many threads look for it`() async throws {
        let first = await Simulation.run(try Self.world(), threads: 1)
        #expect(first.whole.tally.received > 700)
        for threads in [1, 2, 5] {
            let again = await Simulation.run(try Self.world(), threads: threads)
            #expect(again.digest == first.digest && again.json == first.json && again.csv == first.csv)
        }
        let other = await Simulation.run(try Self.world(seed: 8), threads: 2)
        #expect(other.digest != first.digest)
    }

    @Test func `os-193: a question changes what it asks about and nobody's luck`() async throws {
        let base = await Simulation.run(try Self.world(), threads: 2)
        let more = await Simulation.run(try Self.world("officer+1@H19.31.02"), threads: 2)
        #expect(more.posts == base.posts + 1)
        #expect(more.agencies.map(\.tally.received) == base.agencies.map(\.tally.received))
        #expect(more.agencies.map(\.tally.refused) == base.agencies.map(\.tally.refused))
        let shorter = await Simulation.run(try Self.world("limit-9@2.000488"), threads: 2)
        let justice = { (answer: Answer) in answer.agencies.first { $0.name == "H19.06" }?.tally ?? Tally() }
        #expect(justice(shorter).overdueRate > justice(base).overdueRate)
        let (better, worse) = shorter.moved(from: base)
        #expect(worse > better)
        let busier = await Simulation.run(try Self.world("load+50%@H19.06"), threads: 2)
        #expect(justice(busier).received > justice(base).received * 5 / 4)
        let quieter = await Simulation.run(try Self.world("load-50%"), threads: 2)
        #expect((300...600).contains(quieter.whole.tally.received))
        #expect(busier.outcomes.map(\.count) == base.outcomes.map(\.count))
        let calm = await Simulation.run(try Self.world("failures-off"), threads: 2)
        #expect(calm.digest != base.digest)
        #expect(throws: SimulatedWorld.Unknown.self) { try Self.world("officer+1@H19.99") }
        #expect(throws: SimulatedWorld.Unknown.self) { try Self.world("limit-1@9.999999") }
    }

    @Test func `os-194: the service decides, and every dossier and every đồng is accounted for`() async throws {
        let answer = await Simulation.run(try Self.world(), threads: 2)
        let tally = answer.whole.tally
        #expect(tally.received == tally.ended + tally.refused + tally.abandoned + tally.open)
        #expect(tally.accepted > 600 && tally.supplements > 20 && tally.ended > 600)
        // By another seed Budget refuses some of its demands, and they are lifted.
        let refused = await Simulation.run(try Self.world(seed: 18), threads: 2)
        #expect(refused.money.lifted > 0)
        for each in [answer.money, refused.money] {
            #expect(each.demanded == each.paid + each.lifted + each.open)
            #expect(each.paid > 0 && each.exempted > 0)
        }
        // Nothing is refused but wishes that came too late and steps that waited for their guards.
        let known: Set = [
            "onestop.unlawful-move", "onestop.already-approved", "onestop.opinions-open", "onestop.branches-open",
            "onestop.too-early", "onestop.fees-open", "onestop.not-in-status", "onestop.sent-too-often",
        ]
        #expect(Set(answer.refusals.keys).isSubset(of: known), "\(answer.refusals)")
        let table = answer.table()
        #expect(table.contains("answer \(answer.digest)") && table.contains("H19.06"))
        #expect(answer.csv.split(separator: "\n").count == answer.agencies.count + 1)
    }

    @Test func `procedures that are made up are sound`() throws {
        let world = try Self.world()
        #expect(world.procedures.count == 2 + 3 * 3)
        for made in world.procedures.dropFirst(2) {
            #expect(GraphCheck(made.definition.steps).findings.isEmpty, "\(made.procedure.code)")
            #expect(made.only != nil)
        }
        #expect(world.procedures.contains { $0.definition.forks })
    }

    @Test func `questions are read whole or not at all`() throws {
        let question = try Question("officer+2@H19.12/LLTP limit-1@2.000488,load+10% failures-off")
        #expect(question.staff.map(\.number) == [2] && question.staff.first?.field == "LLTP")
        #expect(question.limits == ["2.000488": -1] && question.withoutFailures)
        #expect(question.load(Agencies.police) == 0.1)
        for wrong in ["officer@H19.12", "officer+1", "limit-1", "load+10", "mayor+1@H19", "x", "officer+0@H19.12"] {
            #expect(throws: Question.Wrong.self) { try Question(wrong) }
        }
    }

    @Test func `working time skips nights, absences and failures`() throws {
        let year = YearClock(2021)
        let calendar = try workCalendar()
        let monday = Int32((try Day("2021-03-01") - year.first) * 1_440)
        let time = try WorkTime(calendar, year, cuts: [(monday + 480)..<(monday + 540)])
        // From 07:30: half an hour, an hour lost, then on.
        #expect(time.after(monday, working: 45, away: nil) == monday + 555)
        #expect(time.after(monday + 450, working: 180, away: nil) == monday + 690)
        #expect(time.next(monday + 690) == monday + 780)
        var away = Absences(year)
        away.add(Int(monday / 1_440), for: 2, year)
        #expect(time.after(monday, working: 10, away: away) == monday + 2 * 1_440 + 460)
    }
}
