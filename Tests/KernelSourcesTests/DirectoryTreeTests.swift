import EventModel
import KernelDecoding
import KernelSources
import Testing

private func handle(_ number: UInt64) -> FileHandle {
    let bytes = withUnsafeBytes(of: number) { Array($0) }
    guard let handle = FileHandle(filesystem: 1, type: 1, bytes: bytes.span.bytes) else { fatalError() }
    return handle
}

extension DirectoryTree {
    fileprivate mutating func path(of number: UInt64) -> ByteString? {
        find(handle(number)).flatMap { path($0) }
    }
}

@Suite("directory tree")
struct DirectoryTreeTests {
    /// / is 1, /a is 2, /a/b is 3, /a/b/c is 4, /x is 5.
    static func sample(limit: Int = 64) -> DirectoryTree {
        var tree = DirectoryTree(limit: limit)
        tree.insertRoot(handle(1), path: "/")
        tree.insert(handle(2), in: handle(1), name: "a")
        tree.insert(handle(3), in: handle(2), name: "b")
        tree.insert(handle(4), in: handle(3), name: "c")
        tree.insert(handle(5), in: handle(1), name: "x")
        return tree
    }

    @Test("a renamed grandparent changes the paths below it, and forgets verdicts")
    func renameFollows() throws {
        var tree = Self.sample()
        #expect(tree.path(of: 4) == "/a/b/c")
        let found = tree.find(handle(4))
        let leaf = try #require(found)
        tree.setVerdict(.inside, of: leaf)
        #expect(tree.verdict(leaf) == .inside)
        tree.insert(handle(2), in: handle(5), name: "z")
        #expect(tree.path(of: 4) == "/x/z/b/c")
        #expect(tree.verdict(leaf) == .unknown)
    }

    @Test("a directory cannot be put into itself, and not into an unknown one")
    func refusesLoops() {
        var tree = Self.sample()
        let loop = tree.insert(handle(2), in: handle(4), name: "loop")
        let lost = tree.insert(handle(2), in: handle(99), name: "lost")
        #expect(loop == nil && lost == nil)
        #expect(tree.path(of: 4) == "/a/b/c")
    }

    @Test("what is detached has no path until it is put back")
    func detaches() {
        var tree = Self.sample()
        tree.detach(handle(2))
        #expect(tree.path(of: 2) == nil && tree.path(of: 4) == nil)
        tree.insert(handle(2), in: handle(1), name: "back")
        #expect(tree.path(of: 4) == "/back/b/c")
    }

    @Test("deleted directories resolve until room is needed, and then go first")
    func deletedGoFirst() {
        var tree = Self.sample()
        tree.noteDeleted(handle(4))
        #expect(tree.path(of: 3) == "/a/b")
        tree.noteDeleted(handle(4))
        for number in 0..<59 { tree.insert(handle(100 + UInt64(number)), in: handle(5), name: "n") }
        #expect(tree.count == 64)
        tree.noteDeleted(handle(4))
        tree.insert(handle(1_000), in: handle(1), name: "new")
        #expect(tree.path(of: 4) == nil)
        #expect(tree.evicted == 1)
    }

    @Test("stays within its limit, and every path it still gives is right", arguments: [64, 1_000])
    func evictionKeepsPathsRight(limit: Int) {
        var tree = DirectoryTree(limit: limit)
        tree.insertRoot(handle(0), path: "/")
        var names: [UInt64: ByteString] = [0: "/"]
        var generator = SystemRandomNumberGenerator()
        for number in UInt64(1)...UInt64(10_000) {
            let parent = UInt64.random(in: (number > 40 ? number - 40 : 0)..<number, using: &generator)
            guard let parentPath = tree.path(of: parent) else { continue }
            let inserted = tree.insert(handle(number), in: handle(parent), name: ByteString("\(number)"))
            guard inserted != nil else { continue }
            names[number] = parentPath.appending(ByteString("\(number)"))
        }
        #expect(tree.count <= limit)
        var known = 0
        for (number, path) in names {
            guard let found = tree.path(of: number) else { continue }
            known += 1
            #expect(found == path)
        }
        #expect(known == tree.count)
    }
}
