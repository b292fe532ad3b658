// sources: Sources/EventModel Sources/Reporting
//
// Names that others chose reach the encoders as they are: what comes out is one line of text, whatever went in.

/// Traps unless a line of JSON and a line for people can hold the input as path, name and argument.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        let text = ByteString(input)
        var change = FileChange(kind: .renamed, path: text, type: .file, time: 1, source: .fanotify)
        change.previousPath = text
        change.scratchPaths = [text]
        change.contentDiff = UnifiedDiff(text: text, added: count, removed: -count, isTruncated: true)
        var process = ProcessIdentity(pid: 1, start: 1)
        process.executable = Attributed(text, .exact, from: .audit)
        process.arguments = Attributed([text, text], .exact, from: .audit)
        process.name = Attributed(text, .exact, from: .audit)
        process.terminal = Attributed(text, .exact, from: .audit)
        change.attribution = Attribution(process: process, ancestors: [process])
        let names = NameTable(passwd: text.bytes, group: text.bytes)

        var json = ECSEncoder(names: names)
        json.encode(.change(change))
        let line = json.line
        precondition(line.last == UInt8(ascii: "\n") && line.dropLast().allSatisfy { $0 >= 0x20 })
        precondition(isUTF8(line.span))

        var terminal = TerminalEncoder(names: names, colour: false, utcOffset: { _ in 0 })
        terminal.encode(.change(change))
        let shown = terminal.line
        precondition(shown.last == UInt8(ascii: "\n") && isUTF8(shown.span))
        precondition(shown.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\n") })
        // One of the change, those of the diff, and one that says how long it is.
        let lines = text.bytes.split(separator: UInt8(ascii: "\n")).count + 2
        precondition(shown.count { $0 == UInt8(ascii: "\n") } == lines)
    }
}
