internal import EventModel

/// Why bytes were not a process connector message, an exit record or a snapshot. The raw value is the metric label.
package enum ProcessDecodeError: String, Error, CaseIterable {
    case truncatedHeader = "truncated_header"
    case badLength = "bad_length"
    case netlinkError = "netlink_error"
    case notFromTheConnector = "not_from_the_connector"
    case truncatedEvent = "truncated_event"
    case truncatedAttribute = "truncated_attribute"
    case truncatedSection = "truncated_section"
    case unknownLayout = "unknown_layout"
}

extension ProcessEvent {
    /// Decodes one datagram of the process connector, from its `nlmsghdr` on.
    ///
    /// `nil` for messages that say nothing about a whole process: acknowledgements, threads, kinds we do not use.
    /// The corresponding kernel definition is `struct proc_event` in `linux/cn_proc.h`.
    package init?(decoding datagram: RawSpan) throws(ProcessDecodeError) {
        guard datagram.byteCount >= Layout.event else { throw .truncatedHeader }
        let length = Int(datagram.number(at: 0, as: UInt32.self))
        guard length >= Layout.event, length <= datagram.byteCount else { throw .badLength }
        guard datagram.number(at: 4, as: UInt16.self) != Layout.netlinkError else { throw .netlinkError }
        guard datagram.number(at: 16, as: UInt32.self) == 1, datagram.number(at: 20, as: UInt32.self) == 1
        else {
            throw .notFromTheConnector
        }
        guard length >= Layout.data + 8 else { throw .truncatedEvent }
        let kind = datagram.number(at: Layout.event, as: UInt32.self)
        let time = datagram.number(at: Layout.event + 8, as: UInt64.self)
        guard let change = try Change(kind: kind, of: datagram, length: length) else { return nil }
        let isFork = kind == Layout.fork
        let pid = datagram.number(at: Layout.data + 4, as: Int32.self)
        self.init(pid: pid, change: change, time: time)
        if isFork, pid <= 0 { return nil }
    }

    fileprivate enum Layout {
        static let netlinkError: UInt16 = 2
        /// `nlmsghdr` and `cn_msg`.
        static let event = 36
        /// `what`, `cpu`, `timestamp_ns`.
        static let data = event + 16
        static let fork: UInt32 = 0x1
        static let exec: UInt32 = 0x2
        static let user: UInt32 = 0x4
        static let group: UInt32 = 0x40
        static let session: UInt32 = 0x80
        static let name: UInt32 = 0x200
        static let exit: UInt32 = 0x8000_0000
    }
}

extension ProcessEvent.Change {
    fileprivate typealias Layout = ProcessEvent.Layout

    fileprivate init?(kind: UInt32, of datagram: RawSpan, length: Int) throws(ProcessDecodeError) {
        let needed = kind == Layout.name ? 24 : kind == Layout.exec || kind == Layout.session ? 8 : 16
        let known = [
            Layout.fork, Layout.exec, Layout.user, Layout.group, Layout.session, Layout.name, Layout.exit,
        ]
        guard known.contains(kind) else { return nil }
        guard length >= Layout.data + needed else { throw .truncatedEvent }
        let first = datagram.number(at: Layout.data, as: Int32.self)
        let second = datagram.number(at: Layout.data + 4, as: Int32.self)
        let third = needed > 8 ? datagram.number(at: Layout.data + 8, as: UInt32.self) : 0
        let fourth = needed > 8 ? datagram.number(at: Layout.data + 12, as: UInt32.self) : 0
        switch kind {
        case Layout.fork:
            guard third == fourth, let child = Int32(exactly: third) else { return nil }
            self = .fork(child: child)
        case Layout.exec: self = .exec
        case Layout.user: self = .user(real: third, effective: fourth)
        case Layout.group: self = .group(real: third, effective: fourth)
        case Layout.session: self = .session
        case Layout.name:
            guard first == second else { return nil }
            self = .name(datagram.text(at: Layout.data + 8, limit: 16))
        default:
            guard first == second else { return nil }
            self = .exit(status: third)
        }
    }
}

extension RawSpan {
    /// A number in the machine's byte order; the caller has checked the bounds, and so does the load.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Number.Type) -> Number {
        unsafeLoadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The bytes from `offset` up to a zero byte, `limit` at most.
    func text(at offset: Int, limit: Int) -> ByteString {
        var bytes: [UInt8] = []
        for index in offset..<Swift.min(offset + limit, byteCount) {
            let byte = number(at: index, as: UInt8.self)
            if byte == 0 { break }
            bytes.append(byte)
        }
        return ByteString(bytes)
    }

    /// A copy of `range`.
    func copy(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(number(at: index, as: UInt8.self)) }
        return bytes
    }
}
