import Contracts
import Testing

@testable import Journeys
@testable import OneStopService

@Suite struct SimulatedProvinceTests {
    @Test func `the files of the checkout in one piece grow to two hundred agencies`() async throws {
        let described = try await Province.read(Settings.province).described
        let file = try ProvinceFile(decoding: described, unknown: .refuse)
        let world = try SimulatedWorld(file, seed: 1, year: 2024, size: .init(), question: .init())
        #expect(world.places.count == 200 && Set(world.places.map(\.agency.code)).count == 200)
        let officials = world.places.reduce(0) { $0 + $1.officials }
        #expect(abs(officials - 40_000) < 200)
        let expected = world.places.reduce(0) { $0 + $1.expected }
        #expect(abs(expected - 1_500_000) < 1)
        #expect(world.procedures.count > 60)
        for procedure in world.procedures { #expect(GraphCheck(procedure.definition.steps).findings.isEmpty) }
    }
}
