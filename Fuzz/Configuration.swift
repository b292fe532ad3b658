// sources: Sources/EventModel Sources/Configuration
// seeds: Tests/ConfigurationTests/Fixtures/good Tests/ConfigurationTests/Fixtures/bad Tests/ConfigurationTests/Fixtures/beyond-schema
// libraries: CYAML
//
// A configuration that somebody damaged, or made for us: it is read, and then what is shown of it reads the same; or it
// is refused with a place and a reason.

/// Reads the input as a configuration.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        let content = ByteString(input).bytes
        do throws(ConfigurationErrors) {
            var read = try SensorConfiguration.parse(content, file: "f") { _ in true }
            precondition(!read.fim.watches.isEmpty)
            read.alerts.file = read.alerts.path()
            precondition(reread(read.tree().yaml) == read)
            precondition(reread(read.tree().json) == read)
        } catch {
            check(error, content)
        }
    }
}

private func reread(_ text: String) -> SensorConfiguration? {
    do throws(ConfigurationErrors) {
        return try SensorConfiguration.parse(Array(text.utf8), file: "shown") { _ in true }
    } catch {
        return nil
    }
}

private func check(_ found: ConfigurationErrors, _ content: [UInt8]) {
    precondition((1...ConfigurationErrors.mostReported).contains(found.errors.count))
    let lines = content.reduce(into: 2) { count, byte in
        // A line ends at \n or \r, or at U+0085, U+2028 and U+2029, which end with these bytes.
        if [0x0A, 0x0D, 0x85, 0xA8, 0xA9].contains(byte) { count += 1 }
    }
    for error in found.errors {
        precondition(!error.problem.isEmpty && !error.advice.isEmpty)
        precondition(error.problem.utf8.count < 1_024 && error.advice.utf8.count < 512)
        guard let position = error.position else { continue }
        precondition((1...lines).contains(position.line) && (1...content.count + 1).contains(position.column))
    }
}
