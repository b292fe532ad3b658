internal import EventModel
internal import Glibc

/// Files of one directory that follow one another by name, with their records: what a row of the baseline holds.
///
/// Each is the length of its name and of its record (2 bytes each, little-endian), the name, and the record.
struct FileRun {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    /// Where the last file begins.
    private var last = 0

    init() {}

    /// - Throws: `DatabaseError` when the bytes are no run.
    init(_ bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
        var reader = FileRunReader(bytes)
        while true {
            let start = reader.offset
            guard try reader.next() != nil else { break }
            last = start
            count += 1
        }
        self.bytes = Array(bytes)
    }

    private static let head = 4

    /// Notes `record` of the file `name`, whatever was known of it before. Returns whether it came after all others.
    ///
    /// - Throws: `DatabaseError` when one of them is longer than 65,535 bytes.
    mutating func put(
        _ name: UnsafeRawBufferPointer, _ record: UnsafeRawBufferPointer
    ) throws(DatabaseError) -> Bool {
        guard let nameSize = UInt16(exactly: name.count), let recordSize = UInt16(exactly: record.count)
        else {
            throw DatabaseError(code: 18, message: "a name or a link target is too long")
        }
        // Files come in order when a tree is scanned.
        let isLast = count == 0 || compare(name, withFileAt: last) > 0
        if isLast {
            last = bytes.count
            withUnsafeBytes(of: (nameSize.littleEndian, recordSize.littleEndian)) {
                bytes.append(contentsOf: $0)
            }
            bytes.append(contentsOf: name)
            bytes.append(contentsOf: record)
            count += 1
        } else {
            let place = place(of: name)
            let head = withUnsafeBytes(of: (nameSize.littleEndian, recordSize.littleEndian)) { Array($0) }
            bytes.replaceSubrange(place.range, with: head + Array(name) + Array(record))
            if !place.isThere { count += 1 }
            findLast()
        }
        return isLast
    }

    /// Forgets the file `name`. Returns whether it was there.
    mutating func remove(_ name: UnsafeRawBufferPointer) -> Bool {
        let place = place(of: name)
        guard place.isThere else { return false }
        bytes.removeSubrange(place.range)
        count -= 1
        findLast()
        return true
    }

    /// Takes the later files away: the last one when `onlyLast`, else half of them. There are at least two.
    mutating func split(onlyLast: Bool) -> FileRun {
        var at = onlyLast ? last : 0
        var stays = onlyLast ? count - 1 : 0
        while stays == 0 || (at < bytes.count / 2 && stays < count - 1) {
            at += size(ofFileAt: at)
            stays += 1
        }
        var later = FileRun()
        later.bytes.reserveCapacity(bytes.count)
        later.bytes += bytes[at...]
        later.count = count - stays
        later.findLast()
        bytes.removeSubrange(at...)
        count = stays
        findLast()
        return later
    }

    /// The name of the first file.
    var firstName: ByteString { ByteString(count == 0 ? [] : Array(bytes[nameRange(ofFileAt: 0)])) }

    // MARK: Places

    /// Where the file `name` is, or would be.
    private func place(of name: UnsafeRawBufferPointer) -> (range: Range<Int>, isThere: Bool) {
        var at = 0
        while at < bytes.count {
            let order = compare(name, withFileAt: at)
            if order == 0 { return (at..<(at + size(ofFileAt: at)), true) }
            if order < 0 { break }
            at += size(ofFileAt: at)
        }
        return (at..<at, false)
    }

    private mutating func findLast() {
        last = 0
        var at = 0
        while at < bytes.count {
            last = at
            at += size(ofFileAt: at)
        }
    }

    private func nameRange(ofFileAt at: Int) -> Range<Int> {
        let start = at + Self.head
        return start..<(start + length(at: at))
    }

    private func size(ofFileAt at: Int) -> Int {
        Self.head + length(at: at) + length(at: at + 2)
    }

    private func length(at: Int) -> Int { Int(bytes[at]) | Int(bytes[at + 1]) << 8 }

    private func compare(_ name: UnsafeRawBufferPointer, withFileAt at: Int) -> Int {
        bytes.withUnsafeBytes { order(name, UnsafeRawBufferPointer(rebasing: $0[nameRange(ofFileAt: at)])) }
    }
}

/// Goes through the bytes of a run, whatever they are.
struct FileRunReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0
    private var name: UnsafeRawBufferPointer?

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next file; `nil` after the last one.
    ///
    /// - Throws: `DatabaseError` when the bytes are no run.
    mutating func next() throws(DatabaseError) -> (
        name: UnsafeRawBufferPointer, record: UnsafeRawBufferPointer
    )? {
        guard offset < bytes.count else { return nil }
        guard offset + 4 <= bytes.count else { throw .nonsense }
        let nameSize = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
        let recordSize = Int(
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)))
        let start = offset + 4
        guard start + nameSize + recordSize <= bytes.count else { throw .nonsense }
        let found = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + nameSize)])
        if let name, order(found, name) <= 0 { throw .disorder }
        name = found
        offset = start + nameSize + recordSize
        return (found, UnsafeRawBufferPointer(rebasing: bytes[(start + nameSize)..<offset]))
    }
}

/// Negative when `one` comes before `other`, 0 when they are the same, positive when it comes after.
@inline(__always)
func order(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int {
    let common = min(one.count, other.count)
    if common > 0, let left = one.baseAddress, let right = other.baseAddress {
        let result = memcmp(left, right, common)
        if result != 0 { return Int(result) }
    }
    return one.count - other.count
}

extension DatabaseError {
    static let disorder = DatabaseError(code: 11, message: "the files of a directory are out of order")
    static let nonsense = DatabaseError(code: 11, message: "what is kept of a file makes no sense")
}
