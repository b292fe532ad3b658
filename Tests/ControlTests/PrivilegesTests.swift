import CLibCap
import Foundation
import Testing

@testable import SensorCore

/// Privileges belong to threads: what a thread of its own gives up, the others keep.
@Suite(.enabled(if: geteuid() == 0, "needs root")) struct PrivilegesTests {
    @Test func keepsWhatIsNamedAndNothingElse() throws {
        let before = sets()
        let (held, after) = inThread { (try? Privileges.keep(only: [.readAudit, .raisePriority]), sets()) }
        #expect(held == ["cap_sys_nice", "cap_audit_read"])
        let wanted = mask([CAP_SYS_NICE, CAP_AUDIT_READ])
        #expect(after["CapEff"] == wanted)
        #expect(after["CapPrm"] == wanted)
        #expect(after["CapBnd"] == wanted)
        #expect(after["CapInh"] == 0)
        #expect(after["CapAmb"] == 0)
        #expect(sets() == before)
    }

    @Test func whatWasGivenUpIsGone() {
        let result = inThread { () -> (Int32, Int32) in
            _ = try? Privileges.keep(only: [])
            // Needs CAP_SYS_NICE.
            let refused = setpriority(__priority_which_t(0), 0, -20) == 0 ? 0 : errno
            let names = (try? Privileges.keep(only: Capability.allCases)) ?? ["?"]
            return (refused, Int32(names.count))
        }
        #expect(result == (EACCES, 0))
    }

    @Test func namesAreThoseOfTheSystem() {
        for capability in Capability.allCases {
            var number: cap_value_t = 0
            #expect(cap_from_name(capability.rawValue, &number) == 0, "\(capability)")
        }
    }

    /// The unit gives exactly what the sensor keeps.
    @Test func theUnitNamesTheSameCapabilities() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let unit = try String(
            contentsOf: root.appendingPathComponent("packaging/vedette.service"), encoding: .utf8)
        let line = unit.split(separator: "\n").first { $0.hasPrefix("CapabilityBoundingSet=") }
        let names = line?.dropFirst("CapabilityBoundingSet=".count).split(separator: " ").map {
            $0.lowercased()
        }
        #expect(Set(names ?? []) == Set(Capability.allCases.map(\.rawValue)))
    }

    private func mask(_ numbers: [Int32]) -> UInt64 { numbers.reduce(0) { $0 | 1 << UInt64($1) } }

    /// The five sets of the calling thread.
    private func sets() -> [String: UInt64] {
        let status = (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? ""
        var sets: [String: UInt64] = [:]
        for line in status.split(separator: "\n") where line.hasPrefix("Cap") {
            let parts = line.split(separator: ":")
            sets[String(parts[0])] = UInt64(parts[1].trimmingCharacters(in: .whitespaces), radix: 16)
        }
        return sets
    }
}

/// What `body` returns on a thread that ends with it.
private func inThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result {
    let results = Log<Result>()
    let thread = Thread { results.append(body()) }
    thread.start()
    _ = eventually { !results.all.isEmpty }
    return results.all[0]
}
