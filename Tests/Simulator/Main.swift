import Foundation

/// `Simulator --seeds 0..<1000 | --seed N [--trace] | --seconds S | --mutants`. Only in debug builds: it drives the
/// insides of the backbone, and the mutants are not in others.
@main struct Main {
    static func main() {
        #if DEBUG
            exit(Commands.run(Array(CommandLine.arguments.dropFirst())))
        #else
            FileHandle.standardError.write(Data("the simulator is part of debug builds only\n".utf8))
            exit(64)
        #endif
    }
}
