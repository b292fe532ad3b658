import Testing

@testable import SensorCore

@Suite struct WatchOptionsTests {
    static var samples: [WatchOptions] {
        var quiet = WatchOptions(paths: ["--json", "-", "relative path"])
        quiet.usesAudit = false
        quiet.format = .terminal(allowsColour: false)
        var json = WatchOptions(paths: ["/etc"])
        json.format = .json
        json.settleWindow = 10_000_000
        json.canaryInterval = 0
        return [WatchOptions(paths: ["/etc", "--"]), quiet, json]
    }

    @Test(arguments: samples) func surviveTheWayThroughTheCommandLine(_ options: WatchOptions) throws {
        let again = try WatchOptions(arguments: options.arguments)
        #expect(again == options)
    }

    @Test(arguments: [
        [], ["watch"], ["watch", "--jason", "--", "/etc"], ["watch", "--settle-ns", "soon"],
        ["watch", "--canary-ns"],
    ])
    func refuseWhatTheyDoNotKnow(_ arguments: [String]) {
        #expect(throws: ArgumentProblem.self) { try WatchOptions(arguments: arguments) }
    }
}
