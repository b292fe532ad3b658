internal import Glibc

/// The resident sensor, a program of its own beside this one: what runs for months with all privileges contains no
/// command line parser.
enum SensorProgram {
    /// Becomes the sensor. Returns only when that fails, with what to tell.
    ///
    /// - Parameter arguments: what it is to do.
    static func become(_ arguments: [String]) -> String {
        guard let own = realpath("/proc/self/exe", nil) else { return "/proc must be mounted" }
        defer { free(own) }
        let directory = String(cString: own).split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let program = directory + "/vedetted"
        var list: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        list.append(nil)
        execv(program, list)
        let reason = String(cString: strerror(errno))
        for argument in list { free(argument) }
        return "\(program): \(reason). Install vedette and vedetted in one directory."
    }
}
