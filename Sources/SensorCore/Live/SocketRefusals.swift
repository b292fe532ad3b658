internal import EventModel
internal import Glibc
internal import KernelDecoding

/// Attempts at the sensor's control socket that the kernel has refused, which only audit tells of. One thread owns it.
///
/// An attempt is known by the address that was asked for. One through a link of another name is not: who may not enter
/// the socket's directory leaves no other trace.
struct SocketRefusals {
    private let socket: ByteString
    private let parts: [ArraySlice<UInt8>]
    private var peers = RefusedPeers()
    private(set) var count: UInt64 = 0

    /// - Parameter socket: its absolute path.
    init(socket: ByteString) {
        self.socket = socket
        parts = Self.parts(of: socket.bytes)
    }

    /// What is to be told now that `facts` have come in. `now` is CLOCK_MONOTONIC nanoseconds.
    mutating func note(_ facts: AuditFacts, now: UInt64) -> RefusedAccess? {
        guard facts.exitValue == Int64(-EACCES), let path = facts.socketPath, isMeant(path),
            let user = facts.credentials?.effectiveUser
        else { return nil }
        count += 1
        return peers.note(uid: user, pid: facts.pid, now: now / 1_000_000).map(access)
    }

    /// What is to be told of those who went on.
    mutating func takeDue(now: UInt64) -> [RefusedAccess] {
        peers.takeDue(now: now / 1_000_000).map(access)
    }

    private func access(_ peer: RefusedPeer) -> RefusedAccess {
        RefusedAccess(
            path: socket, uid: peer.uid, pid: peer.pid, attempts: peer.attempts, time: Clock.realtime)
    }

    /// Whether somebody meant the socket by `address`. From which directory a relative one counts is not known: its
    /// last two names do.
    private func isMeant(_ address: ByteString) -> Bool {
        let names = Self.parts(of: address.bytes)
        guard address.bytes.first == UInt8(ascii: "/") else {
            return names.count >= 2 && parts.reversed().starts(with: names.reversed())
        }
        if names == parts { return true }
        // /var/run is a link to /run, /proc/PID/root one to /.
        let first = names.first.map { ByteString(Array($0)) }
        let isLinked = first == "proc" || first == "var" && names.count == parts.count + 1
        return isLinked && names.reversed().starts(with: parts.reversed())
    }

    /// The names in a path, `.` and `..` gone.
    private static func parts(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        var result: [ArraySlice<UInt8>] = []
        for name in path.split(separator: UInt8(ascii: "/")) {
            if name.elementsEqual("..".utf8) {
                _ = result.popLast()
            } else if !name.elementsEqual(".".utf8) {
                result.append(name)
            }
        }
        return result
    }
}
