import Auditing

/// The program; everything it does is in the module, which tests and the fault harness use too.
@main enum Main {
    static func main() async { await AuditorProgram.main() }
}
