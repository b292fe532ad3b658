internal import Glibc

/// Seconds east of Greenwich that this host's clock showed, or will show, at `seconds` since 1970.
///
/// The corresponding call is `localtime_r(3)`.
@Sendable
package func systemUTCOffset(_ seconds: UInt64) -> Int {
    guard var time = time_t(exactly: seconds) else { return 0 }
    var local = tm()
    guard localtime_r(&time, &local) != nil else { return 0 }
    return local.tm_gmtoff
}
