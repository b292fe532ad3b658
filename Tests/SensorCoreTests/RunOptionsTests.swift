import Testing

@testable import SensorCore

@Suite struct RunOptionsTests {
    @Test(arguments: [false, true]) func surviveTheWayThroughTheCommandLine(json: Bool) throws {
        var options = RunOptions()
        (options.configuration, options.root, options.hostRoot) = ("--json", "/root", "/host")
        options.printsJSON = json
        #expect(try RunOptions(arguments: options.arguments) == options)
    }

    @Test(arguments: [[], ["watch"], ["run", "--root"], ["run", "--jason", "x"]])
    func refuseWhatTheyDoNotKnow(_ arguments: [String]) {
        #expect(throws: ArgumentProblem.self) { try RunOptions(arguments: arguments) }
    }
}
