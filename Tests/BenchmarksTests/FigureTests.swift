import Testing

@testable import Benchmarks

@Suite struct FigureTests {
    private func figure(_ value: Double, _ better: Figure.Better, floor: Double, aim: Double) -> Figure {
        Figure(name: "some", value: value, floor: floor, aim: aim, better: better, note: "")
    }

    @Test func `make bench fails when one figure is below its floor, and not for a missed aim`() {
        let (met, missed) = (
            figure(1.2, .higher, floor: 0.5, aim: 1), figure(0.6, .higher, floor: 0.5, aim: 1)
        )
        #expect(Figure.status(of: []) == 0 && Figure.status(of: [met, missed]) == 0)
        #expect(missed.row.contains("floor met") && met.row.contains("aim met"))
        let below = figure(0.49, .higher, floor: 0.5, aim: 1)
        #expect(Figure.status(of: [met, below, met]) == 1 && below.row.contains("BELOW FLOOR"))
        #expect(Figure.status(of: [figure(601, .lower, floor: 600, aim: 300)]) == 1)
        #expect(Figure.status(of: [figure(600, .lower, floor: 600, aim: 300)]) == 0)
    }

    @Test func `a submission must reach half of what pgbench does with its statements, and should reach all of it`() {
        #expect(OneStop.submitBars.floor == 0.5 && OneStop.submitBars.aim == 1)
    }
}
