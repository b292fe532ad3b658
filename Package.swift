// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target of ours.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Settings of every C target of ours. Optimised in debug builds too: the reader loops feed live tests.
let strictC: [CSetting] = [
    .unsafeFlags(["-Wall", "-Wextra", "-Werror", "-O2"])
]

/// A C target under `CShims/`.
func shim(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "CShims/\(name)", cSettings: strictC)
}

/// A Swift library target under `Sources/`.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "vedette",
    products: [
        .executable(name: "vedette", targets: ["vedette"]),
        .library(name: "KernelDecoding", targets: ["KernelDecoding"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        shim("CRing"),
        shim("CScan"),
        shim("CDecompress"),
        shim("CProc", ["CRing"]),
        shim("CFanotify", ["CRing", "CProc"]),
        shim("CInotify", ["CRing"]),
        shim("CAudit", ["CRing"]),

        library("EventModel"),
        library("EventRing", ["CRing"]),
        library("KernelDecoding", ["EventModel", "CScan"]),
        library(
            "KernelSources",
            ["EventModel", "EventRing", "KernelDecoding", "CRing", "CProc", "CFanotify", "CInotify", "CAudit"]),
        library("ProcessTable", ["EventModel", "KernelDecoding"]),
        library("FileIntegrity", ["EventModel", "ProcessTable"]),
        library("Reporting", ["EventModel"]),
        library(
            "SensorCore",
            ["EventModel", "EventRing", "KernelDecoding", "KernelSources", "ProcessTable", "FileIntegrity", "Reporting"]),
        .executableTarget(
            name: "vedette",
            dependencies: [
                "SensorCore", "KernelDecoding", "CDecompress",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .systemLibrary(name: "CLibAudit", path: "CShims/CLibAudit"),
        .testTarget(
            name: "KernelDecodingTests", dependencies: ["KernelDecoding", "EventModel", "CLibAudit"],
            exclude: ["Fixtures"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
