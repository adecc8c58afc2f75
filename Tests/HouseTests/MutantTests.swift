import Testing

/// Mistakes on purpose and the switch that chooses them are in debug builds only.
@Suite struct MutantTests {
    @Test func mutantsAreAbsentFromReleases() {
        var asked = 0
        for file in production {
            // One for each condition that is open: whether what follows is compiled in debug builds only.
            var conditions: [Bool] = []
            for (number, line) in file.lines.enumerated() {
                let text = line.drop { $0 == " " }
                if text.hasPrefix("#if") { conditions.append(text == "#if DEBUG") }
                if text.hasPrefix("#else"), !conditions.isEmpty { conditions[conditions.count - 1] = false }
                if text.hasPrefix("#endif") { _ = conditions.popLast() }
                guard text.contains("Mutant"), !text.hasPrefix("//") else { continue }
                asked += 1
                if !conditions.contains(true) {
                    Issue.record("\(file.path):\(number + 1) knows mutants in every build")
                }
            }
        }
        #expect(asked > 10, "the mutants are somewhere else now")
    }
}
