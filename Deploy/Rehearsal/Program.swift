import Contracts
import Foundation

/// `Rehearsal load | demo | crowd SECONDS [WIDTH] [FILE] | token WHO | describe`: loads the province, plays the
/// journeys or many dossiers at once, signs in, or writes the province as the simulation reads it.
public enum RehearsalProgram {
    public static func main() async {
        let say: @Sendable (String) -> Void = { FileHandle.standardOutput.write(Data("\($0)\n".utf8)) }
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if arguments.first == "describe" {
                return say(try await Province.read(Settings.province).described.description)
            }
            let settings = try Settings(ProcessInfo.processInfo.environment)
            switch arguments.first {
            case "load":
                let province = try await Province.read(Settings.province)
                try await Loader(office: Office(settings), province: province, say: say).load()
            case "demo":
                let province = try await Province.read(Settings.province)
                let eye = Eye(database: settings.database())
                try await Demo(office: Office(settings), province: province, eye: eye, say: say).play()
                await eye.database.close()
            case "crowd":
                let numbers = arguments.dropFirst().compactMap { Int($0) }
                let eye = Eye(database: settings.database())
                try await Crowd(
                    office: Office(settings), province: try await Province.read(Settings.province), eye: eye, say: say
                ).work(
                    for: .seconds(numbers.first ?? 60), width: numbers.dropFirst().first ?? Limits.Copies.crowd,
                    noting: arguments.dropFirst(3).first)
                await eye.database.close()
            case "token":
                say(try await Sessions(settings).token(of: arguments.dropFirst().first ?? "clerk"))
            default:
                say(
                    "usage: Rehearsal load | demo | crowd SECONDS [WIDTH] [FILE] | token WHO (\(Cast.names)) | describe"
                )
                exit(2)
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }
}
