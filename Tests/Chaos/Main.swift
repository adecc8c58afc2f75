import Contracts
import Foundation

/// `Chaos`: kills, cuts, fills and delays everything while journeys play, then examines what is left; see
/// Deploy/runbooks/proof.md. Only in debug builds: the kill points are not in others.
@main enum Main {
    static func main() async {
        #if DEBUG
            let say: @Sendable (String) -> Void = {
                let time = String(Instant.write(Date()).dropFirst(11).prefix(8))
                FileHandle.standardError.write(Data("\(time) \($0)\n".utf8))
            }
            let environment = ProcessInfo.processInfo.environment
            do {
                let (line, status) = try await Harness(
                    options: try Options(environment), environment: environment, say: say
                ).run()
                print(line.description)
                exit(status)
            } catch {
                say("\(error)")
                print("{\"verdict\":\"none\",\"why\":\(JSON.string("\(error)").description)}")
                exit(2)
            }
        #else
            FileHandle.standardError.write(Data("the fault harness is part of debug builds only\n".utf8))
            exit(64)
        #endif
    }
}
