// sources: Sources/EventModel Sources/FileIntegrity/Diff
// libraries: CZlib
//
// Files that anybody writes are compared and shown, and stored texts that somebody damaged are read.

/// Diffs two halves of the input, and reads the input as a stored text, as it is and on top of a sound one.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { span in
        let input = ByteString(span).bytes
        let middle = input.first.map { Int($0) * input.count / 256 } ?? 0
        compare(Array(input[..<middle]), Array(input[middle...]))
        read(ByteString(input))
        read(ByteString(damaged(input)))
        precondition(roundTrip(input) == input)
        let patterns = SecretPatterns()
        _ = patterns.mayKeep(input, of: ByteString(Array(input.prefix(4_096))))
    }
}

private func compare(_ before: [UInt8], _ after: [UInt8]) {
    guard let diff = UnifiedDiff.make(before: before, after: after) else { return }
    precondition(diff.text.count <= 4_096 && diff.isEmpty == (before == after))
    precondition(diff.text.isEmpty || diff.text.bytes.last == UInt8(ascii: "\n"))
    precondition(diff.text.bytes.count { $0 == UInt8(ascii: "\n") } <= 100)
    precondition(String(validating: diff.text.bytes, as: UTF8.self) != nil)
    precondition(diff.text.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x0a || $0 == 0x09 })
    let old = lineCount(before, before.indices)
    precondition(old - diff.removed + diff.added == lineCount(after, after.indices))
    if diff.removed + diff.added == 1, !diff.isTruncated { precondition(!diff.text.isEmpty) }
}

private func read(_ stored: ByteString) {
    do throws(StoredTextError) {
        let content = try StoredText.expand(stored, limit: 65_536)
        precondition(content.count <= 65_536)
    } catch {
        precondition(!error.rawValue.isEmpty)
    }
}

private func roundTrip(_ input: [UInt8]) -> [UInt8]? {
    guard let stored = StoredText.compress(input) else { return nil }
    return try? StoredText.expand(stored)
}

private let sound = StoredText.compress((0..<4_000).map { UInt8(truncatingIfNeeded: $0 % 37 + $0 / 99) })

/// A sound one with bytes of the input in its place: pairs of a position and a value.
private func damaged(_ input: [UInt8]) -> [UInt8] {
    guard var content = sound?.bytes else { fatalError("not stored") }
    for index in stride(from: 0, to: input.count - 2, by: 3) {
        content[(Int(input[index]) << 8 | Int(input[index + 1])) % content.count] = input[index + 2]
    }
    return content
}
