// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: Swift 6 language mode comes with the tools version; a warning is an error.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "reflow",
    products: [
        .executable(name: "reflow-worker", targets: ["Worker"]),
        .executable(name: "reflow", targets: ["Coordinator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C: what Swift cannot import.
        .target(name: "CLinux"),
        .systemLibrary(
            name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .target(name: "CTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // The engine.
        .target(name: "DefragTypes", swiftSettings: strict),
        .target(name: "XFS", dependencies: ["CLinux"], swiftSettings: strict),
        .target(
            name: "Defrag",
            dependencies: [
                "DefragTypes", "XFS",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict),

        // What travels.
        .target(name: "JSON", dependencies: ["CJansson"], swiftSettings: strict),
        .target(name: "Contract", dependencies: ["DefragTypes", "JSON"], swiftSettings: strict),
        .target(
            name: "AMQP",
            dependencies: ["CRabbitMQ", "CTLS", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: strict),

        // What both programs have at the broker.
        .target(
            name: "BrokerKit",
            dependencies: [
                "AMQP", "Contract", "DefragTypes", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // Who may do what at the broker: accounts, their rights and passwords, and what of that is too much.
        .target(
            name: "BrokerRights", dependencies: ["AMQP", "BrokerKit", "Contract", "COpenSSL"],
            swiftSettings: strict),

        // What both programs read from files, environments and command lines, and how they write for people.
        .target(
            name: "Settings",
            dependencies: ["DefragTypes", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),

        // What both programs tell systemd.
        .target(name: "Systemd", swiftSettings: strict),

        // The decisions of whoever hands out the work.
        .target(name: "Rollout", dependencies: ["Contract", "DefragTypes"], swiftSettings: strict),

        // What the API, the command line and a page say, and the client.
        .target(
            name: "ReflowAPI",
            dependencies: [
                "Contract", "DefragTypes", "JSON", "Rollout",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: strict),

        // What operators write. Yams brings libyaml along, as CYaml.
        .target(name: "YAML", dependencies: [.product(name: "Yams", package: "Yams")], swiftSettings: strict),
        .target(
            name: "RolloutSpec", dependencies: ["Contract", "DefragTypes", "Rollout", "Settings", "YAML"],
            swiftSettings: strict),

        .executableTarget(
            name: "Worker",
            dependencies: [
                "AMQP", "BrokerKit", "Contract", "Defrag", "DefragTypes", "JSON", "Settings", "Systemd",
                "XFS",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "Coordinator",
            dependencies: [
                "AMQP", "BrokerKit", "BrokerRights", "Contract", "DefragTypes", "JSON", "ReflowAPI",
                "Rollout",
                "RolloutSpec", "Settings", "Systemd", "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                // BoringSSL comes with the client anyway.
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // Real parts for the tests: loop-mounted XFS, a private broker, a fragmenter, programs to run.
        .target(name: "CGuest", path: "Tests/CGuest"),
        .target(
            name: "Support",
            dependencies: [
                "CGuest", "XFS",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            path: "Tests/Support", swiftSettings: strict),

        // Trials of safety at any length: a library, a program that runs them long, tests that run them short.
        .target(
            name: "Trials",
            dependencies: [
                "AMQP", "BrokerKit", "Contract", "Defrag", "DefragTypes", "JSON", "Support", "XFS",
            ],
            path: "Tests/Trials", swiftSettings: strict),
        .executableTarget(
            name: "soak",
            dependencies: [
                "Defrag", "DefragTypes", "Support", "Trials",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Soak", swiftSettings: strict),

        // Hosts without disks, for trials of the coordinator with thousands of them.
        .executableTarget(
            name: "fleet-simulator",
            dependencies: [
                "AMQP", "BrokerKit", "Contract", "DefragTypes", "JSON",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Tests/FleetSimulator", swiftSettings: strict),
        .testTarget(name: "SafetyTests", dependencies: ["Support", "Trials"], swiftSettings: strict),

        .testTarget(name: "SystemdTests", dependencies: ["Support", "Systemd"], swiftSettings: strict),
        .testTarget(name: "DefragTypesTests", dependencies: ["DefragTypes"], swiftSettings: strict),
        .testTarget(name: "XFSTests", dependencies: ["XFS", "Support"], swiftSettings: strict),
        .testTarget(
            name: "DefragTests", dependencies: ["Defrag", "DefragTypes", "XFS", "Support"],
            exclude: ["Traces"],
            swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["DefragTypes", "JSON"], swiftSettings: strict),
        .testTarget(
            name: "ContractTests", dependencies: ["Contract", "DefragTypes", "JSON"], swiftSettings: strict),
        .testTarget(name: "AMQPTests", dependencies: ["AMQP", "Support"], swiftSettings: strict),
        .testTarget(
            name: "BrokerKitTests",
            dependencies: [
                "AMQP", "BrokerKit", "Contract", "Support", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "BrokerRightsTests",
            dependencies: ["AMQP", "BrokerKit", "BrokerRights", "Contract", "Support"],
            swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        .testTarget(
            name: "RolloutTests", dependencies: ["Rollout", "Contract", "DefragTypes"],
            swiftSettings: strict),
        .testTarget(name: "YAMLTests", dependencies: ["YAML"], swiftSettings: strict),
        .testTarget(
            name: "RolloutSpecTests", dependencies: ["RolloutSpec", "DefragTypes", "Rollout", "YAML"],
            swiftSettings: strict),
        .testTarget(
            name: "CoordinatorTests",
            dependencies: [
                "AMQP", "BrokerKit", "BrokerRights", "Contract", "Coordinator", "DefragTypes", "JSON",
                "ReflowAPI", "Rollout",
                "Settings",
                "Support",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "AMQP", "BrokerKit", "Contract", "Defrag", "DefragTypes", "Settings", "Support", "Worker",
                "XFS",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "AMQP", "BrokerKit", "BrokerRights", "Contract", "Coordinator", "DefragTypes", "JSON",
                "Support", "Trials",
                "Worker",
                "XFS",
            ],
            swiftSettings: strict),
    ]
)
