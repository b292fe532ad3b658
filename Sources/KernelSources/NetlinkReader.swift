internal import CProc
internal import CRing
internal import EventRing
internal import Glibc

/// A netlink socket and the C thread that reads it.
/// The socket is closed with the reader.
final class NetlinkReader {
    private let ring: EventRing
    private let descriptor: KernelDescriptor
    var socket: Int32 { descriptor.value }
    private let proc: Int32
    private let reader: OpaquePointer

    init(ring: EventRing, socket: Int32, kind: cproc_record_kind) throws(KernelError) {
        let proc = kind == CRECORD_PROC_EVENTS ? open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1
        let pointer = ring.producerPointer.assumingMemoryBound(to: cring.self)
        guard let reader = cproc_reader_create(pointer, socket, proc, kind) else {
            close(socket)
            if proc >= 0 { close(proc) }
            throw KernelError(call: "eventfd(2)", errno: ENOMEM)
        }
        descriptor = KernelDescriptor(socket)
        (self.ring, self.proc, self.reader) = (ring, proc, reader)
    }

    deinit {
        cproc_reader_destroy(reader)
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
