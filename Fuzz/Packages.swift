// sources: Sources/EventModel Sources/FileIntegrity/Packages
// shims: CPackages
// libraries: COpenSSL CSQLite
//
// A package database that somebody damaged, or made for us: it gives some answer, in bounded time and memory.

import Glibc

/// Puts the input in the place of one file of a small database, and asks for paths that are there and that are not.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(bytes, count) { input in
        guard !input.isEmpty else { return }
        let damaged = Int(input[0]) % files.count
        for (index, file) in files.enumerated() {
            store(index == damaged ? mixed(file.content, input) : Array(file.content.utf8), at: root + file.path)
        }
        let database = PackageDatabase(root: ByteString(root), scratch: ByteString(root))
        let now: UInt64 = 1_900_000_000_000_000_000
        database.prepare(now: now)
        for executable: ByteString in ["/usr/bin/dpkg", "/bin/sh"] {
            for path in paths {
                for later: UInt64 in [0, 10_000_000_000, 2_000_000_000_000] {
                    _ = database.answer(for: change(path, executable, now), now: now + later)
                }
            }
        }
        precondition(database.counters.asked == UInt64(6 * paths.count))
    }
}

/// The input alone, or parts of the sound file with parts of the input between them.
private func mixed(_ content: String, _ input: Span<UInt8>) -> [UInt8] {
    let rest = (1..<input.count).map { input[$0] }
    guard input[0] & 0x80 != 0, let position = rest.first else { return rest }
    var mixed = Array(content.utf8)
    mixed.insert(contentsOf: rest.dropFirst(), at: Int(position) % (mixed.count + 1))
    return mixed
}

private let paths: [ByteString] = [
    "/usr/bin/dpkg", "/usr/bin/moved", "/usr/bin/moved.real", "/etc/tool.conf", "/etc/tool.conf.dpkg-dist", "/", "/x",
]

private let files: [(path: String, content: String)] = [
    ("/usr/bin/dpkg", "one\n"), ("/usr/bin/moved", "one\n"), ("/etc/tool.conf", "one\n"),
    ("/var/lib/dpkg/diversions", "/usr/bin/moved\n/usr/bin/moved.real\ntool\n"),
    ("/var/lib/dpkg/info/dpkg.list", "/.\n/usr\n/usr/bin\n/usr/bin/dpkg\n/usr/bin/moved\n/etc/tool.conf\n"),
    ("/var/lib/dpkg/info/dpkg.md5sums", "5bbf5a52328e7439ae6e719dfe712200  usr/bin/dpkg\n"),
    (
        "/var/lib/dpkg/status",
        "Package: dpkg\nVersion: 1\nArchitecture: all\nConffiles:\n /etc/tool.conf 5bbf5a52328e7439ae6e719dfe712200\n\n"
    ),
    ("/var/lib/dpkg/updates/0001", "Package: dpkg\nVersion: 2\n"),
    ("/var/log/dpkg.log", "2026-11-27 09:10:49 remove dpkg:amd64 9 <none>\n"),
]

private let directories = [
    "", "/usr", "/usr/bin", "/etc", "/var", "/var/lib", "/var/lib/dpkg", "/var/lib/dpkg/info",
    "/var/lib/dpkg/updates", "/var/log",
]

private let root: String = {
    let root = "/dev/shm/vedette-fuzz-packages-\(getpid())"
    for directory in directories { mkdir(root + directory, 0o700) }
    atexit { removeAll() }
    return root
}()

private func removeAll() {
    for file in files { unlink(root + file.path) }
    for directory in directories.reversed() { rmdir(root + directory) }
}

private func store(_ content: [UInt8], at path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(file >= 0 && write(file, content, content.count) == content.count)
    close(file)
}

private func change(_ path: ByteString, _ executable: ByteString, _ time: UInt64) -> FileChange {
    var change = FileChange(kind: .replaced, path: path, type: .file, time: time, source: .fanotify)
    var process = ProcessIdentity(pid: 1, start: 1)
    process.executable = Attributed(executable, .exact, from: .audit)
    change.attribution = Attribution(process: process)
    return change
}
