internal import Glibc
internal import SensorCore

/// The resident sensor, a program of its own beside this one: what runs for months with all privileges contains no
/// command line parser.
enum SensorProgram {
    /// Becomes the sensor. Returns only when that fails, with what to tell.
    static func become(_ options: WatchOptions) -> String {
        guard let own = realpath("/proc/self/exe", nil) else { return "/proc must be mounted" }
        defer { free(own) }
        let directory = String(cString: own).split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let program = directory + "/vedetted"
        var arguments: [UnsafeMutablePointer<CChar>?] = ([program] + options.arguments).map { strdup($0) }
        arguments.append(nil)
        execv(program, arguments)
        let reason = String(cString: strerror(errno))
        for argument in arguments { free(argument) }
        return "\(program): \(reason). Install vedette and vedetted in one directory."
    }
}
