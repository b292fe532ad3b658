internal import CLibCap
internal import Glibc

/// A capability that the sensor has a use for.
package enum Capability: String, CaseIterable, Sendable {
    /// fanotify marks of whole filesystems; attributes in `trusted.*`.
    case systemAdministration = "cap_sys_admin"
    /// `open_by_handle_at`; reading files and directories of everybody.
    case readAnything = "cap_dac_read_search"
    /// Executable and directory of other users' processes in `/proc`.
    case inspectProcesses = "cap_sys_ptrace"
    /// Rules and settings of audit, and the daemon's place.
    case controlAudit = "cap_audit_control"
    /// The multicast group of audit.
    case readAudit = "cap_audit_read"
    /// Process connector, taskstats, and receive buffers beyond the limit.
    case administerNetwork = "cap_net_admin"
    /// Real-time priority of the readers.
    case raisePriority = "cap_sys_nice"
    /// `O_NOATIME`: reading other users' files without touching their access times.
    case keepAccessTimes = "cap_fowner"

    fileprivate var number: cap_value_t? {
        var number: cap_value_t = 0
        return cap_from_name(rawValue, &number) == 0 ? number : nil
    }
}

/// What this process may do beyond others.
package enum Privileges {
    /// Keeps those of `wanted` that are there, and gives everything else up for good: also what a program that it starts
    /// could have got back, where the kernel lets us (CAP_SETPCAP). Call it before any other thread is started:
    /// capabilities belong to threads.
    ///
    /// - Returns: the names of what is left.
    /// - Throws: `ControlProblem` when the kernel refuses.
    package static func keep(only wanted: [Capability] = Capability.allCases) throws(ControlProblem)
        -> [String]
    {
        let numbers = wanted.compactMap(\.number)
        guard let current = cap_get_proc() else { throw ControlProblem("cap_get_proc(3)", errno: errno) }
        let kept = numbers.filter { has($0, CAP_PERMITTED, in: current) }
        cap_free(UnsafeMutableRawPointer(current))
        limitPrograms(to: kept)
        guard let next = cap_init() else { throw ControlProblem("cap_init(3)", errno: errno) }
        defer { cap_free(UnsafeMutableRawPointer(next)) }
        // libcap refuses to set none.
        for flag in [CAP_PERMITTED, CAP_EFFECTIVE] where !kept.isEmpty {
            guard cap_set_flag(next, flag, Int32(kept.count), kept, CAP_SET) == 0 else {
                throw ControlProblem("cap_set_flag(3)", errno: errno)
            }
        }
        guard cap_set_proc(next) == 0 else { throw ControlProblem("cap_set_proc(3)", errno: errno) }
        return held
    }

    /// Names of what the calling thread has in its effective set, in the order of their numbers.
    package static var held: [String] {
        guard let current = cap_get_proc() else { return [] }
        defer { cap_free(UnsafeMutableRawPointer(current)) }
        return (0..<cap_max_bits()).compactMap { number in
            has(number, CAP_EFFECTIVE, in: current) ? name(number) : nil
        }
    }

    private static func limitPrograms(to kept: [cap_value_t]) {
        // Refused without CAP_SETPCAP: then programs get what the bounding set was given to us with.
        for number in 0..<cap_max_bits() where !kept.contains(number) { _ = cap_drop_bound(number) }
        _ = cap_reset_ambient()
    }

    private static func has(_ number: cap_value_t, _ flag: cap_flag_t, in set: cap_t) -> Bool {
        var value = CAP_CLEAR
        return cap_get_flag(set, number, flag, &value) == 0 && value == CAP_SET
    }

    private static func name(_ number: cap_value_t) -> String? {
        guard let text = cap_to_name(number) else { return nil }
        defer { cap_free(text) }
        return String(cString: text)
    }
}
