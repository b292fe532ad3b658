internal import Glibc
internal import SensorCore

/// `vedetted`: the sensor itself, and as little else as possible. `vedette` starts it.
@main
struct Vedetted {
    static func main() {
        do throws(ArgumentProblem) {
            let arguments = CommandLine.arguments.dropFirst()
            if arguments.first == "run" { exit(RunSession.run(try RunOptions(arguments: arguments))) }
            exit(WatchSession.run(try WatchOptions(arguments: arguments)))
        } catch {
            let message = Array(
                "vedetted: \(error.message); vedetted is started by vedette: see vedette --help\n".utf8)
            _ = write(STDERR_FILENO, message, message.count)
            exit(2)
        }
    }
}
