import Testing

/// Mistakes on purpose, a next release on purpose, and the switches that choose them are in debug builds only.
@Suite struct MutantTests {
    @Test(arguments: [("Mutant", 10), ("NextRevision", 2)])
    func switchesOfTestsAreAbsentFromReleases(_ word: String, atLeast least: Int) {
        var asked = 0
        for file in production {
            // One for each condition that is open: whether what follows is compiled in debug builds only.
            var conditions: [Bool] = []
            for (number, line) in file.lines.enumerated() {
                let text = line.drop { $0 == " " }
                if text.hasPrefix("#if") { conditions.append(text == "#if DEBUG") }
                if text.hasPrefix("#else"), !conditions.isEmpty { conditions[conditions.count - 1] = false }
                if text.hasPrefix("#endif") { _ = conditions.popLast() }
                guard text.contains(word), !text.hasPrefix("//") else { continue }
                asked += 1
                if !conditions.contains(true) {
                    Issue.record("\(file.path):\(number + 1) knows \(word) in every build")
                }
            }
        }
        #expect(asked > least, "\(word) is somewhere else now")
    }
}
