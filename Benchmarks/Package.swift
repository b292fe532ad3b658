// swift-tools-version: 6.2
import PackageDescription

/// The name under which the sensor's package is compiled: that of its directory. With it the benchmarks see
/// declarations that are `package`; without it everything that is measured would have to be public.
let sensor = Context.packageDirectory.split(separator: "/").dropLast().last.map(String.init) ?? "vedette"
let packageName = String(sensor.map { $0.isLetter || $0.isNumber ? $0 : "_" })

let settings: [SwiftSetting] = [
    .unsafeFlags(["-package-name", packageName]),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "vedette-benchmarks",
    dependencies: [.package(name: sensor, path: "..")],
    targets: [
        .executableTarget(
            name: "AuditBenchmark", dependencies: [.product(name: "KernelDecoding", package: sensor)],
            packageAccess: false, swiftSettings: settings),
        .target(
            name: "CRingBenchmark", dependencies: [.product(name: "EventRing", package: sensor)],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-O2"])]),
        .executableTarget(
            name: "RingBenchmark",
            dependencies: ["CRingBenchmark", .product(name: "EventRing", package: sensor)],
            packageAccess: false, swiftSettings: settings),
        .executableTarget(
            name: "ReportingBenchmark", dependencies: [.product(name: "Reporting", package: sensor)],
            packageAccess: false, swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
