// swift-tools-version: 6.2
import PackageDescription

/// Our own code has no warnings: each is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .treatAllWarnings(as: .error),
]

/// A room below the services: Shared/<name> with its tests in Tests/<name>Tests.
func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, path: "Shared/\(name)", swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.byName(name: name), "TestKit"] + dependencies.filter(\.isOurs)
                + (name == "ServiceKit" ? ["ServiceTestKit"] : [])
                + (["AMQP", "EventLog", "ServiceKit"].contains(name) ? ["FakeBroker"] : []),
            path: "Tests/\(name)Tests", swiftSettings: strict),
    ]
}

/// A service: Services/<name> with its tests in Tests/<name>Tests. Adding one is one word in the list below.
func service(_ name: String) -> [Target] {
    [
        .executableTarget(
            name: name,
            dependencies: ["Contracts", "LegalClock", "Files", "Postgres", "ServiceKit", .crypto, .logging]
                + (further[name] ?? []) + (speaksToBroker.contains(name) ? ["AMQP", "EventLog"] : []),
            path: "Services/\(name)",
            exclude: ["README.md", "schema.sql"], swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [
                .byName(name: name), "Contracts", "LegalClock", "Files", "Postgres", "AMQP", "EventLog", "ServiceKit",
                "TestKit", "ServiceTestKit", .crypto, .logging,
            ] + (further[name] ?? []) + (neighbours[name] ?? []),
            path: "Tests/\(name)Tests", swiftSettings: strict),
    ]
}

/// A program that operators, tests or benchmarks run beside the services.
func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

/// What such a program does, as a module that tests and other programs use too; the program itself is in Command.
func within(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: path, exclude: ["Command"], swiftSettings: strict)
}

func c(_ name: String, _ library: String, _ debian: String) -> Target {
    .systemLibrary(
        name: name, path: "Shared/\(name)", pkgConfig: library, providers: [.apt([debian])])
}

extension Target.Dependency {
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let logging = product(name: "Logging", package: "swift-log")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let nioHTTP = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")

    var isOurs: Bool { if case .productItem = self { false } else { true } }
}

let rooms: [Target] =
    shared("Contracts")
    + shared("LegalClock", ["Contracts"])
    + shared("Files", ["Contracts", .crypto])
    + shared("Receipts", ["Contracts", .crypto])
    + shared("Bundles", ["Contracts", "Receipts", .crypto])
    + shared("Sealing", ["Contracts", .crypto])
    + shared("Postgres", ["CLibPQ", "Contracts", .logging, .lifecycle])
    + shared("AMQP", ["CRabbitMQ", "Contracts", .logging, .lifecycle])
    + shared("Courier", ["CCurl", "Contracts"])
    + shared("MailRelay", ["CCurl", "Contracts"])
    + shared("Typesetting", ["CPango", "CQREncode", "Contracts"])
    + shared("EventLog", ["Contracts", "Postgres", "AMQP", "Receipts", .logging, .lifecycle])
    + shared(
        "ServiceKit",
        [
            "Contracts", "LegalClock", "Files", "Sealing", "Postgres", "AMQP", "Receipts", "EventLog", "CArgon2",
            .hummingbird, .crypto, .logging, .lifecycle, .nioHTTP, .nioPosix,
        ])

/// What a service needs beside the usual: it speaks to the broker and to others itself, or prints.
let further: [String: [Target.Dependency]] = [
    "IntegrationService": ["Courier", .lifecycle], "MailService": ["MailRelay", .lifecycle],
    "OneStopService": ["Typesetting", "Bundles", "Receipts"],
]
let speaksToBroker: Set = ["IntegrationService"]
/// Whom the tests of a service start beside it.
let neighbours: [String: [Target.Dependency]] = [
    "OneStopService": ["MailService", "Sealing", .nioHTTP, .nioPosix]
]

let services = [
    "IdentityService", "HRService", "OneStopService", "DocumentsService", "BudgetService", "MailService",
    "IntegrationService",
]

let package = Package(
    name: "LienThong",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        c("CLibPQ", "libpq", "libpq-dev"),
        c("CRabbitMQ", "librabbitmq", "librabbitmq-dev"),
        c("CArgon2", "libargon2", "libargon2-dev"),
        c("CCurl", "libcurl", "libcurl4-openssl-dev"),
        c("CPango", "pangocairo", "libpango1.0-dev"),
        c("CQREncode", "libqrencode", "libqrencode-dev"),
    ] + rooms + services.flatMap(service) + [
        .target(
            name: "TestKit", dependencies: ["Contracts", "Postgres", "AMQP", .logging], path: "Tests/TestKit",
            swiftSettings: strict),
        .target(
            name: "ServiceTestKit",
            dependencies: [
                "Contracts", "Sealing", "Postgres", "AMQP", "EventLog", "ServiceKit", "TestKit", .logging, .lifecycle,
            ],
            path: "Tests/ServiceTestKit", swiftSettings: strict),
        within(
            "Journeys", "Deploy/Rehearsal", ["Contracts", "Postgres", .crypto, .logging, .nioHTTP, .nioPosix]),
        program("Rehearsal", "Deploy/Rehearsal/Command", ["Journeys"]),
        within("Auditing", "Deploy/Auditor", ["Contracts", "Postgres", .logging]),
        program("Auditor", "Deploy/Auditor/Command", ["Auditing"]),
        program("lienthong", "Deploy/CLI", ["Contracts", "Postgres", "Receipts", "Bundles", "EventLog", .logging]),
        program(
            "Benchmarks", "Tests/Benchmarks",
            ["CLibPQ", "CRabbitMQ", "Contracts", "Postgres", "AMQP", "Receipts", "EventLog", .logging]),
        .testTarget(
            name: "JourneyTests",
            dependencies: [
                "Journeys", "Auditing", "Rehearsal", "Auditor", "OneStopService", "Contracts", "LegalClock", "Postgres",
                "ServiceKit", "TestKit", "ServiceTestKit",
            ],
            path: "Tests/JourneyTests", swiftSettings: strict),
        .target(name: "FakeBroker", path: "Tests/FakeBroker", swiftSettings: strict),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "IdentityService", "HRService", "OneStopService", "DocumentsService", "BudgetService", "MailService",
                "IntegrationService", "Journeys", "Contracts", "Files", "Receipts", "Bundles", "Courier", "AMQP",
                "EventLog", "ServiceKit", "FakeBroker", "TestKit", .crypto,
            ],
            path: "Tests/FuzzTests", swiftSettings: strict),
        .testTarget(
            name: "CLITests",
            dependencies: [
                "lienthong", "Contracts", "Postgres", "Receipts", "Bundles", "EventLog", "ServiceKit", "TestKit",
                "ServiceTestKit",
            ],
            path: "Tests/CLITests", swiftSettings: strict),
        .testTarget(
            name: "BenchmarksTests", dependencies: ["Benchmarks"], path: "Tests/BenchmarksTests", swiftSettings: strict),
        .executableTarget(
            name: "Simulator", dependencies: ["Contracts", "AMQP", "EventLog"], path: "Tests/Simulator",
            // A debug build, for the mutants and the insides, but a fast one: there are many seeds.
            swiftSettings: strict + [
                .unsafeFlags(["-O", "-enforce-exclusivity=unchecked"], .when(configuration: .debug))
            ]),
        .testTarget(
            name: "SimulatorTests", dependencies: ["Simulator", "EventLog", "TestKit"], path: "Tests/SimulatorTests",
            swiftSettings: strict),
        .executableTarget(
            name: "Chaos",
            dependencies: ["Journeys", "Auditing", "Contracts", "Postgres", "EventLog", .crypto, .logging],
            path: "Tests/Chaos", swiftSettings: strict),
        .testTarget(
            name: "ChaosTests",
            dependencies: [
                "Chaos", "Journeys", "Auditing", "Contracts", "Postgres", "EventLog", "TestKit", .logging,
            ],
            path: "Tests/ChaosTests", swiftSettings: strict),
        .testTarget(name: "HouseTests", dependencies: ["Contracts"], path: "Tests/HouseTests", swiftSettings: strict),
    ]
)
