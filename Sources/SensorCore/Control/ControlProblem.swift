internal import Glibc

/// What kept the sensor from serving, or from starting at all, and what to do about it.
package struct ControlProblem: Error, Equatable, Sendable {
    package var message: String

    package init(_ message: String) { self.message = message }

    /// - Parameter errno: positive.
    init(_ subject: String, errno: Int32, advice: String = "") {
        let text = "\(subject): \(String(cString: strerror(errno)))"
        message = advice.isEmpty ? text : "\(text); \(advice)"
    }
}
