import Foundation
import Postgres
import ServiceKit
import TestKit
import Testing

/// The service's migrations make exactly what its `schema.sql` says; `make schema` writes that file anew.
///
/// - Parameter file: that of the test, which finds `Services/<name>/schema.sql` from its folder `Tests/<name>Tests`.
public func expectSchema<M: Microservice>(
    of service: M.Type, file: String = #filePath, fileID: String = #fileID, line: Int = #line
) async throws {
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
    let name = folder.lastPathComponent.replacing("Tests", with: "")
    let kept = folder.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Services/\(name)/schema.sql")
    let text = try await withDatabase(of: service) { room in
        let made = try await SchemaDump.text(in: room.open(room.owner))
        return
            "-- The schema of \(name), as its migrations make it. Written by `make schema`, never by hand.\n\n\(made)"
    }
    if ProcessInfo.processInfo.environment["LIENTHONG_WRITE_SCHEMA"] == "1" {
        try Data(text.utf8).write(to: kept)
    } else if try String(contentsOf: kept, encoding: .utf8) != text {
        Issue.record(
            "Services/\(name)/schema.sql is not what the migrations make: run `make schema` and look at the difference",
            sourceLocation: SourceLocation(fileID: fileID, filePath: file, line: line, column: 1))
    }
}
