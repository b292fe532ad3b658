internal import CProc
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
        reader = try NetlinkReader(ring: ring, socket: socket, kind: CRECORD_PROC_EVENTS)
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
        reader = try NetlinkReader(ring: ring, socket: socket, kind: CRECORD_TASKSTATS)
    }

    package func start() throws(KernelError) { try reader.start(name: "taskstats") }
    package func stop() { reader.stop() }

    package var priority: Int32 { reader.priority }
    package var overruns: UInt64 { reader.count(CPROC_OVERRUNS) }
    package var events: UInt64 { reader.count(CPROC_READS) }

    /// Whether the kernel's queue is empty.
    package var isIdle: Bool { reader.isIdle }
}
