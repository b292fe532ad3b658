// sources: Sources/EventModel Sources/FileIntegrity/Baseline
// libraries: CSQLite
//
// A database file that somebody damaged, or made for us: it is refused or read, never more.

import Glibc

/// Reads everything from a baseline that the input has damaged, and writes into it.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        let path = "/dev/shm/vedette-fuzz-\(getpid()).db"
        defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) } }
        store(damaged(ByteString(input).bytes), at: path)
        do throws(DatabaseError) {
            let baseline = try Baseline(path: path)
            _ = try baseline.roots()
            _ = try baseline.root("/d")
            _ = try baseline.record(of: "/d/f1")
            let content = try baseline.content(of: "/d/f1")
            precondition(content?.count ?? 0 <= Baseline.mostBytesOfContent)
            var count = 0
            try baseline.forEachBelow("/") { (_, _) throws(DatabaseError) in
                count += 1
                precondition(count < 1_000_000)
            }
            try baseline.put(sample(1), at: "/d/new", seen: 2)
            let isStored = try baseline.putContent("text", at: "/d/new")
            try baseline.putContent("other text", at: "/d/f2")
            try baseline.remove("/d/f3")
            try baseline.removeTree("/d/e") { (_, _) throws(DatabaseError) in }
            try baseline.commit()
            let record = try baseline.record(of: "/d/new")
            precondition(record?.attributes == sample(1))
            let new = try baseline.content(of: "/d/new")
            precondition(new == (isStored ? "text" : nil))
        } catch {
            precondition(!error.message.isEmpty)
        }
    }
}

/// A sound database with bytes of the input in its place: pairs of a position and a value; or the input itself.
private func damaged(_ input: [UInt8]) -> [UInt8] {
    guard let first = input.first, first & 1 == 0 else { return Array(input.dropFirst()) }
    var content = sound
    for index in stride(from: 1, to: input.count - 3, by: 4) {
        let position = Int(input[index]) << 16 | Int(input[index + 1]) << 8 | Int(input[index + 2])
        content[position % content.count] = input[index + 3]
    }
    return content
}

private let sound: [UInt8] = {
    let path = "/dev/shm/vedette-fuzz-sound-\(getpid()).db"
    defer { unlink(path) }
    do throws(DatabaseError) {
        let baseline = try Baseline(path: path)
        for number in 0..<60 {
            try baseline.put(sample(UInt64(number)), at: ByteString("/d/f\(number)"), seen: 1)
            try baseline.put(sample(UInt64(number)), at: ByteString("/d/e/g\(number)"), seen: 1)
            try baseline.putContent(ByteString("content \(number)"), at: ByteString("/d/f\(number)"))
        }
        try baseline.setRoot("/d", BaselineRoot(taken: 1, scanned: 1))
        try baseline.commit()
    } catch { fatalError("no database: \(error)") }
    // Closing it has moved the log into the file.
    let content = load(path)
    precondition(content.count > 8_192)
    return content
}()

private func sample(_ inode: UInt64) -> FileAttributes {
    FileAttributes(
        type: .file, device: 1, inode: inode, mode: 0o644, owner: 0, group: 0, size: 3, modified: 4, changed: 5)
}

private func store(_ content: [UInt8], at path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(file >= 0 && write(file, content, content.count) == content.count)
    close(file)
}

private func load(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY)
    precondition(file >= 0)
    defer { close(file) }
    var content = [UInt8](repeating: 0, count: 1 << 20)
    return Array(content.prefix(max(0, read(file, &content, content.count))))
}
