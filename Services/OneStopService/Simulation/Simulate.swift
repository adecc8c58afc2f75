import Contracts
import Foundation
import ServiceKit

/// `OneStopService simulate PROVINCE.json [--seed 1] [--year 2024] [--dossiers N] [--agencies N] [--officials N]
/// [--threads N] [--what QUESTION] [--out FOLDER]`: a year of the province by this service's own decisions, and what
/// a change would do. It needs no database and no broker.
enum Simulate {
    struct Wrong: Error, CustomStringConvertible { let description: String }

    struct Options: Sendable {
        var file = ""
        var seed: UInt64 = 1
        var year = 2024
        var size = SimulatedWorld.Size()
        var threads = max(1, ProcessInfo.processInfo.activeProcessorCount)
        var question = Question()
        var out: String?

        init(_ arguments: [String]) throws {
            var left = arguments[...]
            while let word = left.popFirst() {
                guard word.hasPrefix("--") else {
                    file = word
                    continue
                }
                guard let value = left.popFirst() else { throw Wrong(description: "\(word) needs a value") }
                switch word {
                case "--seed":
                    guard let number = UInt64(value) else { throw Wrong(description: "--seed \(value)") }
                    seed = number
                case "--year": year = try Self.number(word, value, 2_000...2_100)
                case "--dossiers": size.dossiers = try Self.number(word, value, 1...Limits.Simulation.dossiers)
                case "--agencies": size.agencies = try Self.number(word, value, 1...Limits.Simulation.agencies)
                case "--officials": size.officials = try Self.number(word, value, 1...Limits.Simulation.officials)
                case "--threads": threads = try Self.number(word, value, 1...Limits.Simulation.threads)
                case "--what": question = try Question(value)
                case "--out": out = value
                default: throw Wrong(description: "unknown option \(word)")
                }
            }
            guard !file.isEmpty else { throw Wrong(description: "which province? name its file") }
        }

        private static func number(_ word: String, _ value: String, _ range: ClosedRange<Int>) throws -> Int {
            guard let number = Int(value), range.contains(number) else {
                throw Wrong(description: "\(word) takes \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    static func main(_ arguments: [String]) async throws {
        let options = try Options(arguments)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: options.file))
        let file = try ProvinceFile(decoding: try JSON(parsing: Array(bytes)), unknown: .refuse)
        let base = try await run(file, options, Question())
        print(base.table())
        var answers = [("base", base)]
        if !options.question.text.isEmpty {
            let then = try await run(file, options, options.question)
            print("\n" + then.difference(from: base))
            answers.append(("what-if", then))
        }
        guard let out = options.out else { return }
        let folder = URL(fileURLWithPath: out)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, answer) in answers {
            try Data(answer.json.bytes).write(to: folder.appendingPathComponent("\(name).json"))
            try Data(answer.csv.utf8).write(to: folder.appendingPathComponent("\(name).csv"))
        }
    }

    private static func run(_ file: ProvinceFile, _ options: Options, _ question: Question) async throws -> Answer {
        let world = try SimulatedWorld(
            file, seed: options.seed, year: options.year, size: options.size, question: question)
        let begun = ContinuousClock.now
        let name = question.text.isEmpty ? "base" : question.text
        let answer = await Simulation.run(world, threads: options.threads) { month in
            let line = "\(name): \(month) after \((ContinuousClock.now - begun).components.seconds) s\n"
            FileHandle.standardError.write(Data(line.utf8))
        }
        FileHandle.standardError.write(
            Data("\(name): \((ContinuousClock.now - begun).components.seconds) s\n".utf8))
        return answer
    }
}
