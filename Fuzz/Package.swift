// swift-tools-version: 6.2
import PackageDescription

/// The name under which the sensor's package is compiled: that of its directory. With it the fuzzers see
/// declarations that are `package`.
let sensor = Context.packageDirectory.split(separator: "/").dropLast().last.map(String.init) ?? "vedette"
let packageName = String(sensor.map { $0.isLetter || $0.isNumber ? $0 : "_" })

let package = Package(
    name: "vedette-fuzz",
    dependencies: [.package(name: sensor, path: "..")],
    targets: [
        .executableTarget(
            name: "AuditFuzz", dependencies: [.product(name: "KernelDecoding", package: sensor)],
            packageAccess: false,
            swiftSettings: [
                .unsafeFlags(["-package-name", packageName, "-sanitize=fuzzer"])
            ],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])])
    ],
    swiftLanguageModes: [.v6]
)
