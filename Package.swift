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

/// `VEDETTE_BROKEN_RING=1` leaves out the release of the ring's index, for the proof that the tests would notice.
let ringSettings: [CSetting] =
    Context.environment["VEDETTE_BROKEN_RING"] == "1" ? strictC + [.define("CRING_BROKEN")] : strictC

/// Less of the program is resident: it exports no symbols, which Swift asks of programs that load others, and takes of
/// the C++ runtime only what it calls.
let smallProgram: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic",
            "-L", Context.packageDirectory + "/CShims/Linking", "-Xclang-linker", "-static-libgcc",
        ], .when(configuration: .release))
]

/// A C target under `CShims/`.
func shim(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "CShims/\(name)", cSettings: strictC)
}

/// A Swift library target under `Sources/`, at `path` there when that is not its name; what is in `inner` directories
/// of it are targets of their own.
func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil, inner: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/" + (path ?? name), exclude: inner,
        swiftSettings: strict)
}

/// The tests of a library, under `Tests/<name>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies)
}

let package = Package(
    name: "vedette",
    products: [
        .executable(name: "vedette", targets: ["vedette"]),
        .executable(name: "vedetted", targets: ["vedetted"]),
        .library(name: "EventRing", targets: ["EventRing", "CRing"]),
        .library(name: "KernelDecoding", targets: ["KernelDecoding"]),
        .library(name: "Reporting", targets: ["Reporting", "EventModel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        shim("CRing"),
        shim("CWait"),
        shim("CScan"),
        shim("CDecompress"),
        shim("CProc", ["CRing"]),
        shim("CFanotify", ["CRing", "CProc"]),
        shim("CInotify", ["CRing", "CProc"]),
        shim("CAudit"),
        shim("CXattr"),
        shim("CTree"),
        shim("CSocket"),
        shim("CPackages"),
        .systemLibrary(name: "CSQLite", path: "CShims/CSQLite"),
        .systemLibrary(name: "COpenSSL", path: "CShims/COpenSSL"),
        .systemLibrary(name: "CYAML", path: "CShims/CYAML"),
        .systemLibrary(name: "CLibCap", path: "CShims/CLibCap"),
        .systemLibrary(name: "CZlib", path: "CShims/CZlib"),

        // For tests only: the tables that ours are compared with.
        .systemLibrary(name: "CLibAudit", path: "CShims/CLibAudit"),

        library("EventModel"),
        library("EventRing", ["CRing"]),
        library("KernelDecoding", ["EventModel", "CScan"]),
        library(
            "KernelSources",
            [
                "EventModel", "EventRing", "KernelDecoding", "CRing", "CProc", "CFanotify", "CInotify",
                "CAudit", "CXattr",
            ], inner: ["Files"]),
        // Targets of their own, one for each library that they bring: a decoder's fuzzer links what it needs.
        library(
            "FileReading", ["EventModel", "KernelSources", "CTree", "COpenSSL"], path: "KernelSources/Files"),
        library("Baseline", ["EventModel", "CSQLite"], path: "FileIntegrity/Baseline"),
        library(
            "PackageKnowledge", ["EventModel", "CPackages", "COpenSSL", "CSQLite"],
            path: "FileIntegrity/Packages"),
        library("ProcessTable", ["EventModel", "KernelDecoding"]),
        library("TextDiff", ["EventModel", "CZlib"], path: "FileIntegrity/Diff"),
        library(
            "FileIntegrity", ["EventModel", "KernelDecoding", "ProcessTable"],
            inner: ["Baseline", "Diff", "Packages"]),
        library("Reporting", ["EventModel"]),
        library("Configuration", ["EventModel", "CYAML"]),
        library(
            "SensorCore",
            [
                "EventModel", "EventRing", "KernelDecoding", "KernelSources", "ProcessTable", "FileIntegrity",
                "Baseline", "TextDiff", "PackageKnowledge", "FileReading", "Configuration", "Reporting",
                "CSocket", "CWait", "CLibCap",
            ]),
        .executableTarget(
            name: "vedetted", dependencies: ["SensorCore"], swiftSettings: strict,
            linkerSettings: smallProgram),
        .executableTarget(
            name: "vedette",
            dependencies: [
                "SensorCore", "EventModel", "KernelDecoding", "KernelSources", "Baseline", "Reporting",
                "Configuration", "CDecompress", "CWait",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        tests("FileIntegrity", ["EventModel", "KernelDecoding", "ProcessTable", "Baseline"]),
        tests("Baseline", ["EventModel"]),
        tests("TextDiff", ["EventModel"]),
        tests("PackageKnowledge", ["EventModel"]),
        .testTarget(
            name: "FileReadingTests", dependencies: ["FileReading", "KernelSources", "EventModel"],
            swiftSettings: strict),
        tests("ProcessTable", ["EventModel", "KernelDecoding"]),
        .testTarget(
            name: "KernelDecodingTests", dependencies: ["KernelDecoding", "EventModel", "CLibAudit"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "KernelSourcesTests",
            dependencies: ["KernelSources", "KernelDecoding", "EventModel", "EventRing", "CProc"],
            swiftSettings: strict),
        .testTarget(
            name: "KernelABITests", dependencies: ["KernelDecoding", "CFanotify", "CInotify"],
            swiftSettings: strict),
        tests(
            "SensorCore",
            ["EventModel", "Baseline", "FileReading", "KernelDecoding", "KernelSources", "Configuration"]),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration", "EventModel"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "ControlTests", dependencies: ["SensorCore", "EventModel", "Reporting", "CLibCap"],
            swiftSettings: strict),
        .testTarget(
            name: "ReportingTests", dependencies: ["Reporting", "EventModel"], exclude: ["Fixtures"]),
        .target(
            name: "CRingProducer", dependencies: ["CRing"], path: "Tests/TesterPrograms/CRingProducer",
            cSettings: ringSettings),
        .testTarget(name: "EventRingTests", dependencies: ["EventRing", "CRing", "CRingProducer"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
