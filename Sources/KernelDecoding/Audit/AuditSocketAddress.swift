internal import EventModel

/// The address in `saddr=`: a `struct sockaddr` in hexadecimal, in the byte order of the host that wrote it.
///
/// Little-endian hosts are assumed: x86 and ARM are.
package enum AuditSocketAddress: Equatable, Sendable {
    case inet(address: [UInt8], port: UInt16)
    case inet6(address: [UInt8], port: UInt16, scope: UInt32)
    /// Abstract names begin with a zero byte, here as in the kernel.
    case unix(path: [UInt8])
    case netlink(port: UInt32, groups: UInt32)
    case packet(protocolNumber: UInt16, interface: UInt32, hardware: [UInt8])
    case vsock(cid: UInt32, port: UInt32)
    case other(family: UInt16)

    /// Decodes the bytes of a `struct sockaddr`; `nil` when there is not even a family.
    package init?(_ bytes: [UInt8]) {
        func little(_ index: Int, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        }
        func big(_ index: Int) -> UInt16 { UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]) }
        guard bytes.count >= 2 else { return nil }
        let family = UInt16(little(0, 2))
        switch family {
        case 1:
            let path = bytes.dropFirst(2)
            let isAbstract = path.first == 0
            self = .unix(path: Array(isAbstract ? path : path.prefix { $0 != 0 }))
        case 2 where bytes.count >= 8: self = .inet(address: Array(bytes[4..<8]), port: big(2))
        case 10 where bytes.count >= 24:
            let scope = bytes.count >= 28 ? little(24, 4) : 0
            self = .inet6(address: Array(bytes[8..<24]), port: big(2), scope: scope)
        case 16 where bytes.count >= 12: self = .netlink(port: little(4, 4), groups: little(8, 4))
        case 17 where bytes.count >= 12:
            let length = min(Int(bytes[11]), bytes.count - 12)
            self = .packet(
                protocolNumber: big(2), interface: little(4, 4), hardware: Array(bytes[12..<12 + length]))
        case 40 where bytes.count >= 12: self = .vsock(cid: little(8, 4), port: little(4, 4))
        default: self = .other(family: family)
        }
    }
}

extension AuditSocketAddress {
    func write(to writer: inout JSONByteWriter) {
        switch self {
        case .inet(let address, let port):
            writer.raw(#"{"family":"inet","address":""#)
            for index in address.indices {
                if index > 0 { writer.byte(".") }
                writer.number(UInt64(address[index]))
            }
            write("\",\"port\":", UInt64(port), to: &writer)
        case .inet6(let address, let port, let scope):
            writer.raw(#"{"family":"inet6","address":""#)
            Self.write(inet6: address, to: &writer)
            write("\",\"port\":", UInt64(port), to: &writer)
            if scope != 0 { write(",\"scope\":", UInt64(scope), to: &writer) }
        case .unix(let path):
            writer.raw(path.first == 0 ? #"{"family":"unix","abstract":""# : #"{"family":"unix","path":""#)
            writer.escaped(path.first == 0 ? Array(path.dropFirst()) : path)
            writer.byte("\"")
        case .netlink(let port, let groups):
            write(#"{"family":"netlink","port":"#, UInt64(port), to: &writer)
            write(",\"groups\":", UInt64(groups), to: &writer)
        case .packet(let number, let interface, let hardware):
            write(#"{"family":"packet","protocol":"#, UInt64(number), to: &writer)
            write(",\"interface\":", UInt64(interface), to: &writer)
            writer.raw(#","hardware":""#)
            for byte in hardware {
                if byte < 16 { writer.byte("0") }
                writer.hexadecimal(UInt64(byte))
            }
            writer.byte("\"")
        case .vsock(let cid, let port):
            write(#"{"family":"vsock","cid":"#, UInt64(cid), to: &writer)
            write(",\"port\":", UInt64(port), to: &writer)
        case .other(let family): Self.write(family: family, to: &writer)
        }
        writer.byte("}")
    }

    private func write(_ text: StaticString, _ number: UInt64, to writer: inout JSONByteWriter) {
        writer.raw(text)
        writer.number(number)
    }

    private static func write(family: UInt16, to writer: inout JSONByteWriter) {
        writer.raw(#"{"family":""#)
        if let name = AuditNames.addressFamily.name(UInt32(family)) {
            writer.escaped(name.bytes)
        } else {
            writer.number(UInt64(family))
        }
        writer.byte("\"")
    }

    /// As RFC 5952 has it: the longest run of two or more zero groups becomes `::`.
    private static func write(inet6 address: [UInt8], to writer: inout JSONByteWriter) {
        let groups = stride(from: 0, to: 16, by: 2).map { UInt64(address[$0]) << 8 | UInt64(address[$0 + 1]) }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var stop = start
            while stop < 8, groups[stop] == 0 { stop += 1 }
            if stop - start > max(1, best.count) { best = start..<stop }
            start = max(stop, start + 1)
        }
        var index = 0
        while index < 8 {
            if best.contains(index) {
                writer.raw("::")
                index = best.upperBound
                continue
            }
            if index > 0, index != best.upperBound || best.isEmpty { writer.byte(":") }
            writer.hexadecimal(groups[index])
            index += 1
        }
    }
}
