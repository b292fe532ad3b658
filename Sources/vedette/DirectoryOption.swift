internal import ArgumentParser
internal import Glibc

/// The directory that was given as `option`, absolute and without symbolic links; empty when none was.
func absoluteDirectory(_ directory: String, option: String) throws -> String {
    guard !directory.isEmpty else { return "" }
    guard let resolved = realpath(directory, nil) else {
        throw ValidationError("\(option) \(directory): \(String(cString: strerror(errno))).")
    }
    defer { free(resolved) }
    return String(cString: resolved)
}
