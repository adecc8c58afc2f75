import Contracts
import Foundation
import Logging
import Postgres

/// What `env/operator.env` tells the programs beside the services, and where things are.
struct Settings: Sendable {
    /// The folder of this copy: secrets, logs, data.
    let run: URL
    let services: [ServiceName: Address]
    let paymentSecret: String
    let postgres: PostgresConfiguration

    /// Reports every missing value at once.
    init(_ environment: [String: String]) throws {
        var missing: [String] = []
        func value(_ name: String) -> String {
            if let value = environment[name], !value.isEmpty { return value }
            missing.append(name)
            return ""
        }
        run = URL(fileURLWithPath: value("LIENTHONG_RUN_DIR"))
        paymentSecret = value("LIENTHONG_PAYMENT_SECRET")
        var services: [ServiceName: Address] = [:]
        for pair in value("LIENTHONG_FEEDS").split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2, let name = ServiceName(rawValue: sides[0]) else { continue }
            services[name] = Address(sides[1])
        }
        for name in ServiceName.running where services[name] == nil { missing.append("\(name) in LIENTHONG_FEEDS") }
        self.services = services
        postgres = PostgresConfiguration(
            host: value("LIENTHONG_PG_HOST"), port: Int(value("LIENTHONG_PG_PORT")) ?? 0,
            database: value("LIENTHONG_PG_DATABASE"), user: value("LIENTHONG_PG_USER"),
            password: value("LIENTHONG_PG_PASSWORD"), schema: "public", connections: Limits.Rehearsal.connections)
        guard missing.isEmpty else {
            throw Failed("not set: \(missing.joined(separator: ", ")); run through with-environment.sh operator")
        }
    }

    /// The checkout, found from this file: the province's data and the local scripts are used from there.
    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static var province: URL { checkout.appendingPathComponent("Deploy/province") }

    /// A program that the same build made.
    static func program(_ name: String) -> URL {
        let configuration = ProcessInfo.processInfo.environment["LIENTHONG_CONFIGURATION"] ?? "debug"
        return checkout.appendingPathComponent(".build/\(configuration)/\(name)")
    }

    /// The auditor's reading eye: for showing what happened, never for making it happen.
    func database() -> Database {
        var logger = Logger(label: "rehearsal")
        // Connections are lost here on purpose.
        logger.logLevel = .error
        return Database(postgres, logger: logger)
    }

    func secret(_ name: String) -> URL { run.appendingPathComponent("secrets/\(name)") }
}

/// Something that should have worked did not; the text is for the person who runs this.
struct Failed: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
