internal import CProc
internal import CRing
package import EventRing
internal import Glibc

/// The process connector and the thread that reads it into a ring, with a snapshot after each exec.
///
/// Owned and called by one thread. Records: `CRECORD_PROC_EVENTS`, `CRECORD_SNAPSHOT`, `CRECORD_OVERRUN`,
/// `CRECORD_FAILED`. The corresponding kernel interface is `linux/cn_proc.h`.
package final class ProcessConnectorSource {
    private let reader: NetlinkReader

    /// - Throws: `KernelError` with `EPERM` without CAP_NET_ADMIN, `ECONNREFUSED` outside of the initial network
    ///   namespace or when the kernel was built without the connector.
    package init(ring: EventRing) throws(KernelError) {
        let socket = try check("socket(NETLINK_CONNECTOR)", cproc_open_connector()) { errno in
            switch errno {
            case EPERM: "needs CAP_NET_ADMIN"
            case ECONNREFUSED: "needs the initial network namespace and CONFIG_PROC_EVENTS"
            default: "the kernel was built without CONFIG_PROC_EVENTS"
            }
        }
        reader = try NetlinkReader(ring: ring, socket: socket, takesSnapshots: true)
    }

    package func start() throws(KernelError) { try reader.start(name: "processes") }
    package func stop() { reader.stop() }

    /// 2 real-time, 1 nice, 0 neither, -1 not yet running.
    package var priority: Int32 { reader.priority }
    package var overruns: UInt64 { reader.count(CPROC_OVERRUNS) }
    package var events: UInt64 { reader.count(CPROC_READS) }

    /// Whether the kernel's queue is empty. With the reader parked and the ring drained, nothing is under way.
    package var isIdle: Bool { reader.isIdle }
}

/// Exit records of all processes and the thread that reads them into a ring.
///
/// Records: `CRECORD_TASKSTATS`, `CRECORD_OVERRUN`, `CRECORD_FAILED`. The corresponding kernel interface is
/// `linux/taskstats.h`.
package final class TaskstatsSource {
    private let reader: NetlinkReader

    /// - Throws: `KernelError` with `EPERM` without CAP_NET_ADMIN, `ENOENT` without CONFIG_TASKSTATS.
    package init(ring: EventRing) throws(KernelError) {
        let socket = try check("taskstats", cproc_open_taskstats()) { errno in
            errno == EPERM ? "needs CAP_NET_ADMIN in the initial namespaces" : "needs CONFIG_TASKSTATS"
        }
        reader = try NetlinkReader(ring: ring, socket: socket, takesSnapshots: false)
    }

    package func start() throws(KernelError) { try reader.start(name: "taskstats") }
    package func stop() { reader.stop() }

    package var priority: Int32 { reader.priority }
    package var overruns: UInt64 { reader.count(CPROC_OVERRUNS) }
    package var events: UInt64 { reader.count(CPROC_READS) }
}

/// A netlink socket and the C thread that reads it.
private final class NetlinkReader {
    private let ring: EventRing
    private let socket: Int32
    private let proc: Int32
    private let reader: OpaquePointer

    init(ring: EventRing, socket: Int32, takesSnapshots: Bool) throws(KernelError) {
        let proc = takesSnapshots ? open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1
        let pointer = ring.producerPointer.assumingMemoryBound(to: cring.self)
        guard let reader = cproc_reader_create(pointer, socket, proc) else {
            close(socket)
            if proc >= 0 { close(proc) }
            throw KernelError(call: "eventfd(2)", errno: ENOMEM)
        }
        (self.ring, self.socket, self.proc, self.reader) = (ring, socket, proc, reader)
    }

    deinit {
        cproc_reader_destroy(reader)
        close(socket)
        if proc >= 0 { close(proc) }
    }

    func start(name: String) throws(KernelError) {
        _ = try check("pthread_create(3)", cproc_reader_start(reader, name))
    }

    func stop() { cproc_reader_stop(reader) }

    var priority: Int32 { cproc_reader_priority(reader) }
    var isIdle: Bool { cproc_is_readable(socket) == 0 }

    func count(_ counter: cproc_counter) -> UInt64 { cproc_reader_count(reader, counter) }
}
