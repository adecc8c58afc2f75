import Contracts
import Foundation
import Testing

@testable import Journeys

/// What a service's program does alone, without servers and without configuration.
@Suite struct `The program of a service` {
    static let names = [
        "IdentityService", "HRService", "OneStopService", "DocumentsService", "BudgetService", "MailService",
        "IntegrationService",
    ]

    @Test(arguments: names)
    func `prints its routes, and an OpenAPI document that has the same`(_ name: String) async throws {
        let program = Settings.program(name)
        let routes = try await Shell.run(program, ["routes"]).output.split(separator: "\n").map { line in
            line.split(separator: " ").prefix(2).joined(separator: " ")
        }
        let document = try JSON(parsing: Array(try await Shell.run(program, ["openapi"]).output.utf8))
        guard case .object(let paths)? = document["paths"] else { throw Failed("\(name): no paths") }
        let operations = paths.flatMap { path -> [String] in
            guard case .object(let methods) = path.value else { return [] }
            return methods.map { "\($0.name.uppercased()) \(path.name)" }
        }
        #expect(Set(routes) == Set(operations) && routes.count == operations.count)
        #expect(routes.contains("GET /health/ready"))
    }

    @Test(arguments: names)
    func `refuses other words, and names all that its environment lacks`(_ name: String) async throws {
        let program = Settings.program(name)
        let strange = try await Shell.run(program, ["praise"], mayFail: true)
        #expect(strange.status == 2 && strange.output.contains("serve | migrate | routes | openapi"))
        let bare = Dictionary(uniqueKeysWithValues: Shell.environment.filter { !$0.key.hasPrefix("LIENTHONG_") })
        let said = try await Shell.$environment.withValue(bare) {
            try await Shell.run(
                URL(fileURLWithPath: "/bin/sh"), ["-c", "\(program.path) serve 2>&1"], mayFail: true)
        }
        #expect(said.status == 1)
        for variable in ["LIENTHONG_PG_PASSWORD", "LIENTHONG_AMQP_PASSWORD", "LIENTHONG_IDENTITY_URL"] {
            #expect(said.output.contains(variable), "\(variable): \(said.output)")
        }
    }
}
