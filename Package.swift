// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

/// A room below the services: Shared/<name> with its tests in Tests/<name>Tests.
func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, path: "Shared/\(name)", swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.byName(name: name), "TestKit"] + dependencies.filter(\.isOurs)
                + (name == "ServiceKit" ? ["ServiceTestKit"] : []),
            path: "Tests/\(name)Tests", swiftSettings: strict),
    ]
}

/// A service: Services/<name> with its tests in Tests/<name>Tests. Adding one is one word in the list below.
func service(_ name: String) -> [Target] {
    [
        .executableTarget(
            name: name,
            dependencies: ["Contracts", "LegalClock", "Files", "Postgres", "ServiceKit", .crypto, .logging],
            path: "Services/\(name)",
            exclude: ["README.md", "schema.sql"], swiftSettings: strict),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [
                .byName(name: name), "Contracts", "LegalClock", "Files", "Postgres", "AMQP", "EventLog", "ServiceKit",
                "TestKit", "ServiceTestKit", .crypto, .logging,
            ],
            path: "Tests/\(name)Tests", swiftSettings: strict),
    ]
}

/// A program that operators, tests or benchmarks run beside the services.
func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
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
    + shared("Postgres", ["CLibPQ", "Contracts", .logging, .lifecycle])
    + shared("AMQP", ["CRabbitMQ", "Contracts", .logging, .lifecycle])
    + shared("EventLog", ["Contracts", "Postgres", "AMQP", .logging, .lifecycle])
    + shared(
        "ServiceKit",
        [
            "Contracts", "LegalClock", "Files", "Postgres", "AMQP", "EventLog", "CArgon2", .hummingbird, .crypto,
            .logging, .lifecycle, .nioHTTP, .nioPosix,
        ])

let services = [
    "IdentityService", "HRService", "OneStopService", "DocumentsService", "BudgetService", "MailService",
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
    ] + rooms + services.flatMap(service) + [
        .target(
            name: "TestKit", dependencies: ["Contracts", "Postgres", "AMQP", .logging], path: "Tests/TestKit",
            swiftSettings: strict),
        .target(
            name: "ServiceTestKit",
            dependencies: [
                "Contracts", "Postgres", "AMQP", "EventLog", "ServiceKit", "TestKit", .logging, .lifecycle,
            ],
            path: "Tests/ServiceTestKit", swiftSettings: strict),
        program(
            "Rehearsal", "Deploy/Rehearsal", ["Contracts", "Postgres", .crypto, .logging, .nioHTTP, .nioPosix]),
        program("Auditor", "Deploy/Auditor", ["Contracts", "Postgres", .logging]),
        program(
            "Benchmarks", "Tests/Benchmarks",
            ["CLibPQ", "CRabbitMQ", "Contracts", "Postgres", "AMQP", "EventLog", .logging]),
        .testTarget(
            name: "JourneyTests",
            dependencies: ["Rehearsal", "Auditor", "Contracts", "LegalClock", "Postgres", "TestKit", "ServiceTestKit"],
            path: "Tests/JourneyTests", swiftSettings: strict),
        .testTarget(name: "HouseTests", dependencies: ["Contracts"], path: "Tests/HouseTests", swiftSettings: strict),
    ]
)
