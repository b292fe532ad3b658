package import EventModel
internal import Glibc

/// Which files hold secrets: their content is never stored and never shown.
package struct SecretPatterns: Sendable {
    private let names: [PathPattern]
    private let paths: [PathPattern]
    private let harmless: [PathPattern]

    /// - Parameter further: patterns beside the built-in ones, in small letters.
    package init(further: [PathPattern] = []) {
        let isForPaths = { (text: String) in text.utf8.contains(UInt8(ascii: "/")) }
        names = secretPatternTable.filter { !isForPaths($0) }.map { PathPattern($0) }
        paths = secretPatternTable.filter(isForPaths).map { PathPattern($0) } + further
        harmless = harmlessPatternTable.map { PathPattern($0) }
    }

    /// Whether the file at `path`, or a directory that it lies in, is meant. Absolute; without regard to case.
    ///
    /// A pattern of a path means it also below another root: that of a container's layer, or the host's in a pod.
    package func matches(_ path: ByteString) -> Bool {
        var text = path.bytes.map { CChar(bitPattern: lowercase($0)) } + [0]
        return text.withUnsafeMutableBufferPointer { text in
            guard let start = text.baseAddress else { return false }
            var roots: [Int] = [0]
            var name = 0
            for end in 1..<max(2, text.count) where end < text.count && (text[end] == slash || text[end] == 0)
            {
                // What ends here for a moment is a path too.
                let separator = text[end]
                text[end] = 0
                defer { text[end] = separator }
                if text[name] == slash {
                    if name > 0, isOfRoot(start + name + 1) { roots.append(name) }
                    name += 1
                }
                if isSecret(start, roots: roots.suffix(Self.mostRoots), name: start + name) { return true }
                name = end
            }
            return false
        }
    }

    /// Roots that a path is tried below: those that are nearest to its end.
    private static let mostRoots = 4

    private func isSecret(_ text: UnsafePointer<CChar>, roots: ArraySlice<Int>, name: UnsafePointer<CChar>)
        -> Bool
    {
        func isMeant(by patterns: [PathPattern]) -> Bool {
            roots.contains { root in patterns.contains { $0.matches(path: text + root, name: name) } }
        }
        let isNamed = names.contains { $0.matches(path: text, name: name) }
        return (isNamed || isMeant(by: paths)) && !isMeant(by: harmless)
    }

    /// Whether a directory of this name begins the paths of the table.
    private func isOfRoot(_ component: UnsafePointer<CChar>) -> Bool {
        rootDirectories.contains { strcmp($0, component) == 0 }
    }

    /// Whether the content of the file at `path` may be stored and shown: text, and no secret by its name or its look.
    package func mayKeep(_ content: [UInt8], of path: ByteString) -> Bool {
        !matches(path) && mayKeep(content)
    }

    /// The same of a file whose name has been looked at already.
    package func mayKeep(_ content: [UInt8]) -> Bool {
        TextFile.isText(content) && !SecretContent.isIn(content)
    }
}

/// With which the paths of the table begin.
private let rootDirectories = ["etc", "var", "root", "home", "run"]

private let slash = CChar(bitPattern: UInt8(ascii: "/"))

private func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
