internal import Glibc
internal import SensorCore

/// `vedetted`: the sensor itself, and as little else as possible. `vedette` starts it.
@main
struct Vedetted {
    static func main() {
        do throws(ArgumentProblem) {
            let options = try WatchOptions(arguments: CommandLine.arguments.dropFirst())
            exit(WatchSession.run(options))
        } catch {
            let message = Array(
                "vedetted: \(error.message); vedetted is started by vedette: see vedette --help\n".utf8)
            _ = write(STDERR_FILENO, message, message.count)
            exit(2)
        }
    }
}
