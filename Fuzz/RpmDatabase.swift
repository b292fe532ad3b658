// sources: Sources/EventModel Sources/FileIntegrity/Packages
// shims: CPackages
// libraries: COpenSSL CSQLite
//
// A header of rpm's, and rpm's database, that somebody damaged or made for us.

import CSQLite
import Glibc

/// Reads the input as a header, and asks a database that has it, or that it has damaged.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        guard input.count > 1 else { return }
        let rest = (1..<input.count).map { input[$0] }
        if input[0] & 1 == 0 {
            read(rest)
            makeDatabase(header: rest)
        } else {
            store(damaged(rest))
        }
        ask()
    }
}

private let directories = ["", "/var", "/var/lib", "/var/lib/rpm", "/usr", "/usr/bin"]

private let directory: ByteString = {
    let directory = "/dev/shm/vedette-fuzz-rpm-\(getpid())"
    for part in directories { mkdir(directory + part, 0o700) }
    atexit { removeAll() }
    return ByteString(directory)
}()

private func removeAll() {
    unlink(file)
    for part in directories.reversed() { rmdir(directory.text + part) }
}

private let file = directory.text + "/var/lib/rpm/rpmdb.sqlite"

private func read(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
        guard let header = RpmHeader(bytes) else { return }
        var paths = 0
        header.forEachPath { _, _ in paths += 1 }
        precondition(paths <= bytes.count && header.fileCount <= bytes.count)
        for index in [0, 1, 2, .max] { _ = header.owned(index, path: "/usr/bin/tool") }
        _ = header.identity
    }
}

private func ask() {
    guard let database = RpmDatabase(root: directory, scratch: directory) else { return }
    let now: UInt64 = 1_900_000_000_000_000_000
    database.prepare(now: now)
    for path: ByteString in ["/usr/bin/tool", "/usr/bin/other", "/", "/x"] {
        _ = database.owner(of: path, now: now + 10_000_000_000)
    }
}

private func makeDatabase(header: [UInt8]) {
    unlink(file)
    var handle: OpaquePointer?
    precondition(sqlite3_open(file, &handle) == SQLITE_OK)
    defer { sqlite3_close(handle) }
    let tables = """
        PRAGMA journal_mode=OFF; PRAGMA synchronous=0;
        CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL);
        CREATE TABLE Basenames (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);
        CREATE TABLE Dirnames (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL);
        INSERT INTO Basenames VALUES ('tool', 1, 0), ('other', 1, 1);
        INSERT INTO Dirnames VALUES ('/usr/bin/', 1, 0);
        """
    precondition(sqlite3_exec(handle, tables, nil, nil, nil) == SQLITE_OK)
    var statement: OpaquePointer?
    precondition(sqlite3_prepare_v2(handle, "INSERT INTO Packages VALUES (1, ?1)", -1, &statement, nil) == SQLITE_OK)
    header.withUnsafeBytes { _ = sqlite3_bind_blob(statement, 1, $0.baseAddress, Int32($0.count), nil) }
    _ = sqlite3_step(statement)
    sqlite3_finalize(statement)
}

/// A sound database with bytes of the input in its place: a position in three bytes, and a value; or the input itself.
private func damaged(_ input: [UInt8]) -> [UInt8] {
    guard input[0] & 1 == 0 else { return Array(input.dropFirst()) }
    var content = sound
    for index in stride(from: 1, to: input.count - 3, by: 4) {
        let position = Int(input[index]) << 16 | Int(input[index + 1]) << 8 | Int(input[index + 2])
        content[position % content.count] = input[index + 3]
    }
    return content
}

private let sound: [UInt8] = {
    makeDatabase(header: soundHeader)
    ask()
    let descriptor = open(file, O_RDONLY)
    defer { close(descriptor) }
    var content = [UInt8](repeating: 0, count: 1 << 20)
    let got = Glibc.read(descriptor, &content, content.count)
    precondition(got > 4_096)
    return Array(content.prefix(got))
}()

/// A package with the two files.
private let soundHeader: [UInt8] = {
    var (index, data): ([UInt8], [UInt8]) = ([], [])
    let big = { (value: Int) in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    let add = { (tag: Int, type: Int, count: Int, bytes: [UInt8]) in
        index += big(tag) + big(type) + big(data.count) + big(count)
        data += bytes
    }
    add(1116, 4, 2, big(0) + big(0))
    add(1000, 6, 1, Array("sample\0".utf8))
    add(1001, 6, 1, Array("1\0".utf8))
    add(1002, 6, 1, Array("2\0".utf8))
    add(1117, 8, 2, Array("tool\0other\0".utf8))
    add(1118, 8, 1, Array("/usr/bin/\0".utf8))
    add(1035, 8, 2, Array((String(repeating: "a", count: 32) + "\0\0").utf8))
    let header = big(7) + big(data.count) + index + data
    header.withUnsafeBytes { bytes in
        precondition(RpmHeader(bytes)?.owned(0, path: "/usr/bin/tool")?.digest != nil)
    }
    return header
}()

private func store(_ content: [UInt8]) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(descriptor >= 0 && write(descriptor, content, content.count) == content.count)
    close(descriptor)
}
