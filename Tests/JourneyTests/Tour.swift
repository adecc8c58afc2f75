import Foundation

@testable import Journeys

/// A page whose blocks of commands are run as they stand, one after the other in one shell, and answer what stands
/// under them.
struct Tour {
    struct Block: Equatable {
        /// The line of the page on which the commands begin.
        let line: Int
        let commands: String
        var answer = ""
    }

    let blocks: [Block]

    /// Every block in `sh`, each with the block in `text` that comes next.
    init(page: String) throws {
        var blocks: [Block] = []
        var (language, lines, begin): (String?, [String], Int) = (nil, [], 0)
        for (number, line) in page.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let open = language {
                guard line == "```" else {
                    lines.append(String(line))
                    continue
                }
                let text = lines.map { $0 + "\n" }.joined()
                switch open {
                case "sh": blocks.append(Block(line: begin, commands: text))
                case "text" where blocks.last?.answer == "": blocks[blocks.count - 1].answer = text
                default: throw Failed("line \(begin): a block in \(open) that nothing answers")
                }
                language = nil
            } else if line.hasPrefix("```") {
                (language, lines, begin) = (String(line.dropFirst(3)), [], number + 2)
            }
        }
        guard language == nil else { throw Failed("line \(begin): a block without an end") }
        self.blocks = blocks
    }

    /// Runs it in the checkout; what differs, by the line of its commands.
    func run() async throws -> [String] {
        let separator = "\u{1E}"
        // A block that fails ends the tour: what follows would only confuse.
        let script =
            "set -eu -o pipefail\n" + blocks.map { $0.commands + "printf '\\036'\n" }.joined()
        let folder = Settings.checkout.path
        let ended = try await Shell.run(
            URL(fileURLWithPath: "/bin/bash"), ["-c", "cd '\(folder)' && exec bash -c \"$0\"", script], mayFail: true)
        let answers = ended.output.components(separatedBy: separator)
        var differences = ended.status == 0 ? [] : ["it ended with status \(ended.status)"]
        for (index, block) in blocks.enumerated() {
            let answer = index < answers.count ? answers[index] : "nothing: it was not reached\n"
            if answer != block.answer {
                differences.append("line \(block.line): expected\n\(block.answer)and got\n\(answer)")
            }
        }
        return differences
    }
}
