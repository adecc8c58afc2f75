import Foundation

/// `lienthong verify | anchor | keys | audit`: what anybody checks a service's history with.
///
/// Exit status 0: it holds; 1: it does not, and the last lines say what; 2: it could not be looked at.
@main enum Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            exit(try await run(arguments) ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("lienthong: \(error)\n".utf8))
            exit(2)
        }
    }

    /// False: what was checked does not hold.
    static func run(_ arguments: [String], say: (String) -> Void = { print($0) }) async throws -> Bool {
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "verify": return try Verify.run(try Arguments(rest, options: ["--key", "--service"]), say)
        case "anchor":
            return try await AnchorCommand.run(
                try Arguments(rest, options: ["--key", "--service", "--after-restore"]), say)
        case "keys": return try await Keys.run(try Arguments(rest, options: ["--service"]), say)
        case "audit": return try await AuditCommand.run(try Arguments(rest, options: ["--key", "--anchor"]), say)
        default: throw CommandFault(usage)
        }
    }

    static let usage = """
        usage:
          lienthong verify RECEIPT.json --key PUBLIC.pem     does the receipt prove its event? needs no network
          lienthong verify DOSSIER.zip --key PUBLIC.pem      is all of a dossier that was taken along as it was signed?
          lienthong keys http://SERVICE                      the service's public keys, as PEM, and whose they are
          lienthong anchor http://SERVICE FILE --key PUBLIC.pem [--after-restore yes]
                                                             adds the service's new statements to FILE
          lienthong audit SERVICE --key PUBLIC.pem [--anchor FILE]
                                                             compares the whole database with its statements
        a key is of the service that a line “service: NAME” before it names; --service NAME (verify, anchor, keys)
        says so for keys without such a line, and refuses what is of another service
        """
}

/// What cannot even be looked at.
struct CommandFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Words and `--option value` pairs.
struct Arguments {
    private(set) var words: [String] = []
    private var options: [String: [String]] = [:]

    init(_ arguments: [String], options known: Set<String>) throws {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                words.append(argument)
                continue
            }
            guard known.contains(argument) else { throw CommandFault("\(argument) is not known here\n\(Main.usage)") }
            guard let value = rest.popFirst() else { throw CommandFault("\(argument) needs a value") }
            options[argument, default: []].append(value)
        }
    }

    func all(_ option: String) -> [String] { options[option] ?? [] }
    func one(_ option: String) -> String? { options[option]?.last }

    func word(_ index: Int) throws -> String {
        guard words.indices.contains(index) else { throw CommandFault("something is missing\n\(Main.usage)") }
        return words[index]
    }
}
